/** Columns inside a frame's section: compact forms that are compressed together, for dictionaries and for the columns of short frames. */
import type { BoolColumn, BytesColumn, Column, DictColumn, NumberColumn, Utf8Values } from "../batch/event-batch.ts";
import { NULL_CODE } from "../batch/event-batch.ts";
import { bitWidth, decodeHybrid, encodeHybrid } from "./bits.ts";
import type { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import type { NumberDictionary } from "./number-dictionary.ts";
import { decodeStrings, utf8Of } from "./strings.ts";

// ── Codes ───────────────────────────────────────────────────────────────────

/** As Parquet's hybrid of runs and packed bits; null is the code after the last. Nothing at all where every row has the one value. */
function writeCodes(sink: ByteSink, codes: Uint32Array, rows: number, count: number): number {
  let nulls = 0;
  for (let row = 0; row < rows; row++) if (codes[row] === NULL_CODE) nulls++;
  if (isConstant(count, nulls, rows)) return nulls;
  if (nulls === 0) {
    encodeHybrid(sink, codes, 0, rows, bitWidth(count));
    return nulls;
  }
  const slots = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) slots[row] = codes[row] === NULL_CODE ? count : codes[row]!;
  encodeHybrid(sink, slots, 0, rows, bitWidth(count + 1));
  return nulls;
}

/** Decodes codes to target[start .. start + rows). */
function readCodes(reader: ByteReader, target: Uint32Array, start: number, rows: number, count: number, nulls: number): void {
  const end = start + rows;
  if (isConstant(count, nulls, rows)) {
    target.fill(nulls > 0 ? NULL_CODE : 0, start, end);
    return;
  }
  const slots = nulls > 0 ? count + 1 : count;
  decodeHybrid(reader.bytes, reader.at, reader.end, bitWidth(slots), target, start, rows);
  for (let row = start; row < end; row++) {
    const code = target[row]!;
    if (code < count) continue;
    if (code >= slots) throw new DamageError("a code without a value");
    target[row] = NULL_CODE;
  }
}

function isConstant(count: number, nulls: number, rows: number): boolean {
  return (count === 1 && nulls === 0) || nulls === rows;
}

// ── Dictionaries ────────────────────────────────────────────────────────────

/** @returns the number of nulls */
export function writeDict(sink: ByteSink, column: DictColumn, rows: number): number {
  const { offsets, bytes } = utf8Of(column);
  const count = offsets.length - 1;
  sink.varint(count);
  for (let index = 0; index < count; index++) sink.varint(offsets[index + 1]! - offsets[index]!);
  sink.raw(bytes.subarray(offsets[0]!, offsets[count]!));
  return writeCodes(sink, column.codes, rows, count);
}

/** A dictionary whose codes are decoded to where they are wanted. */
export interface CodedColumn<V> {
  values: V;
  /** Writes the codes of all rows to target[start..]. */
  fill(target: Uint32Array, start: number): void;
}

export function readCodedStrings(reader: ByteReader, rows: number, nulls: number): CodedColumn<Utf8Values> {
  const count = reader.varint();
  const offsets = readOffsets(reader, count);
  const bytes = reader.raw(offsets[count]!);
  return { values: { offsets, bytes }, fill: (target, start) => readCodes(reader, target, start, rows, count, nulls) };
}

function readDict(reader: ByteReader, rows: number, nulls: number): DictColumn {
  const { values: utf8, fill } = readCodedStrings(reader, rows, nulls);
  const codes = new Uint32Array(rows);
  fill(codes, 0);
  return { kind: "dict", values: decodeStrings(utf8), codes, utf8 };
}

function readOffsets(reader: ByteReader, count: number): Uint32Array {
  if (count > reader.end - reader.at) throw new DamageError("more values than bytes");
  const offsets = new Uint32Array(count + 1);
  let size = 0;
  for (let index = 0; index < count; index++) {
    size += reader.varint();
    if (size > reader.end) throw new DamageError("more text than bytes");
    offsets[index + 1] = size;
  }
  return offsets;
}

export function writeNumberDictionary(sink: ByteSink, dictionary: NumberDictionary, kind: NumberColumn["kind"]): number {
  const { values, codes } = dictionary;
  sink.varint(values.length);
  for (const value of values) writeNumber(sink, value, kind);
  return writeCodes(sink, codes, codes.length, values.length);
}

export function readCodedNumbers(
  reader: ByteReader,
  kind: NumberColumn["kind"],
  rows: number,
  nulls: number,
): CodedColumn<Float64Array<ArrayBuffer>> {
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("more values than bytes");
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = readNumber(reader, kind);
  return { values, fill: (target, start) => readCodes(reader, target, start, rows, count, nulls) };
}

export function readNumberDictionary(reader: ByteReader, kind: NumberColumn["kind"], rows: number, nulls: number): NumberColumn {
  const { values, fill } = readCodedNumbers(reader, kind, rows, nulls);
  const codes = new Uint32Array(rows);
  fill(codes, 0);
  const target = new Float64Array(rows);
  let present: Uint8Array | null = null;
  for (let row = 0; row < rows; row++) {
    const code = codes[row]!;
    if (code !== NULL_CODE) {
      target[row] = values[code]!;
      continue;
    }
    present ??= new Uint8Array(rows).fill(1);
    present[row] = 0;
  }
  return { kind, values: target, present };
}

function writeNumber(sink: ByteSink, value: number, kind: NumberColumn["kind"]): void {
  if (kind === "double") sink.f64(value);
  else sink.zigzag(value);
}

function readNumber(reader: ByteReader, kind: NumberColumn["kind"]): number {
  return kind === "double" ? reader.f64() : reader.zigzag();
}

// ── Columns of short frames ─────────────────────────────────────────────────

/** Differences of times, in units of `scale` microseconds; they are never null. */
export function writeTimes(sink: ByteSink, times: Float64Array, scale: number): void {
  let previous = 0;
  for (const time of times) {
    sink.zigzag((time - previous) / scale);
    previous = time;
  }
}

export function readTimes(reader: ByteReader, rows: number): Float64Array {
  const times = new Float64Array(rows);
  let previous = 0;
  for (let row = 0; row < rows; row++) {
    previous += reader.zigzag();
    times[row] = previous;
  }
  return times;
}

/** @returns the number of nulls */
export function writePacked(sink: ByteSink, column: Exclude<Column, DictColumn>, rows: number): number {
  const nulls = writePresence(sink, column.present, rows);
  const present = nulls === 0 ? null : column.present;
  if (column.kind === "bytes") {
    writeBytes(sink, column, rows, present);
    return nulls;
  }
  for (let row = 0; row < rows; row++) {
    if (present !== null && present[row] === 0) continue;
    if (column.kind === "bool") sink.u8(column.values[row]!);
    else writeNumber(sink, column.values[row]!, column.kind);
  }
  return nulls;
}

function writeBytes(sink: ByteSink, column: BytesColumn, rows: number, present: Uint8Array | null): void {
  const { offsets, bytes } = column;
  for (let row = 0; row < rows; row++) {
    if (present === null || present[row] === 1) sink.varint(offsets[row + 1]! - offsets[row]!);
  }
  for (let row = 0; row < rows; row++) {
    if (present === null || present[row] === 1) sink.raw(bytes.subarray(offsets[row]!, offsets[row + 1]!));
  }
}

function writePresence(sink: ByteSink, present: Uint8Array | null, rows: number): number {
  if (present === null) return 0;
  let nulls = 0;
  for (let row = 0; row < rows; row++) if (present[row] === 0) nulls++;
  if (nulls > 0) sink.raw(present.subarray(0, rows));
  return nulls;
}

export function readPacked(reader: ByteReader, kind: Column["kind"], rows: number, nulls: number): Column {
  if (kind === "dict") return readDict(reader, rows, nulls);
  const present = nulls === 0 ? null : reader.raw(rows).slice();
  if (kind === "bytes") return readBytes(reader, rows, present);
  if (kind === "bool") return readBools(reader, rows, present);
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) if (present === null || present[row] === 1) values[row] = readNumber(reader, kind);
  return { kind, values, present };
}

function readBytes(reader: ByteReader, rows: number, present: Uint8Array | null): BytesColumn {
  const offsets = new Uint32Array(rows + 1);
  let size = 0;
  for (let row = 0; row < rows; row++) {
    if (present === null || present[row] === 1) size += reader.varint();
    if (size > reader.end) throw new DamageError("more text than bytes");
    offsets[row + 1] = size;
  }
  return { kind: "bytes", offsets, bytes: reader.raw(offsets[rows]!), present };
}

function readBools(reader: ByteReader, rows: number, present: Uint8Array | null): BoolColumn {
  const values = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) if (present === null || present[row] === 1) values[row] = reader.u8();
  return { kind: "bool", values, present };
}
