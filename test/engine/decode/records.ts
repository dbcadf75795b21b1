import type { EventRecord } from "../../../worker/engine/batch/event-batch.ts";
import { recordAt } from "../../../worker/engine/batch/record.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { decodeText } from "../../../worker/engine/decode/text.ts";
import type { DecodeContext, Decoded } from "../../../worker/engine/decode/types.ts";

export const RECEIVED = "2026-03-01T12:00:00.000000Z";
export const CONTEXT: DecodeContext = { received_us: Date.parse("2026-03-01T12:00:00Z") * 1000, defaults: {} };

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function records(decoded: Decoded): EventRecord[] {
  return decoded.batches.flatMap(({ batch }) => Array.from({ length: batch.rows }, (_, row) => recordAt(batch, row)));
}

export function jsonRecords(text: string, context: DecodeContext = CONTEXT): EventRecord[] {
  return records(decodeJson(utf8(text), context));
}

/** The one event that the value becomes. */
export function eventOf(value: unknown, context: DecodeContext = CONTEXT): EventRecord {
  return jsonRecords(JSON.stringify(value), context)[0]!;
}

export function textRecords(text: string, context: DecodeContext = CONTEXT): EventRecord[] {
  return records(decodeText(utf8(text), context));
}

/** The one event that the line becomes. */
export function lineEvent(line: string, context: DecodeContext = CONTEXT): EventRecord {
  return textRecords(line, context)[0]!;
}

/** Without the members that every event has. */
export function bare(record: EventRecord): Partial<EventRecord> {
  const { ingest_ts: _ingest, fingerprint: _fingerprint, ...rest } = record;
  return rest;
}
