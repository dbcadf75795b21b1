import { nextGeneration } from "../catalog/generation.ts";
import { projectOfKey, SEGMENT_PREFIX } from "../catalog/keys.ts";
import { deletableSegments, insertRows, knownSegments, markDeleted, purgeTombstones, RETENTION, swapMembers } from "../catalog/segments.ts";
import { hasSwapRecord, readSwapRecords, writeSwapRecord } from "../catalog/swaps.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { DELETIONS_PER_SWEEP_MAX, ORPHAN_AGE_MS, REPLACED_OBJECT_LIFE_MS, SWEEP_PAGES_MAX, TOMBSTONE_LIFE_MS } from "../limits.ts";
import { count } from "../metrics.ts";
import type { House } from "./house.ts";
import { type Judgement, judgeSegment, pendingSegments } from "./judge.ts";
import { readSegment, SegmentGone } from "./store-segment.ts";

export interface SweepResult {
  deleted: number;
  adopted: number;
  orphans: number;
  /** Projects whose catalog is older than the bucket: nothing of them was touched, the catalog must be rebuilt. */
  refused: string[];
}

/** Ages after which a sweep acts; tests shorten them. */
export interface SweepAges {
  replaced_ms: number;
  orphan_ms: number;
}

const AGES: SweepAges = { replaced_ms: REPLACED_OBJECT_LIFE_MS, orphan_ms: ORPHAN_AGE_MS };

/** Deletes replaced objects that have outlived every query, and settles objects that D1 does not know. */
export async function sweep(house: House, ages: SweepAges = AGES): Promise<SweepResult> {
  const result: SweepResult = { deleted: 0, adopted: 0, orphans: 0, refused: [] };
  await deleteReplaced(house, ages.replaced_ms, result);
  await settleUnknown(house, ages.orphan_ms, result);
  await purgeTombstones(house.db, (house.now_ms() - TOMBSTONE_LIFE_MS) * 1000);
  for (const project_id of result.refused) {
    count("ledge_catalog_behind_total", { task: "sweep" });
    console.error(`sweep of ${project_id} refused: the bucket is newer than the catalog; run \`npm run rebuild-catalog\``);
  }
  return result;
}

async function deleteReplaced(house: House, age_ms: number, result: SweepResult): Promise<void> {
  const due = await deletableSegments(house.db, (house.now_ms() - age_ms) * 1000, DELETIONS_PER_SWEEP_MAX);
  const allowed = new Map<string, boolean>();
  for (const { project_id, segment_id, object_key, replaced_by } of due) {
    if (!allowed.has(project_id)) allowed.set(project_id, await mayDelete(house, project_id, result));
    if (!allowed.get(project_id)) continue;
    if (replaced_by !== RETENTION && !(await ensureRecord(house, project_id, replaced_by ?? "", segment_id))) continue;
    await house.bucket.delete(object_key);
    await markDeleted(house.db, project_id, [segment_id], house.now_ms() * 1000);
    result.deleted++;
  }
}

async function mayDelete(house: House, project_id: string, result: SweepResult): Promise<boolean> {
  const current = await nextGeneration(house.db, house.bucket, project_id);
  if (!current) result.refused.push(project_id);
  return current;
}

/** A swap may have stopped between D1 and its record; no input goes before the record is there. @returns whether it is */
async function ensureRecord(house: House, project_id: string, swap_id: string, segment_id: string): Promise<boolean> {
  if (await hasSwapRecord(house.bucket, project_id, swap_id)) return true;
  const members = await swapMembers(house.db, project_id, swap_id);
  if (!members.inputs.includes(segment_id) || members.outputs.length === 0) return false;
  await writeSwapRecord(house.bucket, { swap_id, project_id, ...members });
  return true;
}

async function settleUnknown(house: House, age_ms: number, result: SweepResult): Promise<void> {
  const old = house.now_ms() - age_ms;
  let cursor: string | undefined;
  for (let page_number = 0; page_number < SWEEP_PAGES_MAX; page_number++) {
    const page: R2Objects = await house.bucket.list({ prefix: SEGMENT_PREFIX, cursor });
    const aged = page.objects.filter((object) => object.uploaded.getTime() < old).map((object) => object.key);
    for (const [project_id, keys] of groupByProject(aged)) {
      // A project whose object errs keeps nobody else's from being swept.
      await settleKeys(house, project_id, keys, result).catch((error) => console.error("sweep failed", project_id, error));
    }
    if (!page.truncated) return;
    cursor = page.cursor;
  }
}

async function settleKeys(house: House, project_id: string, keys: readonly string[], result: SweepResult): Promise<void> {
  const known = new Map((await knownSegments(house.db, project_id, keys.map(segmentIdOf))).map((row) => [row.segment_id, row]));
  const unknown = keys.filter((key) => !known.has(segmentIdOf(key)));
  // An object whose tombstone says "deleted" was put again by a late job.
  const returned = keys.filter((key) => typeof known.get(segmentIdOf(key))?.deleted_us === "number");
  if (unknown.length + returned.length === 0 || result.refused.includes(project_id) || !(await mayDelete(house, project_id, result)))
    return;
  const records = await readSwapRecords(house.bucket, project_id);
  const pending = await pendingSegments(house, project_id);
  for (const key of unknown) await settle(house, key, (row) => judgeSegment(row, records, pending), result);
  for (const key of returned) await house.bucket.delete(key);
  result.orphans += returned.length;
}

async function settle(house: House, key: string, judge: (row: SegmentRow) => Judgement, result: SweepResult): Promise<void> {
  let row: SegmentRow;
  try {
    row = (await readSegment(house.bucket, key)).row;
  } catch (error) {
    if (error instanceof SegmentGone) return;
    // What cannot be read is not ours to delete.
    console.error("sweep: unreadable segment", key, error);
    return;
  }
  const judgement = judge(row);
  if (judgement === "adopt") {
    await insertRows(house.db, [row]);
    result.adopted++;
  } else if (judgement !== "pending") {
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
