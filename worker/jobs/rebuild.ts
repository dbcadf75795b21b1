import { catchUpGeneration } from "../catalog/generation.ts";
import { projectOfKey, SEGMENT_PREFIX } from "../catalog/keys.ts";
import {
  allAlive,
  ensureTables,
  insertRows,
  markDeleted,
  markReplaced,
  projectsWithSegments,
  type Tombstone,
} from "../catalog/segments.ts";
import { readSwapRecords } from "../catalog/swaps.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { House } from "./house.ts";
import { judgeSegment, pendingSegments } from "./judge.ts";
import { readSegment, SegmentGone } from "./store-segment.ts";

/** `replaced_by` of a row whose object was not found. */
const MISSING = "missing";

export interface RebuildResult {
  projects: number;
  /** Segments that the catalog has now, and their rows. */
  segments: number;
  rows: number;
  /** Objects that were left out: inputs of recorded swaps, outputs of unfinished ones, flushes not yet committed. */
  left_out: number;
  /** Rows of the catalog whose object is not there, or which a recorded swap replaced: no longer alive. */
  withdrawn: number;
  unreadable: string[];
}

/**
 * Makes D1's catalog say what R2 says: all segments, less inputs of recorded swaps, less outputs without a record. Nothing in R2 is touched.
 * Works on an empty or missing table as on one that was set back in time.
 */
export async function rebuildFromBucket(house: House): Promise<RebuildResult> {
  const result: RebuildResult = { projects: 0, segments: 0, rows: 0, left_out: 0, withdrawn: 0, unreadable: [] };
  await ensureTables(house.db);
  const stored = await segmentKeys(house.bucket);
  // Also those whose objects are all gone: what the catalog says of them must go, too.
  const projects = new Set([...stored.keys(), ...(await projectsWithSegments(house.db))]);
  for (const project_id of projects) {
    const keys = stored.get(project_id) ?? [];
    await rebuildProject(house, project_id, keys, result);
    result.projects++;
  }
  return result;
}

async function rebuildProject(house: House, project_id: string, keys: readonly string[], result: RebuildResult): Promise<void> {
  // After the list: a record is written before any input goes, so that an object seen there is judged with the record of whoever deletes it since.
  const records = await readSwapRecords(house.bucket, project_id);
  const pending = await pendingSegments(house, project_id);
  const replacers = new Map(records.flatMap((record) => record.inputs.map((input) => [input, record.swap_id] as const)));
  const adopted: SegmentRow[] = [];
  const replaced: Tombstone[] = [];
  for (const key of keys) {
    const row = await readRow(house, key, result);
    if (!row) continue;
    const judgement = judgeSegment(row, records, pending);
    if (judgement === "adopt") adopted.push(row);
    else result.left_out++;
    if (judgement === "replaced")
      replaced.push({ ...row, replaced_us: house.now_ms() * 1000, replaced_by: replacers.get(row.segment_id)! });
  }
  // Tombstones first: the stream may still tell searches of a segment that was flushed and merged a moment ago.
  await insertRows(house.db, replaced);
  await insertRows(house.db, adopted);
  const present = new Set(keys);
  for (const row of await allAlive(house.db, project_id)) {
    const missing = !present.has(row.object_key) && !(await house.bucket.head(row.object_key));
    const replaced_by = replacers.get(row.segment_id) ?? (missing ? MISSING : null);
    if (replaced_by !== null) await withdraw(house, row, replaced_by, missing, result);
    else {
      result.segments++;
      result.rows += row.rows;
    }
  }
  await catchUpGeneration(house.db, house.bucket, project_id);
}

async function withdraw(house: House, row: SegmentRow, replaced_by: string, missing: boolean, result: RebuildResult): Promise<void> {
  const now_us = house.now_ms() * 1000;
  await markReplaced(house.db, row.project_id, row.segment_id, replaced_by, now_us);
  if (missing) await markDeleted(house.db, row.project_id, [row.segment_id], now_us);
  result.withdrawn++;
}

async function segmentKeys(bucket: R2Bucket): Promise<Map<string, string[]>> {
  const projects = new Map<string, string[]>();
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix: SEGMENT_PREFIX, cursor });
    for (const { key } of page.objects) {
      const project_id = projectOfKey(key);
      if (project_id === null) continue;
      const keys = projects.get(project_id);
      if (keys) keys.push(key);
      else projects.set(project_id, [key]);
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return projects;
}

async function readRow(house: House, key: string, result: RebuildResult): Promise<SegmentRow | null> {
  try {
    return (await readSegment(house.bucket, key)).row;
  } catch (error) {
    if (!(error instanceof SegmentGone)) result.unreadable.push(key);
    return null;
  }
}
