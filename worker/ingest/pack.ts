import { frameId } from "../engine/batch/batch-id.ts";
import type { Decoded } from "../engine/decode/types.ts";
import { packFrame } from "../engine/segment/frame.ts";

/** Packs each batch of a request into a frame; the n-th gets the n-th id, so that a repeated request makes the same ids. */
export function packBatches(
  batches: Decoded["batches"],
  meta: { batch_id: string; project_id: string; shard: number; accepted_us: number },
): Uint8Array[] {
  const { batch_id, project_id, shard, accepted_us } = meta;
  return batches.map(({ batch, raw_bytes }, ordinal) =>
    packFrame(batch, { frame_id: frameId(batch_id, ordinal), project_id, shard, accepted_us, raw_bytes }),
  );
}
