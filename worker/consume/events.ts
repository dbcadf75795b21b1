import { storeDeadLetter } from "../catalog/dead-letters.ts";
import { appendDelivery, type Delivery, deliveryOf, isNotice, readJournal } from "../catalog/deliver.ts";
import { streamsOf } from "../catalog/stream.ts";
import { FrameError } from "../engine/segment/errors.ts";
import type { Env } from "../env.ts";
import { QUEUE_RETRY_DELAY_S, QUEUE_RETRY_DELAY_S_MAX } from "../limits.ts";
import { deadLetterBody, letterIdOf, projectOf } from "./dead-letters.ts";
import { countMetrics } from "./metrics.ts";

/** The messages of one delivery that belong to one stream. */
interface StreamMessages {
  delivery: Delivery;
  messages: Message[];
}

/**
 * One delivery of the events queue: each stream's frames go to its object in one call, streams side by side, and each message is
 * acknowledged by itself once its stream has answered. A slow or failing object holds up nobody else's messages.
 * @param wait_until where counting goes on after the delivery is done with; without it the call ends only then
 */
export async function consumeEvents(batch: MessageBatch, env: Env, wait_until?: (work: Promise<unknown>) => void): Promise<void> {
  const streams = new Map<string, StreamMessages>();
  const nudged = new Map<string, { project_id: string; shard: number }>();
  for (const message of batch.messages) {
    const delivery = await open(message, env, nudged);
    if (!delivery) continue;
    const name = `${delivery.project_id}:${delivery.shard}`;
    const known = streams.get(name);
    if (known) {
      known.delivery.frames.push(...delivery.frames);
      known.messages.push(message);
    } else streams.set(name, { delivery, messages: [message] });
  }
  await Promise.all([...streams.values()].map((stream) => hand(stream, env)));
  for (const { delivery } of streams.values()) nudged.set(`${delivery.project_id}:${delivery.shard}`, delivery);
  const counted = Promise.all([...nudged.values()].map(({ project_id, shard }) => countMetrics(env, project_id, shard)));
  // The next delivery need not wait for it.
  if (wait_until) wait_until(counted);
  else await counted;
}

/** The frames that a message carries or names; null where there is nothing to append and the message is settled. */
async function open(message: Message, env: Env, nudged: Map<string, { project_id: string; shard: number }>): Promise<Delivery | null> {
  try {
    if (message.body instanceof ArrayBuffer) return deliveryOf(new Uint8Array(message.body));
    const notice = message.body;
    if (!isNotice(notice)) throw new FrameError("neither frames nor a notice that is understood");
    if (notice.kind === "journal") {
      const delivery = await readJournal(env.BUCKET, notice.key);
      if (!delivery) message.ack();
      return delivery;
    }
    nudged.set(`${notice.project_id}:${notice.shard}`, notice);
    message.ack();
  } catch (error) {
    if (error instanceof FrameError) await setAside(message, env, error);
    else message.retry({ delaySeconds: delay_s(message) });
  }
  return null;
}

/** A message that can never be read is kept for a person to look at, not tried again. */
async function setAside(message: Message, env: Env, error: FrameError): Promise<void> {
  const reason = error.message;
  const body = deadLetterBody(message.body);
  try {
    await storeDeadLetter(env.BUCKET, {
      project_id: projectOf(message.body),
      letter_id: letterIdOf(message),
      reason,
      body,
      failed_at: new Date().toISOString(),
    });
    message.ack();
  } catch {
    message.retry({ delaySeconds: delay_s(message) });
  }
}

async function hand(stream: StreamMessages, env: Env): Promise<void> {
  try {
    const answer = await appendDelivery(streamsOf(env), stream.delivery, false);
    // A deleted project refuses what was still under way.
    if (answer.status === "ok" || answer.status === "gone") for (const message of stream.messages) message.ack();
    else for (const message of stream.messages) message.retry({ delaySeconds: QUEUE_RETRY_DELAY_S_MAX });
  } catch (error) {
    console.error("append failed", stream.delivery.project_id, error);
    for (const message of stream.messages) message.retry({ delaySeconds: delay_s(message) });
  }
}

function delay_s(message: Message): number {
  return Math.min(QUEUE_RETRY_DELAY_S * 2 ** message.attempts, QUEUE_RETRY_DELAY_S_MAX);
}
