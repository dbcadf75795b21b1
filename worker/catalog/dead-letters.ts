import type { Env } from "../env.ts";
import { BUCKET_PAGE_MAX, DEAD_LETTER_REPLAYS_MAX } from "../limits.ts";
import { appendDelivery, deliveryOf, type EventsNotice, readJournal } from "./deliver.ts";
import { DEAD_LETTER_PREFIX, deadLetterKey } from "./keys.ts";
import { streamsOf } from "./stream.ts";

/** Messages that could not be delivered, kept in R2 until they are replayed. What cannot be ascribed to a project belongs to UNKNOWN_PROJECT. */
export interface DeadLetter {
  letter_id: string;
  failed_at: string;
  reason: string;
  size_bytes: number;
}

export const UNKNOWN_PROJECT = "unknown";

export async function storeDeadLetter(
  bucket: R2Bucket,
  letter: { project_id: string; letter_id: string; reason: string; body: Uint8Array; failed_at: string },
): Promise<void> {
  const customMetadata = { reason: letter.reason.slice(0, 1_000), failed_at: letter.failed_at };
  await bucket.put(deadLetterKey(letter.project_id, letter.letter_id), letter.body, { customMetadata });
}

export async function listDeadLetters(
  env: Pick<Env, "BUCKET">,
  project_id: string,
  options: { limit?: number; cursor?: string } = {},
): Promise<{ letters: DeadLetter[]; cursor: string | null }> {
  const prefix = deadLetterKey(project_id, "");
  const limit = Math.min(options.limit ?? 100, BUCKET_PAGE_MAX);
  const page = await env.BUCKET.list({ prefix, limit, cursor: options.cursor, include: ["customMetadata"] });
  const letters = page.objects.map((object) => ({
    letter_id: object.key.slice(prefix.length),
    failed_at: object.customMetadata?.failed_at ?? object.uploaded.toISOString(),
    reason: object.customMetadata?.reason ?? "",
    size_bytes: object.size,
  }));
  return { letters, cursor: page.truncated ? page.cursor : null };
}

export async function countDeadLetters(env: Pick<Env, "BUCKET">): Promise<number> {
  const page = await env.BUCKET.list({ prefix: DEAD_LETTER_PREFIX, limit: BUCKET_PAGE_MAX });
  return page.objects.length;
}

export interface ReplayResult {
  replayed: string[];
  failed: { letter_id: string; reason: string }[];
}

/**
 * Appends dead letters after all, and removes each that was taken. A letter that was taken before changes nothing.
 * @param ids letters to replay, or "all" for the first DEAD_LETTER_REPLAYS_MAX
 */
export async function replayDeadLetters(
  env: Pick<Env, "BUCKET" | "STREAM">,
  project_id: string,
  ids: readonly string[] | "all",
): Promise<ReplayResult> {
  const chosen = ids === "all" ? await firstLetters(env, project_id) : ids;
  const result: ReplayResult = { replayed: [], failed: [] };
  for (const letter_id of chosen.slice(0, DEAD_LETTER_REPLAYS_MAX)) {
    const reason = await replayOne(env, project_id, letter_id);
    if (reason === null) result.replayed.push(letter_id);
    else result.failed.push({ letter_id, reason });
  }
  return result;
}

/** R2 may list fewer objects at once than were asked for. */
async function firstLetters(env: Pick<Env, "BUCKET">, project_id: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listDeadLetters(env, project_id, { limit: DEAD_LETTER_REPLAYS_MAX, cursor });
    ids.push(...page.letters.map((letter) => letter.letter_id));
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined && ids.length < DEAD_LETTER_REPLAYS_MAX);
  return ids;
}

async function replayOne(env: Pick<Env, "BUCKET" | "STREAM">, project_id: string, letter_id: string): Promise<string | null> {
  const key = deadLetterKey(project_id, letter_id);
  const object = await env.BUCKET.get(key);
  if (!object) return "there is no such dead letter";
  try {
    const delivery = await deliveryOfLetter(env.BUCKET, new Uint8Array(await object.arrayBuffer()));
    if (delivery) {
      if (delivery.project_id !== project_id) return "the letter belongs to another project";
      const answer = await appendDelivery(streamsOf(env), delivery, false);
      if (answer.status !== "ok") return `the project's stream answered "${answer.status}"`;
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  await env.BUCKET.delete(key);
  return null;
}

/** A letter holds what the message held: frames, or the notice of a journal object. */
async function deliveryOfLetter(bucket: R2Bucket, body: Uint8Array) {
  if (body[0] !== 0x7b) return deliveryOf(body);
  const notice = JSON.parse(new TextDecoder().decode(body)) as EventsNotice;
  return notice.kind === "journal" ? readJournal(bucket, notice.key) : null;
}
