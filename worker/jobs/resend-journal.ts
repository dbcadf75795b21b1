import { appendDelivery, readJournal } from "../catalog/deliver.ts";
import { JOURNAL_PREFIX, parseJournalKey } from "../catalog/keys.ts";
import { JOURNAL_AGE_MS, SWEEP_PAGES_MAX } from "../limits.ts";
import type { House } from "./house.ts";

export interface JournalResult {
  /** Batches whose message had not arrived. */
  resent: number;
  /** Objects whose events are all in segments. */
  deleted: number;
  /** Objects that could not be looked after: damaged ones, or those of a stream that errs. They stay for the next time. */
  failed: number;
}

/**
 * Looks after journal objects: appends those whose message never came, deletes those whose frames have left the window and are counted.
 * Whoever counts is told of streams whose objects stay: nobody else may come by to count what was appended here.
 */
export async function resendJournal(house: House, age_ms: number = JOURNAL_AGE_MS): Promise<JournalResult> {
  const result: JournalResult = { resent: 0, deleted: 0, failed: 0 };
  const old = house.now_ms() - age_ms;
  const waiting = new Map<string, { project_id: string; shard: number }>();
  let cursor: string | undefined;
  for (let page_number = 0; page_number < SWEEP_PAGES_MAX; page_number++) {
    const page: R2Objects = await house.bucket.list({ prefix: JOURNAL_PREFIX, cursor });
    for (const object of page.objects) {
      if (object.uploaded.getTime() >= old) continue;
      try {
        const stays = await lookAfter(house, object.key, result);
        if (stays) waiting.set(`${stays.project_id}:${stays.shard}`, stays);
      } catch (error) {
        console.error("journal object not looked after", object.key, error);
        result.failed++;
      }
    }
    if (!page.truncated) break;
    cursor = page.cursor;
  }
  for (const { project_id, shard } of waiting.values()) await house.nudge(project_id, shard);
  return result;
}

/** @returns its stream where the object stays */
async function lookAfter(house: House, key: string, result: JournalResult): Promise<{ project_id: string; shard: number } | null> {
  const name = parseJournalKey(key);
  const delivery = name && (await readJournal(house.bucket, key));
  if (!delivery) return null;
  const known = await house.stream(delivery.project_id, delivery.shard).known(delivery.frames.map((frame) => frame.frame_id));
  if (known.every((frame) => frame.seen && !frame.in_window)) {
    await house.bucket.delete(key);
    result.deleted++;
    return null;
  }
  if (known.some((frame) => !frame.seen)) {
    const answer = await appendDelivery(house.stream, delivery, false);
    if (answer.status === "ok") result.resent++;
    if (answer.status === "gone") {
      await house.bucket.delete(key);
      return null;
    }
  }
  return name;
}
