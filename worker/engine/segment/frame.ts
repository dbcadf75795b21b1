/**
 * A frame: one packed EventBatch, self-describing; the unit of append, of sequence numbers and of the check for repeats.
 * Long frames hold their plain columns as complete Parquet pages, which a flush copies; short ones hold everything in one compressed section.
 * FORMAT.md describes the bytes.
 */
import { crc32 } from "node:zlib";
import { PAGE_SIZE_BYTES } from "../../limits.ts";
import type { BytesColumn, Column, EventBatch, NumberColumn, Utf8Values } from "../batch/event-batch.ts";
import { NULL_CODE } from "../batch/event-batch.ts";
import { joinBytes } from "../batch/join-bytes.ts";
import { ByteReader, ByteSink } from "./bytes.ts";
import { decodeBools, decodeNumbers, decodeStringPages, decodeTimes } from "./decode-column.ts";
import { encodeBools, encodeBytes, encodeNumbers, encodeTimes, scaleOf } from "./encode-column.ts";
import { asDamage, DamageError, FrameError } from "./errors.ts";
import { type FrameColumn, type FrameHeader, type FrameLayout, type FrameMeta, readHeader, STORED, writeHeader } from "./frame-header.ts";
import {
  type CodedColumn,
  readCodedNumbers,
  readCodedStrings,
  readNumberDictionary,
  readPacked,
  readTimes,
  writeDict,
  writeNumberDictionary,
  writePacked,
  writeTimes,
} from "./frame-section.ts";
import { murmur128 } from "./hash.ts";
import { numberDictionary } from "./number-dictionary.ts";
import { utf8Of } from "./strings.ts";
import { timeBounds } from "./times.ts";
import { compress, decompress } from "./zstd.ts";

export { FrameError } from "./errors.ts";
export type { FrameColumn, FrameHeader, FrameMeta } from "./frame-header.ts";

/** "LGF" and the version: readers learn a new version one release before writers use it. */
const MAGIC = 0x0246474c;
const MAGIC_OF_VERSION_1 = 0x0146474c;
/** Magic, length of the frame, CRC-32 of all but itself, length of the header. */
const PREFIX_SIZE_BYTES = 16;
const CRC_AT = 8;
/** From here on plain columns are pages. Below, page headers and calls of the codec would cost more than a flush saves by copying. */
export const PAGED_ROWS_MIN = 512;

export const TIMESTAMP = "timestamp";
export const INGEST_TS = "ingest_ts";
export const REST = "attributes";

type StoredColumn = Omit<FrameColumn, "offset">;

const frame_sink = new ByteSink(256 * 1024);
const section_sink = new ByteSink(64 * 1024);
const pages_sink = new ByteSink(256 * 1024);

/**
 * Packs a batch.
 * @returns the frame in bytes of its own
 */
export function packFrame(batch: EventBatch, meta: FrameMeta): Uint8Array {
  section_sink.length = 0;
  pages_sink.length = 0;
  const { rows } = batch;
  const columns = [packTimes(TIMESTAMP, batch.timestamp_us), packTimes(INGEST_TS, batch.ingest_us)];
  for (const [name, column] of batch.columns) columns.push(packColumn(name, column, rows));
  if (batch.rest !== null) columns.push(packColumn(REST, batch.rest, rows));
  const pieces = sectionPieces(section_sink.view());
  const layout: FrameLayout = {
    rows,
    ...timeBounds(batch.timestamp_us),
    columns,
    section_raw_size: section_sink.length,
    section_pieces: pieces.map((piece) => piece.length),
  };
  return assemble(meta, layout, pieces);
}

function assemble(meta: FrameMeta, layout: FrameLayout, pieces: readonly Uint8Array[]): Uint8Array {
  const sink = frame_sink;
  sink.length = 0;
  for (let word = 0; word < PREFIX_SIZE_BYTES / 4; word++) sink.u32(0);
  writeHeader(sink, meta, layout);
  const header_size = sink.length - PREFIX_SIZE_BYTES;
  for (const piece of pieces) sink.raw(piece);
  sink.raw(pages_sink.view());
  sink.patchU32(0, MAGIC);
  sink.patchU32(4, sink.length);
  sink.patchU32(12, header_size);
  sink.patchU32(8, checksum(sink.view()));
  return sink.copy();
}

function packTimes(name: string, times: Float64Array): StoredColumn {
  const scale = scaleOf(times);
  if (times.length < PAGED_ROWS_MIN) {
    const start = section_sink.length;
    writeTimes(section_sink, times, scale);
    return { name, kind: "int64", stored: STORED.SECTION, nulls: 0, scale, size_bytes: section_sink.length - start };
  }
  const start = pages_sink.length;
  encodeTimes(pages_sink, times, scale);
  return { name, kind: "int64", stored: STORED.PAGES, nulls: 0, scale, size_bytes: pages_sink.length - start };
}

function packColumn(name: string, column: Column, rows: number): StoredColumn {
  const { kind } = column;
  const section_start = section_sink.length;
  if (kind === "dict") {
    const nulls = writeDict(section_sink, column, rows);
    return { name, kind, stored: STORED.SECTION, nulls, scale: 1, size_bytes: section_sink.length - section_start };
  }
  if (rows < PAGED_ROWS_MIN) {
    const nulls = writePacked(section_sink, column, rows);
    return { name, kind, stored: STORED.SECTION, nulls, scale: 1, size_bytes: section_sink.length - section_start };
  }
  const dictionary = kind === "int64" || kind === "double" ? numberDictionary(column.values, column.present, rows) : null;
  if (dictionary !== null) {
    const nulls = writeNumberDictionary(section_sink, dictionary, (column as NumberColumn).kind);
    return { name, kind, stored: STORED.NUMBER_DICTIONARY, nulls, scale: 1, size_bytes: section_sink.length - section_start };
  }
  const start = pages_sink.length;
  const { nulls } = packPages(column, rows);
  return { name, kind, stored: STORED.PAGES, nulls, scale: 1, size_bytes: pages_sink.length - start };
}

function packPages(column: Exclude<Column, { kind: "dict" }>, rows: number): { nulls: number } {
  if (column.kind === "bytes") return encodeBytes(pages_sink, column, rows);
  if (column.kind === "bool") return encodeBools(pages_sink, column, rows);
  return encodeNumbers(pages_sink, column, rows);
}

function sectionPieces(section: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < section.length; at += PAGE_SIZE_BYTES) {
    const raw = section.subarray(at, at + PAGE_SIZE_BYTES);
    pieces.push(compress(raw, "fast") ?? raw);
  }
  return pieces;
}

/**
 * What the frame at `offset` says of itself, after its checksum was compared.
 * @throws FrameError where the bytes are no frame, of an unknown version, cut or damaged
 */
export function readFrameHeader(bytes: Uint8Array, offset = 0): FrameHeader {
  try {
    const size = frameSize(bytes, offset);
    const frame = bytes.subarray(offset, offset + size);
    const reader = new ByteReader(frame, 8);
    if (reader.u32() !== checksum(frame)) throw new FrameError("frame: the checksum does not fit");
    return readHeader(frame, PREFIX_SIZE_BYTES, reader.u32(), PAGE_SIZE_BYTES);
  } catch (error) {
    throw asDamage(FrameError, "frame", error);
  }
}

/** Of a frame's bytes but the checksum itself; version 1 left out those before it. */
function checksum(frame: Uint8Array): number {
  const before = new ByteReader(frame).u32() === MAGIC_OF_VERSION_1 ? 0 : crc32(frame.subarray(0, CRC_AT));
  return crc32(frame.subarray(CRC_AT + 4), before);
}

function frameSize(bytes: Uint8Array, offset: number): number {
  const reader = new ByteReader(bytes, offset);
  const magic = reader.u32();
  if (magic !== MAGIC && magic !== MAGIC_OF_VERSION_1)
    throw new FrameError(`frame: ${magic === 0 ? "no bytes" : `unknown magic or version ${magic.toString(16)}`}`);
  const size = reader.u32();
  if (size < PREFIX_SIZE_BYTES || offset + size > bytes.length) throw new FrameError("frame: cut short");
  return size;
}

/**
 * The frames of a queue message or journal object, as views on it.
 * @throws FrameError where the bytes are not frames back to back
 */
export function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      const size = frameSize(bytes, at);
      frames.push(bytes.subarray(at, at + size));
      at += size;
    }
  } catch (error) {
    throw asDamage(FrameError, "frame", error);
  }
  return frames;
}

/** A frame opened for reading: columns are decoded when they are asked for. */
export class OpenFrame {
  readonly header: FrameHeader;
  readonly bytes: Uint8Array;
  #section: Uint8Array | null = null;

  constructor(bytes: Uint8Array) {
    this.header = readFrameHeader(bytes);
    this.bytes = bytes;
  }

  get paged(): boolean {
    return this.header.columns[0]!.stored === STORED.PAGES;
  }

  times(index: 0 | 1): Float64Array {
    const column = this.header.columns[index];
    if (column?.name !== (index === 0 ? TIMESTAMP : INGEST_TS)) throw new DamageError("a frame without times");
    const { rows } = this.header;
    const times = column.stored === STORED.PAGES ? decodeTimes(this.pages(column), rows) : readTimes(this.#inSection(column), rows);
    if (column.scale !== 1) for (let row = 0; row < rows; row++) times[row] = times[row]! * column.scale;
    return times;
  }

  /** Complete Parquet pages of a column that is stored so. */
  pages(column: FrameColumn): { bytes: Uint8Array; start: number; end: number } {
    return { bytes: this.bytes, start: column.offset, end: column.offset + column.size_bytes };
  }

  /** A dictionary of strings whose codes are not decoded yet. */
  codedStrings(column: FrameColumn): CodedColumn<Utf8Values> {
    return readCodedStrings(this.#inSection(column), this.header.rows, column.nulls);
  }

  /** A dictionary of numbers whose codes are not decoded yet. */
  codedNumbers(column: FrameColumn): CodedColumn<Float64Array> {
    return readCodedNumbers(this.#inSection(column), column.kind as NumberColumn["kind"], this.header.rows, column.nulls);
  }

  column(column: FrameColumn): Column {
    const { rows } = this.header;
    if (column.stored === STORED.NUMBER_DICTIONARY) {
      return readNumberDictionary(this.#inSection(column), column.kind as NumberColumn["kind"], rows, column.nulls);
    }
    if (column.stored === STORED.SECTION) return readPacked(this.#inSection(column), column.kind, rows, column.nulls);
    const run = this.pages(column);
    if (column.kind === "bool") return decodeBools(run, rows);
    if (column.kind === "int64" || column.kind === "double") return decodeNumbers(run, rows, column.kind);
    return decodeStringPages(run, rows);
  }

  /** @param names columns wanted besides the times; null for all */
  batch(names: ReadonlySet<string> | null = null): EventBatch {
    const batch: EventBatch = {
      rows: this.header.rows,
      timestamp_us: this.times(0),
      ingest_us: this.times(1),
      columns: new Map(),
      rest: null,
    };
    for (const column of this.header.columns.slice(2)) {
      if (names !== null && !names.has(column.name)) continue;
      const decoded = this.column(column);
      if (column.name !== REST) batch.columns.set(column.name, decoded);
      else batch.rest = decoded as BytesColumn;
    }
    return batch;
  }

  #inSection(column: FrameColumn): ByteReader {
    this.#section ??= this.#decompressSection();
    return new ByteReader(this.#section, column.offset, column.offset + column.size_bytes);
  }

  #decompressSection(): Uint8Array {
    const { offset, raw_size, pieces } = this.header.section;
    const parts: Uint8Array[] = [];
    let at = offset;
    for (const [ordinal, size] of pieces.entries()) {
      const piece_size = Math.min(PAGE_SIZE_BYTES, raw_size - ordinal * PAGE_SIZE_BYTES);
      const stored = this.bytes.subarray(at, at + size);
      parts.push(size === piece_size ? stored : decompress(stored, piece_size));
      at += size;
    }
    return parts.length === 1 ? parts[0]! : joinBytes(parts);
  }
}

/**
 * The events of a frame.
 * @param names columns wanted besides the times, `attributes` for the rest column; null for all
 * @throws FrameError
 */
export function unpackFrame(bytes: Uint8Array, names: ReadonlySet<string> | null = null): EventBatch {
  try {
    return new OpenFrame(bytes).batch(names);
  } catch (error) {
    throw asDamage(FrameError, "frame", error);
  }
}

/** Bytes of one hash of a client's event id. */
const EVENT_ID_HASH_SIZE_BYTES = 12;

/**
 * Hashes of the event ids that clients sent (12 bytes each) and the rows that bear them; null where there are none.
 * @throws FrameError
 */
export function frameEventIds(bytes: Uint8Array): { rows: Uint32Array; hashes: Uint8Array } | null {
  try {
    const frame = new OpenFrame(bytes);
    const described = frame.header.columns.find((column) => column.name === "event_id");
    if (described === undefined || described.nulls === frame.header.rows) return null;
    return hashIds(frame.column(described), frame.header.rows - described.nulls);
  } catch (error) {
    throw asDamage(FrameError, "frame", error);
  }
}

function hashIds(column: Column, count: number): { rows: Uint32Array; hashes: Uint8Array } {
  if (column.kind !== "dict" && column.kind !== "bytes") throw new DamageError("event ids that are not text");
  const rows = new Uint32Array(count);
  const hashes = new Uint8Array(count * EVENT_ID_HASH_SIZE_BYTES);
  const hash = new Uint32Array(4);
  const hash_bytes = new Uint8Array(hash.buffer, 0, EVENT_ID_HASH_SIZE_BYTES);
  const list = column.kind === "dict" ? utf8Of(column) : column;
  const total = column.kind === "dict" ? column.codes.length : column.offsets.length - 1;
  let taken = 0;
  for (let row = 0; row < total; row++) {
    const index = column.kind === "dict" ? column.codes[row]! : row;
    if (column.kind === "dict" ? index === NULL_CODE : column.present !== null && column.present[row] === 0) continue;
    murmur128(list.bytes, list.offsets[index]!, list.offsets[index + 1]!, hash);
    rows[taken] = row;
    hashes.set(hash_bytes, taken * EVENT_ID_HASH_SIZE_BYTES);
    taken++;
  }
  return { rows, hashes };
}
