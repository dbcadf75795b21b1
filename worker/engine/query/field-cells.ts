import { type Column, type EventBatch, NULL_CODE } from "../batch/event-batch.ts";
import { formatFingerprint } from "../batch/record.ts";
import { cellOf, dictionarySize, dictionaryText, presenceIn, rowsWithout } from "./column-values.ts";
import { attributeName, isAttribute, isTimeField } from "./fields.ts";
import { forEachRest } from "./rest.ts";
import { compareCells, type TableValue } from "./table.ts";

/** The values of one field by row, for the rows that were asked for. Times are microseconds, arrays their JSON. */
export interface RowCells {
  at(row: number): TableValue;
  /** Whether there is a value. */
  has(row: number): boolean;
  /** Numbers by place among the rows, in the order of the values, null the least; null where they would cost more than comparing values. */
  ranks(): Float64Array | null;
  /** Where the values are those of a dictionary alone: theirs. */
  dictionary(): { codes: Uint32Array; count: number } | null;
}

const noDictionary = () => null;

export function rowCells(batch: EventBatch, field: string, rows: Uint32Array): RowCells {
  if (isTimeField(field)) return timeCells(field === "timestamp" ? batch.timestamp_us : batch.ingest_us, rows);
  const column = batch.columns.get(field);
  const rest = isAttribute(field) && batch.rest ? restCells(batch, column, field, rows) : null;
  if (rest) return mixedCells(column, rest);
  if (!column) return { at: () => null, has: () => false, ranks: () => new Float64Array(rows.length), dictionary: noDictionary };
  const has = lazily(() => presenceIn(column));
  const ranks = () => columnRanks(column, rows);
  if (field === "fingerprint") return { at: (row) => fingerprintAt(column, row), has, ranks, dictionary: noDictionary };
  const dictionary = () => (column.kind === "dict" ? { codes: column.codes, count: dictionarySize(column) } : null);
  return { at: (row) => cellOf(column, row), has, ranks, dictionary };
}

function mixedCells(column: Column | undefined, rest: ReadonlyMap<number, TableValue>): RowCells {
  const has = lazily(() => presenceIn(column));
  return {
    at: (row) => rest.get(row) ?? (column ? cellOf(column, row) : null),
    has: (row) => rest.has(row) || has(row),
    ranks: () => null,
    dictionary: noDictionary,
  };
}

/** A test that is prepared when it is first asked. */
function lazily(make: () => (row: number) => boolean): (row: number) => boolean {
  let test: ((row: number) => boolean) | null = null;
  return (row) => {
    test ??= make();
    return test(row);
  };
}

function timeCells(times_us: Float64Array, rows: Uint32Array): RowCells {
  const at = (row: number) => {
    const time_us = times_us[row]!;
    return Number.isNaN(time_us) ? null : time_us;
  };
  const ranks = () => Float64Array.from(rows, (row) => (Number.isNaN(times_us[row]!) ? Number.NEGATIVE_INFINITY : times_us[row]!));
  return { at, has: (row) => !Number.isNaN(times_us[row]!), ranks, dictionary: noDictionary };
}

function fingerprintAt(column: Column, row: number): TableValue {
  const cell = cellOf(column, row);
  return typeof cell === "number" ? formatFingerprint(cell) : cell;
}

/** What the JSON column holds for rows whose own column has nothing; null where that is nothing. */
function restCells(
  batch: EventBatch,
  column: Column | undefined,
  field: string,
  rows: Uint32Array,
): ReadonlyMap<number, TableValue> | null {
  const mask = rowsWithout(column, rows, batch.rows);
  const by_row = new Map<number, TableValue>();
  forEachRest(batch, attributeName(field), mask, (row, value) => {
    const cell = typeof value === "object" ? JSON.stringify(value) : (value as TableValue);
    by_row.set(row, cell === 0 ? 0 : cell);
  });
  return by_row.size === 0 ? null : by_row;
}

function columnRanks(column: Column, rows: Uint32Array): Float64Array | null {
  if (column.kind === "bytes") return null;
  if (column.kind === "dict") return dictRanks(column.codes, (code) => dictionaryText(column, code), rows);
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
