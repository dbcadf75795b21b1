/** Parquet data pages, as this engine writes them, back into columns of an EventBatch. */
import { type BoolColumn, type BytesColumn, type DictColumn, NULL_CODE, type NumberColumn } from "../batch/event-batch.ts";
import { decodeHybrid } from "./bits.ts";
import { ByteReader } from "./bytes.ts";
import { decodeDelta } from "./delta.ts";
import { DamageError } from "./errors.ts";
import { type DataPage, ENCODING, PAGE_ROWS_MAX, pageValues, readDataPage } from "./pages.ts";
import { encodeStrings, type Utf8List } from "./strings.ts";

/** Whether a page is to be decoded: its number in the chunk and its rows [row_from, row_to). */
export type PageChoice = (page: number, row_from: number, row_to: number) => boolean;

/** Complete pages back to back: bytes[start..end). */
export interface PageRun {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Rows of pages that are not chosen become null, undecoded; every page is decoded where there is none. */
  choice?: PageChoice | null;
}

const dense = new Float64Array(PAGE_ROWS_MAX);
const codes = new Uint32Array(PAGE_ROWS_MAX);
const lengths = new Uint32Array(PAGE_ROWS_MAX);

interface ReadPage extends DataPage {
  /** Not chosen: its rows count as null and its bytes stay as they are. */
  skipped: boolean;
}

function readPages(run: PageRun, rows: number): ReadPage[] {
  const pages: ReadPage[] = [];
  let counted = 0;
  for (let at = run.start; at < run.end; ) {
    const page = readDataPage(run.bytes, at, run.end);
    if (page.rows > PAGE_ROWS_MAX) throw new DamageError("a page has too many rows");
    const skipped = run.choice ? !run.choice(pages.length, counted, counted + page.rows) : false;
    pages.push(skipped ? { ...page, skipped, nulls: page.rows, values_raw_size: 0 } : { ...page, skipped });
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
  add(bytes: Uint8Array, page: ReadPage, row: number): Uint8Array | null {
    if (page.nulls === 0) return null;
    this.marks ??= new Uint8Array(this.#rows).fill(1);
    if (page.skipped) this.marks.fill(0, row, row + page.rows);
    else decodeHybrid(bytes, page.levels_at, page.levels_at + page.levels_size, 1, this.marks, row, page.rows);
    return this.marks;
  }
}

/** Rows of a page that have a value, checked against its header. */
function scatter(
  target: Float64Array | Uint32Array,
  row: number,
  page: DataPage,
  marks: Uint8Array,
  from: Float64Array | Uint32Array,
): void {
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

function decodeCodes(values: Uint8Array, target: Uint32Array, start: number, count: number, dictionary_size: number): void {
  const width = values[0];
  if (width === undefined || width > 24) throw new DamageError("codes of an impossible width");
  decodeHybrid(values, 1, values.length, width, target, start, count);
  for (let at = start; at < start + count; at++) if (target[at]! >= dictionary_size) throw new DamageError("a code without a value");
}

export function decodeTimes(run: PageRun, rows: number, dictionary: Float64Array | null = null): Float64Array {
  return decodeNumbers(run, rows, "int64", dictionary).values;
}

/** @param dictionary values of the chunk's dictionary page, if it has one */
export function decodeNumbers(run: PageRun, rows: number, kind: NumberColumn["kind"], dictionary: Float64Array | null): NumberColumn {
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
      if (page.encoding === ENCODING.RLE_DICTIONARY) {
        if (dictionary === null) throw new DamageError("codes without a dictionary");
        decodeCodes(values, codes, 0, count, dictionary.length);
        for (let at = 0; at < count; at++) out[start + at] = dictionary[codes[at]!]!;
      } else if (kind === "double") decodeDoubles(values, page.encoding, out, start, count);
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

/**
 * Strings. Where every page holds codes the column stays a dictionary; where some hold the strings themselves it becomes bytes.
 * @param dictionary values of the chunk's dictionary page, if it has one
 */
export function decodeStringPages(run: PageRun, rows: number, dictionary: (() => string[]) | null): DictColumn | BytesColumn {
  const pages = readPages(run, rows);
  const coded = (page: DataPage): boolean => page.encoding === ENCODING.RLE_DICTIONARY || page.nulls === page.rows;
  if (dictionary === null) return decodeBytes(run, pages, rows, null);
  const values = dictionary();
  return pages.every(coded) ? decodeDict(run, pages, rows, values) : decodeBytes(run, pages, rows, values);
}

function decodeDict(run: PageRun, pages: readonly ReadPage[], rows: number, values: string[]): DictColumn {
  const target = new Uint32Array(rows);
  const presence = new Presence(rows);
  let row = 0;
  for (const page of pages) {
    const marks = presence.add(run.bytes, page, row);
    const count = page.rows - page.nulls;
    if (marks !== null) target.fill(NULL_CODE, row, row + page.rows);
    if (count > 0)
      decodeCodes(pageValues(run.bytes, page), marks === null ? target : codes, marks === null ? row : 0, count, values.length);
    if (marks !== null) scatter(target, row, page, marks, codes);
    row += page.rows;
  }
  return { kind: "dict", values, codes: target };
}

function decodeBytes(run: PageRun, pages: readonly ReadPage[], rows: number, values: string[] | null): BytesColumn {
  const sink = new BytesTarget(rows, pages);
  const dictionary = values === null ? null : encodeStrings(values);
  const presence = new Presence(rows);
  let row = 0;
  for (const page of pages) {
    const marks = presence.add(run.bytes, page, row);
    const count = page.rows - page.nulls;
    let heap: Uint8Array = run.bytes;
    if (count > 0) heap = sink.decodePage(pageValues(run.bytes, page), page, count, dictionary);
    sink.place(row, page, marks, heap);
    row += page.rows;
  }
  return { kind: "bytes", offsets: sink.offsets, bytes: sink.bytes.subarray(0, sink.size), present: presence.marks };
}

/** The growing bytes of a column and the lengths of the page under way. */
class BytesTarget {
  readonly offsets: Uint32Array;
  bytes: Uint8Array;
  size = 0;
  #heap_at = 0;
  #coded: Utf8List | null = null;

  constructor(rows: number, pages: readonly DataPage[]) {
    this.offsets = new Uint32Array(rows + 1);
    let capacity = 0;
    for (const page of pages) capacity += page.values_raw_size;
    this.bytes = new Uint8Array(capacity);
  }

  /** Fills `lengths` (plain) or `codes` (coded) for the page's `count` values. @returns where their bytes are */
  decodePage(values: Uint8Array, page: DataPage, count: number, dictionary: Utf8List | null): Uint8Array {
    if (page.encoding === ENCODING.RLE_DICTIONARY) {
      if (dictionary === null) throw new DamageError("codes without a dictionary");
      decodeCodes(values, codes, 0, count, dictionary.offsets.length - 1);
      this.#coded = dictionary;
      return dictionary.bytes;
    }
    if (page.encoding !== ENCODING.DELTA_LENGTH_BYTE_ARRAY) throw new DamageError(`strings in encoding ${page.encoding}`);
    this.#coded = null;
    const reader = new ByteReader(values);
    decodeDelta(reader, lengths, 0, count);
    this.#heap_at = reader.at;
    let total = 0;
    for (let at = 0; at < count; at++) total += lengths[at]!;
    if (reader.at + total !== values.length) throw new DamageError("strings do not fill their page");
    return values;
  }

  place(row: number, page: DataPage, marks: Uint8Array | null, heap: Uint8Array): void {
    if (this.#coded !== null) this.#placeCoded(row, page, marks, this.#coded);
    else this.#placePlain(row, page, marks, heap);
  }

  #placePlain(row: number, page: DataPage, marks: Uint8Array | null, heap: Uint8Array): void {
    const { offsets } = this;
    const start = this.size;
    let taken = 0;
    for (let at = row; at < row + page.rows; at++) {
      if (marks === null || marks[at] === 1) this.size += lengths[taken++]!;
      offsets[at + 1] = this.size;
    }
    if (taken !== page.rows - page.nulls) throw new DamageError("definition levels and nulls of a page differ");
    if (taken === 0) return;
    this.#reserve(this.size);
    this.bytes.set(heap.subarray(this.#heap_at, this.#heap_at + this.size - start), start);
  }

  #placeCoded(row: number, page: DataPage, marks: Uint8Array | null, dictionary: Utf8List): void {
    let taken = 0;
    for (let at = row; at < row + page.rows; at++) {
      if (marks === null || marks[at] === 1) {
        const code = codes[taken++]!;
        this.#append(dictionary.bytes.subarray(dictionary.offsets[code]!, dictionary.offsets[code + 1]!));
      }
      this.offsets[at + 1] = this.size;
    }
    this.#coded = null;
  }

  #append(value: Uint8Array): void {
    this.#reserve(this.size + value.length);
    this.bytes.set(value, this.size);
    this.size += value.length;
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, size));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}
