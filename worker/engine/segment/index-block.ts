/** Ledge's own index of a segment, before the Parquet footer: where every page is, what the columns are, facts and filters. FORMAT.md describes it. */
import type { Column } from "../batch/event-batch.ts";
import { type ByteReader, ByteSink } from "./bytes.ts";
import type { Chunk, ChunkDictionary, ChunkPage } from "./chunk.ts";
import { DamageError } from "./errors.ts";
import { readFacts, type SegmentFacts, writeFacts } from "./facts.ts";

export const INDEX_VERSION = 1;
const KINDS = ["dict", "bytes", "int64", "double", "bool"] as const satisfies readonly Column["kind"][];

export interface IndexColumn {
  name: string;
  /** `bytes` where any row group holds the strings themselves. */
  kind: Column["kind"];
  nulls: number;
}

/** Where a column of a row group is and of what it consists. */
export interface IndexChunk {
  offset: number;
  size_bytes: number;
  dictionary: ChunkDictionary | null;
  /** Null where no row has a value: nothing need be read. */
  pages: ChunkPage[] | null;
}

/** Where a filter is in the object. */
export interface IndexFilter {
  /** Name of the column whose values it knows; "" for the words of messages. */
  column: string;
  offset: number;
  size_bytes: number;
  crc: number;
}

export interface IndexGroup {
  rows: number;
  ts_min_us: number;
  ts_max_us: number;
  /** By column, in the order of the index's columns. */
  chunks: IndexChunk[];
  filters: IndexFilter[];
}

export interface SegmentIndex {
  columns: IndexColumn[];
  groups: IndexGroup[];
  facts: SegmentFacts;
}

export function chunkEntry(chunk: Chunk, offset: number, rows: number): IndexChunk {
  return { offset, size_bytes: chunk.size_bytes, dictionary: chunk.dictionary, pages: chunk.nulls === rows ? null : chunk.pages };
}

export function writeIndex(index: SegmentIndex): Uint8Array {
  const sink = new ByteSink(16 * 1024);
  sink.varint(INDEX_VERSION);
  sink.varint(index.columns.length);
  for (const column of index.columns) {
    sink.text(column.name);
    sink.u8(KINDS.indexOf(column.kind));
    sink.varint(column.nulls);
  }
  sink.varint(index.groups.length);
  for (const group of index.groups) writeGroup(sink, group);
  writeFacts(sink, index.facts);
  return sink.copy();
}

function writeGroup(sink: ByteSink, group: IndexGroup): void {
  sink.varint(group.rows);
  sink.zigzag(group.ts_min_us);
  sink.varint(group.ts_max_us - group.ts_min_us);
  sink.varint(group.chunks[0]?.offset ?? 0);
  for (const chunk of group.chunks) writeChunk(sink, chunk);
  sink.varint(group.filters.length);
  for (const filter of group.filters) {
    sink.text(filter.column);
    sink.varint(filter.offset);
    sink.varint(filter.size_bytes);
    sink.u32(filter.crc);
  }
}

function writeChunk(sink: ByteSink, chunk: IndexChunk): void {
  sink.varint(chunk.size_bytes);
  sink.varint(chunk.pages === null ? 0 : chunk.pages.length);
  if (chunk.pages === null) return;
  const { dictionary } = chunk;
  sink.varint(dictionary?.size_bytes ?? 0);
  if (dictionary !== null) {
    sink.varint(dictionary.raw_size);
    sink.varint(dictionary.pieces.length);
    for (const piece of dictionary.pieces) sink.varint(piece);
    sink.u32(dictionary.crc);
  }
  for (const page of chunk.pages) {
    sink.varint(page.size_bytes);
    sink.varint(page.rows);
    sink.u32(page.crc);
  }
}

export function readIndex(reader: ByteReader): SegmentIndex {
  const version = reader.varint();
  if (version !== INDEX_VERSION) throw new DamageError(`index of unknown version ${version}`);
  const columns: IndexColumn[] = repeat(reader, () => {
    const name = reader.text();
    const kind = KINDS[reader.u8()];
    if (kind === undefined) throw new DamageError(`column ${name} is of an unknown kind`);
    return { name, kind, nulls: reader.varint() };
  });
  const groups = repeat(reader, () => readGroup(reader, columns.length));
  const facts = readFacts(reader);
  if (reader.at !== reader.end) throw new DamageError("the index has bytes left over");
  return { columns, groups, facts };
}

function readGroup(reader: ByteReader, column_count: number): IndexGroup {
  const rows = reader.varint();
  const ts_min_us = reader.zigzag();
  const ts_max_us = ts_min_us + reader.varint();
  let offset = reader.varint();
  const chunks: IndexChunk[] = [];
  for (let column = 0; column < column_count; column++) {
    const chunk = readChunk(reader, offset);
    chunks.push(chunk);
    offset += chunk.size_bytes;
  }
  const filters = repeat(reader, () => ({
    column: reader.text(),
    offset: reader.varint(),
    size_bytes: reader.varint(),
    crc: reader.u32(),
  }));
  return { rows, ts_min_us, ts_max_us, chunks, filters };
}

function readChunk(reader: ByteReader, offset: number): IndexChunk {
  const size_bytes = reader.varint();
  const page_count = reader.varint();
  if (page_count === 0) return { offset, size_bytes, dictionary: null, pages: null };
  if (page_count > reader.end - reader.at) throw new DamageError("more pages than bytes");
  const dictionary_size = reader.varint();
  const dictionary = dictionary_size === 0 ? null : readDictionary(reader, dictionary_size);
  const pages: ChunkPage[] = [];
  let size = dictionary_size;
  for (let index = 0; index < page_count; index++) {
    const page = { size_bytes: reader.varint(), rows: reader.varint(), crc: reader.u32() };
    pages.push(page);
    size += page.size_bytes;
  }
  if (size !== size_bytes) throw new DamageError("pages do not fill their chunk");
  return { offset, size_bytes, dictionary, pages };
}

function readDictionary(reader: ByteReader, size_bytes: number): ChunkDictionary {
  const raw_size = reader.varint();
  const pieces = repeat(reader, () => reader.varint());
  return { size_bytes, raw_size, pieces, crc: reader.u32() };
}

/** A counted list of things that take at least a byte each. */
function repeat<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("more entries than bytes");
  return Array.from({ length: count }, read);
}
