/** Column chunks in the index: decoded only where a reader touches the column. */
import type { Column } from "../batch/event-batch.ts";
import { ByteReader, ByteSink } from "./bytes.ts";
import type { ChunkDictionary, ChunkPage } from "./chunk.ts";
import { DamageError } from "./errors.ts";
import type { IndexChunk } from "./index-block.ts";

const HAS_DICTIONARY = 1;
const IS_SORTED = 2;
/** Smallest and largest value as whole numbers, or as doubles. */
const WHOLE_RANGE = 4;
const DOUBLE_RANGE = 8;
const COMPRESSED = 0x80;

const details = new ByteSink(4096);

export function writeChunkDetails(sink: ByteSink, chunk: IndexChunk): void {
  sink.varint(chunk.size_bytes);
  if (chunk.pages === null) {
    sink.varint(0);
    return;
  }
  const { dictionary, range } = chunk;
  details.length = 0;
  const whole = range !== null && Number.isSafeInteger(range.min) && Number.isSafeInteger(range.max);
  const range_flag = range === null ? 0 : whole ? WHOLE_RANGE : DOUBLE_RANGE;
  const dictionary_flags = dictionary === null ? 0 : HAS_DICTIONARY | (dictionary.head?.sorted ? IS_SORTED : 0);
  details.u8(dictionary_flags | range_flag);
  if (range !== null) {
    for (const bound of [range.min, range.max]) {
      if (whole) details.zigzag(bound);
      else details.f64(bound);
    }
  }
  if (dictionary !== null) writeDictionary(details, dictionary);
  details.varint(chunk.pages.length);
  for (const page of chunk.pages) writePage(details, page);
  sink.varint(details.length);
  sink.raw(details.view());
}

function writeDictionary(sink: ByteSink, dictionary: ChunkDictionary): void {
  const { head } = dictionary;
  if (head === null) throw new TypeError("a dictionary of version 1 is not written again");
  sink.varint(dictionary.size_bytes);
  sink.varint(head.header_size);
  sink.varint(head.count);
  sink.varint(dictionary.raw_size);
  sink.varint(dictionary.pieces.length);
  for (const [index, size_bytes] of dictionary.pieces.entries()) {
    sink.varint(size_bytes);
    sink.varint(head.first_codes[index]! - (index === 0 ? 0 : head.first_codes[index - 1]!));
    sink.varint(head.first_offsets[index]! - (index === 0 ? 0 : head.first_offsets[index - 1]!));
  }
  sink.u32(dictionary.crc);
}

function writePage(sink: ByteSink, page: ChunkPage): void {
  const { head } = page;
  if (head === null) throw new TypeError("a page of version 1 is not written again");
  sink.varint(page.size_bytes);
  sink.varint(page.rows);
  sink.varint(head.nulls);
  sink.u8(head.encoding | (head.compressed ? COMPRESSED : 0));
  sink.varint(head.header_size);
  sink.varint(head.levels_size);
  sink.varint(head.values_raw_size);
  sink.u32(page.crc);
}

type Details = Pick<IndexChunk, "dictionary" | "pages" | "range">;

const NO_DETAILS: Details = { dictionary: null, pages: null, range: null };

export class LazyChunk implements IndexChunk {
  readonly offset: number;
  readonly size_bytes: number;
  #bytes: Uint8Array | null;
  #details: Details | null = null;
  readonly #kind: Column["kind"];

  private constructor(offset: number, size_bytes: number, kind: Column["kind"], bytes: Uint8Array) {
    this.offset = offset;
    this.size_bytes = size_bytes;
    this.#kind = kind;
    this.#bytes = bytes;
    if (bytes.length === 0) this.#details = NO_DETAILS;
  }

  static read(reader: ByteReader, offset: number, kind: Column["kind"]): LazyChunk {
    const size_bytes = reader.varint();
    return new LazyChunk(offset, size_bytes, kind, reader.raw(reader.varint()));
  }

  get dictionary(): ChunkDictionary | null {
    return this.#read().dictionary;
  }

  get pages(): readonly ChunkPage[] | null {
    return this.#read().pages;
  }

  get range(): { min: number; max: number } | null {
    return this.#read().range;
  }

  #read(): Details {
    if (this.#details === null) {
      this.#details = readDetails(new ByteReader(this.#bytes!), this.size_bytes, this.#kind);
      this.#bytes = null;
    }
    return this.#details;
  }
}

function readDetails(reader: ByteReader, size_bytes: number, kind: Column["kind"]): Details {
  const flags = reader.u8();
  let range: Details["range"] = null;
  if ((flags & WHOLE_RANGE) !== 0) range = { min: reader.zigzag(), max: reader.zigzag() };
  else if ((flags & DOUBLE_RANGE) !== 0) range = { min: reader.f64(), max: reader.f64() };
  if (range !== null && kind !== "int64" && kind !== "double") throw new DamageError("a range of what are no numbers");
  const dictionary = (flags & HAS_DICTIONARY) === 0 ? null : readDictionary(reader, (flags & IS_SORTED) !== 0);
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("more pages than bytes");
  const pages: ChunkPage[] = [];
  let size = dictionary?.size_bytes ?? 0;
  for (let index = 0; index < count; index++) {
    const page = readPage(reader);
    pages.push(page);
    size += page.size_bytes;
  }
  if (reader.at !== reader.end) throw new DamageError("a column of the index has bytes left over");
  if (size !== size_bytes) throw new DamageError("pages do not fill their chunk");
  return { dictionary, pages, range };
}

function readDictionary(reader: ByteReader, sorted: boolean): ChunkDictionary {
  const size_bytes = reader.varint();
  const header_size = reader.varint();
  const count = reader.varint();
  const raw_size = reader.varint();
  const piece_count = reader.varint();
  if (piece_count > reader.end - reader.at) throw new DamageError("more pieces than bytes");
  const pieces: number[] = [];
  const first_codes: number[] = [];
  const first_offsets: number[] = [];
  for (let index = 0; index < piece_count; index++) {
    pieces.push(reader.varint());
    first_codes.push(reader.varint() + (index === 0 ? 0 : first_codes[index - 1]!));
    first_offsets.push(reader.varint() + (index === 0 ? 0 : first_offsets[index - 1]!));
  }
  return { size_bytes, raw_size, pieces, crc: reader.u32(), head: { header_size, count, sorted, first_codes, first_offsets } };
}

function readPage(reader: ByteReader): ChunkPage {
  const size_bytes = reader.varint();
  const rows = reader.varint();
  const nulls = reader.varint();
  const tag = reader.u8();
  const head = {
    nulls,
    encoding: tag & ~COMPRESSED,
    compressed: (tag & COMPRESSED) !== 0,
    header_size: reader.varint(),
    levels_size: reader.varint(),
    values_raw_size: reader.varint(),
  };
  if (nulls > rows || head.header_size + head.levels_size > size_bytes) throw new DamageError("a page of impossible sizes");
  return { size_bytes, rows, crc: reader.u32(), head };
}

/** As version 1 wrote it: no heads of pages and dictionaries, no range. */
export function readChunkOfVersion1(reader: ByteReader, offset: number): IndexChunk {
  const size_bytes = reader.varint();
  const page_count = reader.varint();
  if (page_count === 0) return { offset, size_bytes, ...NO_DETAILS };
  if (page_count > reader.end - reader.at) throw new DamageError("more pages than bytes");
  const dictionary_size = reader.varint();
  const dictionary = dictionary_size === 0 ? null : readDictionaryOfVersion1(reader, dictionary_size);
  const pages: ChunkPage[] = [];
  let size = dictionary_size;
  for (let index = 0; index < page_count; index++) {
    const page = { size_bytes: reader.varint(), rows: reader.varint(), crc: reader.u32(), head: null };
    pages.push(page);
    size += page.size_bytes;
  }
  if (size !== size_bytes) throw new DamageError("pages do not fill their chunk");
  return { offset, size_bytes, dictionary, pages, range: null };
}

function readDictionaryOfVersion1(reader: ByteReader, size_bytes: number): ChunkDictionary {
  const raw_size = reader.varint();
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("more pieces than bytes");
  const pieces = Array.from({ length: count }, () => reader.varint());
  return { size_bytes, raw_size, pieces, crc: reader.u32(), head: null };
}
