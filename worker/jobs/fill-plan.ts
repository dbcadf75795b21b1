import type { FillPlan } from "../../durable-objects/project-monitor/types.ts";
import { metricFillKey } from "../catalog/keys.ts";
import { searchedSegments } from "../catalog/segments.ts";
import { SHARD_ZERO } from "../catalog/stream.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { DAY_US } from "../engine/windows/resolution.ts";
import { METRIC_FILL_PLANS_MAX, METRIC_HISTORY_DAYS_MAX } from "../limits.ts";
import type { House } from "./house.ts";

/** Segments that hold exactly the events up to a sequence number. */
export interface SeamedSegments {
  seam_seq: number;
  rows: SegmentRow[];
}

/** What asks for no frames: only the number up to which everything is flushed, and rows that D1 may not have. */
const NO_FRAMES = { from_us: Number.MAX_SAFE_INTEGER, to_us: Number.MAX_SAFE_INTEGER, after_seq: null, start_seq: null, held: [] };

/**
 * The object is asked first, then the catalog (spine, rule 8): of it only rows wholly at or below what is flushed count. Rows across that number
 * were made since, and the object is asked again.
 */
export async function seamedSegments(house: House, project_id: string): Promise<SeamedSegments> {
  for (let attempt = 0; attempt < METRIC_FILL_PLANS_MAX; attempt++) {
    const { flushed_seq, recent } = await house.stream(project_id, SHARD_ZERO).view(NO_FRAMES);
    const from_us = house.now_ms() * 1000 - METRIC_HISTORY_DAYS_MAX * DAY_US;
    const after = Math.min(flushed_seq, ...recent.map(({ seq_min }) => seq_min - 1));
    const request = { from_us, to_us: Number.MAX_SAFE_INTEGER, replaced_after_seq: [after] };
    const { alive, replaced_ids } = await searchedSegments(house.db, project_id, request);
    const rows = new Map(recent.filter((row) => !replaced_ids.has(row.segment_id)).map((row) => [row.segment_id, row]));
    for (const row of alive) rows.set(row.segment_id, row);
    const all = [...rows.values()];
    if (all.some((row) => row.seq_min <= flushed_seq && row.seq_max > flushed_seq)) continue;
    return { seam_seq: flushed_seq, rows: inOrder(all.filter((row) => row.seq_max <= flushed_seq && row.ts_max_us >= from_us)) };
  }
  throw new Error("segments are rearranged faster than a back-fill can be planned");
}

/** Those that will be merged soon come first: their objects go some time after that. */
function inOrder(rows: readonly SegmentRow[]): SegmentRow[] {
  return rows.toSorted(
    (left, right) => left.level - right.level || right.created_us - left.created_us || (left.segment_id < right.segment_id ? -1 : 1),
  );
}

export async function writeFillList(house: House, project_id: string, fill_id: string, rows: readonly SegmentRow[]): Promise<void> {
  await house.bucket.put(metricFillKey(project_id, fill_id), JSON.stringify(rows));
}

/** Null where the list is gone: the back-fill must be planned anew. */
export async function readFillList(house: House, project_id: string, { fill_id }: FillPlan): Promise<SegmentRow[] | null> {
  const object = await house.bucket.get(metricFillKey(project_id, fill_id));
  return object ? ((await object.json()) as SegmentRow[]) : null;
}

export async function deleteFillList(house: House, project_id: string, fill_id: string): Promise<void> {
  await house.bucket.delete(metricFillKey(project_id, fill_id));
}
