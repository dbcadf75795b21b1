/** Cloudflare Logpush to HTTP destinations (developers.cloudflare.com/logs/logpush): NDJSON of any dataset. */
import type { Draft } from "../normalize/draft.ts";
import { addRecord } from "../normalize/flatten.ts";
import { numberIn, takeTime, textIn } from "./draft-values.ts";
import type { EventWriter } from "./event-writer.ts";
import { JsonReader } from "./json-reader.ts";
import { objectsOf, parseRecord } from "./json-values.ts";
import { type Protocol, textRefusal } from "./protocol.ts";
import { decodeRecords } from "./records.ts";
import type { DecodeContext, Decoded } from "./types.ts";

/** Where datasets have their time. */
const TIMES = [
  "EdgeStartTimestamp",
  "EventTimestampMs",
  "Datetime",
  "Timestamp",
  "TimestampMs",
  "When",
  "SessionStartTime",
  "ConnectTimestamp",
  "CreatedAt",
];
const SERVICES = ["ScriptName", "ClientRequestHost", "HostnameLabel"];
const ERROR = 4;
const WARN = 3;
const INFO = 2;
/** What a new job uploads to see whether it is heard. */
const TEST_UPLOAD = { content: "tests" };

/** What an event says in words, of its fields. */
function describe(draft: Draft): void {
  const method = textIn(draft, "ClientRequestMethod");
  const status = numberIn(draft, "EdgeResponseStatus");
  if (method !== null) {
    const address = `${textIn(draft, "ClientRequestHost") ?? ""}${textIn(draft, "ClientRequestURI") ?? textIn(draft, "ClientRequestPath") ?? ""}`;
    draft.addText(draft.pathNamed("message"), [method, address, status].filter((part) => part !== null && part !== "").join(" "));
    if (status !== null && status > 0) draft.level = status >= 500 ? ERROR : status >= 400 ? WARN : INFO;
    return;
  }
  const outcome = textIn(draft, "Outcome");
  if (outcome === null) return;
  draft.addText(draft.pathNamed("message"), [textIn(draft, "EventType"), textIn(draft, "ScriptName"), outcome].filter(Boolean).join(" "));
  draft.level = outcome === "ok" ? INFO : ERROR;
}

function complete(draft: Draft, writer: EventWriter): void {
  takeTime(draft, writer.time, TIMES);
  if (!draft.has("message")) describe(draft);
  if (draft.has("service")) return;
  const service = SERVICES.map((name) => textIn(draft, name)).find(Boolean);
  if (service) draft.addText(draft.pathNamed("service"), service);
  const ray = textIn(draft, "RayID");
  if (ray && !draft.has("request_id")) draft.addText(draft.pathNamed("request_id"), ray);
}

/** A Worker's own log lines, which its trace event carries: an event each. */
function workerLogs(raw: Uint8Array): object[] {
  if (!raw.includes(0x4c)) return [];
  try {
    const { Logs, ScriptName, EventTimestampMs } = parseRecord(raw) as { Logs?: unknown; ScriptName?: unknown; EventTimestampMs?: unknown };
    if (!Array.isArray(Logs)) return [];
    return Logs.filter((log) => typeof log === "object" && log !== null).map(
      (log: { Level?: string; Message?: unknown; TimestampMs?: number }) => {
        const words = Array.isArray(log.Message) ? log.Message : [log.Message];
        return {
          message: words.map((word) => (typeof word === "string" ? word : JSON.stringify(word))).join(" "),
          level: log.Level,
          timestamp: log.TimestampMs ?? EventTimestampMs,
          service: ScriptName,
        };
      },
    );
  } catch {
    return [];
  }
}

function decode(body: Uint8Array, context: DecodeContext): Decoded {
  return decodeRecords(context, (sink) => {
    const reader = new JsonReader(sink.writer);
    for (const raw of objectsOf(body)) {
      if (raw.length < 64 && isTestUpload(raw)) continue;
      sink.event(raw, (draft) => {
        reader.begin(raw);
        complete(draft, sink.writer);
      });
      for (const log of workerLogs(raw)) {
        sink.event(raw.subarray(0, 0), (draft) => addRecord(draft, log));
      }
    }
  });
}

function isTestUpload(raw: Uint8Array): boolean {
  try {
    return JSON.stringify(parseRecord(raw)) === JSON.stringify(TEST_UPLOAD);
  } catch {
    return false;
  }
}

export const logpush: Protocol = {
  name: "logpush",
  title: "Cloudflare Logpush",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST", "PUT"],
      path: "",
      at_root: false,
      decode: (body, _request, context) => decode(body, context),
      answer: ({ decoded: { accepted, rejected, errors } }) =>
        accepted === 0 && rejected > 0 ? { status: 400, body: errors[0]!.message } : { status: 200 },
    },
  ],
  refuse: textRefusal,
};
