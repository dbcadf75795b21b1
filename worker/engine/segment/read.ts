/**
 * Opens segments and reads row groups: one read for what the segment knows of itself, then only the bytes of the columns that are asked for.
 */
import type { ByteSource } from "../batch/byte-source.ts";
import type { BytesColumn, Column, EventBatch, NumberColumn } from "../batch/event-batch.ts";
import { bytesColumn } from "../batch/select.ts";
import type { PageChoice } from "./decode-column.ts";
import { asDamage, DamageError, SegmentError } from "./errors.ts";
import type { SegmentFacts } from "./facts.ts";
import { VALUE_FILTER_COLUMNS } from "./filter-keys.ts";
import { FilterSet } from "./filter-set.ts";
import { INGEST_TS, REST, TIMESTAMP } from "./frame.ts";
import type { IndexGroup, SegmentIndex } from "./index-block.ts";
import { type Located, locate, readIndexBlock } from "./locator.ts";
import { readRanges } from "./ranges.ts";
import { decodeChunk } from "./read-chunk.ts";
import type { SegmentRow } from "./segment-row.ts";

export { SegmentError } from "./errors.ts";
export { bytesSource } from "./ranges.ts";

/** Read at the end of a segment whose row is not at hand; enough for the index of most. */
const TAIL_GUESS_SIZE_BYTES = 64 * 1024;
const SIZE_BYTES_MIN = 12;

/** The part of a row group that a reader will look at. Times are always true in every row. */
export interface GroupPart {
  /** Only these rows, ascending. */
  rows?: Uint32Array;
  /** Only messages that may have all these lower-cased words, as far as a loaded filter tells. */
  words?: readonly string[];
}

export interface Segment {
  row: SegmentRow;
  columns: { name: string; kind: Column["kind"]; nulls: number }[];
  groups: { rows: number; ts_min_us: number; ts_max_us: number }[];
  /**
   * The events of a row group.
   * @param names columns wanted besides the times, `attributes` for the rest column; null for all
   * @param part what of the group matters: elsewhere columns may be null, which saves decoding their pages
   * @throws SegmentError where the bytes are damaged; what the source throws
   */
  readGroup(index: number, names: ReadonlySet<string> | null, part?: GroupPart): Promise<EventBatch>;
  /** Event times of a row group alone. */
  readTimes(index: number): Promise<Float64Array>;
  /** Fetches the filters of row groups, in as few reads as possible; those that are there already cost nothing. */
  loadFilters(groups: readonly number[]): Promise<void>;
  /**
   * False only where it is certain that no row of the group has all these lower-cased words in its message. Where the group has no filter, or it
   * was not loaded, and for words with letters beyond ASCII, always true.
   */
  mayContainWords(group: number, words: readonly string[]): boolean;
  /** False only where it is certain that no row of the group has this value in `trace_id`, `span_id`, `request_id` or `event_id`. */
  mayContainValue(group: number, column: string, value: string): boolean;
  /** Counts by five minutes, level and service. */
  facts(): SegmentFacts;
}

/**
 * Opens a segment: one read of `tail_size_bytes` where it is known from the catalog, one or two of a guess otherwise.
 * @throws SegmentError where the object is no segment, of an unknown version or damaged; what the source throws
 */
export async function openSegment(source: ByteSource, tail_size_bytes = TAIL_GUESS_SIZE_BYTES): Promise<Segment> {
  const { size_bytes } = source;
  if (size_bytes < SIZE_BYTES_MIN) throw new SegmentError("segment: too short");
  const readTail = (size: number): Promise<Uint8Array> => source.read(size_bytes - size, size);
  let tail = await readTail(Math.min(size_bytes, Math.max(SIZE_BYTES_MIN, tail_size_bytes)));
  for (;;) {
    const located = guard(() => locate(tail, size_bytes));
    const needed = typeof located === "number" ? Math.min(size_bytes, located + TAIL_GUESS_SIZE_BYTES) : located.tail_size_bytes;
    if (typeof located !== "number" && needed <= tail.length) return guard(() => new OpenSegment(source, tail, located));
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

class OpenSegment implements Segment {
  readonly row: SegmentRow;
  readonly #source: ByteSource;
  readonly #index: SegmentIndex;
  readonly #filters: FilterSet;

  constructor(source: ByteSource, tail: Uint8Array, located: Located) {
    const { index, row } = readIndexBlock(tail, located);
    const { size_bytes } = source;
    this.row = { ...row, size_bytes, tail_size_bytes: located.tail_size_bytes };
    this.#source = source;
    this.#index = index;
    this.#filters = new FilterSet(index.groups);
    this.#filters.takeFrom(tail, size_bytes - tail.length);
  }

  get columns(): Segment["columns"] {
    return this.#index.columns;
  }

  get groups(): Segment["groups"] {
    return this.#index.groups;
  }

  facts(): SegmentFacts {
    return this.#index.facts;
  }

  loadFilters(groups: readonly number[]): Promise<void> {
    return this.#guard(() => this.#filters.load(this.#source, groups));
  }

  mayContainWords(group: number, words: readonly string[]): boolean {
    if (words.length === 0) return true;
    return this.#hasValues(group, "message") && this.#filters.mayContainWords(group, words);
  }

  mayContainValue(group: number, column: string, value: string): boolean {
    const is_filtered = (VALUE_FILTER_COLUMNS as readonly string[]).includes(column);
    return !is_filtered || (this.#hasValues(group, column) && this.#filters.mayContainValue(group, column, value));
  }

  #hasValues(group: number, name: string): boolean {
    const column = this.#index.columns.findIndex((candidate) => candidate.name === name);
    return column >= 0 && this.#group(group).chunks[column]!.pages !== null;
  }

  readGroup(index: number, names: ReadonlySet<string> | null, part: GroupPart = {}): Promise<EventBatch> {
    return this.#guard(async () => {
      const group = this.#group(index);
      const columns = await this.#readColumns(
        group,
        (name) => names === null || names.has(name) || name === TIMESTAMP || name === INGEST_TS,
        this.#choices(index, part),
      );
      const timestamp_us = times(columns, TIMESTAMP);
      const ingest_us = times(columns, INGEST_TS);
      const rest = (columns.get(REST) ?? null) as BytesColumn | null;
      columns.delete(REST);
      return { rows: group.rows, timestamp_us, ingest_us, columns, rest };
    });
  }

  /** Which pages of a column are wanted; times are always read whole. */
  #choices(group: number, { rows, words }: GroupPart): (name: string) => PageChoice | null {
    const near = rows ? rowChoice(rows) : null;
    const pages = words ? this.#filters.pagesWithWords(group, words) : null;
    return (name) => {
      if (name === TIMESTAMP || name === INGEST_TS) return null;
      if (name !== "message" || pages === null) return near;
      return (page, row_from, row_to) => pages[page] !== false && (near === null || near(page, row_from, row_to));
    };
  }

  readTimes(index: number): Promise<Float64Array> {
    return this.#guard(async () =>
      times(
        await this.#readColumns(
          this.#group(index),
          (name) => name === TIMESTAMP,
          () => null,
        ),
        TIMESTAMP,
      ),
    );
  }

  #group(index: number): IndexGroup {
    const group = this.#index.groups[index];
    if (group === undefined) throw new RangeError(`segment ${this.row.segment_id} has no row group ${index}`);
    return group;
  }

  async #readColumns(
    group: IndexGroup,
    wanted: (name: string) => boolean,
    choiceOf: (name: string) => PageChoice | null,
  ): Promise<Map<string, Column>> {
    const chosen = this.#index.columns
      .map((column, at) => ({ ...column, chunk: group.chunks[at]! }))
      .filter(({ name, chunk }) => chunk.pages !== null && wanted(name));
    const parts = await readRanges(
      this.#source,
      chosen.map(({ chunk }) => chunk),
    );
    return new Map(
      chosen.map(({ name, kind, chunk }, at) => [name, decodeColumn(parts[at]!, name, kind, chunk, group.rows, choiceOf(name))]),
    );
  }

  /** Damage that is found while reading speaks of the segment; what the source throws passes as it is. */
  async #guard<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof DamageError) throw asDamage(SegmentError, `segment ${this.row.segment_id}`, error);
      throw error;
    }
  }
}

function decodeColumn(
  bytes: Uint8Array,
  name: string,
  kind: Column["kind"],
  chunk: IndexGroup["chunks"][number],
  rows: number,
  choice: PageChoice | null,
): Column {
  const column = decodeChunk(bytes, chunk, kind, rows, choice);
  return name === REST ? bytesColumn(column, rows) : column;
}

/** @param rows ascending */
function rowChoice(rows: Uint32Array): PageChoice {
  return (_page, row_from, row_to) => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle]! < row_from) low = middle + 1;
      else high = middle;
    }
    return low < rows.length && rows[low]! < row_to;
  };
}

function times(columns: Map<string, Column>, name: string): Float64Array {
  const column = columns.get(name) as NumberColumn | undefined;
  if (column === undefined) throw new DamageError(`a row group without ${name}`);
  columns.delete(name);
  return column.values;
}
