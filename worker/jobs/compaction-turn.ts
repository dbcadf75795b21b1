import { COMPACT_AGE_MS, COMPACT_INPUTS_MIN, COMPACT_INPUTS_RUSH_MAX, COMPACT_RUSH_MS } from "../limits.ts";

/** The flushed segments of a project that are not merged yet. */
export interface FlushedSegments {
  count: number;
  oldest_us: number | null;
  newest_us: number | null;
}

/**
 * Whether flushed segments should be merged. On one machine one thread serves everything, so that merging waits until a rush of events is over,
 * unless too much has gathered; on Cloudflare jobs run beside ingest and wait for nothing.
 */
export function compactionTurn(flushed: FlushedSegments, now_us: number, one_thread: boolean): "now" | "later" | "none" {
  const { count, oldest_us, newest_us } = flushed;
  if (oldest_us === null || newest_us === null) return "none";
  const aged = now_us - oldest_us >= COMPACT_AGE_MS * 1000;
  if (count < COMPACT_INPUTS_MIN && !aged) return "none";
  const rush = now_us - newest_us < COMPACT_RUSH_MS * 1000 && count < COMPACT_INPUTS_RUSH_MAX;
  return one_thread && rush ? "later" : "now";
}
