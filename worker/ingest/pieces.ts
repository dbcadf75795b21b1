/** Requests without an end: their records are made durable piece by piece while more of them arrive. */
import { joinBytes } from "../engine/batch/join-bytes.ts";
import { Problem } from "../errors.ts";
import { BODY_PIECE_IDLE_MS, BODY_PIECE_SIZE_BYTES, BODY_SIZE_BYTES_MAX } from "../limits.ts";
import { TimeoutError, withTimeout } from "../timeout.ts";
import { body_budget } from "./body.ts";

/** Whether the request says nothing of its length, and its bytes are what they are. */
export function hasNoEnd(request: Request): boolean {
  return request.body !== null && !request.headers.has("content-length") && !request.headers.has("content-encoding");
}

/**
 * Hands whole records on as soon as there are BODY_PIECE_SIZE_BYTES of them, or nothing more arrives for BODY_PIECE_IDLE_MS.
 * @param whole_bytes how many of the bytes are whole records
 * @param take makes a piece durable
 * @returns what `take` gave for the last piece, an empty one where there was none
 * @throws Problem `too_large` where one record is larger than BODY_SIZE_BYTES_MAX; what was taken before stays
 */
export async function takePieces<T>(
  request: Request,
  whole_bytes: (bytes: Uint8Array) => number,
  take: (piece: Uint8Array) => Promise<T>,
): Promise<T> {
  const reader = request.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let held: Uint8Array = new Uint8Array(0);
  let answer: { value: T } | null = null;
  const flush = async (end: number) => {
    const piece = held.subarray(0, end);
    body_budget.take(piece.length);
    try {
      answer = { value: await take(piece) };
    } finally {
      body_budget.give(piece.length);
    }
    held = held.slice(end);
  };
  let reading = reader.read();
  for (;;) {
    let read: Awaited<typeof reading>;
    try {
      read = await (held.length > 0 ? withTimeout(reading, BODY_PIECE_IDLE_MS) : reading);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw new Problem("bad_request", "The body did not arrive whole.");
      const end = whole_bytes(held);
      if (end > 0) await flush(end);
      read = await reading;
    }
    if (read.done) break;
    held = held.length === 0 ? read.value : joinBytes([held, read.value]);
    if (held.length > BODY_SIZE_BYTES_MAX) throw new Problem("too_large", `A record is larger than ${BODY_SIZE_BYTES_MAX} bytes.`);
    const end = held.length >= BODY_PIECE_SIZE_BYTES ? whole_bytes(held) : 0;
    if (end > 0) await flush(end);
    reading = reader.read();
  }
  if (held.length > 0 || answer === null) await flush(held.length);
  return answer!.value;
}
