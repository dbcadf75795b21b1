import { nextGeneration } from "../catalog/generation.ts";
import { segmentKey } from "../catalog/keys.ts";
import { allAlive, swapSegments } from "../catalog/segments.ts";
import { writeSwapRecord } from "../catalog/swaps.ts";
import type { SegmentIdentity, SegmentRow } from "../engine/segment/segment-row.ts";
import { mergeSegments } from "../engine/segment/write-sorted.ts";
import { COMPACTIONS_PER_JOB_MAX, REUSED_OUTPUT_AGE_MS } from "../limits.ts";
import { count, observe } from "../metrics.ts";
import { chooseCompaction } from "./choose-compaction.ts";
import type { House } from "./house.ts";
import { putSegment, readSegment, SegmentGone, SegmentStale } from "./store-segment.ts";

/**
 * Merges segments of a project as long as there is something to merge, COMPACTIONS_PER_JOB_MAX times at most.
 * @returns compactions made
 */
export async function compactProject(house: House, project_id: string, force: boolean): Promise<number> {
  for (let made = 0; made < COMPACTIONS_PER_JOB_MAX; made++) {
    const inputs = chooseCompaction(await allAlive(house.db, project_id), house.now_ms() * 1000, force);
    if (!inputs || !(await compact(house, inputs))) return made;
  }
  return COMPACTIONS_PER_JOB_MAX;
}

/** One compaction; see the spine, rule 6. @returns false where another job was first */
export async function compact(house: House, inputs: readonly SegmentRow[]): Promise<boolean> {
  const { project_id } = inputs[0]!;
  if (!(await nextGeneration(house.db, house.bucket, project_id))) {
    count("ledge_catalog_behind_total", { task: "compaction" });
    console.error(`compaction of ${project_id} refused: the bucket is newer than the catalog; run \`npm run rebuild-catalog\``);
    return false;
  }
  const begun_ms = house.now_ms();
  const swap_id = swapIdOf(inputs);
  const outputs: SegmentRow[] = [];
  try {
    const segments = [];
    for (const input of inputs) segments.push(await readSegment(house.bucket, input.object_key, input.tail_size_bytes));
    const identify = (day: string, ordinal: number) => identityOf(inputs, swap_id, day, ordinal, house.now_ms() * 1000);
    // What an earlier try left behind is an orphan from some age on: the sweep has it, and the merge its turn after that.
    const fresh_since_ms = house.now_ms() - REUSED_OUTPUT_AGE_MS;
    for await (const made of mergeSegments(segments, { identify })) outputs.push(await putSegment(house.bucket, made, fresh_since_ms));
  } catch (error) {
    if (error instanceof SegmentGone || error instanceof SegmentStale) return false;
    throw error;
  }
  assertSameRows(inputs, outputs, swap_id);
  const swap = { swap_id, project_id, inputs: inputs.map((row) => row.segment_id), outputs };
  if (!(await swapSegments(house.db, swap, house.now_ms() * 1000))) return false;
  await writeSwapRecord(house.bucket, { ...swap, outputs: outputs.map((row) => row.segment_id) });
  observe("ledge_compaction_seconds", {}, (house.now_ms() - begun_ms) / 1000);
  return true;
}

/** The last look before inputs are given up: nothing was lost on the way and nothing came twice. */
function assertSameRows(inputs: readonly SegmentRow[], outputs: readonly SegmentRow[], swap_id: string): void {
  const sum = (rows: readonly SegmentRow[]) => rows.reduce((total, row) => total + row.rows, 0);
  if (sum(inputs) !== sum(outputs)) throw new Error(`swap ${swap_id} would turn ${sum(inputs)} rows into ${sum(outputs)}`);
}

function identityOf(inputs: readonly SegmentRow[], swap_id: string, day: string, ordinal: number, created_us: number): SegmentIdentity {
  const { project_id, shard } = inputs[0]!;
  const level = Math.max(...inputs.map((row) => row.level)) + 1;
  const segment_id = `l${level}-${day}-${swap_id}-${ordinal}`;
  const seq_min = Math.min(...inputs.map((row) => row.seq_min));
  const seq_max = Math.max(...inputs.map((row) => row.seq_max));
  return {
    segment_id,
    project_id,
    shard,
    level,
    seq_min,
    seq_max,
    day,
    swap_id,
    created_us,
    object_key: segmentKey(project_id, segment_id),
  };
}

/** The name of a swap follows from its inputs, so that jobs that chose alike do the same work. FNV-1a, 64 bits in two halves. */
function swapIdOf(inputs: readonly SegmentRow[]): string {
  const text = inputs
    .map((row) => row.segment_id)
    .sort()
    .join("\n");
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(i) ^ (low >>> 15), 0x85ebca6b);
  }
  return (low >>> 0).toString(16).padStart(8, "0") + (high >>> 0).toString(16).padStart(8, "0");
}
