import {
  type BoolColumn,
  type Column,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberColumn,
  type NumberDictionary,
} from "../batch/event-batch.ts";
import { bufferOf, formatFingerprint } from "../batch/record.ts";
import { matchPresent } from "./field-match.ts";
import { attributeName, isAttribute } from "./fields.ts";
import { forEachRest } from "./rest.ts";
import { boolVector, NULL_BOOL, numberVector, plain, type Scalar, scalarAt, textVector, type Vector, vectorOf } from "./vector.ts";

/** The rows of a batch for which something is computed. */
export interface Selection {
  batch: EventBatch;
  /** Ascending. */
  rows: Uint32Array;
}

/** The values of a field in the rows: its column's, and where that has none those of the JSON column. */
export function fieldVector(selection: Selection, field: string): Vector {
  const { batch, rows } = selection;
  if (field === "timestamp") return numberVector(numbersAt(batch.timestamp_us, rows));
  if (field === "ingest_ts") return numberVector(numbersAt(batch.ingest_us, rows));
  const column = batch.columns.get(field);
  const values = column ? columnVector(column, rows) : null;
  if (field === "fingerprint" && values) return fingerprints(values);
  const others = isAttribute(field) && batch.rest ? restValues(selection, field) : null;
  if (others) return overlay(values, others, rows.length);
  return values ?? { type: "text", values: [null], stride: 0 };
}

function columnVector(column: Column, rows: Uint32Array): Vector {
  switch (column.kind) {
    case "dict":
      return dictVector(column, rows);
    case "bytes":
      return { type: "bytes", column, rows };
    case "bool":
      return boolVector(bools(column, rows));
    default:
      return column.dictionary ? numberDictVector(column.dictionary, rows) : numberVector(numbers(column, rows));
  }
}

function numbersAt(values: Float64Array, rows: Uint32Array): Float64Array {
  if (rows.length === values.length) return values;
  const target = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) target[index] = values[rows[index]!]!;
  return target;
}

function numbers({ values, present }: NumberColumn, rows: Uint32Array): Float64Array {
  if (!present) return numbersAt(values, rows);
  const target = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    target[index] = present[row] === 1 ? values[row]! : Number.NaN;
  }
  return target;
}

function bools({ values, present }: BoolColumn, rows: Uint32Array): Uint8Array {
  const target = new Uint8Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    target[index] = present && present[row] === 0 ? NULL_BOOL : values[row]!;
  }
  return target;
}

/** Codes that occur, numbered as they come; null is one of them. */
function occurringCodes(codes: Uint32Array, size: number): { found: number[]; own: Uint32Array } {
  const numbers = new Uint32Array(size + 1);
  const own = new Uint32Array(codes.length);
  const found: number[] = [];
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index]!;
    const slot = code === NULL_CODE ? size : code;
    if (numbers[slot] === 0) numbers[slot] = found.push(code);
    own[index] = numbers[slot]! - 1;
  }
  return { found, own };
}

function dictVector(column: DictColumn, rows: Uint32Array): Vector {
  const size = column.value_count ?? (column.utf8 ? column.utf8.offsets.length - 1 : column.values.length);
  const { found, own } = occurringCodes(codesAt(column, rows), size);
  return { type: "indexed", of: textVector(dictTexts(column, found, size)), codes: own };
}

/** One row in this many: below that, codes are asked for row by row where that is possible. */
const SPARSE_DIVISOR = 64;

function codesAt(column: Pick<DictColumn, "codes" | "codeAt">, rows: Uint32Array): Uint32Array {
  const codes = new Uint32Array(rows.length);
  const last = rows.length === 0 ? 0 : rows[rows.length - 1]!;
  if (column.codeAt && rows.length * SPARSE_DIVISOR < last) {
    for (let index = 0; index < rows.length; index++) codes[index] = column.codeAt(rows[index]!);
    return codes;
  }
  const all = column.codes;
  for (let index = 0; index < rows.length; index++) codes[index] = all[rows[index]!]!;
  return codes;
}

/** Texts of the given codes. Strings of the whole dictionary are made only where most of them are wanted. */
function dictTexts(column: DictColumn, codes: readonly number[], size: number): (string | null)[] {
  const { utf8 } = column.valueBytes ? {} : column;
  if ((!utf8 && !column.valueBytes) || codes.length * 2 > size) {
    const { values } = column;
    return codes.map((code) => (code === NULL_CODE ? null : values[code]!));
  }
  const bytesOf = (code: number) => column.valueBytes?.(code) ?? utf8!.bytes.subarray(utf8!.offsets[code]!, utf8!.offsets[code + 1]!);
  return codes.map((code) => (code === NULL_CODE ? null : bufferOf(bytesOf(code)).toString("utf8")));
}

function numberDictVector(dictionary: NumberDictionary, rows: Uint32Array): Vector {
  const { values } = dictionary;
  const { found, own } = occurringCodes(codesAt(dictionary, rows), values.length);
  const of = numberVector(Float64Array.from(found, (code) => (code === NULL_CODE ? Number.NaN : values[code]!)));
  return { type: "indexed", of, codes: own };
}

function fingerprints(vector: Vector): Vector {
  const { values, stride } = plain(vector);
  const texts = Array.from(values as ArrayLike<number>, (value) => (Number.isNaN(value) ? null : formatFingerprint(value)));
  return { type: "text", values: texts, stride };
}

/** By place among the rows: values of the JSON column where the field's own column has none; null where there are none. */
function restValues({ batch, rows }: Selection, field: string): Map<number, Scalar> | null {
  const mask = new Uint8Array(batch.rows);
  for (let index = 0; index < rows.length; index++) mask[rows[index]!] = 1;
  const held = mask.slice();
  const column = batch.columns.get(field);
  if (column) matchPresent({ ...nothingOf(batch), columns: new Map([[field, column]]) }, field, held);
  if (column) for (let row = 0; row < mask.length; row++) if (held[row] === 1) mask[row] = 0;
  const by_row = new Map<number, Scalar>();
  forEachRest(batch, attributeName(field), mask, (row, value) => by_row.set(row, scalarOf(value)));
  if (by_row.size === 0) return null;
  const by_index = new Map<number, Scalar>();
  for (let index = 0; index < rows.length; index++) {
    const value = by_row.get(rows[index]!);
    if (value !== undefined) by_index.set(index, value);
  }
  return by_index;
}

function nothingOf(batch: EventBatch): Omit<EventBatch, "columns"> {
  const none = new Float64Array(0);
  return { rows: batch.rows, timestamp_us: none, ingest_us: none, rest: null };
}

/** Arrays and objects are their JSON text. */
export function scalarOf(value: unknown): Scalar {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean" || value === null) return value;
  return value === undefined ? null : JSON.stringify(value).toWellFormed();
}

function overlay(vector: Vector | null, others: ReadonlyMap<number, Scalar>, length: number): Vector {
  const under = vector ? plain(vector) : null;
  const values = new Array<Scalar>(length);
  for (let index = 0; index < length; index++) values[index] = under ? scalarAt(under, index) : null;
  for (const [index, value] of others) values[index] = value;
  return vectorOf(values);
}
