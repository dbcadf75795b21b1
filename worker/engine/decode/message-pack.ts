/** Records in MessagePack, as Fluent Bit, Fluentd and Logtail send them. */
import { Buffer, isUtf8 } from "node:buffer";
import { Decoder, ExtensionCodec } from "@msgpack/msgpack";
import { EVENT_SIZE_BYTES_MAX, EVENTS_PER_REQUEST_MAX } from "../../limits.ts";
import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import type { ProtocolRequest } from "./protocol.ts";
import { RecordError } from "./records.ts";
import { DecodeFailure } from "./types.ts";

/** A time of Fluentd: extension 0, seconds and nanoseconds of 32 bits each (github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1). */
class EventTime {
  readonly time_us: number;

  constructor(time_us: number) {
    this.time_us = time_us;
  }
}

const EVENT_TIME = 0;
const DEPTH_MAX = 128;
const extensions = new ExtensionCodec();
extensions.register({
  type: EVENT_TIME,
  encode: () => null,
  decode: (data) => {
    if (data.length !== 8) return null;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    return new EventTime(view.getUint32(0) * 1_000_000 + Math.floor(view.getUint32(4) / 1_000));
  },
});

/** What MessagePack has and JSON has not, as JSON would have it. */
function plain(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw new DecodeFailure("syntax", "a value is nested too deep");
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return isUtf8(value) ? utf8Text(value) : Buffer.from(value).toString("base64");
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof EventTime) return value.time_us;
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, depth + 1)]));
}

export interface UnpackedRecord {
  /** As JSON: records have no borders of their own in the body. */
  raw: Uint8Array;
  /** Microseconds since the epoch; null where only the record itself may say. */
  time_us: number | null;
  /** Said beside the record (Fluent Bit's metadata). */
  metadata: object | null;
  /** @throws RecordError where it is no map */
  record(): object;
}

export function isMessagePack(request: ProtocolRequest): boolean {
  return /msgpack|messagepack/i.test(request.header("content-type") ?? "");
}

function isMap(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof EventTime) && !(value instanceof Uint8Array)
  );
}

function timeOf(value: unknown): number | null {
  if (value instanceof EventTime) return value.time_us;
  if (typeof value === "bigint") return Number(value) * 1_000_000;
  if (typeof value === "number" && Number.isFinite(value)) return Math.round(value * 1_000_000);
  return value instanceof Date ? value.getTime() * 1_000 : null;
}

function unpacked(value: unknown, time_us: number | null, metadata: object | null): UnpackedRecord {
  const record = plain(value);
  return {
    raw: utf8Bytes(JSON.stringify(record) ?? ""),
    time_us,
    metadata: metadata && Object.keys(metadata).length > 0 ? (plain(metadata) as object) : null,
    record: () => {
      if (isMap(record)) return record;
      throw new RecordError("a record must be a map");
    },
  };
}

/** `record`, `[time, record]`, `[[time, metadata], record]`, or a list of any of these. */
function* recordsIn(value: unknown, depth = 0): Generator<UnpackedRecord> {
  if (!Array.isArray(value) || depth > 2) {
    yield unpacked(value, null, null);
    return;
  }
  const [head, record] = value;
  if (value.length === 2 && isMap(record)) {
    if (timeOf(head) !== null) return yield unpacked(record, timeOf(head), null);
    if (Array.isArray(head) && head.length === 2 && timeOf(head[0]) !== null && isMap(head[1])) {
      return yield unpacked(record, timeOf(head[0]), head[1]);
    }
  }
  for (const item of value) yield* recordsIn(item, depth + 1);
}

/** @throws DecodeFailure where the body is no MessagePack */
export function* unpackedRecords(body: Uint8Array): Generator<UnpackedRecord> {
  const decoder = new Decoder({
    extensionCodec: extensions,
    useBigInt64: true,
    maxStrLength: EVENT_SIZE_BYTES_MAX,
    maxBinLength: EVENT_SIZE_BYTES_MAX,
    maxArrayLength: EVENTS_PER_REQUEST_MAX,
    maxMapLength: EVENTS_PER_REQUEST_MAX,
    maxExtLength: EVENT_SIZE_BYTES_MAX,
  });
  try {
    for (const value of decoder.decodeMulti(body)) yield* recordsIn(value);
  } catch (error) {
    if (error instanceof DecodeFailure) throw error;
    throw new DecodeFailure("syntax", `not valid MessagePack: ${(error as Error).message}`);
  }
}
