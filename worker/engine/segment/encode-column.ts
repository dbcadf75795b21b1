/** Columns of an EventBatch as Parquet data pages. */
import { PAGE_SIZE_BYTES } from "../../limits.ts";
import { type BoolColumn, type BytesColumn, NULL_CODE, type NumberColumn } from "../batch/event-batch.ts";
import { bitWidth, encodeHybrid } from "./bits.ts";
import { ByteSink } from "./bytes.ts";
import { DELTA_SPAN_MAX, encodeDelta } from "./delta.ts";
import { ENCODING, PAGE_ROWS_MAX, writeDataPage } from "./pages.ts";

/** Doubles do not shrink before compression: fewer rows fill a page. */
const DOUBLE_ROWS_MAX = PAGE_SIZE_BYTES / 8;

const values = new ByteSink(PAGE_SIZE_BYTES * 2);
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

/** Event or arrival times: a required column. */
export function encodeTimes(sink: ByteSink, times: Float64Array): void {
  for (let start = 0; start < times.length; start += PAGE_ROWS_MAX) {
    const end = Math.min(times.length, start + PAGE_ROWS_MAX);
    const encoding = encodeIntegers(times, start, end);
    writeDataPage(sink, {
      encoding,
      rows: end - start,
      nulls: 0,
      present: null,
      start,
      optional: false,
      values: values.view(),
      compressible: false,
    });
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
    const page = { encoding, rows: end - start, nulls, present, start, optional: true, values: values.view() };
    if (writeDataPage(sink, { ...page, compressible: encoding === ENCODING.PLAIN })) written.compressed = true;
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
    const page = { encoding: ENCODING.PLAIN, rows: end - start, nulls, present, start, optional: true, values: values.view() };
    if (writeDataPage(sink, { ...page, compressible: true })) written.compressed = true;
    written.nulls += nulls;
  }
  return written;
}

/** Strings of many distinct values. A page ends at PAGE_SIZE_BYTES, unless one value alone is larger. */
export function encodeBytes(sink: ByteSink, column: BytesColumn, rows: number): PagesWritten {
  const written = { nulls: 0, compressed: false };
  for (let start = 0; start < rows; ) {
    const end = pageEnd(column, start, rows);
    const nulls = countNulls(column.present, start, end);
    fillBytesValues(column, start, end);
    const page = { encoding: ENCODING.DELTA_LENGTH_BYTE_ARRAY, rows: end - start, nulls, present: column.present, start, optional: true };
    if (writeDataPage(sink, { ...page, values: values.view(), compressible: true })) written.compressed = true;
    written.nulls += nulls;
    start = end;
  }
  return written;
}

/** First row that does not fit the page that begins at `start`; lengths are counted as two bytes each. */
export function pageEnd(column: BytesColumn, start: number, rows: number): number {
  const { offsets } = column;
  const limit = Math.min(rows, start + PAGE_ROWS_MAX);
  let end = start + 1;
  const base = offsets[start]!;
  while (end < limit && offsets[end + 1]! - base + (end + 1 - start) * 2 <= PAGE_SIZE_BYTES - 64) end++;
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

/** Codes into a dictionary of `count` values; NULL_CODE is null. */
export function encodeCodes(
  sink: ByteSink,
  codes: Uint32Array,
  start_row: number,
  end_row: number,
  count: number,
  optional: boolean,
): PagesWritten {
  const written = { nulls: 0, compressed: false };
  const width = bitWidth(count);
  for (let start = start_row; start < end_row; start += PAGE_ROWS_MAX) {
    const end = Math.min(end_row, start + PAGE_ROWS_MAX);
    const rows = end - start;
    const kept = optional ? dropNulls(codes, start, end) : rows;
    values.length = 0;
    values.u8(width);
    if (kept === rows) encodeHybrid(values, codes, start, end, width);
    else if (kept > 0) encodeHybrid(values, codes_dense, 0, kept, width);
    const nulls = rows - kept;
    const page = { encoding: ENCODING.RLE_DICTIONARY, rows, nulls, present: codes_present, start: 0, optional, values: values.view() };
    if (writeDataPage(sink, { ...page, compressible: false })) written.compressed = true;
    written.nulls += nulls;
  }
  return written;
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
