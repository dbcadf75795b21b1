import { type Column, type DictColumn, type EventBatch, NULL_CODE } from "../../batch/event-batch.ts";
import { formatFingerprint } from "../../batch/record.ts";
import { cellOf, dictionarySize, dictionaryText, presenceIn, rowsLacking } from "../column-values.ts";
import { attributeName, isAttribute, isTimeField } from "../fields.ts";
import { forEachRest } from "../rest.ts";
import { compareCells, type TableValue } from "../table.ts";

/** The values of one field by row, for the rows that were asked for. Times are microseconds, arrays their JSON. */
export interface Ranks {
  /** By place among the rows; null has the least. */
  values: Float64Array;
  /** A rank for a value from elsewhere: not above those of greater ones, not below those of lesser ones. */
  of(cell: TableValue): number;
}

export interface RowCells {
  at(row: number): TableValue;
  /** Whether there is a value. */
  has(row: number): boolean;
  /** Values as numbers of the same order, null where finding them would cost more than comparing values. */
  ranks(): Ranks | null;
  /** Where the values are those of a dictionary alone: theirs. */
  dictionary(): { codes: Uint32Array; count: number } | null;
}

const noDictionary = () => null;

export function rowCells(batch: EventBatch, field: string, rows: Uint32Array): RowCells {
  if (isTimeField(field)) return timeCells(field === "timestamp" ? batch.timestamp_us : batch.ingest_us, rows);
  const column = batch.columns.get(field);
  const rest = isAttribute(field) && batch.rest ? restCells(batch, column, field, rows) : null;
  if (rest) return mixedCells(column, rest);
  if (!column)
    return {
      at: () => null,
      has: () => false,
      ranks: () => numberRanks(new Float64Array(rows.length).fill(NULL_RANK)),
      dictionary: noDictionary,
    };
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
  const ranks = () => numberRanks(gatheredNumbers(times_us, null, rows));
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
  const mask = rowsLacking(column, rows, batch.rows);
  if (!mask) return null;
  const by_row = new Map<number, TableValue>();
  forEachRest(batch, attributeName(field), mask, (row, value) => {
    const cell = typeof value === "object" ? JSON.stringify(value) : (value as TableValue);
    by_row.set(row, cell === 0 ? 0 : cell);
  });
  return by_row.size === 0 ? null : by_row;
}

const NULL_RANK = Number.NEGATIVE_INFINITY;

function columnRanks(column: Column, rows: Uint32Array): Ranks | null {
  if (column.kind === "bytes" || column.kind === "bool") return null;
  if (column.kind === "dict") return dictRanks(column, rows);
  return numberRanks(gatheredNumbers(column.values, column.present, rows));
}

function gatheredNumbers(values: Float64Array, present: Uint8Array | null, rows: Uint32Array): Float64Array {
  const ranks = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const value = values[row]!;
    ranks[index] = Number.isNaN(value) || (present && present[row] === 0) ? NULL_RANK : value;
  }
  return ranks;
}

/** Numbers rank as they are: above null and truth values, below texts. */
function numberRanks(values: Float64Array): Ranks {
  const of = (cell: TableValue) => {
    if (typeof cell === "number") return cell;
    return cell === null ? NULL_RANK : typeof cell === "string" ? Number.POSITIVE_INFINITY : -Number.MAX_VALUE;
  };
  return { values, of };
}

/** Places among the values that occur; the others are not looked at. */
function dictRanks(column: DictColumn, rows: Uint32Array): Ranks {
  const { codes } = column;
  const ranks = new Float64Array(dictionarySize(column)).fill(-1);
  const found: { code: number; text: string }[] = [];
  for (let index = 0; index < rows.length; index++) {
    const code = codes[rows[index]!]!;
    if (code === NULL_CODE || ranks[code] === 0) continue;
    ranks[code] = 0;
    found.push({ code, text: dictionaryText(column, code) });
  }
  found.sort((left, right) => compareCells(left.text, right.text));
  for (const [rank, { code }] of found.entries()) ranks[code] = rank;
  const values = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    const code = codes[rows[index]!]!;
    values[index] = code === NULL_CODE ? NULL_RANK : ranks[code]!;
  }
  return { values, of: (cell) => (typeof cell === "string" ? placeOf(found, cell) : cell === null ? NULL_RANK : -1) };
}

/** The place of a text among sorted ones; halfway between two where it is none of them. */
function placeOf(sorted: readonly { text: string }[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCells(sorted[middle]!.text, text) < 0) low = middle + 1;
    else high = middle;
  }
  return sorted[low]?.text === text ? low : low - 0.5;
}
