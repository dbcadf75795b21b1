/** What an invocation of the Worker on Cloudflare offers to a search: the data centre's cache, and further invocations of itself. */
import type { Env } from "../env.ts";
import { SEARCH_CACHE_SIZE_BYTES_MAX, SEARCH_CACHE_SIZE_BYTES_MAX_LOCAL } from "../limits.ts";
import { ByteCache } from "./byte-cache.ts";
import type { PartAnswer, PartCaller, PartRequest } from "./part.ts";
import { type SharedRanges, sharedRanges } from "./shared-ranges.ts";
import { SPREAD_ALWAYS, SPREAD_BOUNDS } from "./spread.ts";

/** The members of an execution context that are used; `exports` are the Worker's own entry points. */
type Invocation = Pick<ExecutionContext, "waitUntil"> & { exports?: unknown };

interface PartEntry {
  search(request: PartRequest): Promise<PartAnswer>;
}

/** On one machine both lead to the same thread, and the cache to the same disk as the object store: there neither helps. */
function helps(env: Env, name: "LEDGE_SHARED_CACHE" | "LEDGE_SPREAD"): boolean {
  return env[name] === undefined ? env.LEDGE_PROFILE === "edge" : env[name] !== "off";
}

/** Kept between searches of an isolate. Keys carry the project or a segment's unique object key. */
let kept: ByteCache | null = null;

export function cacheOf({ LEDGE_PROFILE }: Pick<Env, "LEDGE_PROFILE">): ByteCache {
  kept ??= new ByteCache(LEDGE_PROFILE === "local" ? SEARCH_CACHE_SIZE_BYTES_MAX_LOCAL : SEARCH_CACHE_SIZE_BYTES_MAX);
  return kept;
}

export function sharedOf(env: Env, invocation: Invocation): SharedRanges | null {
  if (!helps(env, "LEDGE_SHARED_CACHE") || typeof caches === "undefined") return null;
  return sharedRanges((caches as unknown as { default: Cache }).default, (work) => invocation.waitUntil(work));
}

/** Not reachable from outside: the Worker calls itself. */
export function partCallerOf(env: Env, invocation: Invocation): PartCaller | null {
  const { SearchPart } = (invocation.exports ?? {}) as { SearchPart?: PartEntry };
  if (!SearchPart || !helps(env, "LEDGE_SPREAD")) return null;
  return {
    call: (request) => SearchPart.search(request),
    bounds: env.LEDGE_SPREAD === "always" ? SPREAD_ALWAYS : SPREAD_BOUNDS,
  };
}
