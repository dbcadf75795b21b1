/**
 * Parquet pages: their headers in Thrift's compact protocol, as this engine writes them, and the bytes of one page.
 * Frames hold complete pages, so that a flush copies them.
 */
import { encodeHybrid, encodeRun } from "./bits.ts";
import { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import { decompress } from "./zstd.ts";

/** Numbers of the Parquet specification. */
export const ENCODING = { PLAIN: 0, DELTA_BINARY_PACKED: 5, DELTA_LENGTH_BYTE_ARRAY: 6, RLE_DICTIONARY: 8 } as const;
const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;

/** Thrift's compact field headers: distance to the field before in the high half, type in the low. */
const I32 = 0x15;
const FALSE = 0x12;
const STRUCT_AFTER_3 = 0x4c;
const STRUCT_AFTER_5 = 0x5c;
const STOP = 0;

/** Rows of one page at most, where its bytes do not end it before. */
export const PAGE_ROWS_MAX = 8_192;

export interface DataPage {
  rows: number;
  nulls: number;
  encoding: number;
  /** Where the definition levels begin; the values follow them. */
  levels_at: number;
  levels_size: number;
  values_size: number;
  values_raw_size: number;
  compressed: boolean;
  /** First byte after the page. */
  end: number;
}

const levels = new ByteSink(256);

export interface PageContent {
  encoding: number;
  rows: number;
  nulls: number;
  /** 1 per row that has a value; null where the column is required or every row of the page has one. */
  present: Uint8Array | null;
  /** Row of the page's first in `present`. */
  start: number;
  /** False for required columns, which have no definition levels. */
  optional: boolean;
  values: Uint8Array;
  /** The values' zstd frame; null where they are stored as they are. */
  packed: Uint8Array | null;
}

/** Appends a page with its header. */
export function writeDataPage(sink: ByteSink, page: PageContent): void {
  levels.length = 0;
  if (page.optional) {
    if (page.nulls === 0) encodeRun(levels, 1, page.rows, 1);
    else if (page.nulls === page.rows) encodeRun(levels, 0, page.rows, 1);
    else encodeHybrid(levels, page.present!, page.start, page.start + page.rows, 1);
  }
  const stored = page.packed ?? page.values;
  writeDataPageHeader(sink, page, levels.length, stored.length, page.packed !== null);
  sink.raw(levels.view());
  sink.raw(stored);
}

function writeDataPageHeader(sink: ByteSink, page: PageContent, levels_size: number, stored_size: number, compressed: boolean): void {
  field(sink, DATA_PAGE_V2);
  field(sink, levels_size + page.values.length);
  field(sink, levels_size + stored_size);
  sink.u8(STRUCT_AFTER_5);
  field(sink, page.rows);
  field(sink, page.nulls);
  field(sink, page.rows);
  field(sink, page.encoding);
  field(sink, levels_size);
  field(sink, 0);
  if (!compressed) sink.u8(FALSE);
  sink.u8(STOP);
  sink.u8(STOP);
}

/** Appends the header of a dictionary page. */
export function writeDictionaryHeader(sink: ByteSink, count: number, raw_size: number, stored_size: number): void {
  field(sink, DICTIONARY_PAGE);
  field(sink, raw_size);
  field(sink, stored_size);
  sink.u8(STRUCT_AFTER_3);
  field(sink, count);
  field(sink, ENCODING.PLAIN);
  sink.u8(STOP);
  sink.u8(STOP);
}

function field(sink: ByteSink, value: number): void {
  sink.u8(I32);
  sink.varint(value * 2);
}

/** A page of nulls. */
export function writeNullPage(sink: ByteSink, rows: number): void {
  writeDataPage(sink, {
    encoding: ENCODING.PLAIN,
    rows,
    nulls: rows,
    present: null,
    start: 0,
    optional: true,
    values: new Uint8Array(0),
    packed: null,
  });
}

/** The data page whose header begins at `at`. @throws DamageError where there is none */
export function readDataPage(bytes: Uint8Array, at: number, end: number): DataPage {
  const reader = new ByteReader(bytes, at, end);
  if (readField(reader) !== DATA_PAGE_V2) throw new DamageError("not a data page");
  const raw_size = readField(reader);
  const stored_size = readField(reader);
  if (reader.u8() !== STRUCT_AFTER_5) throw new DamageError("not the header of a data page");
  const rows = readField(reader);
  const nulls = readField(reader);
  if (readField(reader) !== rows || nulls > rows) throw new DamageError("a page of impossible counts");
  const encoding = readField(reader);
  const levels_size = readField(reader);
  if (readField(reader) !== 0) throw new DamageError("a page with repetition");
  let mark = reader.u8();
  const compressed = mark !== FALSE;
  if (!compressed) mark = reader.u8();
  if (mark !== STOP || reader.u8() !== STOP) throw new DamageError("a page header that does not end");
  const levels_at = reader.skip(stored_size);
  if (levels_size > stored_size || levels_size > raw_size) throw new DamageError("a page of impossible sizes");
  return {
    rows,
    nulls,
    encoding,
    levels_at,
    levels_size,
    values_size: stored_size - levels_size,
    values_raw_size: raw_size - levels_size,
    compressed,
    end: reader.at,
  };
}

/** The dictionary page at the beginning of the bytes. */
export function readDictionaryHeader(bytes: Uint8Array): { count: number; raw_size: number; stored: Uint8Array } {
  const reader = new ByteReader(bytes);
  if (readField(reader) !== DICTIONARY_PAGE) throw new DamageError("not a dictionary page");
  const raw_size = readField(reader);
  const stored_size = readField(reader);
  if (reader.u8() !== STRUCT_AFTER_3) throw new DamageError("not the header of a dictionary page");
  const count = readField(reader);
  if (readField(reader) !== ENCODING.PLAIN || reader.u8() !== STOP || reader.u8() !== STOP) throw new DamageError("an unknown dictionary");
  return { count, raw_size, stored: reader.raw(stored_size) };
}

function readField(reader: ByteReader): number {
  if (reader.u8() !== I32) throw new DamageError("not a page header");
  const value = reader.varint();
  if (value % 2 !== 0) throw new DamageError("a negative number in a page header");
  return value / 2;
}

/** The page's values, decompressed. */
export function pageValues(bytes: Uint8Array, page: DataPage): Uint8Array {
  const from = page.levels_at + page.levels_size;
  const stored = bytes.subarray(from, from + page.values_size);
  if (page.compressed) return decompress(stored, page.values_raw_size);
  if (page.values_size !== page.values_raw_size) throw new DamageError("an uncompressed page of two sizes");
  return stored;
}
