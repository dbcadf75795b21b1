/** Stored bytes for a search: ranges of R2 objects, a few at a time, those that were read before from memory or from the data centre's cache. */
import type { ByteRange } from "../engine/segment/ranges.ts";
import { joinRanges } from "../engine/segment/ranges.ts";
import { Problem } from "../errors.ts";
import { READ_TRIES_MAX, SEARCH_CACHED_RANGE_SIZE_BYTES_MAX, SEARCH_SOURCE_TIMEOUT_MS } from "../limits.ts";
import { withTimeout } from "../timeout.ts";
import type { ObjectStore, SearchContext } from "./context.ts";
import { rangeName } from "./shared-ranges.ts";

/** An object that the plan named is gone: it was replaced meanwhile, so the plan must be made again. */
export class ObjectMissing extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`object ${key} is not there`);
    this.name = "ObjectMissing";
    this.key = key;
  }
}

/** The object store did not give an object that may well be there. */
export class StoreFault extends Error {
  constructor(key: string, cause: unknown) {
    super(`object ${key} could not be read`, { cause });
    this.name = "StoreFault";
  }
}

export interface StoredObject {
  key: string;
  /** Null where it is not known. */
  size_bytes: number | null;
}

async function fetchRange(objects: ObjectStore, key: string, offset: number, length: number): Promise<ArrayBuffer | null> {
  const found = await objects.get(key, { range: { offset, length } });
  return found ? found.arrayBuffer() : null;
}

/** From the store, tried again where it fails: a read changes nothing. */
async function storedRange(context: SearchContext, key: string, offset: number, length: number): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    context.checkAborted();
    try {
      const content = await withTimeout(fetchRange(context.sources.objects, key, offset, length), SEARCH_SOURCE_TIMEOUT_MS);
      if (!content) throw new ObjectMissing(key);
      context.cost.reads += 1;
      context.cost.bytes_read += content.byteLength;
      if (content.byteLength !== length) throw new RangeError(`it ends before ${offset + length}`);
      return new Uint8Array(content);
    } catch (cause) {
      if (cause instanceof ObjectMissing) throw cause;
      if (attempt >= READ_TRIES_MAX || (cause as Error)?.name === "TimeoutError") throw new StoreFault(key, cause);
    }
  }
}

/** Where later searches may find what was read: nowhere, in the data centre's cache, or in this isolate's memory too. */
export type Keep = "nowhere" | "shared" | "everywhere";

/** From the data centre's cache, else from the store. */
function fetched(context: SearchContext, object: StoredObject, offset: number, length: number, keep: Keep): Promise<Uint8Array> {
  return context.reads.run(async () => {
    context.checkAborted();
    const { shared } = context.sources;
    if (!shared || keep === "nowhere" || object.size_bytes === null) return storedRange(context, object.key, offset, length);
    const name = rangeName(object.key, object.size_bytes, offset, length);
    const found = await shared.find(name, length);
    if (found) return found;
    const bytes = await storedRange(context, object.key, offset, length);
    shared.keep(name, bytes);
    return bytes;
  });
}

// Objects never change under their key, so a range needs no validation.
const cacheKey = (key: string, offset: number, length: number): string => `range/${key}/${offset}+${length}`;

/**
 * Exactly `length` bytes of an object.
 * @throws ObjectMissing, StoreFault
 */
export async function readRange(
  context: SearchContext,
  object: StoredObject,
  offset: number,
  length: number,
  keep: Keep = "everywhere",
): Promise<Uint8Array> {
  const cache_key = cacheKey(object.key, offset, length);
  const cached = context.cache.get<Uint8Array>(cache_key);
  if (cached) return cached;
  const bytes = await fetched(context, object, offset, length, keep);
  if (keep === "everywhere" && length <= SEARCH_CACHED_RANGE_SIZE_BYTES_MAX) context.cache.set(cache_key, bytes, length);
  return bytes;
}

/**
 * Several ranges, in their order. Each is kept by itself; of those that are not at hand near ones are fetched as one.
 * @throws ObjectMissing, StoreFault
 */
export async function readRangesOf(context: SearchContext, object: StoredObject, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
  const { cache } = context;
  const found = ranges.map(({ offset, size_bytes }) => cache.get<Uint8Array>(cacheKey(object.key, offset, size_bytes)));
  const absent = ranges.filter((_, index) => !found[index]);
  const blocks = joinRanges(absent);
  const fetches = blocks.map(({ offset, size_bytes }) => fetched(context, object, offset, size_bytes, "everywhere"));
  const contents = await Promise.all(fetches);
  return ranges.map(({ offset, size_bytes }, index) => {
    if (found[index]) return found[index];
    const at = blocks.findIndex((block) => offset >= block.offset && offset + size_bytes <= block.offset + block.size_bytes);
    const start = offset - blocks[at]!.offset;
    const whole = contents[at]!;
    const is_kept = size_bytes <= SEARCH_CACHED_RANGE_SIZE_BYTES_MAX;
    // What is kept holds on to nothing but itself.
    const bytes =
      size_bytes === whole.length ? whole : is_kept ? whole.slice(start, start + size_bytes) : whole.subarray(start, start + size_bytes);
    if (is_kept) cache.set(cacheKey(object.key, offset, size_bytes), bytes, size_bytes);
    return bytes;
  });
}

/** The 503 of a search; the cause goes to the log, not to the client. */
export function unavailable(detail: string, cause: unknown): Problem {
  const problem = new Problem("unavailable", detail, { retry_after_s: 1 });
  problem.cause = cause;
  return problem;
}
