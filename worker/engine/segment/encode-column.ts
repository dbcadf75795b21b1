/** Columns of an EventBatch as Parquet data pages. */
import { PAGE_SIZE_BYTES, STRING_PAGE_SIZE_BYTES } from "../../limits.ts";
import { type BoolColumn, type BytesColumn, NULL_CODE, type NumberColumn } from "../batch/event-batch.ts";
import { bitWidth, encodeHybrid } from "./bits.ts";
import { ByteSink } from "./bytes.ts";
import { DELTA_SPAN_MAX, encodeDelta } from "./delta.ts";
import { ENCODING, PAGE_ROWS_MAX, writeDataPage } from "./pages.ts";
import { compress, type Effort } from "./zstd.ts";

/** Doubles do not shrink before compression: fewer rows fill a page. */
const DOUBLE_ROWS_MAX = PAGE_SIZE_BYTES / 8;
/** Codes are compressed only where that leaves this share of them: most columns of codes are read by queries that look at every row. */
const CODES_KEPT_SHARE_MAX = 0.75;
const CODES_COMPRESS_SIZE_BYTES_MIN = 512;
/** Codes of up to 16 bits: beyond, values are too many for any order to be found in them. */
const CODES_COMPRESS_WIDTH_MAX = 16;
/** Microseconds in the unit of stored times where all of them are whole milliseconds. */
export const MILLISECONDS = 1_000;

const values = new ByteSink(STRING_PAGE_SIZE_BYTES * 2);
const wide_values = new ByteSink(PAGE_ROWS_MAX * 2 + 16);
const dense = new Float64Array(PAGE_ROWS_MAX);
const lengths = new Uint32Array(PAGE_ROWS_MAX);
const codes_dense = new Uint32Array(PAGE_ROWS_MAX);
const codes_present = new Uint8Array(PAGE_ROWS_MAX);

/** What was written, for the chunk that the pages become part of. */
export interface PagesWritten {
  nulls: number;
  /** Whether any page is compressed: decides the codec that the chunk declares. */
  compressed: boolean;
}

function countNulls(present: Uint8Array | null, start: number, end: number): number {
  if (present === null) return 0;
  let nulls = 0;
  for (let row = start; row < end; row++) if (present[row] === 0) nulls++;
  return nulls;
}

/** What times can be divided by without loss: MILLISECONDS or 1. */
export function scaleOf(times: Float64Array): number {
  for (const time of times) if (time % MILLISECONDS !== 0) return 1;
  return MILLISECONDS;
}

/** Event or arrival times: a required column. @param scale as `scaleOf` allows */
export function encodeTimes(sink: ByteSink, times: Float64Array, scale: number): void {
  for (let start = 0; start < times.length; start += PAGE_ROWS_MAX) {
    const rows = Math.min(times.length - start, PAGE_ROWS_MAX);
    for (let row = 0; row < rows; row++) dense[row] = times[start + row]! / scale;
    const encoding = encodeIntegers(dense, 0, rows);
    writeDataPage(sink, { encoding, rows, nulls: 0, present: null, start, optional: false, values: values.view(), packed: null });
  }
}

/** Leaves the encoded integers in `values`. */
function encodeIntegers(source: Float64Array, start: number, end: number): number {
  values.length = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = start; at < end; at++) {
    const value = source[at]!;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  if (largest - smallest < DELTA_SPAN_MAX || end === start) {
    encodeDelta(values, source, start, end);
    return ENCODING.DELTA_BINARY_PACKED;
  }
  for (let at = start; at < end; at++) values.i64(source[at]!);
  return ENCODING.PLAIN;
}

export function encodeNumbers(sink: ByteSink, column: NumberColumn, rows: number): PagesWritten {
  const written = { nulls: 0, compressed: false };
  const { present, kind } = column;
  const step = kind === "double" ? DOUBLE_ROWS_MAX : PAGE_ROWS_MAX;
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step);
    const nulls = countNulls(present, start, end);
    let source = column.values;
    let from = start;
    let to = end;
    if (nulls > 0) {
      from = 0;
      to = 0;
      for (let row = start; row < end; row++) if (present![row] === 1) dense[to++] = column.values[row]!;
      source = dense;
    }
    let encoding: number = ENCODING.PLAIN;
    if (kind === "double") {
      values.length = 0;
      values.raw(new Uint8Array(source.buffer, source.byteOffset + from * 8, (to - from) * 8));
    } else encoding = encodeIntegers(source, from, to);
    const packed = encoding === ENCODING.PLAIN ? compress(values.view(), "fast") : null;
    writeDataPage(sink, { encoding, rows: end - start, nulls, present, start, optional: true, values: values.view(), packed });
    if (packed !== null) written.compressed = true;
    written.nulls += nulls;
  }
  return written;
}

export function encodeBools(sink: ByteSink, column: BoolColumn, rows: number): PagesWritten {
  const written = { nulls: 0, compressed: false };
  const { present } = column;
  for (let start = 0; start < rows; start += PAGE_ROWS_MAX) {
    const end = Math.min(rows, start + PAGE_ROWS_MAX);
    const nulls = countNulls(present, start, end);
    values.length = 0;
    values.reserve(PAGE_ROWS_MAX >>> 3);
    let bit = 0;
    values.bytes.fill(0, 0, PAGE_ROWS_MAX >>> 3);
    for (let row = start; row < end; row++) {
      if (present !== null && present[row] === 0) continue;
      if (column.values[row] !== 0) values.bytes[bit >>> 3] = values.bytes[bit >>> 3]! | (1 << (bit & 7));
      bit++;
    }
    values.length = (bit + 7) >>> 3;
    const packed = compress(values.view(), "fast");
    const page = { encoding: ENCODING.PLAIN, rows: end - start, nulls, present, start, optional: true, values: values.view(), packed };
    writeDataPage(sink, page);
    if (packed !== null) written.compressed = true;
    written.nulls += nulls;
  }
  return written;
}

/**
 * Strings of many distinct values. A page ends at STRING_PAGE_SIZE_BYTES, unless one value alone is larger; where that much does not compress to
 * what every codec can do, at PAGE_SIZE_BYTES.
 */
export function encodeBytes(sink: ByteSink, column: BytesColumn, rows: number, effort: Effort = "fast"): PagesWritten {
  const written = { nulls: 0, compressed: false };
  let page_size_bytes = STRING_PAGE_SIZE_BYTES;
  for (let start = 0; start < rows; ) {
    const end = pageEnd(column, start, rows, page_size_bytes);
    fillBytesValues(column, start, end);
    const packed = compress(values.view(), effort);
    if (packed === null && end - start > 1 && values.length > PAGE_SIZE_BYTES) {
      page_size_bytes = PAGE_SIZE_BYTES;
      continue;
    }
    const nulls = countNulls(column.present, start, end);
    const { present } = column;
    const page = { encoding: ENCODING.DELTA_LENGTH_BYTE_ARRAY, rows: end - start, nulls, present, start, optional: true };
    writeDataPage(sink, { ...page, values: values.view(), packed });
    if (packed !== null) written.compressed = true;
    written.nulls += nulls;
    start = end;
  }
  return written;
}

/** First row that does not fit the page that begins at `start`; lengths are counted as two bytes each. */
function pageEnd({ offsets }: BytesColumn, start: number, rows: number, page_size_bytes: number): number {
  const limit = Math.min(rows, start + PAGE_ROWS_MAX);
  let end = start + 1;
  const base = offsets[start]!;
  while (end < limit && offsets[end + 1]! - base + (end + 1 - start) * 2 <= page_size_bytes - 64) end++;
  return end;
}

function fillBytesValues(column: BytesColumn, start: number, end: number): void {
  const { offsets, bytes, present } = column;
  let count = 0;
  let size = 0;
  for (let row = start; row < end; row++) {
    if (present !== null && present[row] === 0) continue;
    const length = offsets[row + 1]! - offsets[row]!;
    lengths[count++] = length;
    size += length;
  }
  values.length = 0;
  encodeDelta(values, lengths, 0, count);
  if (size === offsets[end]! - offsets[start]!) {
    values.raw(bytes.subarray(offsets[start]!, offsets[end]!));
    return;
  }
  for (let row = start; row < end; row++) if (present![row] === 1) values.raw(bytes.subarray(offsets[row]!, offsets[row + 1]!));
}

export interface CodesOptions {
  /** How many values the codes number. */
  count: number;
  /** Whether rows may be null: NULL_CODE. */
  optional: boolean;
  /** Whether codes are compressed where that saves much. */
  compressible: boolean;
}

/** Codes [start_row, end_row) into a dictionary. */
export function encodeCodes(sink: ByteSink, codes: Uint32Array, start_row: number, end_row: number, options: CodesOptions): PagesWritten {
  const written = { nulls: 0, compressed: false };
  const { count, optional } = options;
  const width = bitWidth(count);
  let compressible = options.compressible && width <= CODES_COMPRESS_WIDTH_MAX;
  for (let start = start_row; start < end_row; start += PAGE_ROWS_MAX) {
    const end = Math.min(end_row, start + PAGE_ROWS_MAX);
    const rows = end - start;
    const kept = optional ? dropNulls(codes, start, end) : rows;
    values.length = 0;
    values.u8(width);
    if (kept === rows) encodeHybrid(values, codes, start, end, width);
    else if (kept > 0) encodeHybrid(values, codes_dense, 0, kept, width);
    const nulls = rows - kept;
    const page = { encoding: ENCODING.RLE_DICTIONARY, rows, nulls, present: codes_present, start: 0, optional };
    let packed: Uint8Array | null = null;
    if (compressible && values.length >= CODES_COMPRESS_SIZE_BYTES_MIN) {
      packed = kept === rows ? compressCodes(codes, start, end, width) : compressCodes(codes_dense, 0, kept, width);
      if (packed !== null && packed.length > values.length * CODES_KEPT_SHARE_MAX) packed = null;
      // What one page shows, the others would.
      compressible = packed !== null;
    }
    writeDataPage(sink, { ...page, values: packed === null ? values.view() : wide_values.view(), packed });
    if (packed !== null) written.compressed = true;
    written.nulls += nulls;
  }
  return written;
}

/** Codes in whole bytes, which the compressor sees through as it does not through packed bits; they are left in `wide_values`. */
function compressCodes(codes: Uint32Array, start: number, end: number, width: number): Uint8Array | null {
  const size = width <= 8 ? 1 : 2;
  const groups = (end - start + 7) >>> 3;
  wide_values.length = 0;
  wide_values.u8(size * 8);
  wide_values.varint(groups * 2 + 1);
  const { bytes } = wide_values;
  let at = wide_values.length;
  const stop = at + groups * 8 * size;
  if (size === 1) for (let row = start; row < end; row++) bytes[at++] = codes[row]!;
  else {
    for (let row = start; row < end; row++) {
      const code = codes[row]!;
      bytes[at++] = code;
      bytes[at++] = code >>> 8;
    }
  }
  bytes.fill(0, at, stop);
  wide_values.length = stop;
  return compress(wide_values.view(), "fast");
}

/** Leaves the codes that are not null in `codes_dense` and a mark per row in `codes_present`, unless none is null. @returns how many are not */
function dropNulls(codes: Uint32Array, start: number, end: number): number {
  let first = start;
  while (first < end && codes[first] !== NULL_CODE) first++;
  if (first === end) return end - start;
  let kept = 0;
  for (let row = start; row < end; row++) {
    const code = codes[row]!;
    codes_dense[kept] = code;
    const is_present = code === NULL_CODE ? 0 : 1;
    codes_present[row - start] = is_present;
    kept += is_present;
  }
  return kept;
}
