/**
 * Ids of what one request brought. A batch id is 28 hex characters (112 bits); a frame id adds the frame's ordinal in the batch as 4 more.
 * Random ids begin with their time in milliseconds (48 bits, the highest bit clear), so that a stream looks for repeats only among ids of that time;
 * ids derived from an idempotency key have the highest bit set and no time in them.
 */
const BATCH_ID_LENGTH = 28;
const KEYED_FIRST_DIGIT = "89abcdef";

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** @param random 8 random bytes */
export function randomBatchId(now_ms: number, random: Uint8Array): string {
  return now_ms.toString(16).padStart(12, "0") + hex(random.subarray(0, 8));
}

/** @param digest at least 14 bytes of a hash of project, idempotency key and raw body */
export function keyedBatchId(digest: Uint8Array): string {
  const id = digest.slice(0, 14);
  id[0] = (id[0] ?? 0) | 0x80;
  return hex(id);
}

export function frameId(batch_id: string, ordinal: number): string {
  return batch_id + ordinal.toString(16).padStart(4, "0");
}

export function batchIdOf(frame_id: string): string {
  return frame_id.slice(0, BATCH_ID_LENGTH);
}

export function isKeyed(id: string): boolean {
  return KEYED_FIRST_DIGIT.includes(id[0] ?? "0");
}

/** Milliseconds since the epoch at which a random id was made; NaN for a keyed one. */
export function idTime_ms(id: string): number {
  return isKeyed(id) ? Number.NaN : Number.parseInt(id.slice(0, 12), 16);
}
