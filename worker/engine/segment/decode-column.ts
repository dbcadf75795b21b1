/** The pages of a frame, which hold values and no codes, back into columns of an EventBatch. */
import type { BoolColumn, BytesColumn, NumberColumn } from "../batch/event-batch.ts";
import { joinBytes } from "../batch/join-bytes.ts";
import { decodeHybrid } from "./bits.ts";
import { ByteReader } from "./bytes.ts";
import { decodeDelta, decodeLengths } from "./delta.ts";
import { DamageError } from "./errors.ts";
import { type DataPage, ENCODING, PAGE_ROWS_MAX, pageValues, readDataPage } from "./pages.ts";

/** Complete pages back to back: bytes[start..end). */
export interface PageRun {
  bytes: Uint8Array;
  start: number;
  end: number;
}

const dense = new Float64Array(PAGE_ROWS_MAX);
const lengths = new Uint32Array(PAGE_ROWS_MAX);

function readPages(run: PageRun, rows: number): DataPage[] {
  const pages: DataPage[] = [];
  let counted = 0;
  for (let at = run.start; at < run.end; ) {
    const page = readDataPage(run.bytes, at, run.end);
    if (page.rows > PAGE_ROWS_MAX) throw new DamageError("a page has too many rows");
    pages.push(page);
    counted += page.rows;
    at = page.end;
  }
  if (counted !== rows) throw new DamageError(`pages hold ${counted} rows, ${rows} were expected`);
  return pages;
}

/** Marks of one column, made when the first null is met. */
class Presence {
  marks: Uint8Array | null = null;
  readonly #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  /** Takes the page's definition levels. @returns the page's marks, null where every row has a value */
  add(bytes: Uint8Array, page: DataPage, row: number): Uint8Array | null {
    if (page.nulls === 0) return null;
    this.marks ??= new Uint8Array(this.#rows).fill(1);
    decodeHybrid(bytes, page.levels_at, page.levels_at + page.levels_size, 1, this.marks, row, page.rows);
    return this.marks;
  }
}

/** Rows of a page that have a value, checked against its header. */
function scatter(target: Float64Array, row: number, page: DataPage, marks: Uint8Array, from: Float64Array): void {
  let taken = 0;
  const end = row + page.rows;
  for (let at = row; at < end; at++) if (marks[at] === 1) target[at] = from[taken++]!;
  if (taken !== page.rows - page.nulls) throw new DamageError("definition levels and nulls of a page differ");
}

function decodeIntegers(values: Uint8Array, encoding: number, target: Float64Array, start: number, count: number): void {
  const reader = new ByteReader(values);
  if (encoding === ENCODING.DELTA_BINARY_PACKED) decodeDelta(reader, target, start, count);
  else if (encoding === ENCODING.PLAIN) for (let at = start; at < start + count; at++) target[at] = reader.i64();
  else throw new DamageError(`integers in encoding ${encoding}`);
  if (reader.at !== values.length) throw new DamageError("integers do not fill their page");
}

function decodeDoubles(values: Uint8Array, encoding: number, target: Float64Array, start: number, count: number): void {
  if (encoding !== ENCODING.PLAIN || values.length !== count * 8) throw new DamageError("doubles do not fill their page");
  new Uint8Array(target.buffer, target.byteOffset + start * 8, count * 8).set(values);
}

export function decodeTimes(run: PageRun, rows: number): Float64Array {
  return decodeNumbers(run, rows, "int64").values;
}

export function decodeNumbers(run: PageRun, rows: number, kind: NumberColumn["kind"]): NumberColumn {
  const target = new Float64Array(rows);
  const presence = new Presence(rows);
  let row = 0;
  for (const page of readPages(run, rows)) {
    const marks = presence.add(run.bytes, page, row);
    const count = page.rows - page.nulls;
    const out = marks === null ? target : dense;
    const start = marks === null ? row : 0;
    if (count > 0) {
      const values = pageValues(run.bytes, page);
      if (kind === "double") decodeDoubles(values, page.encoding, out, start, count);
      else decodeIntegers(values, page.encoding, out, start, count);
    }
    if (marks !== null) scatter(target, row, page, marks, dense);
    row += page.rows;
  }
  return { kind, values: target, present: presence.marks };
}

export function decodeBools(run: PageRun, rows: number): BoolColumn {
  const target = new Uint8Array(rows);
  const presence = new Presence(rows);
  let row = 0;
  for (const page of readPages(run, rows)) {
    const marks = presence.add(run.bytes, page, row);
    const values = page.nulls === page.rows ? new Uint8Array(0) : pageValues(run.bytes, page);
    if (page.encoding !== ENCODING.PLAIN || values.length !== (page.rows - page.nulls + 7) >>> 3) {
      throw new DamageError("truth values do not fill their page");
    }
    let bit = 0;
    for (let at = row; at < row + page.rows; at++) {
      if (marks !== null && marks[at] === 0) continue;
      target[at] = (values[bit >>> 3]! >>> (bit & 7)) & 1;
      bit++;
    }
    row += page.rows;
  }
  return { kind: "bool", values: target, present: presence.marks };
}

export function decodeStringPages(run: PageRun, rows: number): BytesColumn {
  const pages = readPages(run, rows);
  const presence = new Presence(rows);
  const offsets = new Uint32Array(rows + 1);
  const heaps: Uint8Array[] = [];
  let row = 0;
  let size = 0;
  for (const page of pages) {
    const marks = presence.add(run.bytes, page, row);
    const heap = page.nulls === page.rows ? null : readLengths(pageValues(run.bytes, page), page);
    if (heap !== null) heaps.push(heap);
    let taken = 0;
    for (const end = row + page.rows; row < end; row++) {
      if (marks === null || marks[row] === 1) size += lengths[taken++]!;
      offsets[row + 1] = size;
    }
    if (taken !== page.rows - page.nulls) throw new DamageError("definition levels and nulls of a page differ");
  }
  return { kind: "bytes", offsets, bytes: joinBytes(heaps), present: presence.marks };
}

/** Fills `lengths` with those of the page's values. @returns the bytes that they are lengths of */
function readLengths(values: Uint8Array, page: DataPage): Uint8Array {
  if (page.encoding !== ENCODING.DELTA_LENGTH_BYTE_ARRAY) throw new DamageError(`strings in encoding ${page.encoding}`);
  const reader = new ByteReader(values);
  const total = decodeLengths(reader, lengths, page.rows - page.nulls);
  if (reader.at + total !== values.length) throw new DamageError("strings do not fill their page");
  return values.subarray(reader.at);
}
