/** CloudEvents over HTTP (cloudevents.io, "HTTP Protocol Binding" 1.0): structured, batched, and binary mode. `source` and `id` make an event idempotent. */

import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import type { Draft } from "../normalize/draft.ts";
import { addRecord, addValue } from "../normalize/flatten.ts";
import { takeTime } from "./draft-values.ts";
import type { EventWriter } from "./event-writer.ts";
import { isObject, type JsonObject, objectOf, parseBody, parseRecord } from "./json-values.ts";
import { type Protocol, type ProtocolRequest, textRefusal } from "./protocol.ts";
import { decodeRecords, RecordError } from "./records.ts";
import type { DecodeContext, Decoded } from "./types.ts";

const PREFIX = "cloudevents.";
const REQUIRED = ["id", "source", "type", "specversion"] as const;
/** Attributes of the binding in binary mode, in headers `ce-…`. */
const HEADER_ATTRIBUTES = [...REQUIRED, "subject", "time", "dataschema", "traceparent"] as const;
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** @throws RecordError */
function fill(draft: Draft, event: JsonObject, writer: EventWriter): void {
  for (const name of REQUIRED) {
    if (typeof event[name] !== "string" || event[name] === "") throw new RecordError(`${name} is missing or no text`, name, event[name]);
  }
  const { id, source, time, data, data_base64, traceparent, ...others } = event;
  if (isObject(data)) addRecord(draft, data);
  else if (data !== undefined && data !== null)
    addValue(draft, draft.pathNamed("message"), typeof data === "string" ? data : JSON.stringify(data), 0);
  else if (data_base64 !== undefined) addValue(draft, draft.pathNamed(`${PREFIX}data_base64`), data_base64, 0);
  for (const [name, value] of Object.entries({ ...others, id, source }))
    addValue(draft, draft.pathNamed(`${PREFIX}${name.toWellFormed()}`), value, 0);
  if (time !== undefined) {
    const name = `${PREFIX}time`;
    addValue(draft, draft.pathNamed(name), time, 0);
    takeTime(draft, writer.time, [name]);
  }
  const trace = typeof traceparent === "string" ? TRACE_PARENT.exec(traceparent) : null;
  if (trace) {
    draft.addText(draft.pathNamed("trace_id"), trace[1]!);
    draft.addText(draft.pathNamed("span_id"), trace[2]!);
  }
  if (!draft.has("event_id")) draft.addText(draft.pathNamed("event_id"), `${source}/${id}`);
  if (!draft.has("message")) draft.addText(draft.pathNamed("message"), String(event.type));
}

function binaryEvent(body: Uint8Array, request: ProtocolRequest): JsonObject {
  const attributes = HEADER_ATTRIBUTES.map((name) => [name, request.header(`ce-${name}`)] as const).filter(([, value]) => value !== null);
  const type = request.header("content-type") ?? "";
  const data = body.length === 0 ? undefined : /json/i.test(type) ? parseRecord(body) : utf8Text(body);
  return { ...Object.fromEntries(attributes.map(([name, value]) => [name, decoded(value!)])), datacontenttype: type || undefined, data };
}

/** Values in headers are percent-encoded. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext): Decoded {
  const is_binary = request.header("ce-specversion") !== null;
  const items = is_binary ? [null] : [parseBody(body)].flat();
  return decodeRecords(context, (sink) => {
    for (const item of items) {
      const raw = is_binary ? body : utf8Bytes(JSON.stringify(item) ?? "");
      sink.event(raw, (draft) => fill(draft, is_binary ? binaryEvent(body, request) : objectOf(item, "a CloudEvent"), sink.writer));
    }
  });
}

export const cloudevents: Protocol = {
  name: "cloudevents",
  title: "CloudEvents",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST"],
      path: "",
      at_root: false,
      decode,
      answer: ({ decoded: { accepted, rejected, errors } }) =>
        accepted === 0 && rejected > 0 ? { status: 400, body: errors[0]!.message } : { status: 202 },
    },
    {
      // The abuse protection of web hooks: the sender asks whether it may send here.
      kind: "info",
      methods: ["OPTIONS"],
      path: "",
      at_root: false,
      needs_key: false,
      answer: (request) => ({
        status: 200,
        headers: {
          allow: "POST, OPTIONS",
          "webhook-allowed-origin": request.header("webhook-request-origin") ?? "*",
          "webhook-allowed-rate": "*",
        },
      }),
    },
  ],
  refuse: textRefusal,
};
