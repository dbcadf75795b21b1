/**
 * Opens segments for a search. What an open segment knows (footer, index, filters, facts) is kept between the searches of an isolate. An open
 * segment belongs to no search: whichever search uses it at the moment reads for it, at its own cost and within its own bounds.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ByteSource } from "../engine/batch/byte-source.ts";
import type { DecodedCache } from "../engine/segment/decoded-cache.ts";
import { openSegment, type Segment } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { OPEN_SEGMENT_GROWTH, SEARCH_DECODED_SHARE } from "../limits.ts";
import { ByteCache } from "./byte-cache.ts";
import type { SearchContext } from "./context.ts";
import { type FactIndex, factIndexOf } from "./fact-index.ts";
import { readRange, readRangesOf } from "./objects.ts";

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

function reader(): Reader {
  const found = running.getStore();
  if (!found) throw new Error("a segment is read outside of a search");
  return found;
}

function sourceOf(row: SegmentRow): ByteSource {
  const object = { key: row.object_key, size_bytes: row.size_bytes };
  return {
    size_bytes: row.size_bytes,
    read(offset, length) {
      const { context, kept } = reader();
      if (kept) kept.size_bytes += length;
      return readRange(context, object, offset, length, kept ? "shared" : "everywhere");
    },
    readMany(ranges) {
      const { context, kept } = reader();
      if (kept) for (const { size_bytes } of ranges) kept.size_bytes += size_bytes;
      return readRangesOf(context, object, ranges);
    },
  };
}

/**
 * What segments keep of what they decoded. Their stored bytes are fetched in any case, so that those come first: a read costs a hundred times
 * what decoding does. Packed codes are among them, since what they were made of need not be fetched again.
 */
class SegmentMemory implements DecodedCache {
  readonly #stored: ByteCache;
  readonly #decoded: ByteCache;

  constructor(stored: ByteCache) {
    this.#stored = stored;
    this.#decoded = new ByteCache(stored.size_bytes_max * SEARCH_DECODED_SHARE);
  }

  get<T>(key: string): T | undefined {
    return this.#of(key).get<T>(key);
  }

  set(key: string, value: unknown, size_bytes: number): void {
    this.#of(key).set(key, value, size_bytes);
  }

  admits(key: string, size_bytes: number): boolean {
    return this.#of(key).admits(key, size_bytes);
  }

  #of(key: string): ByteCache {
    return key.startsWith("packed/") ? this.#stored : this.#decoded;
  }
}

const memories = new WeakMap<ByteCache, SegmentMemory>();

function memoryBeside(cache: ByteCache): SegmentMemory {
  let memory = memories.get(cache);
  if (!memory) {
    memory = new SegmentMemory(cache);
    memories.set(cache, memory);
  }
  return memory;
}

/** A segment that was opened, with what it and its facts take of the cache. */
export interface OpenedSegment {
  segment: Segment;
  facts: FactIndex | null;
  size_bytes: number;
}

const cacheKey = (row: SegmentRow): string => `segment/${row.object_key}`;

/** Whether the segment is open in this isolate. */
export function isOpen(context: SearchContext, row: SegmentRow): boolean {
  return context.cache.has(cacheKey(row));
}

function grow(context: SearchContext, row: SegmentRow, opened: OpenedSegment, size_bytes: number): void {
  if (size_bytes === 0) return;
  opened.size_bytes += size_bytes;
  if (context.cache.get<OpenedSegment>(cacheKey(row)) === opened) context.cache.set(cacheKey(row), opened, opened.size_bytes);
}

/**
 * Its methods are to be called within `onBehalfOf`.
 * @throws ObjectMissing where it was replaced and removed meanwhile
 */
export async function openStoredSegment(context: SearchContext, row: SegmentRow): Promise<OpenedSegment> {
  const known = context.cache.get<OpenedSegment>(cacheKey(row));
  if (known) return known;
  const opened = await counting(context, () => openSegment(sourceOf(row), row.tail_size_bytes, memoryBeside(context.cache)));
  const kept: OpenedSegment = { segment: opened.result, facts: null, size_bytes: opened.size_bytes * OPEN_SEGMENT_GROWTH };
  context.cache.set(cacheKey(row), kept, kept.size_bytes);
  return kept;
}

/** Loads the filters of row groups; an open segment keeps them, which its place in the cache must account for. */
export async function loadSegmentFilters(
  context: SearchContext,
  row: SegmentRow,
  opened: OpenedSegment,
  groups: readonly number[],
): Promise<void> {
  const { size_bytes } = await counting(context, () => opened.segment.loadFilters(groups));
  grow(context, row, opened, size_bytes);
}

/** The segment's facts, made ready once. */
export function factsOf(context: SearchContext, row: SegmentRow, opened: OpenedSegment): FactIndex {
  if (!opened.facts) {
    opened.facts = factIndexOf(opened.segment);
    grow(context, row, opened, opened.facts.size_bytes);
  }
  return opened.facts;
}
