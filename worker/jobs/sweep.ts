import { nextGeneration } from "../catalog/generation.ts";
import { projectOfKey, SEGMENT_PREFIX } from "../catalog/keys.ts";
import { deletableSegments, insertRows, knownSegments, markDeleted, purgeTombstones, RETENTION, swapMembers } from "../catalog/segments.ts";
import { hasSwapRecord, readSwapRecords, type SwapRecord, writeSwapRecord } from "../catalog/swaps.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { DELETIONS_PER_SWEEP_MAX, ORPHAN_AGE_MS, REPLACED_OBJECT_LIFE_MS, SWEEP_PAGES_MAX, TOMBSTONE_LIFE_MS } from "../limits.ts";
import type { House } from "./house.ts";
import { judgeSegment } from "./judge.ts";
import { readSegment, SegmentGone } from "./store-segment.ts";

export interface SweepResult {
  /** False where D1 is older than the bucket: nothing was touched, the catalog must be rebuilt. */
  ran: boolean;
  deleted: number;
  adopted: number;
  orphans: number;
}

/** Ages after which a sweep acts; tests shorten them. */
export interface SweepAges {
  replaced_ms: number;
  orphan_ms: number;
}

const AGES: SweepAges = { replaced_ms: REPLACED_OBJECT_LIFE_MS, orphan_ms: ORPHAN_AGE_MS };

/** Deletes replaced objects that have outlived every query, and settles objects that D1 does not know. */
export async function sweep(house: House, ages: SweepAges = AGES): Promise<SweepResult> {
  const result: SweepResult = { ran: false, deleted: 0, adopted: 0, orphans: 0 };
  if (!(await nextGeneration(house.db, house.bucket))) {
    console.error("sweep refused: the bucket is newer than the catalog; run `npm run rebuild-catalog`");
    return result;
  }
  result.ran = true;
  result.deleted = await deleteReplaced(house, ages.replaced_ms);
  await settleUnknown(house, ages.orphan_ms, result);
  await purgeTombstones(house.db, (house.now_ms() - TOMBSTONE_LIFE_MS) * 1000);
  return result;
}

async function deleteReplaced(house: House, age_ms: number): Promise<number> {
  const due = await deletableSegments(house.db, (house.now_ms() - age_ms) * 1000, DELETIONS_PER_SWEEP_MAX);
  let deleted = 0;
  for (const segment of due) {
    if (segment.replaced_by !== RETENTION) await ensureRecord(house, segment.project_id, segment.replaced_by ?? "");
    await house.bucket.delete(segment.object_key);
    await markDeleted(house.db, segment.project_id, [segment.segment_id], house.now_ms() * 1000);
    deleted++;
  }
  return deleted;
}

/** A swap may have stopped between D1 and its record; no input goes before the record is there. */
async function ensureRecord(house: House, project_id: string, swap_id: string): Promise<void> {
  if (await hasSwapRecord(house.bucket, project_id, swap_id)) return;
  await writeSwapRecord(house.bucket, { swap_id, project_id, ...(await swapMembers(house.db, project_id, swap_id)) });
}

async function settleUnknown(house: House, age_ms: number, result: SweepResult): Promise<void> {
  const records = new Map<string, SwapRecord[]>();
  const old = house.now_ms() - age_ms;
  let cursor: string | undefined;
  for (let page_number = 0; page_number < SWEEP_PAGES_MAX; page_number++) {
    const page: R2Objects = await house.bucket.list({ prefix: SEGMENT_PREFIX, cursor });
    const aged = page.objects.filter((object) => object.uploaded.getTime() < old).map((object) => object.key);
    for (const [project_id, keys] of groupByProject(aged)) {
      const known = new Map((await knownSegments(house.db, project_id, keys.map(segmentIdOf))).map((row) => [row.segment_id, row]));
      for (const key of keys) {
        const row = known.get(segmentIdOf(key));
        if (row && row.deleted_us === null) continue;
        if (row) {
          // Deleted once and back: a late job put it again. Its tombstone says what it is.
          await house.bucket.delete(key);
          result.orphans++;
          continue;
        }
        if (!records.has(project_id)) records.set(project_id, await readSwapRecords(house.bucket, project_id));
        await settle(house, key, records.get(project_id)!, result);
      }
    }
    if (!page.truncated) return;
    cursor = page.cursor;
  }
}

async function settle(house: House, key: string, records: readonly SwapRecord[], result: SweepResult): Promise<void> {
  let row: SegmentRow;
  try {
    row = (await readSegment(house.bucket, key)).row;
  } catch (error) {
    if (error instanceof SegmentGone) return;
    // What cannot be read is not ours to delete.
    console.error("sweep: unreadable segment", key, error);
    return;
  }
  if (judgeSegment(row, records) === "adopt") {
    await insertRows(house.db, [row]);
    result.adopted++;
  } else {
    await house.bucket.delete(key);
    result.orphans++;
  }
}

function groupByProject(keys: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const project_id = projectOfKey(key);
    if (project_id === null) continue;
    const group = groups.get(project_id);
    if (group) group.push(key);
    else groups.set(project_id, [key]);
  }
  return groups;
}

function segmentIdOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(/\.parquet$/, "");
}
