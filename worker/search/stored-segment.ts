/**
 * Opens segments for a search. What an open segment knows (footer, index, filters) is kept between the searches of an isolate. An open segment
 * belongs to no search: whichever search uses it at the moment reads for it, at its own cost and within its own bounds.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { openSegment, type Segment } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { SearchContext } from "./context.ts";
import { readRange } from "./objects.ts";

const running = new AsyncLocalStorage<SearchContext>();

/** Runs work whose segments read on behalf of this search. */
export function onBehalfOf<T>(context: SearchContext, work: () => Promise<T>): Promise<T> {
  return running.run(context, work);
}

/** Index and filters in memory take about so many times their stored bytes. */
const TAIL_GROWTH = 4;

/**
 * To be called, like all methods of the segment, within `onBehalfOf`.
 * @throws ObjectMissing where it was replaced and removed meanwhile
 */
export async function openStoredSegment(context: SearchContext, row: SegmentRow): Promise<Segment> {
  const cache_key = `segment/${row.object_key}`;
  const known = context.cache.get<Segment>(cache_key);
  if (known) return known;
  const { object_key, size_bytes } = row;
  const read = (offset: number, length: number) => {
    const reader = running.getStore();
    if (!reader) throw new Error("a segment is read outside of a search");
    // The tail is kept as the open segment.
    return readRange(reader, object_key, offset, length, offset + length < size_bytes);
  };
  const segment = await openSegment({ size_bytes, read }, row.tail_size_bytes);
  context.cache.set(cache_key, segment, row.tail_size_bytes * TAIL_GROWTH);
  return segment;
}
