/**
 * Opens segments for a search. What an open segment knows (footer, index, filters) is kept between the searches of an isolate. An open segment
 * belongs to no search: whichever search uses it at the moment reads for it, at its own cost and within its own bounds.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { openSegment, type Segment } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { SearchContext } from "./context.ts";
import { readRange } from "./objects.ts";

interface Reader {
  context: SearchContext;
  /** Where the segment itself keeps what is read: how many bytes that were; null where it decodes them and lets go. */
  kept: { size_bytes: number } | null;
}

const running = new AsyncLocalStorage<Reader>();

/** Runs work whose segments read on behalf of this search. */
export function onBehalfOf<T>(context: SearchContext, work: () => Promise<T>): Promise<T> {
  return running.run({ context, kept: null }, work);
}

async function counting<T>(context: SearchContext, work: () => Promise<T>): Promise<{ result: T; size_bytes: number }> {
  const kept = { size_bytes: 0 };
  const result = await running.run({ context, kept }, work);
  return { result, size_bytes: kept.size_bytes };
}

function read(object_key: string, offset: number, length: number): Promise<Uint8Array> {
  const reader = running.getStore();
  if (!reader) throw new Error("a segment is read outside of a search");
  if (reader.kept) reader.kept.size_bytes += length;
  return readRange(reader.context, object_key, offset, length, reader.kept === null);
}

/** The decoded index takes about so many times the bytes of the tail. */
const TAIL_GROWTH = 4;

interface KeptSegment {
  segment: Segment;
  size_bytes: number;
}

const cacheKey = (row: SegmentRow): string => `segment/${row.object_key}`;

/**
 * Its methods are to be called within `onBehalfOf`.
 * @throws ObjectMissing where it was replaced and removed meanwhile
 */
export async function openStoredSegment(context: SearchContext, row: SegmentRow): Promise<Segment> {
  const known = context.cache.get<KeptSegment>(cacheKey(row));
  if (known) return known.segment;
  const source = { size_bytes: row.size_bytes, read: (offset: number, length: number) => read(row.object_key, offset, length) };
  const opened = await counting(context, () => openSegment(source, row.tail_size_bytes));
  const kept: KeptSegment = { segment: opened.result, size_bytes: opened.size_bytes * TAIL_GROWTH };
  context.cache.set(cacheKey(row), kept, kept.size_bytes);
  return kept.segment;
}

/** Loads the filters of row groups; an open segment keeps them, which its place in the cache must account for. */
export async function loadSegmentFilters(
  context: SearchContext,
  row: SegmentRow,
  segment: Segment,
  groups: readonly number[],
): Promise<void> {
  const { size_bytes } = await counting(context, () => segment.loadFilters(groups));
  const kept = context.cache.get<KeptSegment>(cacheKey(row));
  if (size_bytes === 0 || kept?.segment !== segment) return;
  kept.size_bytes += size_bytes;
  context.cache.set(cacheKey(row), kept, kept.size_bytes);
}
