/** Puts a segment together: row groups, filters, Ledge's index, the Parquet footer. */
import { crc32 } from "node:zlib";
import type { ColumnChunk, Encoding, FileMetaData, KeyValue, ParquetType, RowGroup, SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { SEGMENT_FILTERS_INLINE_SIZE_BYTES_MAX, SERVICES_LISTED_LENGTH_MAX, SERVICES_LISTED_MAX } from "../../limits.ts";
import type { Column } from "../batch/event-batch.ts";
import type { Family } from "../batch/unify.ts";
import type { Chunk } from "./chunk.ts";
import { levelMaskOf, mergeFacts, type SegmentFacts } from "./facts.ts";
import { INGEST_TS, REST, TIMESTAMP } from "./frame.ts";
import { chunkEntry, type IndexFilter, type IndexGroup, type SegmentIndex } from "./index-block.ts";
import { type StoredRow, writeIndexBlock } from "./locator.ts";
import type { SegmentIdentity, SegmentRow } from "./segment-row.ts";

const SEGMENT_VERSION = "2";

const MAGIC = new Uint8Array([0x50, 0x41, 0x52, 0x31]);
const ENCODING_NAMES: Record<number, Encoding> = {
  0: "PLAIN",
  5: "DELTA_BINARY_PACKED",
  6: "DELTA_LENGTH_BYTE_ARRAY",
  8: "RLE_DICTIONARY",
};

export interface SegmentColumn {
  name: string;
  family: Family;
}

/** What stored event and arrival times are multiplied by to make microseconds. */
export type TimeScales = readonly [timestamp: number, ingest_ts: number];

/** A finished filter; `column` and `units` as in the index. */
export interface WrittenFilter {
  column: string;
  units: number;
  parts: Uint8Array[];
}

/** What a row group is besides its chunks. */
export interface GroupFacts {
  rows: number;
  ts_min_us: number;
  ts_max_us: number;
  facts: SegmentFacts;
  /** Where rows are sorted by service: in which order, and how many rows each has; "" for none. */
  service_runs: { service: string; rows: number }[] | null;
}

export class SegmentWriter {
  readonly #columns: readonly SegmentColumn[];
  readonly #chunks: Uint8Array[] = [MAGIC];
  #offset = MAGIC.length;
  readonly #row_groups: RowGroup[] = [];
  readonly #groups: IndexGroup[] = [];
  readonly #facts: SegmentFacts[] = [];
  readonly #nulls: number[];
  readonly #kinds: Column["kind"][];
  readonly #service_runs: GroupFacts["service_runs"][] = [];
  readonly #scales: TimeScales;
  #rows = 0;

  /** @param columns without the times, which every segment has */
  constructor(columns: readonly SegmentColumn[], scales: TimeScales) {
    this.#scales = scales;
    this.#columns = [{ name: TIMESTAMP, family: "int64" }, { name: INGEST_TS, family: "int64" }, ...columns];
    this.#nulls = this.#columns.map(() => 0);
    this.#kinds = this.#columns.map(({ family }) => (family === "string" ? "dict" : family));
  }

  get rows(): number {
    return this.#rows;
  }

  /** @param chunks by column, beginning with the two times */
  addGroup(chunks: readonly Chunk[], group: GroupFacts): void {
    const entries = [];
    const parquet: ColumnChunk[] = [];
    for (const [index, chunk] of chunks.entries()) {
      entries.push(chunkEntry(chunk, this.#offset, group.rows));
      parquet.push(columnChunk(this.#columns[index]!, chunk, this.#offset, group, this.#scales[0]));
      this.#nulls[index] = this.#nulls[index]! + chunk.nulls;
      const is_text = this.#columns[index]!.family === "string";
      if (is_text && chunk.nulls < group.rows && [...chunk.encodings].some(isPlainText)) this.#kinds[index] = "bytes";
      this.#append(chunk.bytes, chunk.size_bytes);
    }
    const { rows, ts_min_us, ts_max_us, facts } = group;
    this.#groups.push({ rows, ts_min_us, ts_max_us, service_runs: null, chunks: entries, filters: [] });
    this.#row_groups.push({
      columns: parquet,
      num_rows: BigInt(rows),
      total_byte_size: BigInt(chunks.reduce((sum, chunk) => sum + chunk.raw_size, 0)),
      total_compressed_size: BigInt(chunks.reduce((sum, chunk) => sum + chunk.size_bytes, 0)),
    });
    this.#facts.push(facts);
    this.#service_runs.push(group.service_runs);
    this.#rows += rows;
  }

  /**
   * @param raw_bytes of the events as they came
   * @param filters of the whole segment
   * @returns the object's bytes in order and its catalog row
   */
  finish(identity: SegmentIdentity, raw_bytes: number, filters: readonly WrittenFilter[] = []): { chunks: Uint8Array[]; row: SegmentRow } {
    const filters_at = this.#offset;
    const index_filters = filters.map((filter) => this.#appendFilter(filter));
    const filters_size = this.#offset - filters_at;
    const inline_size = filters_size <= SEGMENT_FILTERS_INLINE_SIZE_BYTES_MAX ? filters_size : 0;
    const facts = mergeFacts(this.#facts);
    this.#numberServices(facts.services);
    const index: SegmentIndex = {
      columns: this.#indexColumns(),
      services: facts.services,
      groups: this.#groups,
      filters: index_filters,
      facts,
    };
    const row = this.#storedRow(identity, raw_bytes, index.facts);
    const block_at = this.#offset;
    const block = writeIndexBlock(index, row, inline_size);
    this.#append([block], block.length);
    const footer = this.#footer([
      { key: "ledge.version", value: SEGMENT_VERSION },
      { key: "ledge.row", value: JSON.stringify(row) },
      { key: "ledge.index", value: `${block_at},${block.length}` },
    ]);
    this.#append([footer, MAGIC], footer.length + MAGIC.length);
    const size_bytes = this.#offset;
    return { chunks: this.#chunks, row: { ...row, size_bytes, tail_size_bytes: size_bytes - block_at + inline_size } };
  }

  #append(parts: readonly Uint8Array[], size: number): void {
    this.#chunks.push(...parts);
    this.#offset += size;
  }

  #appendFilter({ column, units, parts }: WrittenFilter): IndexFilter {
    const stored = parts.map((bytes) => {
      const part = { offset: this.#offset, size_bytes: bytes.length, crc: crc32(bytes) };
      this.#append([bytes], bytes.length);
      return part;
    });
    return { column, units, parts: stored };
  }

  #numberServices(services: readonly string[]): void {
    const places = new Map(services.map((service, place) => [service, place]));
    for (const [group, runs] of this.#service_runs.entries()) {
      if (runs === null) continue;
      this.#groups[group]!.service_runs = {
        services: Uint32Array.from(runs, ({ service }) => places.get(service)!),
        rows: Uint32Array.from(runs, ({ rows }) => rows),
      };
    }
  }

  #indexColumns(): SegmentIndex["columns"] {
    return this.#columns.map(({ name }, index) => ({
      name,
      kind: this.#kinds[index]!,
      nulls: this.#nulls[index]!,
      scale: this.#scales[index] ?? 1,
    }));
  }

  #storedRow(identity: SegmentIdentity, raw_bytes: number, facts: SegmentFacts): StoredRow {
    const groups = this.#groups;
    return {
      ...identity,
      ts_min_us: groups.reduce((least, group) => Math.min(least, group.ts_min_us), groups[0]?.ts_min_us ?? 0),
      ts_max_us: groups.reduce((most, group) => Math.max(most, group.ts_max_us), groups[0]?.ts_max_us ?? 0),
      rows: this.#rows,
      raw_bytes,
      level_mask: levelMaskOf(facts),
      services: listedServices(facts.services),
    };
  }

  #footer(key_value_metadata: KeyValue[]): Uint8Array {
    const writer = new ByteWriter(16 * 1024);
    const metadata: FileMetaData = {
      version: 2,
      schema: [
        { name: "event", num_children: this.#columns.length },
        ...this.#columns.map((column, index) => schemaElement(column, this.#scales[index] ?? 1)),
      ],
      num_rows: BigInt(this.#rows),
      row_groups: this.#row_groups,
      key_value_metadata,
      created_by: "ledge version 1.0.0",
      metadata_length: 0,
    };
    writeMetadata(writer, metadata);
    return writer.getBytes();
  }
}

function isPlainText(encoding: number): boolean {
  return ENCODING_NAMES[encoding] === "DELTA_LENGTH_BYTE_ARRAY";
}

const PARQUET_TYPES: Record<Family, ParquetType> = { string: "BYTE_ARRAY", int64: "INT64", double: "DOUBLE", bool: "BOOLEAN" };

function schemaElement({ name, family }: SegmentColumn, scale: number): SchemaElement {
  const type = PARQUET_TYPES[family];
  if (name === TIMESTAMP || name === INGEST_TS) {
    const unit = scale === 1 ? "MICROS" : "MILLIS";
    const logical_type = { type: "TIMESTAMP", isAdjustedToUTC: true, unit } as const;
    return { name, type, repetition_type: "REQUIRED", converted_type: `TIMESTAMP_${unit}`, logical_type };
  }
  if (family !== "string") return { name, type, repetition_type: "OPTIONAL" };
  if (name === REST) return { name, type, repetition_type: "OPTIONAL", converted_type: "JSON", logical_type: { type: "JSON" } };
  return { name, type, repetition_type: "OPTIONAL", converted_type: "UTF8", logical_type: { type: "STRING" } };
}

/** @param scale of event times */
function columnChunk(column: SegmentColumn, chunk: Chunk, offset: number, group: GroupFacts, scale: number): ColumnChunk {
  const { dictionary } = chunk;
  const range = column.name === TIMESTAMP ? { min: group.ts_min_us / scale, max: group.ts_max_us / scale } : chunk.range;
  const text = column.name === REST ? null : chunk.bounds;
  const bounds = range !== null ? statistics(column.family, range) : text === null ? {} : { min_value: text.min, max_value: text.max };
  return {
    file_offset: BigInt(offset),
    meta_data: {
      type: PARQUET_TYPES[column.family],
      encodings: [...chunk.encodings].map((encoding) => ENCODING_NAMES[encoding]!),
      path_in_schema: [column.name],
      codec: chunk.compressed ? "ZSTD" : "UNCOMPRESSED",
      num_values: BigInt(group.rows),
      total_uncompressed_size: BigInt(chunk.raw_size),
      total_compressed_size: BigInt(chunk.size_bytes),
      data_page_offset: BigInt(offset + (dictionary?.size_bytes ?? 0)),
      dictionary_page_offset: dictionary === null ? undefined : BigInt(offset),
      statistics: { null_count: BigInt(chunk.nulls), ...bounds },
    },
  };
}

function statistics(
  family: Family,
  { min, max }: { min: number; max: number },
): { min_value: number | bigint; max_value: number | bigint } {
  return family === "double" ? { min_value: min, max_value: max } : { min_value: BigInt(min), max_value: BigInt(max) };
}

/** Null where there are too many, or they are too long, for a row of the catalog. */
function listedServices(services: readonly string[]): string[] | null {
  const length = services.reduce((sum, service) => sum + service.length, 0);
  return services.length <= SERVICES_LISTED_MAX && length <= SERVICES_LISTED_LENGTH_MAX ? services.toSorted() : null;
}
