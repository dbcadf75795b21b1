/** Stored bytes for a search: ranges of R2 objects, a few at a time, those that were read before from memory. */
import { Problem } from "../errors.ts";
import { SEARCH_CACHED_RANGE_SIZE_BYTES_MAX, SEARCH_SOURCE_TIMEOUT_MS } from "../limits.ts";
import { withTimeout } from "../timeout.ts";
import type { ObjectStore, SearchContext } from "./context.ts";

/** An object that the plan named is gone: it was replaced meanwhile, so the plan must be made again. */
export class ObjectMissing extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`object ${key} is not there`);
    this.name = "ObjectMissing";
    this.key = key;
  }
}

async function fetchRange(objects: ObjectStore, key: string, offset: number, length: number): Promise<ArrayBuffer | null> {
  const found = await objects.get(key, { range: { offset, length } });
  return found ? found.arrayBuffer() : null;
}

/**
 * Exactly `length` bytes of an object.
 * @param keep whether later searches may find them in memory
 * @throws ObjectMissing, or Problem `unavailable` where the store fails
 */
export async function readRange(context: SearchContext, key: string, offset: number, length: number, keep = true): Promise<Uint8Array> {
  context.checkAborted();
  const { cache, cost, reads, sources } = context;
  // Objects never change under their key, so a range needs no validation.
  const cache_key = `range/${key}/${offset}+${length}`;
  const cached = cache.get<Uint8Array>(cache_key);
  if (cached) return cached;
  const bytes = await reads.run(async () => {
    context.checkAborted();
    let content: ArrayBuffer | null;
    try {
      content = await withTimeout(fetchRange(sources.objects, key, offset, length), SEARCH_SOURCE_TIMEOUT_MS);
    } catch (cause) {
      throw unavailable("The object store did not answer", cause);
    }
    if (!content) throw new ObjectMissing(key);
    return new Uint8Array(content);
  });
  cost.reads += 1;
  cost.bytes_read += bytes.length;
  if (bytes.length !== length) throw new Error(`object ${key} ends before ${offset + length}`);
  if (keep && length <= SEARCH_CACHED_RANGE_SIZE_BYTES_MAX) cache.set(cache_key, bytes, length);
  return bytes;
}

/** The 503 of a search; the cause goes to the log, not to the client. */
export function unavailable(detail: string, cause: unknown): Problem {
  const problem = new Problem("unavailable", detail, { retry_after_s: 1 });
  problem.cause = cause;
  return problem;
}
