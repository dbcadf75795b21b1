/** Loki's push API (grafana.com/docs/loki/latest/reference/loki-http-api, "Ingest logs"): protobuf under snappy, or JSON. */
import { isUtf8 } from "node:buffer";
import { snappyUncompress } from "hyparquet";
import { BODY_DECOMPRESSED_SIZE_BYTES_MAX } from "../../limits.ts";
import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import { INVALID_UTF8_MARK } from "./json.ts";
import { parseBody } from "./json-values.ts";
import { LineReader } from "./line-reader.ts";
import { parseLabels } from "./loki-labels.ts";
import { type Origin, OriginWriter } from "./origin.ts";
import { LENGTH, ProtobufError, ProtobufWalker, VARINT } from "./protobuf.ts";
import { type IngestEndpoint, type Protocol, type ProtocolRequest, textRefusal } from "./protocol.ts";
import { decodeRecords, RecordError, type RecordSink } from "./records.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

type Pairs = readonly [name: string, value: string][];

const LABEL_PREFIX = "label.";
/** Labels that name the service where no label says so itself; as Loki does when it makes `service_name` up. */
const SERVICE_LABELS = ["container", "container_name", "component", "workload", "job"];
const SAYS_SERVICE = /^(?:service|service[._]?name|app|application|app[._]name)$/i;

/** Labels of a stream, with the service among them. */
function originOf(labels: Pairs): Origin {
  const has_service = labels.some(([name]) => SAYS_SERVICE.test(name));
  const named = has_service ? undefined : SERVICE_LABELS.map((name) => labels.find(([label]) => label === name)).find(Boolean);
  return { entries: named ? [...labels, ["service", named[1]]] : labels, prefix: LABEL_PREFIX };
}

/** Entries of streams, one after another. */
class LokiEvents {
  readonly #sink: RecordSink;
  readonly #lines: LineReader;

  constructor(sink: RecordSink, context: DecodeContext) {
    this.#sink = sink;
    this.#lines = new LineReader(sink.writer, context.defaults);
  }

  stream(labels: Pairs): OriginWriter {
    return new OriginWriter(this.#sink.writer.draft, originOf(labels));
  }

  /** @param bytes line: bytes[start .. end) @param time_us 0 where it is not said */
  entry(bytes: Uint8Array, start: number, end: number, time_us: number, stream: OriginWriter, metadata: Pairs): void {
    const line = bytes.subarray(start, end);
    const is_text = isUtf8(line);
    const repaired = is_text ? bytes : utf8Bytes(utf8Text(line));
    this.#sink.event(
      line,
      (draft) => {
        this.#lines.begin(repaired, is_text ? start : 0, is_text ? end : repaired.length);
        if (!is_text) draft.markCut(INVALID_UTF8_MARK);
        if (time_us > 0) draft.time_us = time_us;
        for (const [name, value] of metadata) draft.addText(draft.pathNamed(draft.has(name) ? LABEL_PREFIX + name : name), value);
        stream.write();
      },
      repaired,
    );
  }

  refuse(raw: unknown, error: unknown): void {
    if (!(error instanceof RecordError)) throw error;
    this.#sink.refuse(utf8Bytes(JSON.stringify(raw) ?? ""), error);
  }
}

// ── protobuf ────────────────────────────────────────────────────────────────

/** The format's densest element gives 64 bytes for 3: what claims more is not believed before memory is taken for it. */
const SNAPPY_RATIO_MAX = 22;

function uncompressed(body: Uint8Array): Uint8Array {
  try {
    const size_bytes = new ProtobufWalker(body).varint();
    if (size_bytes > body.length * SNAPPY_RATIO_MAX) throw new RangeError("a length that the body cannot hold");
    if (size_bytes > BODY_DECOMPRESSED_SIZE_BYTES_MAX)
      throw new DecodeFailure("syntax", `the body is larger than ${BODY_DECOMPRESSED_SIZE_BYTES_MAX} bytes`);
    const output = new Uint8Array(size_bytes);
    snappyUncompress(body, output);
    return output;
  } catch (error) {
    if (error instanceof DecodeFailure) throw error;
    throw new DecodeFailure("syntax", "the body is not compressed with snappy's block format");
  }
}

/** Fields of a message that are messages themselves or texts: where they stand. */
function nested(walker: ProtobufWalker, start: number, stop: number, field: number): { start: number; stop: number }[] {
  const found: { start: number; stop: number }[] = [];
  walker.over(start, stop);
  while (walker.next()) {
    if (walker.field === field && walker.wire === LENGTH) found.push({ start: walker.start, stop: walker.stop });
    else walker.skip();
  }
  return found;
}

/** A google.protobuf.Timestamp in microseconds. */
function timestamp_us(walker: ProtobufWalker, start: number, stop: number): number {
  let seconds = 0;
  let nanos = 0;
  walker.over(start, stop);
  while (walker.next()) {
    if (walker.field === 1 && walker.wire === VARINT) seconds = Number(walker.int64());
    else if (walker.field === 2 && walker.wire === VARINT) nanos = walker.varint();
    else walker.skip();
  }
  return seconds * 1_000_000 + Math.floor(nanos / 1_000);
}

class LokiWalk {
  readonly #walker: ProtobufWalker;
  readonly #events: LokiEvents;

  constructor(bytes: Uint8Array, events: LokiEvents) {
    this.#walker = new ProtobufWalker(bytes);
    this.#events = events;
  }

  request(): void {
    const { bytes } = this.#walker;
    for (const stream of nested(this.#walker, 0, bytes.length, 1)) this.#stream(stream.start, stream.stop);
  }

  #stream(start: number, stop: number): void {
    const entries = nested(this.#walker, start, stop, 2);
    let labels: OriginWriter;
    try {
      labels = this.#events.stream(parseLabels(this.#text(start, stop, 1)));
    } catch (error) {
      for (const entry of entries) this.#events.refuse({ line: this.#text(entry.start, entry.stop, 2) }, error);
      return;
    }
    for (const entry of entries) this.#entry(entry.start, entry.stop, labels);
  }

  #entry(start: number, stop: number, labels: OriginWriter): void {
    const walker = this.#walker;
    const metadata: [string, string][] = [];
    let line_start = 0;
    let line_stop = 0;
    let time_us = 0;
    walker.over(start, stop);
    while (walker.next()) {
      const { field, wire, start: from, stop: to, at } = walker;
      if (wire !== LENGTH || field < 1 || field > 3) {
        walker.skip();
        continue;
      }
      if (field === 2) {
        line_start = from;
        line_stop = to;
        continue;
      }
      if (field === 1) time_us = timestamp_us(walker, from, to);
      else metadata.push(this.#pair(from, to));
      walker.over(at, stop);
    }
    this.#events.entry(walker.bytes, line_start, line_stop, time_us, labels, metadata);
  }

  #pair(start: number, stop: number): [string, string] {
    const walker = this.#walker;
    let name = "";
    let value = "";
    walker.over(start, stop);
    while (walker.next()) {
      if (walker.wire !== LENGTH) walker.skip();
      else if (walker.field === 1) name = utf8Text(walker.bytes.subarray(walker.start, walker.stop));
      else if (walker.field === 2) value = utf8Text(walker.bytes.subarray(walker.start, walker.stop));
    }
    return [name, value];
  }

  #text(start: number, stop: number, field: number): string {
    const [found] = nested(this.#walker, start, stop, field);
    return found ? utf8Text(this.#walker.bytes.subarray(found.start, found.stop)) : "";
  }
}

// ── JSON ────────────────────────────────────────────────────────────────────

/** @throws RecordError */
function pairsOf(value: unknown, field: string): Pairs {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) throw new RecordError(`${field} must be an object of texts`, field, value);
  return Object.entries(value).map(([name, text]) => [name.toWellFormed(), typeof text === "string" ? text : JSON.stringify(text)]);
}

/** Nanoseconds as text, in microseconds. @throws RecordError */
function nanoseconds_us(value: unknown): number {
  const digits = String(value);
  if (!/^\d{1,20}$/.test(digits)) throw new RecordError("the first of a value must be nanoseconds since 1970 as text", "values", value);
  return Number(digits.slice(0, -3) || "0");
}

function readJsonEntry(item: unknown, stream: OriginWriter, events: LokiEvents): void {
  try {
    if (!Array.isArray(item) || typeof item[1] !== "string")
      throw new RecordError('a value must be ["<nanoseconds>", "<line>"]', "values", item);
    const time_us = nanoseconds_us(item[0]);
    const metadata = pairsOf(item[2], "structured metadata");
    const line = utf8Bytes(item[1]);
    events.entry(line, 0, line.length, time_us, stream, metadata);
  } catch (error) {
    events.refuse(item, error);
  }
}

function readJson(root: unknown, events: LokiEvents): void {
  const streams = (root as { streams?: unknown } | null)?.streams;
  if (!Array.isArray(streams))
    throw new DecodeFailure("syntax", 'the body must be {"streams": [{"stream": {…}, "values": [["<nanoseconds>", "<line>"], …]}, …]}');
  for (const item of streams) {
    try {
      const { stream, values } = (item ?? {}) as { stream?: unknown; values?: unknown };
      if (!Array.isArray(values)) throw new RecordError("values must be a list", "values", values);
      const labels = events.stream(pairsOf(stream, "stream"));
      for (const value of values) readJsonEntry(value, labels, events);
    } catch (error) {
      events.refuse(item, error);
    }
  }
}

// ── the protocol ────────────────────────────────────────────────────────────

function isJson(request: ProtocolRequest): boolean {
  return /json/i.test(request.header("content-type") ?? "");
}

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext): Decoded {
  try {
    if (!isJson(request)) {
      const bytes = uncompressed(body);
      return decodeRecords(context, (sink) => new LokiWalk(bytes, new LokiEvents(sink, context)).request());
    }
    const root = parseBody(body);
    return decodeRecords(context, (sink) => readJson(root, new LokiEvents(sink, context)));
  } catch (error) {
    if (error instanceof ProtobufError) throw new DecodeFailure("syntax", `not a push request of Loki: ${error.message}`);
    throw error;
  }
}

function push(path: string, at_root: boolean): IngestEndpoint {
  return {
    kind: "ingest",
    methods: ["POST"],
    path,
    at_root,
    decode,
    // Good lines are kept, and the bad ones told of, as Loki does.
    answer: ({ decoded: { rejected, errors } }) =>
      rejected === 0
        ? { status: 204 }
        : textRefusal({ status: 400, code: "", detail: `${rejected} refused: ${errors[0]!.message}`, retry_after_s: null, errors }),
  };
}

export const loki: Protocol = {
  name: "loki",
  title: "Loki push",
  credentials: {},
  endpoints: [
    push("/loki/api/v1/push", true),
    // Of clients that resolve the path against the address.
    push("/api/v1/push", false),
    { kind: "info", methods: ["GET"], path: "/ready", at_root: false, needs_key: false, answer: () => ({ status: 200, body: "ready\n" }) },
  ],
  refuse: textRefusal,
};
