/** Datadog's log intake (docs.datadoghq.com/api, "Send logs"), second version and first. */
import { utf8Text } from "../batch/utf8.ts";
import type { Draft } from "../normalize/draft.ts";
import { addValue } from "../normalize/flatten.ts";
import { drop, textIn } from "./draft-values.ts";
import { JsonReader } from "./json-reader.ts";
import { objectsOf } from "./json-values.ts";
import { LineReader } from "./line-reader.ts";
import { linesOf } from "./lines.ts";
import { type IngestEndpoint, jsonAnswer, type Protocol, type ProtocolRequest, type Refusal, type Stored } from "./protocol.ts";
import { decodeRecords, type RecordSink } from "./records.ts";
import { type DecodeContext, DecodeFailure } from "./types.ts";

/** What agents send to see whether they are heard. */
const KEEP_ALIVE = "{}";

/** `env:prod,team:web,canary`: attributes by their names; those that come more than once become lists, those without a value true. */
function addTags(draft: Draft, tags: string): void {
  const values = new Map<string, (string | true)[]>();
  for (const tag of tags.split(",")) {
    const text = tag.trim();
    if (text === "") continue;
    const colon = text.indexOf(":");
    const name = colon < 0 ? text : text.slice(0, colon);
    values.set(name, [...(values.get(name) ?? []), colon < 0 ? true : text.slice(colon + 1)]);
  }
  for (const [name, found] of values) {
    const free = draft.has(name) ? `ddtags.${name}` : name;
    addValue(draft, draft.pathNamed(free.toWellFormed()), found.length === 1 ? found[0] : found, 0);
  }
}

function takeTags(draft: Draft, of_request: string | null): void {
  const own = textIn(draft, "ddtags");
  if (own !== null) drop(draft, "ddtags");
  const tags = [own, of_request].filter(Boolean).join(",");
  if (tags !== "") addTags(draft, tags);
}

/** Clients that say nothing of the type of JSON end up saying text, too. */
function isText(request: ProtocolRequest, body: Uint8Array): boolean {
  if (!/^text\/plain/i.test(request.header("content-type") ?? "")) return false;
  const head = utf8Text(body.subarray(0, 16)).trimStart();
  return !/^(?:\{\s*"|\[\s*\{)/.test(head);
}

function readLines(sink: RecordSink, body: Uint8Array, request: ProtocolRequest, context: DecodeContext): void {
  const lines = new LineReader(sink.writer, context.defaults);
  for (const raw of linesOf(body)) {
    sink.event(raw, (draft) => {
      lines.begin(raw, 0, raw.length);
      addQuery(draft, request);
      takeTags(draft, request.query.get("ddtags"));
    });
  }
}

/** The first version's clients say in the query what is true of all. */
function addQuery(draft: Draft, { query }: ProtocolRequest): void {
  for (const name of ["ddsource", "hostname"]) {
    const value = query.get(name);
    if (value && !draft.has(name)) draft.addText(draft.pathNamed(name), value);
  }
}

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext) {
  const text = body.length <= KEEP_ALIVE.length + 2 ? new TextDecoder().decode(body).trim() : null;
  if (text === "" || text === KEEP_ALIVE || text === "[]") throw new DecodeFailure("empty", "the body holds no event");
  return decodeRecords(context, (sink) => {
    if (isText(request, body)) {
      readLines(sink, body, request, context);
      return;
    }
    const reader = new JsonReader(sink.writer);
    for (const raw of objectsOf(body)) {
      sink.event(raw, (draft) => {
        reader.begin(raw);
        addQuery(draft, request);
        takeTags(draft, request.query.get("ddtags"));
      });
    }
  });
}

function refuse({ status, detail }: Refusal, request: ProtocolRequest) {
  // Without a key 401, with a wrong one 403; what is wrong with the body 400.
  const has_key = request.header("dd-api-key") !== null || request.query.has("dd-api-key") || request.params.key !== undefined;
  const http = status === 401 && has_key ? 403 : status === 422 ? 400 : status;
  return jsonAnswer(http, { errors: [{ status: String(http), title: http === 403 ? "Forbidden" : "Bad Request", detail }] });
}

/** There is no form for a part: what could be read is stored, and only what is all wrong is refused. */
function answer(status: number) {
  return ({ decoded }: Stored) =>
    decoded.accepted === 0 && decoded.rejected > 0
      ? jsonAnswer(400, { errors: [{ status: "400", title: "Bad Request", detail: decoded.errors[0]!.message }] })
      : jsonAnswer(status, {});
}

function intake(path: string, status: number): IngestEndpoint {
  return { kind: "ingest", methods: ["POST"], path, at_root: true, decode, answer: answer(status) };
}

export const datadog: Protocol = {
  name: "datadog",
  title: "Datadog intake",
  credentials: { headers: ["dd-api-key"], query: ["dd-api-key"], param: "key" },
  endpoints: [
    intake("/api/v2/logs", 202),
    intake("/v1/input", 200),
    intake("/v1/input/{key}", 200),
    {
      kind: "info",
      methods: ["GET"],
      path: "/api/v1/validate",
      at_root: true,
      needs_key: true,
      answer: () => jsonAnswer(200, { valid: true }),
    },
  ],
  refuse,
};
