import { type Column, type DictColumn, NULL_CODE } from "../batch/event-batch.ts";
import { valueBytes } from "../batch/pages.ts";
import { bufferOf, cellAt } from "../batch/record.ts";
import type { TableValue } from "./table.ts";

/** Tells of rows whether the column has a value there; for many rows. */
export function presenceIn(column: Column | undefined): (row: number) => boolean {
  if (!column) return () => false;
  if (column.kind === "dict") {
    const { codes } = column;
    return (row) => codes[row] !== NULL_CODE;
  }
  const { present } = column;
  return present ? (row) => present[row] === 1 : () => true;
}

/** True only where it is known, without a look at the rows, that each of them has a value in the column. */
export function hasEveryValue(column: Column | undefined): boolean {
  if (!column) return false;
  return column.kind === "dict" ? column.null_count === 0 : column.present === null;
}

/** A byte for each row of the batch: 1 for those of the rows in which the column has no value. */
export function rowsWithout(column: Column | undefined, rows: Uint32Array, batch_rows: number): Uint8Array {
  return rowsLacking(column, rows, batch_rows) ?? new Uint8Array(batch_rows);
}

/** As `rowsWithout`; null where there are none. */
export function rowsLacking(column: Column | undefined, rows: Uint32Array, batch_rows: number): Uint8Array | null {
  if (hasEveryValue(column)) return null;
  const has = presenceIn(column);
  let mask: Uint8Array | null = null;
  for (let index = 0; index < rows.length; index++) {
    if (has(rows[index]!)) continue;
    mask ??= new Uint8Array(batch_rows);
    mask[rows[index]!] = 1;
  }
  return mask;
}

/** How many values the dictionary has; the strings of them are not made. */
export function dictionarySize(column: DictColumn): number {
  if (column.value_count !== undefined) return column.value_count;
  return column.utf8 ? column.utf8.offsets.length - 1 : column.values.length;
}

/** One value of a dictionary; the strings of the others are not made. */
export function dictionaryText(column: DictColumn, code: number): string {
  return column.valueBytes || column.utf8 ? bufferOf(valueBytes(column, code)).toString("utf8") : column.values[code]!;
}

/** The column's value in a row, null where it has none; minus zero is zero. */
export function cellOf(column: Column, row: number): TableValue {
  if (column.kind === "dict" && !column.codeAt) {
    const code = column.codes[row]!;
    return code === NULL_CODE ? null : dictionaryText(column, code);
  }
  const cell = cellAt(column, row);
  return cell === 0 ? 0 : cell;
}
