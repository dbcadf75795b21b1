import type { Column, DictColumn, EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";

/** One event of the simulated world: its message tells it from all others. */
export interface WorldEvent {
  timestamp_us: number;
  message: string;
  service: string;
  event_id: string | null;
}

/** A small batch in the engine's shape. */
export function batchOf(events: readonly WorldEvent[], ingest_us: number): EventBatch {
  const encoder = new TextEncoder();
  const texts = events.map((event) => encoder.encode(event.message));
  const offsets = new Uint32Array(events.length + 1);
  for (let row = 0; row < events.length; row++) offsets[row + 1] = offsets[row]! + texts[row]!.length;
  const bytes = new Uint8Array(offsets[events.length]!);
  for (let row = 0; row < events.length; row++) bytes.set(texts[row]!, offsets[row]!);
  const batch: EventBatch = {
    rows: events.length,
    timestamp_us: Float64Array.from(events, (event) => event.timestamp_us),
    ingest_us: new Float64Array(events.length).fill(ingest_us),
    columns: new Map<string, Column>([
      ["service", dictOf(events.map((event) => event.service))],
      ["message", { kind: "bytes", offsets, bytes, present: null }],
    ]),
    rest: null,
  };
  if (events.some((event) => event.event_id !== null)) batch.columns.set("event_id", dictOf(events.map((event) => event.event_id)));
  return batch;
}

function dictOf(texts: readonly (string | null)[]): DictColumn {
  const values = [...new Set(texts.filter((text) => text !== null))];
  return { kind: "dict", values, codes: Uint32Array.from(texts, (text) => (text === null ? NULL_CODE : values.indexOf(text))) };
}
