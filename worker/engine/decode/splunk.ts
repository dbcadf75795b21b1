/**
 * Splunk's HTTP Event Collector (docs.splunk.com, "HTTP Event Collector REST API endpoints"): events as JSON objects one after another, raw lines, health,
 * and acknowledgements. What is acknowledged is durable, since nothing is answered before: an acknowledgement number proves itself.
 */
import type { Draft } from "../normalize/draft.ts";
import { addValue } from "../normalize/flatten.ts";
import { concatenatedJson, isObject, type JsonObject, objectOf, parseRecord } from "./json-values.ts";
import { LineReader } from "./line-reader.ts";
import { linesOf } from "./lines.ts";
import {
  type InfoEndpoint,
  type IngestEndpoint,
  jsonAnswer,
  type Protocol,
  type ProtocolAnswer,
  type ProtocolRequest,
  type Refusal,
  type Stored,
} from "./protocol.ts";
import { decodeRecords, RecordError, type RecordSink } from "./records.ts";
import { type DecodeContext, DecodeFailure } from "./types.ts";

/** Codes of the collector's answers. */
const SUCCESS = 0;
const TOKEN_REQUIRED = 2;
const INVALID_AUTHORIZATION = 3;
const INVALID_TOKEN = 4;
const NO_DATA = 5;
const INVALID_DATA = 6;
const SERVER_BUSY = 9;
const CHANNEL_MISSING = 10;
const EVENT_REQUIRED = 12;
const EVENT_BLANK = 13;
const HEALTHY = 17;

const TEXTS: Readonly<Record<number, string>> = {
  [SUCCESS]: "Success",
  [TOKEN_REQUIRED]: "Token is required",
  [INVALID_AUTHORIZATION]: "Invalid authorization",
  [INVALID_TOKEN]: "Invalid token",
  [NO_DATA]: "No data",
  [INVALID_DATA]: "Invalid data format",
  [SERVER_BUSY]: "Server is busy",
  [CHANNEL_MISSING]: "Data channel is missing",
  [EVENT_REQUIRED]: "Event field is required",
  [EVENT_BLANK]: "Event field cannot be blank",
  [HEALTHY]: "HEC is healthy",
};

/** Acknowledgement numbers checked at once. */
const ACKS_MAX = 10_000;
const ACK_SERIALS = 2 ** 21;
const ACK_MARKS = 2 ** 32;

function said(status: number, code: number, more: object = {}): ProtocolAnswer {
  return jsonAnswer(status, { text: TEXTS[code], code, ...more });
}

function channelOf(request: ProtocolRequest): string | null {
  return request.header("x-splunk-request-channel") ?? request.query.get("channel");
}

/** A number that only this service gives out: a serial, and a mark made of it, project and channel. */
function acknowledgement(serial: number, channel: string, mac48: Stored["mac48"]): number {
  return serial * ACK_MARKS + (mac48(`hec-ack\n${channel}\n${serial}`) % ACK_MARKS);
}

function isGenuine(ack: number, channel: string, mac48: Stored["mac48"]): boolean {
  if (!Number.isSafeInteger(ack) || ack < 0) return false;
  return acknowledgement(Math.floor(ack / ACK_MARKS), channel, mac48) === ack;
}

/** Remembers which code goes with the first refusal. */
class EventError extends RecordError {
  readonly code: number;

  constructor(code: number, field = "", value: unknown = undefined) {
    super(TEXTS[code]!, field, value);
    this.code = code;
  }
}

interface Notes {
  /** Code and position of the first refusal. */
  first: { code: number; index: number } | null;
  /** Events that bear no time of their own. */
  untimed: number;
}

/** Splunk's own client puts what a program logs below `message`, be it a text or an object: the object's members are the event's. */
function membersOf(event: JsonObject): [name: string, value: unknown][] {
  const { message, ...others } = event;
  return Object.entries(isObject(message) ? { ...others, ...message } : event);
}

function addEvent(draft: Draft, event: unknown, names: ReadonlySet<string>): void {
  if (isObject(event)) {
    const members = membersOf(event).filter(([name]) => !names.has(name));
    for (const [name, value] of members) addValue(draft, draft.pathNamed(name.toWellFormed()), value, 0);
    if (members.length === 0) addValue(draft, draft.pathNamed("message"), event, 0);
  } else addValue(draft, draft.pathNamed("message"), typeof event === "string" ? event : JSON.stringify(event), 0);
}

/** Names of an envelope that are fields of the event, and what they are called. */
const ENVELOPE = ["host", "source", "sourcetype", "index"] as const;

function readEnvelope(envelope: JsonObject, draft: Draft, lines: LineReader, encoder: TextEncoder): void {
  const { event, fields } = envelope;
  if (event === undefined || event === null) throw new EventError(EVENT_REQUIRED, "event", event);
  if (event === "") throw new EventError(EVENT_BLANK, "event", event);
  const own = ENVELOPE.filter((name) => envelope[name] !== undefined && envelope[name] !== null);
  if (typeof event === "string") {
    const bytes = encoder.encode(event);
    lines.begin(bytes, 0, bytes.length);
  } else addEvent(draft, event, new Set(own));
  for (const name of own) addValue(draft, draft.pathNamed(name), envelope[name], 0);
  if (fields !== undefined && fields !== null) {
    for (const [name, value] of Object.entries(objectOf(fields, "fields", "fields")))
      addValue(draft, draft.pathNamed(name.toWellFormed()), value, 0);
  }
  const time = timeOf(envelope);
  if (time === null) return;
  const time_s = Number(time);
  if (!Number.isFinite(time_s) || time_s < 0) throw new EventError(INVALID_DATA, "time", time);
  draft.time_us = Math.round(time_s * 1_000_000);
}

function timeOf({ time }: JsonObject): unknown {
  return time === undefined || time === "" ? null : time;
}

function decodeEvents(body: Uint8Array, request: ProtocolRequest, context: DecodeContext) {
  const notes: Notes = { first: null, untimed: 0 };
  const decoded = decodeRecords(context, (sink) => {
    const encoder = new TextEncoder();
    const lines = new LineReader(sink.writer, context.defaults);
    for (const raw of concatenatedJson(body)) takeEvents(sink, raw, notes, lines, encoder);
    if (sink.index === 0) throw new DecodeFailure("syntax", TEXTS[NO_DATA]!);
  });
  // A client that saw no acknowledgement sends the same bytes on the same channel. Without times of their own, equal events may well be different ones.
  const idempotency_key = notes.untimed === 0 ? channelOf(request) : null;
  return { ...decoded, notes, idempotency_key };
}

/** An event, or, as some clients send them, an array of events. */
function takeEvents(sink: RecordSink, raw: Uint8Array, notes: Notes, lines: LineReader, encoder: TextEncoder): void {
  const take = (read: () => unknown): void => {
    const index = sink.index;
    sink.event(raw, (draft) => {
      try {
        const envelope = objectOf(read(), "an event");
        if (timeOf(envelope) === null) notes.untimed += 1;
        readEnvelope(envelope, draft, lines, encoder);
      } catch (error) {
        if (error instanceof RecordError) notes.first ??= { code: error instanceof EventError ? error.code : INVALID_DATA, index };
        throw error;
      }
    });
  };
  const parsed = raw[0] === 0x5b ? parsedList(raw) : null;
  if (parsed) for (const item of parsed) take(() => item);
  else take(() => parseRecord(raw));
}

function parsedList(raw: Uint8Array): unknown[] | null {
  try {
    return parseRecord(raw) as unknown[];
  } catch {
    return null;
  }
}

function decodeRaw(body: Uint8Array, request: ProtocolRequest, context: DecodeContext) {
  const { query } = request;
  const named = ENVELOPE.map((name) => [name, query.get(name)] as const).filter(
    ([name, value]) => value && name !== "host" && name !== "source",
  );
  const time = query.get("time");
  return decodeRecords(context, (sink) => {
    const lines = new LineReader(sink.writer, context.defaults);
    for (const raw of linesOf(body)) {
      sink.event(raw, (draft) => {
        lines.begin(raw, 0, raw.length);
        for (const [name, value] of named) draft.addText(draft.pathNamed(name), value!);
        if (time && Number.isFinite(Number(time))) draft.time_us = Math.round(Number(time) * 1_000_000);
      });
    }
    if (sink.index === 0) throw new DecodeFailure("syntax", TEXTS[NO_DATA]!);
  });
}

let serial = 0;

function answer({ decoded, mac48 }: Stored, request: ProtocolRequest): ProtocolAnswer {
  const first = (decoded.notes as Notes | undefined)?.first;
  if (first) return said(400, first.code, { "invalid-event-number": first.index });
  if (decoded.rejected > 0) return said(400, INVALID_DATA, { "invalid-event-number": decoded.errors[0]!.index });
  const channel = channelOf(request);
  if (channel === null) return said(200, SUCCESS);
  serial = (serial + 1) % ACK_SERIALS;
  return said(200, SUCCESS, { ackId: acknowledgement(serial, channel, mac48) });
}

function refuse({ status, code, detail }: Refusal, request: ProtocolRequest): ProtocolAnswer {
  if (status === 401) return said(401, request.header("authorization") === null ? TOKEN_REQUIRED : INVALID_AUTHORIZATION);
  if (status === 403 || status === 410) return said(403, INVALID_TOKEN);
  if (status === 429 || status === 503) return said(503, SERVER_BUSY);
  if (code === "bad_request" && detail === TEXTS[NO_DATA]) return said(400, NO_DATA);
  return status === 413
    ? jsonAnswer(413, { text: detail, code: INVALID_DATA })
    : jsonAnswer(400, { text: `${TEXTS[INVALID_DATA]}: ${detail}`, code: INVALID_DATA });
}

function acks(request: ProtocolRequest, body: Uint8Array, mac48: Stored["mac48"]): ProtocolAnswer {
  const channel = channelOf(request);
  if (channel === null) return said(400, CHANNEL_MISSING);
  try {
    const { acks: asked } = objectOf(parseRecord(body), "the body");
    if (!Array.isArray(asked) || asked.length > ACKS_MAX) return said(400, INVALID_DATA);
    return jsonAnswer(200, { acks: Object.fromEntries(asked.map((ack) => [String(ack), isGenuine(Number(ack), channel, mac48)])) });
  } catch {
    return said(400, INVALID_DATA);
  }
}

function taking(path: string, decode: IngestEndpoint["decode"], at_root = true): IngestEndpoint {
  return { kind: "ingest", methods: ["POST"], path, at_root, decode, answer };
}

function health(path: string): InfoEndpoint {
  return {
    kind: "info",
    methods: ["GET"],
    path: `/services/collector/health${path}`,
    at_root: true,
    needs_key: false,
    answer: () => said(200, HEALTHY),
  };
}

export const splunk: Protocol = {
  name: "splunk",
  title: "Splunk HTTP Event Collector",
  credentials: { schemes: ["Splunk"] },
  endpoints: [
    ...["", "/event", "/event/1.0"].map((path) => taking(`/services/collector${path}`, decodeEvents)),
    // Splunk's own client asks an address that has a path as it is.
    taking("", decodeEvents, false),
    ...["/raw", "/raw/1.0"].map((path) => taking(`/services/collector${path}`, decodeRaw)),
    ...["", "/1.0"].map(health),
    { kind: "info", methods: ["POST"], path: "/services/collector/ack", at_root: true, needs_key: true, answer: acks },
  ],
  refuse,
};
