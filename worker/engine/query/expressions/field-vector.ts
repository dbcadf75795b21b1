import {
  type BoolColumn,
  type Column,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberColumn,
  type NumberDictionary,
} from "../../batch/event-batch.ts";
import { codeAt, numberAt, timesOf, valueBytes } from "../../batch/pages.ts";
import { bufferOf, cellAt, formatFingerprint } from "../../batch/record.ts";
import { dictionarySize, rowsWithout } from "../column-values.ts";
import { attributeName, isAttribute } from "../fields.ts";
import { forEachRest } from "../rest.ts";
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
  if (field === "timestamp") return numberVector(isSparse(rows, batch.rows) ? timesOf(batch, rows) : numbersAt(batch.timestamp_us, rows));
  if (field === "ingest_ts") return numberVector(numbersAt(batch.ingest_us, rows));
  const column = batch.columns.get(field);
  const values = column ? columnVector(column, rows, batch.rows) : null;
  if (field === "fingerprint" && values) return fingerprints(values);
  const others = isAttribute(field) && batch.rest ? restValues(selection, field) : null;
  if (others) return overlay(values, others, rows.length);
  return values ?? { type: "text", values: [null], stride: 0 };
}

/** Below one row in this many, what a row needs is decoded for it alone where that is possible. */
const SPARSE_DIVISOR = 64;

function isSparse(rows: Uint32Array, batch_rows: number): boolean {
  return rows.length * SPARSE_DIVISOR < batch_rows;
}

function columnVector(column: Column, rows: Uint32Array, batch_rows: number): Vector {
  const sparse = isSparse(rows, batch_rows);
  switch (column.kind) {
    case "dict":
      return dictVector(column, rows, sparse);
    case "bytes":
      if (!sparse || !column.pages) return { type: "bytes", column, rows };
      return textVector(Array.from(rows, (row) => cellAt(column, row) as string | null));
    case "bool":
      return boolVector(bools(column, rows));
    default:
      if (sparse) return numberVector(Float64Array.from(rows, (row) => numberAt(column, row) ?? Number.NaN));
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

/** Codes that occur in the rows, numbered as they come; null is one of them. */
function occurringCodes(codes: Uint32Array, rows: Uint32Array, size: number): { found: number[]; own: Uint32Array } {
  const numbers = new Uint32Array(size + 1);
  const own = new Uint32Array(rows.length);
  const found: number[] = [];
  for (let index = 0; index < rows.length; index++) {
    const code = codes[rows[index]!]!;
    const slot = code === NULL_CODE ? size : code;
    if (numbers[slot] === 0) numbers[slot] = found.push(code);
    own[index] = numbers[slot]! - 1;
  }
  return { found, own };
}

function dictVector(column: DictColumn, rows: Uint32Array, sparse: boolean): Vector {
  const size = dictionarySize(column);
  const { found, own } = sparse && column.codeAt ? sparseCodes(column, rows) : occurringCodes(column.codes, rows, size);
  return { type: "indexed", of: textVector(dictTexts(column, found, size)), codes: own };
}

function sparseCodes(column: DictColumn, rows: Uint32Array): { found: number[]; own: Uint32Array } {
  const numbers = new Map<number, number>();
  const own = Uint32Array.from(rows, (row) => {
    const code = codeAt(column, row);
    let number = numbers.get(code);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(code, number);
    }
    return number;
  });
  return { found: [...numbers.keys()], own };
}

/** Texts of the given codes. Strings of the whole dictionary are made only where most of them are wanted. */
function dictTexts(column: DictColumn, codes: readonly number[], size: number): (string | null)[] {
  const single = codes.length * 2 < size && (column.valueBytes !== undefined || column.utf8 !== undefined);
  const values = single ? [] : column.values;
  return codes.map((code) => (code === NULL_CODE ? null : single ? bufferOf(valueBytes(column, code)).toString("utf8") : values[code]!));
}

function numberDictVector(dictionary: NumberDictionary, rows: Uint32Array): Vector {
  const { values } = dictionary;
  const { found, own } = occurringCodes(dictionary.codes, rows, values.length);
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
  const mask = rowsWithout(batch.columns.get(field), rows, batch.rows);
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
