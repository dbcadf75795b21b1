/**
 * Opens segments and reads row groups: one read for what the segment knows of itself, then only the bytes of the columns that are asked for.
 */
import type { ByteSource } from "../batch/byte-source.ts";
import type { Column, EventBatch, NumberColumn } from "../batch/event-batch.ts";
import { CheckedBytes } from "./checked-bytes.ts";
import { type DecodedCache, NO_CACHE } from "./decoded-cache.ts";
import { asDamage, DamageError, SegmentError } from "./errors.ts";
import type { SegmentFacts } from "./facts.ts";
import { VALUE_FILTER_COLUMNS } from "./filter-keys.ts";
import { FilterSet } from "./filter-set.ts";
import { INGEST_TS, REST, TIMESTAMP } from "./frame.ts";
import type { IndexChunk, IndexGroup, SegmentIndex } from "./index-block.ts";
import { lazyBatch } from "./lazy-batch.ts";
import { lazyBytes, lazyColumn, lazyNumbers } from "./lazy-column.ts";
import { type Located, locate, readIndexBlock } from "./locator.ts";
import type { Needed } from "./needed.ts";
import type { PackedCodes } from "./packed-codes.ts";
import { shelfOf } from "./page-shelf.ts";
import { type ByteRange, readRanges } from "./ranges.ts";
import type { SegmentRow } from "./segment-row.ts";
import { type ChunkLayout, chunkLayout, type StoredBytes, StoredChunk, type WantedPages } from "./stored-chunk.ts";

export type { DecodedCache } from "./decoded-cache.ts";
export { SegmentError } from "./errors.ts";
export type { Needed } from "./needed.ts";
export { bytesSource } from "./ranges.ts";

/** Read at the end of a segment whose row is not at hand; enough for the index of most. */
const TAIL_GUESS_SIZE_BYTES = 64 * 1024;
const SIZE_BYTES_MIN = 12;

/** The part of a row group that a reader will look at. Times are true in every row, but where they are not asked for. */
export interface GroupPart {
  /** False: neither times of events nor of their arrival will be looked at. */
  times?: boolean;
  /** Only these rows, ascending. */
  rows?: Uint32Array;
  /** Only messages that may have all these lower-cased words, as far as a loaded filter tells. */
  words?: readonly string[];
  /** Only messages of events that may have what at least one of these asks for. */
  needed?: readonly Needed[];
  /** A batch of the same group from before: its columns are taken over with what was decoded of them, and not read again. */
  known?: EventBatch;
}

export interface Segment {
  row: SegmentRow;
  columns: { name: string; kind: Column["kind"]; nulls: number; scale: number }[];
  groups: { rows: number; ts_min_us: number; ts_max_us: number }[];
  /**
   * The events of a row group: the stored bytes of the columns are fetched, and decoded where they are touched.
   * @param names columns wanted besides the times, `attributes` for the rest column; null for all
   * @param part what of the group matters: elsewhere columns may be null, which saves decoding their pages
   * @throws SegmentError where the bytes are damaged, as does whatever is touched of the batch; what the source throws
   */
  readGroup(index: number, names: ReadonlySet<string> | null, part?: GroupPart): Promise<EventBatch>;
  /** Event times of a row group alone. */
  readTimes(index: number): Promise<Float64Array>;
  /**
   * Fetches the filters of row groups, in as few reads as possible; those that are there already cost nothing.
   * @param needed what will be asked for, which may take a small part of the filters; without it all are fetched
   */
  loadFilters(groups: readonly number[], needed?: readonly Needed[]): Promise<void>;
  /**
   * False only where it is certain that no row of the group has all these lower-cased words in its message. Where the group has no filter, or it
   * was not loaded, and for words with letters beyond ASCII, always true.
   */
  mayContainWords(group: number, words: readonly string[]): boolean;
  /** False only where it is certain that no row of the group has this value in `trace_id`, `span_id`, `request_id` or `event_id`. */
  mayContainValue(group: number, column: string, value: string): boolean;
  /** False only where it is certain that no row of the group has what at least one of these asks for. */
  mayContain(group: number, needed: readonly Needed[]): boolean;
  /** Counts by five minutes, level and service. */
  facts(): SegmentFacts;
}

/**
 * Opens a segment: one read of `tail_size_bytes` where it is known from the catalog, one or two of a guess otherwise.
 * @param cache keeps what was decoded for later reads of any segment; without it everything is decoded anew
 * @throws SegmentError where the object is no segment, of an unknown version or damaged; what the source throws
 */
export async function openSegment(
  source: ByteSource,
  tail_size_bytes = TAIL_GUESS_SIZE_BYTES,
  cache: DecodedCache = NO_CACHE,
): Promise<Segment> {
  const { size_bytes } = source;
  if (size_bytes < SIZE_BYTES_MIN) throw new SegmentError("segment: too short");
  const readTail = (size: number): Promise<Uint8Array> => source.read(size_bytes - size, size);
  let tail = await readTail(Math.min(size_bytes, Math.max(SIZE_BYTES_MIN, tail_size_bytes)));
  for (;;) {
    const located = guard(() => locate(tail, size_bytes));
    const needed = typeof located === "number" ? Math.min(size_bytes, located + TAIL_GUESS_SIZE_BYTES) : located.tail_size_bytes;
    if (typeof located !== "number" && needed <= tail.length) return guard(() => new OpenSegment(source, tail, located, cache));
    tail = await readTail(needed);
  }
}

function guard<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asDamage(SegmentError, "segment", error);
  }
}

/** Chunks of a group follow each other: the last one's end is that of all. */
function checkPlaces({ groups }: SegmentIndex, size_bytes: number): void {
  for (const { chunks, filters } of groups) {
    for (const place of [...chunks.slice(-1), ...filters]) {
      if (place.offset + place.size_bytes > size_bytes) throw new DamageError("the index reaches beyond the object");
    }
  }
}

class OpenSegment implements Segment {
  readonly row: SegmentRow;
  readonly #source: ByteSource;
  readonly #index: SegmentIndex;
  readonly #filters: FilterSet;
  readonly #cache: DecodedCache;
  readonly #checked = new CheckedBytes();
  readonly #places: ReadonlyMap<string, number>;

  constructor(source: ByteSource, tail: Uint8Array, located: Located, cache: DecodedCache) {
    const { index, row } = readIndexBlock(tail, located);
    const { size_bytes } = source;
    checkPlaces(index, size_bytes);
    this.row = { ...row, size_bytes, tail_size_bytes: located.tail_size_bytes };
    this.#source = source;
    this.#index = index;
    this.#cache = cache;
    this.#places = new Map(index.columns.map(({ name }, place) => [name, place]));
    this.#filters = new FilterSet(index);
    this.#filters.takeFrom(tail, size_bytes - tail.length);
  }

  get columns(): Segment["columns"] {
    return this.#index.columns;
  }

  get groups(): Segment["groups"] {
    return this.#index.groups;
  }

  facts(): SegmentFacts {
    return this.#guardNow(() => this.#index.facts);
  }

  loadFilters(groups: readonly number[], needed?: readonly Needed[]): Promise<void> {
    return this.#guard(() => this.#filters.load(this.#source, groups, needed ?? null));
  }

  mayContainWords(group: number, words: readonly string[]): boolean {
    if (words.length === 0) return true;
    return this.#hasValues(group, "message") && this.#filters.mayContainWords(group, words);
  }

  mayContainValue(group: number, column: string, value: string): boolean {
    const is_filtered = (VALUE_FILTER_COLUMNS as readonly string[]).includes(column);
    return !is_filtered || (this.#hasValues(group, column) && this.#filters.mayContainValue(group, column, value));
  }

  mayContain(group: number, needed: readonly Needed[]): boolean {
    return needed.some((one) => this.#mayHaveValues(group, one) && this.mayContainWords(group, one.words));
  }

  #mayHaveValues(group: number, { values }: Needed): boolean {
    return Object.entries(values).every(([column, list]) => list.some((value) => this.mayContainValue(group, column, value)));
  }

  #hasValues(group: number, name: string): boolean {
    const place = this.#places.get(name);
    return place !== undefined && this.#guardNow(() => this.#group(group).chunks[place]!.pages !== null);
  }

  readGroup(index: number, names: ReadonlySet<string> | null, part: GroupPart = {}): Promise<EventBatch> {
    return this.#guard(async () => {
      const group = this.#group(index);
      const { known, times = true } = part;
      const isKnown = (name: string): boolean =>
        known !== undefined && (name === REST ? known.rest !== null : known.columns.has(name) || (isTime(name) && !!known.time_columns));
      const choose = this.#chooser(index, part);
      const isWanted = (name: string): boolean => (isTime(name) ? times : names === null || names.has(name));
      const chunks = await this.#readChunks(index, (name) => isWanted(name) && !isKnown(name), choose);
      const make = (place: number, chunk: StoredChunk): Column => {
        const { name, scale } = this.#index.columns[place]!;
        const withWords = name === "message" ? (words: readonly string[]) => this.#pagesOf(index, chunk, words) : undefined;
        return lazyColumn(chunk, scale, withWords);
      };
      const columns: EventBatch["columns"] = new Map();
      let rest = known?.rest ?? null;
      for (const [place, { name }] of this.#index.columns.entries()) {
        const before = known?.columns.get(name);
        const chunk = chunks.get(place);
        if (before !== undefined) columns.set(name, before);
        else if (chunk === undefined || isTime(name)) continue;
        else if (name === REST) rest = lazyBytes(chunk);
        else columns.set(name, make(place, chunk));
      }
      const timeColumn = (name: "timestamp" | "ingest_ts") => known?.time_columns?.[name] ?? this.#timeColumn(chunks, name);
      const time_columns = times ? { timestamp: timeColumn(TIMESTAMP), ingest_ts: timeColumn(INGEST_TS) } : null;
      return lazyBatch({ rows: group.rows, times: time_columns, columns, rest });
    });
  }

  #timeColumn(chunks: ReadonlyMap<number, StoredChunk>, name: string): NumberColumn {
    const place = this.#places.get(name);
    const chunk = place === undefined ? undefined : chunks.get(place);
    if (place === undefined || chunk?.kind !== "int64") throw new DamageError(`a row group without ${name}`);
    return lazyNumbers(chunk, this.#index.columns[place]!.scale);
  }

  /** Which pages of a column are wanted; of times, all are. */
  #chooser(group: number, { rows, words, needed }: GroupPart): (name: string, starts: Uint32Array) => WantedPages {
    const asked = needed ?? (words && words.length > 0 ? [{ words, values: {} }] : null);
    const with_needed = asked === null ? null : this.#pagesWithNeeded(group, asked);
    return (name, starts) => {
      if (isTime(name)) return null;
      const near = rows ? pagesWithRows(starts, rows) : null;
      if (name !== "message" || with_needed?.length !== starts.length - 1) return near;
      return near === null ? with_needed : near.map((mark, page) => mark & with_needed[page]!);
    };
  }

  #pagesOf(group: number, chunk: StoredChunk, words: readonly string[]): Uint8Array | null {
    const pages = this.#filters.pagesWithWords(group, words);
    return pages?.length === chunk.page_count ? pages : null;
  }

  /** 1 for each page of messages that may hold what at least one of these asks for; null where all may. */
  #pagesWithNeeded(group: number, needed: readonly Needed[]): Uint8Array | null {
    let pages: Uint8Array | null = null;
    for (const one of needed) {
      if (!this.#mayHaveValues(group, one)) continue;
      const with_words = this.#filters.pagesWithWords(group, one.words);
      if (with_words === null) return null;
      if (pages === null) pages = with_words.slice();
      else for (let page = 0; page < pages.length; page++) pages[page] = pages[page]! | with_words[page]!;
    }
    return pages;
  }

  async readTimes(index: number): Promise<Float64Array> {
    const chunks = await this.#guard(() =>
      this.#readChunks(
        index,
        (name) => name === TIMESTAMP,
        () => null,
      ),
    );
    return this.#guardNow(() => this.#timeColumn(chunks, TIMESTAMP)).values;
  }

  #group(index: number): IndexGroup {
    const group = this.#index.groups[index];
    if (group === undefined) throw new RangeError(`segment ${this.row.segment_id} has no row group ${index}`);
    return group;
  }

  /** Stored bytes of the columns that are wanted and have values, by the columns' places. */
  async #readChunks(
    index: number,
    wanted: (name: string) => boolean,
    choose: (name: string, starts: Uint32Array) => WantedPages,
  ): Promise<Map<number, StoredChunk>> {
    const { chunks, rows } = this.#group(index);
    const plans: ChunkPlan[] = [];
    for (const [place, { name, kind }] of this.#index.columns.entries()) {
      const chunk = chunks[place]!;
      if (!wanted(name) || chunk.pages === null) continue;
      const layout = chunkLayout(chunk, rows);
      const packed_key = `packed/${this.row.object_key}/${index}/${place}`;
      const packed = chunk.dictionary === null ? null : (this.#cache.get<PackedCodes>(packed_key) ?? null);
      // What version 1 does not say of pages is in their headers.
      const spares_pages = packed?.is_whole && isString(kind) && chunk.pages[0]?.head !== null;
      const ranges = spares_pages ? [dictionaryRange(chunk)] : null;
      const pages = choose(name, layout.starts);
      plans.push({ place, kind, chunk, layout, packed, packed_key, ...(ranges ? { pages, ranges } : rangesOf(chunk, layout, pages)) });
    }
    const parts = await readRanges(
      this.#source,
      plans.flatMap(({ ranges }) => ranges),
    );
    const home = { segment_id: this.row.segment_id, cache: this.#cache, shelf: shelfOf(this.#cache), checked: this.#checked };
    let next = 0;
    return new Map(
      plans.map(({ place, kind, chunk, layout, packed, packed_key, pages, ranges }) => {
        const cache_key = `decoded/${this.row.object_key}/${index}/${place}`;
        const bytes = storedBytes(chunk, ranges, parts.slice(next, next + ranges.length));
        next += ranges.length;
        return [place, new StoredChunk(kind, chunk, { layout, wanted: pages, packed, bytes }, { ...home, cache_key, packed_key })];
      }),
    );
  }

  /** Damage that is found while reading speaks of the segment; what the source throws passes as it is. */
  async #guard<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw this.#asDamage(error);
    }
  }

  #guardNow<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#asDamage(error);
    }
  }

  #asDamage(error: unknown): unknown {
    return error instanceof DamageError ? asDamage(SegmentError, `segment ${this.row.segment_id}`, error) : error;
  }
}

/** What is read of a chunk. */
interface ChunkPlan {
  place: number;
  kind: Column["kind"];
  chunk: IndexChunk;
  layout: ChunkLayout;
  packed: PackedCodes | null;
  packed_key: string;
  pages: WantedPages;
  ranges: ByteRange[];
}

function isString(kind: Column["kind"]): boolean {
  return kind === "dict" || kind === "bytes";
}

function dictionaryRange({ offset, dictionary }: IndexChunk): ByteRange {
  return { offset, size_bytes: dictionary!.size_bytes };
}

/** Wanted pages are read one by one where they are less than this share of a chunk. */
const PAGES_SHARE_MAX = 1 / 2;

/** The whole chunk, its dictionary apart, or of a chunk of strings without one the pages alone that are wanted. */
function rangesOf(chunk: IndexChunk, { offsets }: ChunkLayout, pages: WantedPages): Pick<ChunkPlan, "pages" | "ranges"> {
  const { offset, size_bytes: whole_size, dictionary } = chunk;
  if (dictionary !== null) {
    const { size_bytes } = dictionary;
    return { pages, ranges: [dictionaryRange(chunk), { offset: offset + size_bytes, size_bytes: whole_size - size_bytes }] };
  }
  const whole = { pages, ranges: [{ offset, size_bytes: whole_size }] };
  if (pages === null) return whole;
  const ranges: ByteRange[] = [];
  let size_bytes = 0;
  for (let page = 0; page < pages.length; page++) {
    if (pages[page] === 0) continue;
    const range = { offset: chunk.offset + offsets[page]!, size_bytes: offsets[page + 1]! - offsets[page]! };
    ranges.push(range);
    size_bytes += range.size_bytes;
  }
  return size_bytes < chunk.size_bytes * PAGES_SHARE_MAX ? { pages, ranges } : whole;
}

function storedBytes(chunk: IndexChunk, ranges: readonly ByteRange[], parts: readonly Uint8Array[]): StoredBytes {
  const [first] = parts;
  if (ranges.length === 1 && ranges[0]!.size_bytes === chunk.size_bytes) {
    return (offset, size_bytes) => first!.subarray(offset, offset + size_bytes);
  }
  if (chunk.dictionary !== null) return bytesBesideDictionary(chunk.dictionary.size_bytes, parts);
  const by_offset = new Map(ranges.map(({ offset }, index) => [offset - chunk.offset, parts[index]!]));
  return (offset) => by_offset.get(offset)!;
}

/** @param parts the dictionary, and all pages unless nobody will ask for them */
function bytesBesideDictionary(dictionary_size: number, [dictionary, pages]: readonly Uint8Array[]): StoredBytes {
  return (offset, size_bytes) => {
    if (offset < dictionary_size) return dictionary!.subarray(offset, offset + size_bytes);
    if (pages === undefined) throw new Error("pages whose codes are packed were asked for as they are stored");
    return pages.subarray(offset - dictionary_size, offset - dictionary_size + size_bytes);
  };
}

function isTime(name: string): boolean {
  return name === TIMESTAMP || name === INGEST_TS;
}

/** 1 for each page that holds one of the rows. @param rows ascending */
function pagesWithRows(starts: Uint32Array, rows: Uint32Array): Uint8Array {
  const pages = new Uint8Array(starts.length - 1);
  let next = 0;
  for (let page = 0; page < pages.length; page++) {
    const end = starts[page + 1]!;
    if (next < rows.length && rows[next]! < end) pages[page] = 1;
    while (next < rows.length && rows[next]! < end) next++;
  }
  return pages;
}
