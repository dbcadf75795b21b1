import type { SwapRecord } from "../catalog/swaps.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";

/**
 * What to do with a segment that D1 does not know, judged from R2 alone; the sweeper and the rebuild share it (spine, rules 6 and 7).
 * - "adopt": it holds events that nothing else is known to hold
 * - "replaced": a recorded swap took it as input, its events are in the outputs
 * - "unfinished": the output of a swap without a record, whose inputs are still there
 */
export type Judgement = "adopt" | "replaced" | "unfinished";

export function judgeSegment(row: SegmentRow, records: readonly SwapRecord[]): Judgement {
  if (records.some((record) => record.inputs.includes(row.segment_id))) return "replaced";
  if (row.swap_id !== null && !records.some((record) => record.swap_id === row.swap_id && record.outputs.includes(row.segment_id))) {
    return "unfinished";
  }
  return "adopt";
}
