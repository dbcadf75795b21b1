/** The head of a frame: who it is and where its columns are. FORMAT.md describes the layout. */
import { FRAME_ROWS_MAX } from "../../limits.ts";
import type { Column } from "../batch/event-batch.ts";
import { ByteReader, type ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";

/** How a column is stored: in the section that is compressed as one, as Parquet pages, or in the section as a dictionary of numbers. */
export const STORED = { SECTION: 0, PAGES: 1, NUMBER_DICTIONARY: 2 } as const;
/** Of the byte of kind and form: the column's times are in milliseconds. */
const IN_MILLISECONDS = 0x80;
const KINDS = ["dict", "bytes", "int64", "double", "bool"] as const satisfies readonly Column["kind"][];

/** Names with a number of their own. The list may only grow at its end. */
const KNOWN_NAMES = [
  "level",
  "service",
  "environment",
  "host",
  "source",
  "message",
  "trace_id",
  "span_id",
  "request_id",
  "event_id",
  "fingerprint",
  "timestamp",
  "ingest_ts",
  "attributes",
];
const ATTRIBUTE_PREFIX = "attributes.";
const LITERAL_NAME = 0;
const ATTRIBUTE_NAME = 1;
const KNOWN_NAME = 2;

export interface FrameColumn {
  name: string;
  kind: Column["kind"];
  stored: number;
  nulls: number;
  /** What stored numbers are multiplied by: 1,000 for times in milliseconds, otherwise 1. */
  scale: number;
  /** Offset and length of its bytes: in the frame for pages, in the decompressed section otherwise. */
  offset: number;
  size_bytes: number;
}

export interface FrameMeta {
  /** 32 hex characters: batch id and ordinal. */
  frame_id: string;
  project_id: string;
  shard: number;
  accepted_us: number;
  /** Of the events as they came. */
  raw_bytes: number;
}

/** What the header says. `columns` begins with `timestamp` and `ingest_ts`; `attributes` is the rest column. */
export interface FrameHeader extends FrameMeta {
  rows: number;
  ts_min_us: number;
  ts_max_us: number;
  /** Length of the packed frame. */
  size_bytes: number;
  columns: FrameColumn[];
  section: { offset: number; raw_size: number; pieces: number[] };
}

export type FrameLayout = Pick<FrameHeader, "rows" | "ts_min_us" | "ts_max_us"> & {
  columns: Omit<FrameColumn, "offset">[];
  section_raw_size: number;
  section_pieces: number[];
};

export function writeHeader(sink: ByteSink, meta: FrameMeta, layout: FrameLayout): void {
  sink.text(meta.frame_id);
  sink.text(meta.project_id);
  sink.varint(meta.shard);
  sink.zigzag(meta.accepted_us);
  sink.varint(meta.raw_bytes);
  sink.varint(layout.rows);
  sink.zigzag(layout.ts_min_us);
  sink.zigzag(layout.ts_max_us - layout.ts_min_us);
  sink.varint(layout.section_raw_size);
  for (const piece of layout.section_pieces) sink.varint(piece);
  sink.varint(layout.columns.length);
  for (const column of layout.columns) {
    writeName(sink, column.name);
    sink.u8(KINDS.indexOf(column.kind) | (column.stored << 4) | (column.scale === 1 ? 0 : IN_MILLISECONDS));
    sink.varint(column.nulls);
    sink.varint(column.size_bytes);
  }
}

function writeName(sink: ByteSink, name: string): void {
  const known = KNOWN_NAMES.indexOf(name);
  if (known >= 0) {
    sink.varint(KNOWN_NAME + known);
  } else if (name.startsWith(ATTRIBUTE_PREFIX)) {
    sink.varint(ATTRIBUTE_NAME);
    sink.text(name.slice(ATTRIBUTE_PREFIX.length));
  } else {
    sink.varint(LITERAL_NAME);
    sink.text(name);
  }
}

function readName(reader: ByteReader): string {
  const tag = reader.varint();
  if (tag === LITERAL_NAME) return reader.text();
  if (tag === ATTRIBUTE_NAME) return ATTRIBUTE_PREFIX + reader.text();
  const name = KNOWN_NAMES[tag - KNOWN_NAME];
  if (name === undefined) throw new DamageError(`an unknown column name ${tag}`);
  return name;
}

/**
 * @param bytes the whole frame
 * @param offset where the header begins
 * @param header_size its length; the section follows it, then the pages
 * @param piece_size raw bytes of every piece of the section but the last
 */
export function readHeader(bytes: Uint8Array, offset: number, header_size: number, piece_size: number): FrameHeader {
  const reader = new ByteReader(bytes, offset, Math.min(bytes.length, offset + header_size));
  const meta = {
    frame_id: reader.text(),
    project_id: reader.text(),
    shard: reader.varint(),
    accepted_us: reader.zigzag(),
    raw_bytes: reader.varint(),
  };
  const rows = reader.varint();
  if (rows > FRAME_ROWS_MAX) throw new DamageError(`a frame of ${rows} rows`);
  const ts_min_us = reader.zigzag();
  const ts_max_us = ts_min_us + reader.zigzag();
  const raw_size = reader.varint();
  const pieces = Array.from({ length: pieceCount(raw_size, piece_size, bytes.length) }, () => reader.varint());
  const section_offset = offset + header_size;
  const pages_offset = section_offset + pieces.reduce((sum, size) => sum + size, 0);
  const columns = readColumns(reader, pages_offset, raw_size, bytes.length);
  if (reader.at !== reader.end) throw new DamageError("the header has bytes left over");
  return {
    ...meta,
    rows,
    ts_min_us,
    ts_max_us,
    size_bytes: bytes.length,
    columns,
    section: { offset: section_offset, raw_size, pieces },
  };
}

/** A compressed piece is never more than some thousand times smaller: bounds what a damaged length can make. */
function pieceCount(raw_size: number, piece_size: number, size_bytes: number): number {
  const count = Math.ceil(raw_size / piece_size);
  if (count > size_bytes) throw new DamageError("the section is impossibly large");
  return count;
}

function readColumns(reader: ByteReader, pages_offset: number, section_size: number, size_bytes: number): FrameColumn[] {
  const count = reader.varint();
  const columns: FrameColumn[] = [];
  let in_pages = pages_offset;
  let in_section = 0;
  for (let index = 0; index < count; index++) {
    const name = readName(reader);
    const tag = reader.u8();
    const kind = KINDS[tag & 0xf];
    const stored = (tag & ~IN_MILLISECONDS) >>> 4;
    const scale = tag < IN_MILLISECONDS ? 1 : 1_000;
    if (scale !== 1 && (index > 1 || kind !== "int64")) throw new DamageError(`column ${name} has no unit`);
    if (kind === undefined || stored > STORED.NUMBER_DICTIONARY) throw new DamageError(`column ${name} is of an unknown kind`);
    const nulls = reader.varint();
    const size = reader.varint();
    const paged = stored === STORED.PAGES;
    columns.push({ name, kind, stored, nulls, scale, offset: paged ? in_pages : in_section, size_bytes: size });
    if (paged) in_pages += size;
    else in_section += size;
  }
  if (in_section !== section_size || in_pages !== size_bytes) throw new DamageError("columns do not fill the frame");
  return columns;
}
