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

/** What the units of a filter are. */
export const UNITS = { GROUPS: 0, PAGES: 1 } as const;

/** Where a filter, or a part of one, is in the object. */
export interface StoredFilter {
  offset: number;
  size_bytes: number;
  crc: number;
}

/** A filter of version 1: of one row group. */
export interface GroupFilter extends StoredFilter {
  /** Name of the column whose values it knows; "" for the words of messages. */
  column: string;
}

/** A filter of the whole segment. */
export interface IndexFilter {
  /** As in GroupFilter. */
  column: string;
  /** Row groups, or the pages of the messages of all row groups, numbered through. */
  units: number;
  /** A power of two of them; which one knows something follows from its hash. */
  parts: StoredFilter[];
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
  /** Of version 1; empty in later ones. */
  filters: GroupFilter[];
}

export interface SegmentIndex {
  columns: IndexColumn[];
  /** Services that occur; "" stands for events without one. Null where only the facts know them. */
  services: readonly string[] | null;
  groups: IndexGroup[];
  filters: IndexFilter[];
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
  sink.varint(index.filters.length);
  for (const filter of index.filters) writeFilter(sink, filter);
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
}

/** Parts follow each other without gaps. */
function writeFilter(sink: ByteSink, { column, units, parts }: IndexFilter): void {
  sink.text(column);
  sink.u8(units);
  sink.varint(parts[0]!.offset);
  sink.varint(parts.length);
  for (const part of parts) {
    sink.varint(part.size_bytes);
    sink.u32(part.crc);
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
  const filters = version === 1 ? [] : repeat(reader, () => readFilter(reader));
  const facts_at = reader.at;
  let facts: SegmentFacts | null = null;
  return {
    columns,
    services,
    groups,
    filters,
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
  const filters = version === 1 ? repeat(reader, () => readGroupFilter(reader)) : [];
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

function readGroupFilter(reader: ByteReader): GroupFilter {
  return { column: reader.text(), offset: reader.varint(), size_bytes: reader.varint(), crc: reader.u32() };
}

function readFilter(reader: ByteReader): IndexFilter {
  const column = reader.text();
  const units = reader.u8();
  if (units !== UNITS.GROUPS && units !== UNITS.PAGES) throw new DamageError(`a filter of unknown units ${units}`);
  let offset = reader.varint();
  const parts = repeat(reader, () => {
    const part = { offset, size_bytes: reader.varint(), crc: reader.u32() };
    offset += part.size_bytes;
    return part;
  });
  if (parts.length === 0 || (parts.length & (parts.length - 1)) !== 0) throw new DamageError("a filter of an impossible number of parts");
  return { column, units, parts };
}

/** A counted list of things that take at least a byte each. */
function repeat<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("more entries than bytes");
  return Array.from({ length: count }, read);
}
