/**
 * A flush: the frames of a plan become one Parquet segment in arrival order. Pages are copied as they are, dictionaries are merged per row group;
 * only short frames, frames with masked rows and frames whose columns do not agree with the rest are decoded and encoded again.
 */
import { ROW_GROUP_RAW_SIZE_BYTES_MAX, ROW_GROUP_ROWS_MAX, SEGMENT_ATTRIBUTE_COLUMNS_MAX } from "../../limits.ts";
import type { DictColumn, EventBatch } from "../batch/event-batch.ts";
import { concatBatches, selectRows } from "../batch/select.ts";
import { type ColumnUse, conform, type Family, fits, type Layout, unifyColumns } from "../batch/unify.ts";
import { buildChunk, type Chunk, type ChunkPart, partOf, partOfTimes, stringsPart } from "./chunk.ts";
import { columnOrder } from "./column-order.ts";
import { MILLISECONDS } from "./encode-column.ts";
import { asDamage, FrameError } from "./errors.ts";
import { FactCounter, type SegmentFacts } from "./facts.ts";
import { OpenFrame, REST } from "./frame.ts";
import { STORED } from "./frame-header.ts";
import type { SegmentIdentity, SegmentRow } from "./segment-row.ts";
import { type SegmentColumn, SegmentWriter, type TimeScales } from "./segment-writer.ts";
import { utf8Of } from "./strings.ts";
import { timeBounds } from "./times.ts";

export interface FlushFrame {
  bytes: Uint8Array;
  /** Rows to leave out, ascending. */
  masked: Uint32Array | null;
}

/** A frame whose pages are copied, or events to be encoded. */
type Piece = FramePiece | { rows: number; frame: null; batch: EventBatch };

interface FramePiece {
  rows: number;
  frame: OpenFrame;
  batch: null;
  times: Float64Array;
  /** Service and level, which are needed twice: as columns and for the facts. */
  facts_columns: Map<string, DictColumn>;
}

export interface FlushedSegment {
  chunks: Uint8Array[];
  row: SegmentRow;
}

/**
 * @param frames in the order of their sequence numbers
 * @returns the object's bytes in order, which may be views on the frames, and its catalog row
 * @throws FrameError where a frame is damaged
 */
export function segmentFromFrames(frames: readonly FlushFrame[], identity: SegmentIdentity): FlushedSegment {
  const steps = segmentSteps(frames, identity);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same in steps of some milliseconds, for a thread that others wait for. */
export function* segmentSteps(frames: readonly FlushFrame[], identity: SegmentIdentity): Generator<void, FlushedSegment> {
  const opened = frames.map(({ bytes, masked }) => ({ frame: new OpenFrame(bytes), masked: masked?.length ? masked : null }));
  try {
    return yield* writeFrames(opened, identity);
  } catch (error) {
    throw asDamage(FrameError, "frame", error);
  }
}

interface MaskedFrame {
  frame: OpenFrame;
  masked: Uint32Array | null;
}

function* writeFrames(frames: readonly MaskedFrame[], identity: SegmentIdentity): Generator<void, FlushedSegment> {
  const layout = unifyColumns(
    frames.flatMap(({ frame }) => frameUses(frame)),
    SEGMENT_ATTRIBUTE_COLUMNS_MAX,
  );
  const columns = segmentColumns(layout, frames);
  const scales = timeScales(frames);
  const writer = new SegmentWriter(columns, scales);
  let raw_bytes = 0;
  for (const group of cutGroups(frames)) {
    raw_bytes += group.reduce((sum, part) => sum + survivingRawBytes(part), 0);
    const pieces = piecesOf(group, layout);
    yield;
    if (pieces.length > 0) yield* writeGroup(writer, columns, scales, pieces);
  }
  return writer.finish(identity, raw_bytes);
}

function frameUses(frame: OpenFrame): ColumnUse[] {
  const { columns, rows } = frame.header;
  return columns
    .slice(2)
    .filter(({ name }) => name !== REST)
    .map(({ name, kind, nulls }) => ({ name, kind, values: rows - nulls }));
}

/** The rest column is there where any frame has one, or anything is put into it. */
function segmentColumns(layout: Layout, frames: readonly MaskedFrame[]): SegmentColumn[] {
  const has_rest = frames.some(({ frame }) => frame.header.columns.some((column) => column.name === REST) || !agrees(frame, layout));
  const columns: SegmentColumn[] = columnOrder(layout.keys()).map((name) => ({ name, family: layout.get(name)! }));
  if (has_rest) columns.push({ name: REST, family: "string" });
  return columns;
}

/** Times are in milliseconds where they are in every frame. */
function timeScales(frames: readonly MaskedFrame[]): TimeScales {
  const scale = (index: 0 | 1): number =>
    frames.reduce((least, { frame }) => Math.min(least, frame.header.columns[index]!.scale), MILLISECONDS);
  return [scale(0), scale(1)];
}

function agrees(frame: OpenFrame, layout: Layout): boolean {
  return frame.header.columns.slice(2).every(({ name, kind }) => name === REST || fits(layout, name, kind));
}

/** Cut at the borders of frames. */
function* cutGroups(frames: readonly MaskedFrame[]): Generator<MaskedFrame[]> {
  let group: MaskedFrame[] = [];
  let rows = 0;
  let raw_bytes = 0;
  for (const part of frames) {
    const count = part.frame.header.rows - (part.masked?.length ?? 0);
    if (count === 0) continue;
    const raw = survivingRawBytes(part);
    if (rows > 0 && (rows + count > ROW_GROUP_ROWS_MAX || raw_bytes + raw > ROW_GROUP_RAW_SIZE_BYTES_MAX)) {
      yield group;
      group = [];
      rows = 0;
      raw_bytes = 0;
    }
    group.push(part);
    rows += count;
    raw_bytes += raw;
  }
  if (group.length > 0) yield group;
}

function survivingRawBytes({ frame, masked }: MaskedFrame): number {
  const { rows, raw_bytes } = frame.header;
  return masked === null ? raw_bytes : Math.round((raw_bytes * (rows - masked.length)) / rows);
}

/** Neighbouring frames that must be decoded are joined, so that they make long pages. */
function piecesOf(group: readonly MaskedFrame[], layout: Layout): Piece[] {
  const pieces: Piece[] = [];
  let decoded: EventBatch[] = [];
  const join = (): void => {
    if (decoded.length === 0) return;
    const batch = concatBatches(decoded);
    pieces.push({ rows: batch.rows, frame: null, batch });
    decoded = [];
  };
  for (const { frame, masked } of group) {
    if (masked === null && frame.paged && agrees(frame, layout)) {
      join();
      pieces.push({ rows: frame.header.rows, frame, batch: null, times: frame.times(0), facts_columns: factsColumns(frame) });
    } else {
      const batch = masked === null ? frame.batch() : selectRows(frame.batch(), unmasked(frame.header.rows, masked));
      decoded.push(conform(batch, layout));
    }
  }
  join();
  return pieces;
}

function factsColumns(frame: OpenFrame): Map<string, DictColumn> {
  const described = frame.header.columns.filter(({ name }) => name === "service" || name === "level");
  return new Map(described.map((column) => [column.name, frame.column(column) as DictColumn]));
}

function unmasked(rows: number, masked: Uint32Array): Uint32Array {
  const kept = new Uint32Array(rows - masked.length);
  let next = 0;
  let length = 0;
  for (let row = 0; row < rows; row++) {
    if (masked[next] === row) next++;
    else kept[length++] = row;
  }
  if (next !== masked.length) throw new RangeError("masked rows must be ascending rows of the frame");
  return kept;
}

function* writeGroup(
  writer: SegmentWriter,
  columns: readonly SegmentColumn[],
  scales: TimeScales,
  pieces: readonly Piece[],
): Generator<void, void> {
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const chunks: Chunk[] = [];
  for (const index of [0, 1] as const) {
    const parts = pieces.map((piece) => timesPart(piece, index, scales[index]));
    chunks.push(buildChunk(parts, { family: "int64", optional: false }));
    yield;
  }
  for (const { name, family } of columns) {
    const parts = pieces.map((piece) => columnPart(piece, name, family));
    chunks.push(buildChunk(parts, { family, optional: true }));
    yield;
  }
  let ts_min_us = Number.POSITIVE_INFINITY;
  let ts_max_us = Number.NEGATIVE_INFINITY;
  for (const piece of pieces) {
    const range = piece.batch === null ? piece.frame.header : timeBounds(piece.batch.timestamp_us);
    ts_min_us = Math.min(ts_min_us, range.ts_min_us);
    ts_max_us = Math.max(ts_max_us, range.ts_max_us);
  }
  writer.addGroup(chunks, { rows, ts_min_us, ts_max_us, facts: factsOfPieces(pieces), service_runs: null });
}

function timesPart(piece: Piece, index: 0 | 1, scale: number): ChunkPart {
  if (piece.batch !== null) return partOfTimes(index === 0 ? piece.batch.timestamp_us : piece.batch.ingest_us, scale);
  const column = piece.frame.header.columns[index]!;
  if (column.scale !== scale) return partOfTimes(piece.frame.times(index), scale);
  return { kind: "pages", rows: piece.rows, nulls: 0, ...piece.frame.pages(column) };
}

function columnPart(piece: Piece, name: string, family: Family): ChunkPart {
  const { rows } = piece;
  if (piece.batch !== null) return partOf(name === REST ? piece.batch.rest : (piece.batch.columns.get(name) ?? null), rows);
  const column = piece.frame.header.columns.find((candidate) => candidate.name === name);
  if (column === undefined || column.nulls === rows) return { kind: "missing", rows };
  if (column.stored === STORED.PAGES) return { kind: "pages", rows, nulls: column.nulls, ...piece.frame.pages(column) };
  const decoded = piece.facts_columns.get(name);
  if (decoded !== undefined) return stringsPart(utf8Of(decoded), decoded.codes);
  if (family === "string") return { kind: "strings", rows, ...piece.frame.codedStrings(column) };
  return { kind: "numbers", rows, ...piece.frame.codedNumbers(column) };
}

function factsOfPieces(pieces: readonly Piece[]): SegmentFacts {
  const counter = new FactCounter();
  for (const piece of pieces) {
    counter.add(piece.batch ?? { rows: piece.rows, timestamp_us: piece.times, columns: piece.facts_columns });
  }
  return counter.finish();
}
