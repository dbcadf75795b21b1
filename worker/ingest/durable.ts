import type { AppendAnswer } from "../../durable-objects/project-stream/types.ts";
import { appendDelivery, deliveryOfFrames, type EventsNotice } from "../catalog/deliver.ts";
import { journalKey } from "../catalog/keys.ts";
import { streamsOf } from "../catalog/stream.ts";
import { joinBytes } from "../engine/batch/join-bytes.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { JOURNAL_PUT_TIMEOUT_MS, QUEUE_MESSAGE_SIZE_BYTES_MAX, QUEUE_SEND_TIMEOUT_MS } from "../limits.ts";
import { count } from "../metrics.ts";
import { tryTwice } from "../stream-call.ts";
import { withTimeout } from "../timeout.ts";
import { handOn } from "./hand-on.ts";
import { Nudges } from "./nudge.ts";

/** What one request brought, packed. */
export interface PackedBatch {
  project_id: string;
  shard: number;
  /** 28 hex characters; the frames' ids begin with it. */
  batch_id: string;
  frames: Uint8Array[];
}

export interface DurableResult {
  /** True where the stream could not remember all client event ids: some repeats may be counted. */
  event_ids_overflowed: boolean;
}

/** Where work goes on after the answer. */
export type WaitUntil = (work: Promise<unknown>) => void;

const FULL_RETRY_AFTER_S = 10;
const FAULT_RETRY_AFTER_S = 5;

/**
 * Makes a batch durable; returns only once it is. Repeating it with the same batch id changes nothing.
 * @throws Problem `unavailable`, `quota_exceeded` or `gone`; nothing was acknowledged then
 */
export async function makeDurable(env: Env, wait_until: WaitUntil, batch: PackedBatch): Promise<DurableResult> {
  if (batch.frames.length === 0) return { event_ids_overflowed: false };
  if (env.LEDGE_PROFILE === "local") return appendDirectly(env, wait_until, batch);
  await sendOrJournal(env, wait_until, batch);
  return { event_ids_overflowed: false };
}

/** A message that may be lost: others follow, and cron resends what the journal holds. */
function notify(env: Env, notice: EventsNotice): Promise<void> {
  return send(env, notice, "json").catch(() => count("ledge_queue_send_failures_total", { kind: notice.kind }));
}

// ── local: a row of the project's object ────────────────────────────────────

function assertAppended(answer: AppendAnswer): asserts answer is Extract<AppendAnswer, { status: "ok" }> {
  switch (answer.status) {
    case "ok":
      return;
    case "full":
      throw new Problem("unavailable", "The project's window is full until it is flushed.", { retry_after_s: FULL_RETRY_AFTER_S });
    case "quota":
      throw new Problem("quota_exceeded", "The day's events are used up; the quota is renewed at midnight UTC.", {
        retry_after_s: answer.retry_after_s,
      });
    case "gone":
      throw new Problem("gone", "This project was deleted.");
  }
}

const nudges = new Nudges();

async function appendDirectly(env: Env, wait_until: WaitUntil, batch: PackedBatch): Promise<DurableResult> {
  const { project_id, shard } = batch;
  const delivery = deliveryOfFrames(batch.frames);
  const answer = await tryTwice(() => appendDelivery(streamsOf(env), delivery, true));
  assertAppended(answer);
  const told = nudges.tell(`${project_id}:${shard}`, Date.now(), () => notify(env, { v: 1, kind: "nudge", project_id, shard }));
  if (told) wait_until(told);
  return { event_ids_overflowed: answer.event_ids_overflowed };
}

// ── edge: a queue message, or an object of the journal ──────────────────────

async function send(env: Env, body: unknown, contentType: "json" | "bytes"): Promise<void> {
  await withTimeout(env.EVENTS.send(body, { contentType }), QUEUE_SEND_TIMEOUT_MS);
}

async function sendOrJournal(env: Env, wait_until: WaitUntil, batch: PackedBatch): Promise<void> {
  // A copy: sending a buffer takes it away.
  const body = joinBytes(batch.frames);
  const size_bytes = body.length;
  if (size_bytes <= QUEUE_MESSAGE_SIZE_BYTES_MAX) {
    try {
      await send(env, body, "bytes");
      handOn(env, wait_until, batch, null);
      return;
    } catch (error) {
      // It may have been delivered all the same: the frames' ids keep it from being counted twice.
      console.warn("queue did not take a batch, it goes to the journal", error);
      count("ledge_queue_send_failures_total", { kind: "frames" });
    }
  }
  const { project_id, shard, batch_id } = batch;
  const key = journalKey(project_id, shard, batch_id);
  await putJournal(env, key, body.length === size_bytes ? body : joinBytes(batch.frames));
  // From here on the batch is safe: what the journal still holds is sent again by cron if this message is lost.
  wait_until(notify(env, { v: 1, kind: "journal", project_id, shard, key, size_bytes }));
  handOn(env, wait_until, batch, key);
}

async function putJournal(env: Env, key: string, body: Uint8Array): Promise<void> {
  // "Already there" (null) is a repeat of the same batch, and just as durable.
  const put = () => withTimeout(env.BUCKET.put(key, body, { onlyIf: { etagDoesNotMatch: "*" } }), JOURNAL_PUT_TIMEOUT_MS);
  try {
    await put().catch(put);
  } catch (error) {
    console.error("neither queue nor journal took a batch", error);
    throw new Problem("unavailable", "The batch could not be made durable; send it again.", { retry_after_s: FAULT_RETRY_AFTER_S });
  }
}
