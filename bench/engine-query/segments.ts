/** Compacted segments of the generated week, made as the service makes them. */
import type { EventBatch } from "../../worker/engine/batch/event-batch.ts";
import { decodeJson } from "../../worker/engine/decode/json.ts";
import { packFrame } from "../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment } from "../../worker/engine/segment/read.ts";
import type { SegmentIdentity } from "../../worker/engine/segment/segment-row.ts";
import { segmentFromFrames } from "../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../worker/engine/segment/write-sorted.ts";
import { FLUSH_SIZE_BYTES } from "../../worker/limits.ts";
import { Week } from "../generate.ts";
import { progress } from "../report.ts";

const BATCH = 2_000;
export const START_MS = Date.UTC(2026, 10, 2);
const RECEIVED_US = (START_MS + 7 * 86_400_000) * 1_000;

function identity(level: number, ordinal: number, day: string | null): SegmentIdentity {
  const segment_id = `l${level}-${day ?? "any"}-${ordinal}`;
  const project_id = "benchproject";
  const object_key = `segments/${segment_id}`;
  return {
    segment_id,
    project_id,
    shard: 0,
    level,
    seq_min: ordinal,
    seq_max: ordinal,
    day,
    object_key,
    created_us: RECEIVED_US,
    swap_id: null,
  };
}

function pack(batch: EventBatch, raw_bytes: number, ordinal: number): Uint8Array {
  const frame_id = ordinal.toString(16).padStart(32, "0");
  return packFrame(batch, { frame_id, project_id: "benchproject", shard: 0, accepted_us: RECEIVED_US, raw_bytes });
}

/** Frames in flushes of the size that the service makes. */
function* flushes(events: number): Generator<Uint8Array> {
  const pending: { bytes: Uint8Array; masked: null }[] = [];
  let size_bytes = 0;
  let ordinal = 0;
  const flush = (): Uint8Array => Buffer.concat(segmentFromFrames(pending.splice(0), identity(0, ordinal, null)).chunks);
  for (const { bytes } of new Week({ seed: 1, events, batch: BATCH, start_ms: START_MS }).batches()) {
    for (const { batch, raw_bytes } of decodeJson(bytes, { received_us: RECEIVED_US, defaults: {} }).batches) {
      const frame = pack(batch, raw_bytes, ordinal++);
      pending.push({ bytes: frame, masked: null });
      size_bytes += frame.length;
    }
    if (size_bytes < FLUSH_SIZE_BYTES) continue;
    size_bytes = 0;
    yield flush();
  }
  if (pending.length > 0) yield flush();
}

/** Segments of one day each, in the order of time. */
export async function makeSegments(events: number): Promise<Uint8Array[]> {
  progress(`making segments of ${events} events`);
  const inputs = await Promise.all([...flushes(events)].map((file) => openSegment(bytesSource(file))));
  const outputs: Uint8Array[] = [];
  const options = { identify: (day: string, ordinal: number) => identity(1, ordinal, day) };
  for await (const { chunks } of mergeSegments(inputs, options)) outputs.push(Buffer.concat(chunks));
  return outputs;
}
