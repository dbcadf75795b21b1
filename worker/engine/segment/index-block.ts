/** Ledge's own index of a segment, before the Parquet footer: where every page is, what the columns are, facts and filters. FORMAT.md describes it. */
import { ROW_GROUP_ROWS_MAX } from "../../limits.ts";
import type { Column } from "../batch/event-batch.ts";
import { type ByteReader, ByteSink } from "./bytes.ts";
import type { Chunk, ChunkDictionary, ChunkPage } from "./chunk.ts";
import { DamageError } from "./errors.ts";
import { readFacts, readFactsOfVersion1, type SegmentFacts, writeFacts } from "./facts.ts";
import { LazyChunk, readChunkOfVersion1, writeChunkDetails } from "./index-chunk.ts";

export const INDEX_VERSION = 2;
const KINDS = ["dict", "bytes", "int64", "double", "bool"] as const satisfies readonly Column["kind"][];

export interface IndexColumn {
  name: string;
  /** `bytes` where any row group holds the strings themselves. */
  kind: Column["kind"];
  nulls: number;
  /** What stored numbers are multiplied by: 1,000 for times in milliseconds, otherwise 1. */
  scale: number;
}

/** Where a column of a row group is and of what it consists. */
export interface IndexChunk {
  readonly offset: number;
  readonly size_bytes: number;
  readonly dictionary: ChunkDictionary | null;
  /** Null where no row has a value: nothing need be read. */
  readonly pages: readonly ChunkPage[] | null;
  /** Smallest and largest value of a column of numbers, where they are known; not of times, which the group knows. */
  readonly range: { min: number; max: number } | null;
}

/** What a filter knows, and how it is stored. */
export const FILTER = { VALUES: 0, PAGE_WORDS_1: 1, PAGE_WORDS: 2 } as const;

/** Where a filter is in the object. */
export interface IndexFilter {
  kind: number;
  /** Name of the column whose values it knows; "" for the words of messages. */
  column: string;
  offset: number;
  size_bytes: number;
  crc: number;
}

/** Rows that follow each other and are of one service: `services[i]` is its place in the index's list, for `rows[i]` rows. */
export interface ServiceRuns {
  services: Uint32Array;
  rows: Uint32Array;
}

export interface IndexGroup {
  rows: number;
  ts_min_us: number;
  ts_max_us: number;
  /** Null where rows are not sorted by service, or the segment does not tell. */
  service_runs: ServiceRuns | null;
  /** By column, in the order of the index's columns. */
  chunks: IndexChunk[];
  filters: IndexFilter[];
}

export interface SegmentIndex {
  columns: IndexColumn[];
  /** Services that occur; "" stands for events without one. Null where only the facts know them. */
  services: readonly string[] | null;
  groups: IndexGroup[];
  /** Decoded when it is first asked for. */
  readonly facts: SegmentFacts;
}

export function chunkEntry(chunk: Chunk, offset: number, rows: number): IndexChunk {
  const { size_bytes, dictionary, range } = chunk;
  return { offset, size_bytes, dictionary, pages: chunk.nulls === rows ? null : chunk.pages, range };
}

export function writeIndex(index: SegmentIndex): Uint8Array {
  const sink = new ByteSink(16 * 1024);
  sink.varint(INDEX_VERSION);
  sink.varint(index.columns.length);
  for (const column of index.columns) {
    sink.text(column.name);
    sink.u8(KINDS.indexOf(column.kind));
    sink.varint(column.scale);
    sink.varint(column.nulls);
  }
  sink.varint(index.facts.services.length);
  for (const service of index.facts.services) sink.text(service);
  sink.varint(index.groups.length);
  for (const group of index.groups) writeGroup(sink, group);
  writeFacts(sink, index.facts);
  return sink.copy();
}

function writeGroup(sink: ByteSink, group: IndexGroup): void {
  sink.varint(group.rows);
  sink.zigzag(group.ts_min_us);
  sink.varint(group.ts_max_us - group.ts_min_us);
  const runs = group.service_runs;
  sink.varint(runs?.rows.length ?? 0);
  if (runs !== null) {
    for (let run = 0; run < runs.rows.length; run++) {
      sink.varint(runs.services[run]!);
      sink.varint(runs.rows[run]!);
    }
  }
  sink.varint(group.chunks[0]?.offset ?? 0);
  for (const chunk of group.chunks) writeChunkDetails(sink, chunk);
  sink.varint(group.filters.length);
  for (const filter of group.filters) {
    sink.u8(filter.kind);
    sink.text(filter.column);
    sink.varint(filter.offset);
    sink.varint(filter.size_bytes);
    sink.u32(filter.crc);
  }
}

export function readIndex(reader: ByteReader): SegmentIndex {
  const version = reader.varint();
  if (version !== 1 && version !== INDEX_VERSION) throw new DamageError(`index of unknown version ${version}`);
  const columns: IndexColumn[] = repeat(reader, () => {
    const name = reader.text();
    const kind = KINDS[reader.u8()];
    if (kind === undefined) throw new DamageError(`column ${name} is of an unknown kind`);
    const scale = version === 1 ? 1 : reader.varint();
    return { name, kind, nulls: reader.varint(), scale };
  });
  const services = version === 1 ? null : repeat(reader, () => reader.text());
  const groups = repeat(reader, () => readGroup(reader, columns, version));
  const facts_at = reader.at;
  let facts: SegmentFacts | null = null;
  return {
    columns,
    services,
    groups,
    get facts(): SegmentFacts {
      if (facts === null) {
        reader.at = facts_at;
        facts = services === null ? readFactsOfVersion1(reader) : readFacts(reader, services);
        if (reader.at !== reader.end) throw new DamageError("the index has bytes left over");
      }
      return facts;
    },
  };
}

function readGroup(reader: ByteReader, columns: readonly IndexColumn[], version: number): IndexGroup {
  const rows = reader.varint();
  if (rows > ROW_GROUP_ROWS_MAX) throw new DamageError(`a row group of ${rows} rows`);
  const ts_min_us = reader.zigzag();
  const ts_max_us = ts_min_us + reader.varint();
  const service_runs = version === 1 ? null : readServiceRuns(reader);
  let offset = reader.varint();
  const chunks: IndexChunk[] = [];
  for (const { kind } of columns) {
    const chunk = version === 1 ? readChunkOfVersion1(reader, offset) : LazyChunk.read(reader, offset, kind);
    chunks.push(chunk);
    offset += chunk.size_bytes;
  }
  const filters = repeat(reader, () => readFilter(reader, version));
  return { rows, ts_min_us, ts_max_us, service_runs, chunks, filters };
}

function readServiceRuns(reader: ByteReader): ServiceRuns | null {
  const count = reader.varint();
  if (count === 0) return null;
  if (count > reader.end - reader.at) throw new DamageError("more runs than bytes");
  const runs: ServiceRuns = { services: new Uint32Array(count), rows: new Uint32Array(count) };
  for (let run = 0; run < count; run++) {
    runs.services[run] = reader.varint();
    runs.rows[run] = reader.varint();
  }
  return runs;
}

function readFilter(reader: ByteReader, version: number): IndexFilter {
  const kind = version === 1 ? -1 : reader.u8();
  if (kind > FILTER.PAGE_WORDS) throw new DamageError(`a filter of unknown kind ${kind}`);
  const column = reader.text();
  return {
    kind: kind >= 0 ? kind : column === "" ? FILTER.PAGE_WORDS_1 : FILTER.VALUES,
    column,
    offset: reader.varint(),
    size_bytes: reader.varint(),
    crc: reader.u32(),
  };
}

/** A counted list of things that take at least a byte each. */
function repeat<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("more entries than bytes");
  return Array.from({ length: count }, read);
}
