import { storeDeadLetter, UNKNOWN_PROJECT } from "../catalog/dead-letters.ts";
import { deliveryOf, isNotice } from "../catalog/deliver.ts";
import type { Env } from "../env.ts";

/** Messages that the events queue gave up go to R2 first, then they are acknowledged: the dead-letter queue forgets after days, R2 does not. */
export async function consumeDeadLetters(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) {
    try {
      await storeDeadLetter(env.BUCKET, {
        project_id: projectOf(message.body),
        letter_id: letterIdOf(message),
        reason: "the project's stream did not take it in all tries",
        body: deadLetterBody(message.body),
        failed_at: new Date().toISOString(),
      });
      message.ack();
    } catch (error) {
      console.error("dead letter not stored", message.id, error);
      message.retry();
    }
  }
}

/** Sortable by time, the same for each repeat of a message. */
export function letterIdOf(message: Message): string {
  return `${message.timestamp.toISOString().replaceAll(/[^0-9]/g, "")}-${message.id.replaceAll(/[^A-Za-z0-9]/g, "")}`;
}

export function deadLetterBody(body: unknown): Uint8Array {
  return body instanceof ArrayBuffer ? new Uint8Array(body) : new TextEncoder().encode(JSON.stringify(body));
}

/** The project whose administrators see the letter. */
export function projectOf(body: unknown): string {
  try {
    if (body instanceof ArrayBuffer) return deliveryOf(new Uint8Array(body)).project_id;
    return isNotice(body) ? body.project_id : UNKNOWN_PROJECT;
  } catch {
    return UNKNOWN_PROJECT;
  }
}
