/** Ranges of stored objects in the cache of the data centre, which all isolates there share. It may be absent, or forget: then nothing is found. */
import { SHARED_RANGE_AGE_S, SHARED_RANGE_SIZE_BYTES_MAX, SHARED_RANGES_PAUSE_MS, SHARED_RANGES_TIMEOUT_MS } from "../limits.ts";
import { withTimeout } from "../timeout.ts";

export interface SharedRanges {
  /** The bytes of a range, or null. Never throws. */
  find(name: string, length: number): Promise<Uint8Array | null>;
  /** Keeps a range for others, without the caller waiting for it. Never throws. */
  keep(name: string, bytes: Uint8Array): void;
}

/** What of the Cache API is used. */
interface RangeCache {
  match(request: string): Promise<Response | undefined>;
  put(request: string, response: Response): Promise<void>;
}

/** No address of anybody: names of cached ranges must be addresses. */
const ORIGIN = "https://ranges.ledge.invalid/";

/** The name of a range; objects never change under their key, and the size tells one that was made again. */
export function rangeName(object_key: string, object_size_bytes: number, offset: number, length: number): string {
  return `${ORIGIN}${encodeURIComponent(object_key)}/${object_size_bytes}/${offset}+${length}`;
}

let paused_until_ms = 0;

/** After a failure the cache is left in peace for a while: a search is faster without one that dawdles. */
function pause(): null {
  paused_until_ms = Date.now() + SHARED_RANGES_PAUSE_MS;
  return null;
}

/** @param waitUntil keeps the invocation alive until what it is given has settled */
export function sharedRanges(cache: RangeCache, waitUntil: (work: Promise<unknown>) => void): SharedRanges {
  return {
    async find(name, length) {
      if (length > SHARED_RANGE_SIZE_BYTES_MAX || Date.now() < paused_until_ms) return null;
      try {
        const found = await withTimeout(cache.match(name), SHARED_RANGES_TIMEOUT_MS);
        if (!found) return null;
        const bytes = new Uint8Array(await withTimeout(found.arrayBuffer(), SHARED_RANGES_TIMEOUT_MS));
        return bytes.length === length ? bytes : null;
      } catch {
        return pause();
      }
    },
    keep(name, bytes) {
      if (bytes.length > SHARED_RANGE_SIZE_BYTES_MAX || Date.now() < paused_until_ms) return;
      const headers = { "cache-control": `max-age=${SHARED_RANGE_AGE_S}`, "content-type": "application/octet-stream" };
      // A copy: the cache reads it while the search goes on, and the bytes may be part of a larger buffer.
      waitUntil(cache.put(name, new Response(bytes.slice(), { headers })).catch(pause));
    },
  };
}
