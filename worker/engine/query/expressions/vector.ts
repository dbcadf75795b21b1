import type { BytesColumn } from "../../batch/event-batch.ts";
import { bufferOf, formatTimestamp_us } from "../../batch/record.ts";
import { levelOf } from "../levels.ts";
import { readNumber } from "../numbers.ts";
import { parseTime_us } from "../time.ts";
import type { ValueType } from "./value-type.ts";

/**
 * The values of an expression for some rows, one after another. A vector with stride 0 holds one value for all of them.
 * Null is NaN among numbers (every other number is finite), 2 among truth values, null elsewhere.
 */
export type Vector = PlainVector | IndexedVector | BytesVector;
export type PlainVector = NumberVector | BoolVector | TextVector | MixedVector;
export type Scalar = string | number | boolean | null;

export interface NumberVector {
  type: "number";
  values: Float64Array;
  stride: 0 | 1;
}

export interface BoolVector {
  type: "bool";
  values: Uint8Array;
  stride: 0 | 1;
}

export interface TextVector {
  type: "text";
  values: (string | null)[];
  stride: 0 | 1;
}

/** Values of several kinds. */
export interface MixedVector {
  type: "mixed";
  values: Scalar[];
  stride: 0 | 1;
}

/** Few distinct values: the i-th one is that of `of` at `codes[i]`. Null is one of the distinct values. */
export interface IndexedVector {
  type: "indexed";
  of: PlainVector;
  codes: Uint32Array;
}

/** Texts that still are rows of a column. */
export interface BytesVector {
  type: "bytes";
  column: BytesColumn;
  rows: Uint32Array;
}

export const NULL_BOOL = 2;

export function numberVector(values: Float64Array): NumberVector {
  return { type: "number", values, stride: 1 };
}

export function boolVector(values: Uint8Array): BoolVector {
  return { type: "bool", values, stride: 1 };
}

export function textVector(values: (string | null)[]): TextVector {
  return { type: "text", values, stride: 1 };
}

/** One value for all rows. */
export function constantVector(value: Scalar): PlainVector {
  if (typeof value === "number") return { type: "number", values: Float64Array.of(value), stride: 0 };
  if (typeof value === "boolean") return { type: "bool", values: Uint8Array.of(value ? 1 : 0), stride: 0 };
  return { type: "text", values: [value], stride: 0 };
}

export function isConstant(vector: Vector): vector is PlainVector {
  return vector.type !== "indexed" && vector.type !== "bytes" && vector.stride === 0;
}

/** The value of a vector that holds one for all rows. */
export function constantOf(vector: PlainVector): Scalar {
  return scalarAt(vector, 0);
}

export function scalarAt(vector: PlainVector, index: number): Scalar {
  const value = vector.values[index * vector.stride] as Scalar;
  if (vector.type === "number") return Number.isNaN(value) ? null : value;
  if (vector.type === "bool") return value === NULL_BOOL ? null : value === 1;
  return value;
}

/** The vector of such values, of one kind where they all are. */
export function vectorOf(values: Scalar[]): PlainVector {
  let kind = "";
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value === null) continue;
    const own = typeof value;
    if (kind !== "" && kind !== own) return { type: "mixed", values, stride: 1 };
    kind = own;
  }
  if (kind === "number") return numberVector(Float64Array.from(values as (number | null)[], (value) => value ?? Number.NaN));
  if (kind === "boolean") return boolVector(Uint8Array.from(values, (value) => (value === null ? NULL_BOOL : value ? 1 : 0)));
  return textVector(values as (string | null)[]);
}

/** The vector with its values side by side. */
export function plain(vector: Vector): PlainVector {
  if (vector.type === "bytes") return textVector(textsOfRows(vector.column, vector.rows));
  if (vector.type !== "indexed") return vector;
  const { of, codes } = vector;
  if (of.stride === 0) return of;
  if (of.type === "number") return numberVector(gatherInto(new Float64Array(codes.length), of.values, codes));
  if (of.type === "bool") return boolVector(gatherInto(new Uint8Array(codes.length), of.values, codes));
  const values = new Array<Scalar>(codes.length);
  for (let index = 0; index < codes.length; index++) values[index] = of.values[codes[index]!]!;
  return { type: of.type, values, stride: 1 } as PlainVector;
}

function gatherInto<T extends Float64Array | Uint8Array>(target: T, source: T, codes: Uint32Array): T {
  for (let index = 0; index < codes.length; index++) target[index] = source[codes[index]!]!;
  return target;
}

/** Rows whose bytes are made into one text before it is cut into theirs: one large decoding costs far less than many small ones. */
const DECODED_TOGETHER_BYTES = 64 * 1024;

/** Texts of rows of a column; null where a row has none. */
export function textsOfRows(column: BytesColumn, rows: Uint32Array): (string | null)[] {
  const { offsets, present } = column;
  const bytes = bufferOf(column.bytes);
  const texts = new Array<string | null>(rows.length);
  let block = "";
  let block_start = 0;
  let block_end = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    if (present && present[row] === 0) {
      texts[index] = null;
      continue;
    }
    const start = offsets[row]!;
    const end = offsets[row + 1]!;
    if (start < block_start || end > block_end) {
      const last = lastRowOfBlock(offsets, rows, index);
      block_start = start;
      block_end = Math.max(offsets[last + 1]!, end);
      block = bytes.toString("utf8", block_start, block_end);
    }
    const ascii = block.length === block_end - block_start;
    texts[index] = ascii ? block.slice(start - block_start, end - block_start) : bytes.toString("utf8", start, end);
  }
  return texts;
}

/** Neighbours only: bytes of rows that were not asked for are not decoded. */
function lastRowOfBlock(offsets: Uint32Array, rows: Uint32Array, index: number): number {
  const first = rows[index]!;
  let at = index;
  while (
    at + 1 < rows.length &&
    rows[at + 1] === first + (at + 1 - index) &&
    offsets[rows[at + 1]! + 1]! - offsets[first]! <= DECODED_TOGETHER_BYTES
  )
    at++;
  return rows[at]!;
}

/** Numbers, and texts that spell one; other values become null. */
export function numbersOf(vector: PlainVector): NumberVector {
  if (vector.type === "number") return vector;
  const values = new Float64Array(vector.values.length).fill(Number.NaN);
  if (vector.type !== "bool") for (let index = 0; index < values.length; index++) values[index] = numberOf(vector.values[index]!);
  return { type: "number", values, stride: vector.stride };
}

/** NaN for what is no number. */
export function numberOf(value: Scalar): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? (readNumber(value) ?? Number.NaN) : Number.NaN;
}

/** The value as text, as JSON has it. */
export function textOf(value: Scalar): string | null {
  return value === null || typeof value === "string" ? value : String(value);
}

/** @param from a vector of times gives texts in RFC 3339 */
export function textsOf(vector: PlainVector, from: ValueType): TextVector {
  if (vector.type === "text") return vector;
  const values = new Array<string | null>(vector.values.length);
  for (let index = 0; index < values.length; index++) {
    const value = scalarAt(vector, index);
    values[index] = from === "time" && typeof value === "number" ? timeText(value) : textOf(value);
  }
  return { type: "text", values, stride: vector.stride };
}

/** As `textsOf`, of whatever vector. */
export function asTexts(vector: Vector, from: ValueType): TextVector | IndexedVector {
  return vector.type === "indexed" ? { ...vector, of: textsOf(vector.of, from) } : textsOf(plain(vector), from);
}

/** Names of levels as they are stored; null for texts that are none. */
export function asLevels(vector: TextVector | IndexedVector): TextVector | IndexedVector {
  if (vector.type === "indexed") return { ...vector, of: asLevels(textsOf(vector.of, "text")) as TextVector };
  return { ...vector, values: vector.values.map((text) => (text === null ? null : levelOf(text))) };
}

/** Null for a time that is not exact in microseconds. */
export function timeText(time_us: number): string | null {
  return Math.abs(time_us) <= Number.MAX_SAFE_INTEGER ? formatTimestamp_us(Math.round(time_us)) : null;
}

/** Truth values, and the texts `true` and `false`; other values become null. */
export function boolsOf(vector: PlainVector): BoolVector {
  if (vector.type === "bool") return vector;
  const values = new Uint8Array(vector.values.length).fill(NULL_BOOL);
  if (vector.type !== "number") for (let index = 0; index < values.length; index++) values[index] = boolOf(vector.values[index]!);
  return { type: "bool", values, stride: vector.stride };
}

function boolOf(value: Scalar): number {
  if (value === true || value === "true") return 1;
  return value === false || value === "false" ? 0 : NULL_BOOL;
}

/** Microseconds of the times that values mean: times as they are, texts and numbers as `to_time` takes them. */
export function timesOf(vector: PlainVector, from: ValueType): NumberVector {
  if (from === "time") return numbersOf(vector);
  const values = new Float64Array(vector.values.length);
  for (let index = 0; index < values.length; index++) values[index] = timeOf(scalarAt(vector, index));
  return { type: "number", values, stride: vector.stride };
}

/** NaN for what means no time. Times relative to now are not values. */
export function timeOf(value: Scalar): number {
  if (value === null || typeof value === "boolean") return Number.NaN;
  const text = typeof value === "number" ? decimal(value) : value;
  return /^[+-]?\d/.test(text) ? (parseTime_us(text, Number.NaN) ?? Number.NaN) : Number.NaN;
}

/** Digits without an exponent, as far as times go. */
function decimal(value: number): string {
  return Math.abs(value) < 1e21 && !Number.isInteger(value) ? value.toFixed(9) : String(value);
}
