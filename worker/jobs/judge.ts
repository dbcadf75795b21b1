import { SHARD_ZERO } from "../catalog/stream.ts";
import type { SwapRecord } from "../catalog/swaps.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { flushedSegmentId } from "./flush.ts";
import type { House } from "./house.ts";

/**
 * What to do with a segment that D1 does not know, judged from R2 alone; the sweeper and the rebuild share it (spine, rules 6 and 7).
 * - "adopt": it holds events that nothing else is known to hold
 * - "replaced": a recorded swap took it as input, its events are in the outputs
 * - "unfinished": the output of a swap without a record, whose inputs are still there
 * - "pending": the segment of a flush that its stream has not committed: its events are still in the window
 */
export type Judgement = "adopt" | "replaced" | "unfinished" | "pending";

/** @param pending segment ids of open plans, asked for after the segment was seen in the bucket */
export function judgeSegment(row: SegmentRow, records: readonly SwapRecord[], pending: ReadonlySet<string>): Judgement {
  if (pending.has(row.segment_id)) return "pending";
  if (records.some((record) => record.inputs.includes(row.segment_id))) return "replaced";
  if (row.swap_id !== null && !records.some((record) => record.swap_id === row.swap_id && record.outputs.includes(row.segment_id))) {
    return "unfinished";
  }
  return "adopt";
}

/** The segments that a project's streams may have put without having committed them yet. */
export async function pendingSegments(house: House, project_id: string): Promise<Set<string>> {
  const { plan_id } = await house.stream(project_id, SHARD_ZERO).status();
  return new Set(plan_id === null ? [] : [flushedSegmentId(plan_id)]);
}
