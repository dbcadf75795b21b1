import { type Column, type DictColumn, type EventBatch, NULL_CODE } from "../../batch/event-batch.ts";
import { bufferOf } from "../../batch/record.ts";
import { dictionarySize, presenceIn, rowsLacking } from "../column-values.ts";
import { attributeName, isAttribute, isTimeField } from "../fields.ts";
import { isEveryRow } from "../filters/mask.ts";
import { readNumber } from "../numbers.ts";
import { forEachRest } from "../rest.ts";
import { spelledNumber } from "./hash-bytes.ts";

/**
 * The numbers of a field by row, for the rows that are asked for: its numbers, and the texts that spell one; times are microseconds.
 * NaN where there is none. The array may be the column's own.
 */
export function fieldNumbers(batch: EventBatch, field: string, rows: Uint32Array): Float64Array {
  if (isTimeField(field)) return field === "timestamp" ? batch.timestamp_us : batch.ingest_us;
  const column = batch.columns.get(field);
  const numbers = column && field !== "fingerprint" ? columnNumbers(column, rows) : null;
  if (!isAttribute(field) || !batch.rest) return numbers ?? noNumbers(batch.rows);
  return withRest(batch, field, rows, column, numbers);
}

function noNumbers(rows: number): Float64Array {
  return new Float64Array(rows).fill(Number.NaN);
}

function columnNumbers(column: Column, rows: Uint32Array): Float64Array | null {
  switch (column.kind) {
    case "bool":
      return null;
    case "dict":
      return dictNumbers(column, rows);
    case "bytes": {
      const numbers = noNumbers(column.offsets.length - 1);
      const buffer = bufferOf(column.bytes);
      const { offsets } = column;
      const has = presenceIn(column);
      for (const row of rows) if (has(row)) numbers[row] = numberOf(buffer, offsets[row]!, offsets[row + 1]!);
      return numbers;
    }
    default: {
      const short = column.dictionary?.shortCodes?.();
      if (short) return gatheredShort(column.dictionary!.values, short, rows);
      if (column.dictionary) return gathered(column.dictionary.values, column.dictionary.codes, rows);
      const { values, present } = column;
      return present ? values.map((value, row) => (present[row] === 0 ? Number.NaN : value)) : values;
    }
  }
}

function gathered(values: Float64Array, codes: Uint32Array, rows: Uint32Array): Float64Array {
  const numbers = new Float64Array(codes.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const code = codes[row]!;
    numbers[row] = code === NULL_CODE ? Number.NaN : values[code]!;
  }
  return numbers;
}

/** As `gathered`, of codes in 16 bits; the one after the last value is of rows without any. */
function gatheredShort(values: Float64Array, codes: Uint16Array, rows: Uint32Array): Float64Array {
  const of_code = new Float64Array(values.length + 1).fill(Number.NaN);
  of_code.set(values);
  const numbers = new Float64Array(codes.length);
  if (isEveryRow(rows, codes.length)) for (let row = 0; row < codes.length; row++) numbers[row] = of_code[codes[row]!]!;
  else for (let index = 0; index < rows.length; index++) numbers[rows[index]!] = of_code[codes[rows[index]!]!]!;
  return numbers;
}

/** Each value that occurs is read once. */
function dictNumbers(column: DictColumn, rows: Uint32Array): Float64Array {
  const { codes, utf8 } = column;
  const count = dictionarySize(column);
  const values = new Float64Array(count);
  const known = new Uint8Array(count);
  const buffer = utf8 ? bufferOf(utf8.bytes) : null;
  for (let index = 0; index < rows.length; index++) {
    const code = codes[rows[index]!]!;
    if (code === NULL_CODE || known[code] === 1) continue;
    known[code] = 1;
    values[code] = buffer
      ? numberOf(buffer, utf8!.offsets[code]!, utf8!.offsets[code + 1]!)
      : (readNumber(column.values[code]!) ?? Number.NaN);
  }
  return gathered(values, codes, rows);
}

function numberOf(buffer: ReturnType<typeof bufferOf>, start: number, end: number): number {
  if (start === end) return Number.NaN;
  const spelled = spelledNumber(buffer, start, end);
  if (!Number.isNaN(spelled)) return spelled;
  const first = buffer[start]!;
  const may_spell = first === 0x2b || first === 0x2d || first === 0x2e || (first >= 0x30 && first <= 0x39);
  return may_spell ? (readNumber(buffer.toString("utf8", start, end)) ?? Number.NaN) : Number.NaN;
}

/** The numbers with those of the JSON column in rows whose own column has nothing. */
function withRest(batch: EventBatch, field: string, rows: Uint32Array, column: Column | undefined, own: Float64Array | null): Float64Array {
  const mask = rowsLacking(column, rows, batch.rows);
  if (!mask) return own ?? noNumbers(batch.rows);
  let numbers: Float64Array | null = null;
  forEachRest(batch, attributeName(field), mask, (row, value) => {
    const number = typeof value === "number" ? value : typeof value === "string" ? readNumber(value) : null;
    if (number === null) return;
    numbers ??= own ? own.slice() : noNumbers(batch.rows);
    numbers[row] = number;
  });
  return numbers ?? own ?? noNumbers(batch.rows);
}
