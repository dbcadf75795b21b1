import { catchUpGeneration } from "../catalog/generation.ts";
import { projectOfKey, SEGMENT_PREFIX } from "../catalog/keys.ts";
import { clearSegments, insertRows } from "../catalog/segments.ts";
import { readSwapRecords, type SwapRecord } from "../catalog/swaps.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { House } from "./house.ts";
import { judgeSegment } from "./judge.ts";
import { readSegment, SegmentGone } from "./store-segment.ts";

export interface RebuildResult {
  segments: number;
  rows: number;
  /** Objects that were left out: inputs of recorded swaps and outputs of unfinished ones. */
  left_out: number;
  unreadable: string[];
}

/**
 * Makes D1's catalog anew from the segments in R2 alone: all segments, less inputs of recorded swaps, less outputs without a record.
 * Objects are only read. Tombstones are not made again; the sweeper settles what was left out.
 */
export async function rebuildCatalog(house: House): Promise<RebuildResult> {
  const result: RebuildResult = { segments: 0, rows: 0, left_out: 0, unreadable: [] };
  const records = new Map<string, SwapRecord[]>();
  await clearSegments(house.db);
  let cursor: string | undefined;
  do {
    const page: R2Objects = await house.bucket.list({ prefix: SEGMENT_PREFIX, cursor });
    const rows: SegmentRow[] = [];
    for (const { key } of page.objects) {
      const project_id = projectOfKey(key);
      if (project_id === null) continue;
      if (!records.has(project_id)) records.set(project_id, await readSwapRecords(house.bucket, project_id));
      const row = await readRow(house, key, result);
      if (!row) continue;
      if (judgeSegment(row, records.get(project_id)!) === "adopt") rows.push(row);
      else result.left_out++;
    }
    await insertRows(house.db, rows);
    result.segments += rows.length;
    result.rows += rows.reduce((sum, row) => sum + row.rows, 0);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  await catchUpGeneration(house.db, house.bucket);
  return result;
}

async function readRow(house: House, key: string, result: RebuildResult): Promise<SegmentRow | null> {
  try {
    return (await readSegment(house.bucket, key)).row;
  } catch (error) {
    if (!(error instanceof SegmentGone)) result.unreadable.push(key);
    return null;
  }
}
