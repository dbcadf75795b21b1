import { type Column, type EventBatch, NULL_CODE } from "../batch/event-batch.ts";
import { cellAt, formatFingerprint } from "../batch/record.ts";
import { hasValue } from "./column-values.ts";
import { attributeName, isAttribute, isTimeField } from "./fields.ts";
import { forEachRest } from "./rest.ts";
import { compareCells, type TableValue } from "./table.ts";

/** The values of one field in some rows of a batch, by place among those rows. Times are microseconds, arrays their JSON. */
export interface Cells {
  at(index: number): TableValue;
  /** Numbers in the order of the values among these rows, null the least; null where finding them would cost more than comparing values. */
  ranks(): Float64Array | null;
}

export function cellsOf(batch: EventBatch, field: string, rows: Uint32Array): Cells {
  if (isTimeField(field)) return timeCells(field === "timestamp" ? batch.timestamp_us : batch.ingest_us, rows);
  const column = batch.columns.get(field);
  const rest = isAttribute(field) && batch.rest ? restCells(batch, column, field, rows) : null;
  if (rest) return mixedCells(column, rest, rows);
  if (!column) return { at: () => null, ranks: () => new Float64Array(rows.length) };
  if (field === "fingerprint") return { at: (index) => fingerprintAt(column, rows[index]!), ranks: () => columnRanks(column, rows) };
  return { at: (index) => cellAt(column, rows[index]!), ranks: () => columnRanks(column, rows) };
}

function timeCells(times_us: Float64Array, rows: Uint32Array): Cells {
  const at = (index: number) => {
    const time_us = times_us[rows[index]!]!;
    return Number.isNaN(time_us) ? null : time_us;
  };
  return { at, ranks: () => Float64Array.from(rows, (row) => (Number.isNaN(times_us[row]!) ? Number.NEGATIVE_INFINITY : times_us[row]!)) };
}

function fingerprintAt(column: Column, row: number): TableValue {
  const cell = cellAt(column, row);
  return typeof cell === "number" ? formatFingerprint(cell) : cell;
}

/** What the JSON column holds for rows whose own column has nothing, by place; null where that is nothing. */
export function restCells(
  batch: EventBatch,
  column: Column | undefined,
  field: string,
  rows: Uint32Array,
): ReadonlyMap<number, TableValue> | null {
  const mask = new Uint8Array(batch.rows);
  for (const row of rows) if (!column || !hasValue(column, row)) mask[row] = 1;
  const by_row = new Map<number, TableValue>();
  forEachRest(batch, attributeName(field), mask, (row, value) => {
    by_row.set(row, typeof value === "object" ? JSON.stringify(value) : (value as TableValue));
  });
  if (by_row.size === 0) return null;
  const by_index = new Map<number, TableValue>();
  for (let index = 0; index < rows.length; index++) {
    const value = by_row.get(rows[index]!);
    if (value !== undefined) by_index.set(index, value);
  }
  return by_index;
}

function mixedCells(column: Column | undefined, rest: ReadonlyMap<number, TableValue>, rows: Uint32Array): Cells {
  return { at: (index) => rest.get(index) ?? (column ? cellAt(column, rows[index]!) : null), ranks: () => null };
}

function columnRanks(column: Column, rows: Uint32Array): Float64Array | null {
  if (column.kind === "bytes") return null;
  if (column.kind === "dict") return dictRanks(column.codes, (code) => column.values[code]!, rows);
  const { values, present } = column;
  return Float64Array.from(rows, (row) => (present && present[row] === 0 ? Number.NEGATIVE_INFINITY : values[row]!));
}

/** Ranks of the codes that occur; the others are not looked at. */
function dictRanks(codes: Uint32Array, textOf: (code: number) => string, rows: Uint32Array): Float64Array {
  const seen = new Set<number>();
  for (const row of rows) if (codes[row] !== NULL_CODE) seen.add(codes[row]!);
  const values = [...seen].map((code) => ({ code, value: textOf(code) })).sort((a, b) => compareCells(a.value, b.value));
  const rank_of = new Map(values.map(({ code }, rank) => [code, rank]));
  return Float64Array.from(rows, (row) => rank_of.get(codes[row]!) ?? -1);
}
