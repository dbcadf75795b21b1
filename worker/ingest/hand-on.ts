/**
 * While somebody watches a project live, its batches go to its object at once besides the queue, which gathers for a second. It is the same
 * `append`: the queue's copy is dropped as a repeat. All of it happens after the batch is safe, beside the answer, and may fail.
 */
import { appendDelivery, deliveryOfFrames } from "../catalog/deliver.ts";
import { streamsOf, tailOf } from "../catalog/stream.ts";
import type { Env } from "../env.ts";
import { TAIL_HAND_ON_TIMEOUT_MS, TAIL_WATCH_ASK_MS } from "../limits.ts";
import { count } from "../metrics.ts";
import { withTimeout } from "../timeout.ts";
import type { PackedBatch, WaitUntil } from "./durable.ts";

/** More projects than this at once are not told apart: they are asked about anew. */
const PROJECTS_MAX = 1_000;

/** What an isolate knows of who is watched. Asking costs a call: it happens at most every TAIL_WATCH_ASK_MS, and nobody waits for it. */
export class Watched {
  readonly #known = new Map<string, { is_watched: boolean; asked_ms: number }>();

  /**
   * What was last heard.
   * @param ask asks the project's object; called where the answer is old
   * @returns and what to wait for after the request, where it was asked
   */
  look(project_id: string, now_ms: number, ask: () => Promise<boolean>): { is_watched: boolean; asking: Promise<void> | null } {
    const known = this.#known.get(project_id);
    if (known && now_ms - known.asked_ms < TAIL_WATCH_ASK_MS && now_ms >= known.asked_ms) return { ...known, asking: null };
    if (!known && this.#known.size >= PROJECTS_MAX) this.#known.clear();
    const entry = { is_watched: known?.is_watched ?? false, asked_ms: now_ms };
    this.#known.set(project_id, entry);
    const asking = ask().then(
      (is_watched) => {
        entry.is_watched = is_watched;
      },
      () => {
        entry.is_watched = false;
      },
    );
    return { is_watched: entry.is_watched, asking };
  }
}

const watched = new Watched();

/** @param journal_key where the frames stand in R2, null where a message carries them */
export function handOn(env: Env, wait_until: WaitUntil, batch: PackedBatch, journal_key: string | null): void {
  const ask = () => withTimeout(tailOf(env, batch.project_id).isWatched(), TAIL_HAND_ON_TIMEOUT_MS);
  const { is_watched, asking } = watched.look(batch.project_id, Date.now(), ask);
  if (asking) wait_until(asking);
  if (is_watched) wait_until(appendAtOnce(env, batch, journal_key));
}

async function appendAtOnce(env: Env, batch: PackedBatch, journal_key: string | null): Promise<void> {
  try {
    const delivery = deliveryOfFrames(batch.frames, journal_key);
    await withTimeout(appendDelivery(streamsOf(env), delivery, false), TAIL_HAND_ON_TIMEOUT_MS);
    count("ledge_tail_handed_on_total", {});
  } catch (error) {
    // The queue brings it.
    count("ledge_tail_hand_on_failures_total", {});
    console.warn("a watched batch was left to the queue", batch.project_id, error);
  }
}
