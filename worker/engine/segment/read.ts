/**
 * Opens segments and reads row groups: one read for what the segment knows of itself, then only the bytes of the columns that are asked for.
 */
import { crc32 } from "node:zlib";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { SEGMENT_FILTERS_INLINE_SIZE_BYTES_MAX } from "../../limits.ts";
import type { ByteSource } from "../batch/byte-source.ts";
import type { BytesColumn, Column, EventBatch, NumberColumn } from "../batch/event-batch.ts";
import { bytesColumn } from "../batch/select.ts";
import { ByteReader, utf8 } from "./bytes.ts";
import { asDamage, DamageError, SegmentError } from "./errors.ts";
import type { SegmentFacts } from "./facts.ts";
import { VALUE_FILTER_COLUMNS } from "./filter-keys.ts";
import { FilterSet } from "./filter-set.ts";
import { INGEST_TS, REST, TIMESTAMP } from "./frame.ts";
import { type IndexGroup, readIndex, type SegmentIndex } from "./index-block.ts";
import { readRanges } from "./ranges.ts";
import { decodeChunk } from "./read-chunk.ts";
import type { SegmentRow } from "./segment-row.ts";
import { KEY_INDEX, KEY_ROW, KEY_VERSION, SEGMENT_VERSION, type StoredRow } from "./segment-writer.ts";

export { SegmentError } from "./errors.ts";
export { bytesSource } from "./ranges.ts";

/** Read at the end of a segment whose row is not at hand; enough for the index of most. */
const TAIL_GUESS_SIZE_BYTES = 64 * 1024;
const FOOTER_SIZE_BYTES_MIN = 8;
const MAGIC = 0x31524150;

export interface Segment {
  row: SegmentRow;
  columns: { name: string; kind: Column["kind"]; nulls: number }[];
  groups: { rows: number; ts_min_us: number; ts_max_us: number }[];
  /**
   * The events of a row group.
   * @param names columns wanted besides the times, `attributes` for the rest column; null for all
   * @throws SegmentError where the bytes are damaged; what the source throws
   */
  readGroup(index: number, names: ReadonlySet<string> | null): Promise<EventBatch>;
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
export async function openSegment(source: ByteSource, tail_size_bytes?: number): Promise<Segment> {
  const size = Math.min(source.size_bytes, Math.max(FOOTER_SIZE_BYTES_MIN, tail_size_bytes ?? TAIL_GUESS_SIZE_BYTES));
  if (source.size_bytes < FOOTER_SIZE_BYTES_MIN + 4) throw new SegmentError("segment: too short");
  let tail = await source.read(source.size_bytes - size, size);
  const needed = neededTail(tail, source.size_bytes);
  if (needed > tail.length) tail = await source.read(source.size_bytes - needed, needed);
  try {
    return new OpenSegment(source, readTail(tail, source.size_bytes), tail);
  } catch (error) {
    throw asDamage(SegmentError, "segment", error);
  }
}

/** How long the tail must be to hold the index, or at least the footer that says where it is. */
function neededTail(tail: Uint8Array, size_bytes: number): number {
  const footer_size = footerSize(tail, size_bytes);
  if (footer_size > tail.length) return Math.min(size_bytes, footer_size + TAIL_GUESS_SIZE_BYTES);
  try {
    return size_bytes - indexPlace(readFooter(tail, footer_size), size_bytes).offset;
  } catch (error) {
    throw asDamage(SegmentError, "segment", error);
  }
}

function footerSize(tail: Uint8Array, size_bytes: number): number {
  const reader = new ByteReader(tail, tail.length - FOOTER_SIZE_BYTES_MIN);
  const size = reader.u32() + FOOTER_SIZE_BYTES_MIN;
  if (reader.u32() !== MAGIC) throw new SegmentError("segment: not a Parquet file");
  if (size > size_bytes) throw new SegmentError("segment: the footer is longer than the object");
  return size;
}

/** The key-value metadata of the Parquet footer at the tail's end. */
function readFooter(tail: Uint8Array, footer_size: number): Map<string, string> {
  const start = tail.length - footer_size;
  const view = new DataView(tail.buffer, tail.byteOffset + start, footer_size - FOOTER_SIZE_BYTES_MIN);
  const thrift = deserializeTCompactProtocol({ view, offset: 0 }) as { field_5?: { field_1: Uint8Array; field_2?: Uint8Array }[] };
  if (!Array.isArray(thrift.field_5)) throw new DamageError("not a segment of Ledge");
  const pairs = new Map<string, string>();
  for (const pair of thrift.field_5) pairs.set(utf8(pair.field_1), pair.field_2 === undefined ? "" : utf8(pair.field_2));
  const version = pairs.get(KEY_VERSION);
  if (version !== SEGMENT_VERSION) throw new DamageError(version === undefined ? "not a segment of Ledge" : `unknown version ${version}`);
  return pairs;
}

function indexPlace(pairs: Map<string, string>, size_bytes: number): { offset: number; size: number; crc: number } {
  const [offset, size, crc] = (pairs.get(KEY_INDEX) ?? "").split(",").map(Number);
  const is_place = Number.isSafeInteger(offset) && Number.isSafeInteger(size) && Number.isSafeInteger(crc);
  if (!is_place || offset! < 4 || size! < 1 || offset! + size! > size_bytes) throw new DamageError("no place of an index");
  return { offset: offset!, size: size!, crc: crc! };
}

function readTail(tail: Uint8Array, size_bytes: number): { row: SegmentRow; index: SegmentIndex; tail_offset: number } {
  const tail_offset = size_bytes - tail.length;
  const pairs = readFooter(tail, footerSize(tail, size_bytes));
  const place = indexPlace(pairs, size_bytes);
  const start = place.offset - tail_offset;
  if (start < 0) throw new DamageError("the index is longer than expected");
  const index_bytes = tail.subarray(start, start + place.size);
  const row_text = pairs.get(KEY_ROW) ?? "";
  if (crc32(row_text, crc32(index_bytes)) !== place.crc) throw new DamageError("the index is damaged");
  const index = readIndex(new ByteReader(index_bytes));
  const stored = JSON.parse(row_text) as StoredRow;
  const tail_from = inlineFiltersAt(index) ?? place.offset;
  return { row: { ...stored, size_bytes, tail_size_bytes: size_bytes - tail_from }, index, tail_offset };
}

/** Where the filters begin, if they are few enough to be part of the tail. */
function inlineFiltersAt(index: SegmentIndex): number | null {
  const filters = index.groups.flatMap((group) => group.filters);
  const size = filters.reduce((sum, filter) => sum + filter.size_bytes, 0);
  if (filters.length === 0 || size > SEGMENT_FILTERS_INLINE_SIZE_BYTES_MAX) return null;
  return filters.reduce((least, filter) => Math.min(least, filter.offset), Number.POSITIVE_INFINITY);
}

class OpenSegment implements Segment {
  readonly row: SegmentRow;
  readonly #source: ByteSource;
  readonly #index: SegmentIndex;
  readonly #filters: FilterSet;

  constructor(source: ByteSource, { row, index, tail_offset }: ReturnType<typeof readTail>, tail: Uint8Array) {
    this.row = row;
    this.#source = source;
    this.#index = index;
    this.#filters = new FilterSet(index.groups);
    this.#filters.takeFrom(tail, tail_offset);
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

  readGroup(index: number, names: ReadonlySet<string> | null): Promise<EventBatch> {
    return this.#guard(async () => {
      const group = this.#group(index);
      const columns = await this.#readColumns(
        group,
        (name) => names === null || names.has(name) || name === TIMESTAMP || name === INGEST_TS,
      );
      const timestamp_us = times(columns, TIMESTAMP);
      const ingest_us = times(columns, INGEST_TS);
      const rest = (columns.get(REST) ?? null) as BytesColumn | null;
      columns.delete(REST);
      return { rows: group.rows, timestamp_us, ingest_us, columns, rest };
    });
  }

  readTimes(index: number): Promise<Float64Array> {
    return this.#guard(async () => times(await this.#readColumns(this.#group(index), (name) => name === TIMESTAMP), TIMESTAMP));
  }

  #group(index: number): IndexGroup {
    const group = this.#index.groups[index];
    if (group === undefined) throw new RangeError(`segment ${this.row.segment_id} has no row group ${index}`);
    return group;
  }

  async #readColumns(group: IndexGroup, wanted: (name: string) => boolean): Promise<Map<string, Column>> {
    const chosen = this.#index.columns
      .map((column, at) => ({ ...column, chunk: group.chunks[at]! }))
      .filter(({ name, chunk }) => chunk.pages !== null && wanted(name));
    const parts = await readRanges(
      this.#source,
      chosen.map(({ chunk }) => chunk),
    );
    return new Map(chosen.map(({ name, kind, chunk }, at) => [name, decodeColumn(parts[at]!, name, kind, chunk, group.rows)]));
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

function decodeColumn(bytes: Uint8Array, name: string, kind: Column["kind"], chunk: IndexGroup["chunks"][number], rows: number): Column {
  const column = decodeChunk(bytes, chunk, kind, rows);
  return name === REST ? bytesColumn(column, rows) : column;
}

function times(columns: Map<string, Column>, name: string): Float64Array {
  const column = columns.get(name) as NumberColumn | undefined;
  if (column === undefined) throw new DamageError(`a row group without ${name}`);
  columns.delete(name);
  return column.values;
}
