import type { FlushPlan, ProjectStreamRpc, ViewFrame } from "../../durable-objects/project-stream/types.ts";
import { segmentKey } from "../catalog/keys.ts";
import { insertRows } from "../catalog/segments.ts";
import type { SegmentIdentity, SegmentRow } from "../engine/segment/segment-row.ts";
import { segmentSteps } from "../engine/segment/write-flush.ts";
import { FLUSHES_PER_JOB_MAX } from "../limits.ts";
import { observe } from "../metrics.ts";
import type { House } from "./house.ts";
import { putSegment } from "./store-segment.ts";

class JournalMissing extends Error {}
class PlanGone extends Error {}

/**
 * Flushes what is due of one stream, all of it with `force`. In the order of the spine, rule 4: R2, the object, D1; a crash between any two
 * steps leaves work that the next flush repeats to the same effect. D1 comes last of all: where it is away, windows are emptied all the same.
 * @returns segments made
 * @throws what R2, the object or D1 threw; rows that D1 did not take wait with the object
 */
export async function flushStream(house: House, project_id: string, shard: number, force: boolean): Promise<number> {
  try {
    const made = await flushWindow(house, project_id, shard, force);
    // Where a nudge was lost and no more events come, this is when they are counted.
    if (made > 0) await house.nudge(project_id, shard);
    return made;
  } finally {
    await exportOutbox(house, house.stream(project_id, shard));
  }
}

async function flushWindow(house: House, project_id: string, shard: number, force: boolean): Promise<number> {
  let made = 0;
  for (; made < FLUSHES_PER_JOB_MAX; made++) {
    const begun_ms = house.now_ms();
    const plan = await house.stream(project_id, shard).plan(force);
    if (!plan) break;
    const stream = house.stream(project_id, shard);
    let row: SegmentRow | null;
    try {
      row = await makeSegment(house, stream, plan);
    } catch (error) {
      // Another holder was faster, or journal objects are gone as they go once their plan is committed. Otherwise this is a loss and must be heard of.
      const missing = error instanceof PlanGone || error instanceof JournalMissing;
      if (missing && (await stream.status()).plan_id !== plan.plan_id) continue;
      throw error;
    }
    await stream.commit(plan.plan_id, row);
    observe("ledge_flush_seconds", {}, (house.now_ms() - begun_ms) / 1000);
  }
  return made;
}

/** The plan's segment in R2; null where every row of the plan is masked. */
async function makeSegment(house: House, stream: ProjectStreamRpc, plan: FlushPlan): Promise<SegmentRow | null> {
  const frames: { bytes: Uint8Array; masked: Uint32Array | null }[] = [];
  let rows = 0;
  for await (const frame of framesOf(stream, plan)) {
    frames.push({ bytes: await bytesOf(house.bucket, frame), masked: frame.masked });
    rows += frame.rows - (frame.masked?.length ?? 0);
  }
  if (rows === 0) return null;
  return putSegment(house.bucket, await inSteps(house, segmentSteps(frames, identityOf(plan))));
}

async function inSteps<T>(house: House, steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await house.pause();
  }
}

async function* framesOf(stream: ProjectStreamRpc, plan: FlushPlan): AsyncGenerator<ViewFrame> {
  yield* plan.frames;
  for (let start_seq = plan.next_seq; start_seq !== null; ) {
    const more = await stream.planned(plan.plan_id, start_seq);
    if (!more) throw new PlanGone(`plan ${plan.plan_id} is not open any more`);
    yield* more.frames;
    start_seq = more.next_seq;
  }
}

async function bytesOf(bucket: R2Bucket, frame: ViewFrame): Promise<Uint8Array> {
  if (frame.bytes) return frame.bytes;
  if (!frame.journal) throw new Error(`frame ${frame.frame_id} has neither bytes nor a journal object`);
  const { key, offset } = frame.journal;
  const object = await bucket.get(key, { range: { offset, length: frame.size_bytes } });
  if (!object) throw new JournalMissing(`journal object ${key} is missing`);
  return new Uint8Array(await object.arrayBuffer());
}

/** The key follows from the plan (spine, rule 3). */
export function flushedSegmentId(plan_id: string): string {
  return `l0-${plan_id}`;
}

function identityOf(plan: FlushPlan): SegmentIdentity {
  const segment_id = flushedSegmentId(plan.plan_id);
  const { project_id, shard, seq_min, seq_max, created_us } = plan;
  return {
    segment_id,
    project_id,
    shard,
    seq_min,
    seq_max,
    created_us,
    level: 0,
    day: null,
    swap_id: null,
    object_key: segmentKey(project_id, segment_id),
  };
}

/** Tells D1 of committed segments; they wait with the object until D1 has them. */
export async function exportOutbox(house: House, stream: ProjectStreamRpc): Promise<void> {
  const rows = await stream.outbox();
  if (rows.length === 0) return;
  await insertRows(house.db, rows);
  await stream.exported(rows.map((row) => row.segment_id));
}
