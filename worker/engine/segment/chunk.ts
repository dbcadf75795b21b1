/**
 * One column of one row group: a dictionary page where any part is coded, then data pages. Parts that are pages already are copied byte by byte;
 * coded parts are recoded to the dictionary of the whole chunk.
 */
import { crc32 } from "node:zlib";
import { PAGE_SIZE_BYTES } from "../../limits.ts";
import { type Column, NULL_CODE, type Utf8Values } from "../batch/event-batch.ts";
import type { Family } from "../batch/unify.ts";
import { ByteSink } from "./bytes.ts";
import { bytesToDict } from "./dictify.ts";
import { encodeBools, encodeBytes, encodeCodes, encodeNumbers, encodeTimes, type PagesWritten } from "./encode-column.ts";
import { type NumberDictionary, NumberTable, numberDictionary } from "./number-dictionary.ts";
import { type DataPage, PAGE_ROWS_MAX, readDataPage, writeDictionaryHeader, writeNullPage } from "./pages.ts";
import { utf8Of } from "./strings.ts";
import { sortedCodes, Utf8Source, Utf8Table } from "./utf8-table.ts";
import { compressPieces, type Effort } from "./zstd.ts";

/** A run of rows of one column, in one of the forms that a chunk is made of. */
export type ChunkPart =
  | { kind: "missing"; rows: number }
  /** Complete data pages: bytes[start..end). */
  | { kind: "pages"; rows: number; nulls: number; bytes: Uint8Array; start: number; end: number }
  | CodedPart;

/** Values and a code per row, which are written to where the chunk wants them; NULL_CODE is null. */
export type CodedPart = { rows: number; fill(target: Uint32Array, start: number): void } & (
  | { kind: "strings"; values: Utf8Values }
  | { kind: "numbers"; values: Float64Array }
);

export interface ChunkPage {
  size_bytes: number;
  rows: number;
  crc: number;
  /** What the page's own header says; null where the index does not repeat it (version 1). */
  head: PageHead | null;
}

export type PageHead = Pick<DataPage, "nulls" | "encoding" | "compressed" | "levels_size" | "values_raw_size"> & { header_size: number };

export interface DictionaryHead {
  header_size: number;
  /** Number of values. */
  count: number;
  /** Whether the values ascend, strings by their UTF-8. */
  sorted: boolean;
  /** Of each zstd frame: the first value that begins in it or after it, and where that is in the decompressed dictionary. */
  first_codes: number[];
  first_offsets: number[];
}

export interface ChunkDictionary {
  /** Of the whole page, header included. */
  size_bytes: number;
  raw_size: number;
  /** Lengths of the zstd frames; empty where the dictionary is not compressed. */
  pieces: number[];
  crc: number;
  /** Null where the index does not tell (version 1). */
  head: DictionaryHead | null;
}

export interface Chunk {
  bytes: Uint8Array[];
  size_bytes: number;
  /** What it would be without compression, headers included. */
  raw_size: number;
  nulls: number;
  compressed: boolean;
  encodings: Set<number>;
  dictionary: ChunkDictionary | null;
  pages: ChunkPage[];
  /** Of numbers, where it is known without decoding. */
  range: { min: number; max: number } | null;
  /** UTF-8 of the first and last string by bytes, where all are in a sorted dictionary. */
  bounds: { min: Uint8Array; max: Uint8Array } | null;
}

export interface ChunkOptions {
  family: Family;
  /** Whether rows may be null. */
  optional: boolean;
  /** Whether the dictionary is sorted. */
  sorted?: boolean;
  /** Whether codes are compressed where that saves much. */
  compressible?: boolean;
}

/** A dictionary smaller than this is stored as it is, so that the columns that every query reads need no call of the codec. */
const DICTIONARY_COMPRESS_SIZE_BYTES_MIN = 1_024;

/** A column as parts; the form follows from its content. */
export function partOf(column: Column | null, rows: number, effort: Effort = "fast"): ChunkPart {
  if (column === null) return { kind: "missing", rows };
  if (column.kind === "dict") return stringsPart(utf8Of(column), column.codes);
  if (column.kind === "bytes") {
    const dict = bytesToDict(column, rows);
    if (dict !== null) return stringsPart(dict.values, dict.codes);
  } else if (column.kind !== "bool") {
    const dictionary = numberDictionary(column.values, column.present, rows);
    if (dictionary !== null) return numbersPart(dictionary);
  }
  const sink = new ByteSink(64 * 1024);
  const { nulls } =
    column.kind === "bytes"
      ? encodeBytes(sink, column, rows, effort)
      : column.kind === "bool"
        ? encodeBools(sink, column, rows)
        : encodeNumbers(sink, column, rows);
  return pagesPart(sink, rows, nulls);
}

/** Times as a part. @param scale what they are divided by */
export function partOfTimes(times: Float64Array, scale: number): ChunkPart {
  const rows = times.length;
  const dictionary = numberDictionary(times, null, rows);
  if (dictionary !== null) return numbersPart({ codes: dictionary.codes, values: dictionary.values.map((time) => time / scale) });
  const sink = new ByteSink(16 * 1024);
  encodeTimes(sink, times, scale);
  return pagesPart(sink, rows, 0);
}

/** Bytes of their own: a chunk lives until its segment is written, and should not hold a buffer with room to grow. */
function pagesPart(sink: ByteSink, rows: number, nulls: number): ChunkPart {
  const bytes = sink.copy();
  return { kind: "pages", rows, nulls, bytes, start: 0, end: bytes.length };
}

export function stringsPart(values: Utf8Values, codes: Uint32Array): ChunkPart {
  return { kind: "strings", rows: codes.length, values, fill: (target, start) => target.set(codes, start) };
}

function numbersPart({ values, codes }: NumberDictionary): ChunkPart {
  return { kind: "numbers", rows: codes.length, values, fill: (target, start) => target.set(codes, start) };
}

/** Makes the chunk of a column from its parts in order. */
export function buildChunk(parts: readonly ChunkPart[], options: ChunkOptions): Chunk {
  return new ChunkBuilder(options).build(parts);
}

/** Makes the chunk of a column whose rows are all coded. @param codes are changed */
export function codedChunk(values: Utf8Values | Float64Array, codes: Uint32Array, options: ChunkOptions): Chunk {
  return new ChunkBuilder(options).buildWhole(values, codes);
}

class ChunkBuilder {
  readonly #options: ChunkOptions;
  /** Values of the dictionary. */
  #count = 0;
  readonly #chunk: Chunk = {
    bytes: [],
    size_bytes: 0,
    raw_size: 0,
    nulls: 0,
    compressed: false,
    encodings: new Set(),
    dictionary: null,
    pages: [],
    range: null,
    bounds: null,
  };

  constructor(options: ChunkOptions) {
    this.#options = options;
  }

  build(parts: readonly ChunkPart[]): Chunk {
    if (parts.some((part) => part.kind === "strings" || part.kind === "numbers")) this.#buildCoded(parts);
    else this.#buildPlain(parts);
    return this.#chunk;
  }

  buildWhole(values: Utf8Values | Float64Array, codes: Uint32Array): Chunk {
    const raw = this.#rawDictionary(values, codes);
    const pages = this.#codePages(codes, 0, codes.length);
    this.#addDictionary(raw, pages.compressed);
    this.#addPages(pages.bytes, 0, pages.bytes.length, pages.nulls);
    return this.#chunk;
  }

  #buildPlain(parts: readonly ChunkPart[]): void {
    let missing = 0;
    for (const part of parts) {
      if (part.kind === "pages") {
        this.#addNulls(missing);
        missing = 0;
        this.#addPages(part.bytes, part.start, part.end, part.nulls);
      } else missing += part.rows;
    }
    this.#addNulls(missing);
  }

  #addNulls(rows: number): void {
    if (rows === 0) return;
    const sink = new ByteSink(32);
    for (let left = rows; left > 0; left -= PAGE_ROWS_MAX) writeNullPage(sink, Math.min(left, PAGE_ROWS_MAX));
    this.#addPages(sink.bytes, 0, sink.length, rows);
  }

  #addPages(bytes: Uint8Array, start: number, end: number, nulls: number): void {
    const chunk = this.#chunk;
    for (let at = start; at < end; ) {
      const page = readDataPage(bytes, at, end);
      const size_bytes = page.end - at;
      chunk.pages.push({ size_bytes, rows: page.rows, crc: crc32(bytes.subarray(at, page.end)), head: headOf(page, at) });
      chunk.encodings.add(page.encoding);
      chunk.raw_size += size_bytes - page.values_size + page.values_raw_size;
      if (page.compressed) chunk.compressed = true;
      at = page.end;
    }
    chunk.bytes.push(bytes.subarray(start, end));
    chunk.size_bytes += end - start;
    chunk.nulls += nulls;
  }

  /** The dictionary is complete before the first page is written: all codes have one width. */
  #buildCoded(parts: readonly ChunkPart[]): void {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    const codes = new Uint32Array(rows);
    const merge = this.#options.family === "string" ? new StringMerge() : new NumberMerge();
    let row = 0;
    for (const part of parts) {
      if (part.kind === "strings" || part.kind === "numbers") {
        part.fill(codes, row);
        merge.add(part.values as never, codes, row, row + part.rows);
      } else codes.fill(NULL_CODE, row, row + part.rows);
      row += part.rows;
    }
    if (merge.count === 0) {
      this.#buildPlain(parts);
      return;
    }
    const has_compressed_page = parts.some((part) => part.kind === "pages" && hasCompressedPage(part));
    this.#addDictionary(this.#rawDictionary(merge.values(), codes), has_compressed_page);
    if (parts.some((part) => part.kind === "pages")) this.#chunk.range = null;
    let coded_from = 0;
    row = 0;
    for (const part of parts) {
      if (part.kind === "pages") {
        this.#addCodes(codes, coded_from, row);
        this.#addPages(part.bytes, part.start, part.end, part.nulls);
        coded_from = row + part.rows;
      }
      row += part.rows;
    }
    this.#addCodes(codes, coded_from, rows);
  }

  #addCodes(codes: Uint32Array, start: number, end: number): void {
    if (start === end) return;
    const { bytes, nulls } = this.#codePages(codes, start, end);
    this.#addPages(bytes, 0, bytes.length, nulls);
  }

  #codePages(codes: Uint32Array, start: number, end: number): PagesWritten & { bytes: Uint8Array } {
    const sink = new ByteSink(4096);
    const { optional, compressible } = this.#options;
    const written = encodeCodes(sink, codes, start, end, { count: this.#count, optional, compressible: compressible === true });
    return { ...written, bytes: sink.copy() };
  }

  /** @param codes are changed where the dictionary is to be sorted */
  #rawDictionary(values: Utf8Values | Float64Array, codes: Uint32Array): Uint8Array {
    const { family, sorted } = this.#options;
    if (values instanceof Float64Array) {
      this.#count = values.length;
      const ordered = sorted ? sortNumbers(values, codes) : values;
      this.#chunk.range = rangeOf(ordered);
      return plainNumbers(ordered, family);
    }
    const count = values.offsets.length - 1;
    this.#count = count;
    if (!sorted) return plainStrings(values, null);
    const order = sortStrings(values, codes);
    this.#chunk.bounds = { min: valueAt(values, order[0]!), max: valueAt(values, order[count - 1]!) };
    return plainStrings(values, order);
  }

  /** The codec is the chunk's: a dictionary must be compressed where any page is. */
  #addDictionary(raw: Uint8Array, must_compress: boolean): void {
    const chunk = this.#chunk;
    const { family, sorted } = this.#options;
    const count = this.#count;
    const pieces = must_compress || raw.length >= DICTIONARY_COMPRESS_SIZE_BYTES_MIN ? compressPieces(raw) : [];
    const stored = pieces.length > 0 ? pieces : [raw];
    const stored_size = stored.reduce((sum, piece) => sum + piece.length, 0);
    const header = new ByteSink(32);
    writeDictionaryHeader(header, count, raw.length, stored_size);
    const page = [header.view(), ...stored];
    chunk.dictionary = {
      size_bytes: header.length + stored_size,
      raw_size: raw.length,
      pieces: pieces.map((piece) => piece.length),
      crc: page.reduce((crc, bytes) => crc32(bytes, crc), 0),
      head: { header_size: header.length, count, sorted: sorted === true, ...firstValues(raw, count, pieces.length, family) },
    };
    chunk.compressed = pieces.length > 0;
    chunk.bytes.push(...page);
    chunk.size_bytes += chunk.dictionary.size_bytes;
    chunk.raw_size += header.length + raw.length;
    chunk.encodings.add(0);
  }
}

function headOf(page: DataPage, at: number): PageHead {
  const { nulls, encoding, compressed, levels_size, values_raw_size, levels_at } = page;
  return { nulls, encoding, compressed, levels_size, values_raw_size, header_size: levels_at - at };
}

/** Which value begins first in each piece of a PLAIN dictionary, and where. */
function firstValues(
  raw: Uint8Array,
  count: number,
  pieces: number,
  family: Family,
): Pick<DictionaryHead, "first_codes" | "first_offsets"> {
  const first_codes: number[] = [];
  const first_offsets: number[] = [];
  let offset = 0;
  let code = 0;
  for (let piece = 0; piece < pieces; piece++) {
    while (offset < piece * PAGE_SIZE_BYTES && code < count) {
      offset += family === "string" ? 4 + readU32(raw, offset) : 8;
      code++;
    }
    first_codes.push(code);
    first_offsets.push(offset);
  }
  return { first_codes, first_offsets };
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function hasCompressedPage(part: { bytes: Uint8Array; start: number; end: number }): boolean {
  for (let at = part.start; at < part.end; ) {
    const page = readDataPage(part.bytes, at, part.end);
    if (page.compressed) return true;
    at = page.end;
  }
  return false;
}

/** PLAIN: four bytes of length and the UTF-8 of each value. @param order codes in the order in which they are written; null for their own */
function plainStrings({ offsets, bytes }: Utf8Values, order: Uint32Array | null): Uint8Array {
  const count = offsets.length - 1;
  const sink = new ByteSink(offsets[count]! - offsets[0]! + count * 4);
  for (let index = 0; index < count; index++) {
    const code = order === null ? index : order[index]!;
    sink.u32(offsets[code + 1]! - offsets[code]!);
    sink.raw(bytes.subarray(offsets[code]!, offsets[code + 1]!));
  }
  return sink.view();
}

function plainNumbers(values: Float64Array, family: Family): Uint8Array {
  const sink = new ByteSink(values.length * 8);
  for (const value of values) {
    if (family === "double") sink.f64(value);
    else sink.i64(value);
  }
  return sink.view();
}

function valueAt({ offsets, bytes }: Utf8Values, code: number): Uint8Array {
  return bytes.slice(offsets[code]!, offsets[code + 1]!);
}

/** Gives values their places in ascending order as codes. @returns the codes that they had, in that order */
function sortStrings(values: Utf8Values, codes: Uint32Array): Uint32Array {
  const order = sortedCodes(values);
  const places = new Uint32Array(order.length);
  for (let place = 0; place < order.length; place++) places[order[place]!] = place;
  replaceCodes(codes, places);
  return order;
}

function sortNumbers(values: Float64Array, codes: Uint32Array): Float64Array {
  const sorted = values.slice().sort();
  const table = new NumberTable(sorted.length);
  for (const value of sorted) table.codeOf(value);
  const places = new Uint32Array(values.length);
  for (let code = 0; code < values.length; code++) places[code] = table.codeOf(values[code]!);
  replaceCodes(codes, places);
  return sorted;
}

function replaceCodes(codes: Uint32Array, replacements: Uint32Array): void {
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code !== NULL_CODE) codes[row] = replacements[code]!;
  }
}

function rangeOf(values: Float64Array): { min: number; max: number } | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? { min, max } : null;
}

/** Dictionaries of strings merged to one of the values that rows use. */
export class StringMerge {
  readonly #table = new Utf8Table();

  get count(): number {
    return this.#table.count;
  }

  /** Replaces codes[start..end) into `values` by codes of the merged dictionary; a value is added when the first row needs it. */
  add(values: Utf8Values, codes: Uint32Array, start: number, end: number): void {
    const source = new Utf8Source(values);
    const merged = new Uint32Array(values.offsets.length - 1).fill(NULL_CODE);
    for (let row = start; row < end; row++) {
      const code = codes[row]!;
      if (code === NULL_CODE) continue;
      let next = merged[code]!;
      if (next === NULL_CODE) {
        next = this.#table.add(source, code);
        merged[code] = next;
      }
      codes[row] = next;
    }
  }

  values(): Utf8Values {
    return this.#table.list();
  }
}

/** Dictionaries of numbers merged to one of the values that rows use. */
export class NumberMerge {
  readonly #table = new NumberTable();

  get count(): number {
    return this.#table.count;
  }

  /** As StringMerge. */
  add(values: Float64Array, codes: Uint32Array, start: number, end: number): void {
    const merged = new Uint32Array(values.length).fill(NULL_CODE);
    for (let row = start; row < end; row++) {
      const code = codes[row]!;
      if (code === NULL_CODE) continue;
      let next = merged[code]!;
      if (next === NULL_CODE) {
        next = this.#table.codeOf(values[code]!);
        merged[code] = next;
      }
      codes[row] = next;
    }
  }

  values(): Float64Array {
    return this.#table.distinct();
  }
}
