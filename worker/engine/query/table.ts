import type { EventRecord } from "../batch/event-batch.ts";
import { resolveField } from "./fields.ts";
import { compareCodePoints } from "./numbers.ts";

/** What a reduction answers: named columns and rows of plain values. */
export interface Table {
  columns: string[];
  rows: TableValue[][];
  /** Set where groups or rows beyond a bound were left out: how many matching events are in none of the rows. */
  overflow: { events: number } | null;
  /** Where the rows are whole events: the event of each row. */
  records?: EventRecord[];
}

export type TableValue = string | number | boolean | null;

/** Order of two cells: null first, then booleans, numbers by size, texts by their code points. */
export function compareCells(left: TableValue, right: TableValue): number {
  if (typeof left === "string" && typeof right === "string") return compareCodePoints(left, right);
  const difference = rank(left) - rank(right);
  if (difference !== 0 || left === right) return difference;
  return (left as number) < (right as number) ? -1 : 1;
}

function rank(value: TableValue): number {
  if (value === null) return 0;
  return typeof value === "boolean" ? 1 : typeof value === "number" ? 2 : 3;
}

/** Place of the column with this name, or with another name of the same field; -1 where there is none. */
export function columnIndex(columns: readonly string[], name: string): number {
  const at = columns.indexOf(name);
  if (at >= 0) return at;
  const field = resolveField(name);
  return columns.findIndex((column) => resolveField(column) === field);
}

/** The table with some of its rows, in the given order. */
export function pickRows(table: Table, picked: readonly number[]): Table {
  const rows = picked.map((index) => table.rows[index]!);
  if (!table.records) return { ...table, rows };
  return { ...table, rows, records: picked.map((index) => table.records![index]!) };
}

/** The table from one row on up to another, which is left out. */
export function sliceRows(table: Table, from: number, to: number): Table {
  const sliced = { ...table, rows: table.rows.slice(from, to) };
  if (table.records) sliced.records = table.records.slice(from, to);
  return sliced;
}
