import { type Column, type DictColumn, NULL_CODE } from "../batch/event-batch.ts";
import { bufferOf, cellAt } from "../batch/record.ts";
import type { TableValue } from "./table.ts";

/** Whether the column has a value in the row. */
export function hasValue(column: Column, row: number): boolean {
  if (column.kind === "dict") return column.codes[row] !== NULL_CODE;
  return column.present === null || column.present[row] === 1;
}

/** How many values the dictionary has; the strings of them are not made. */
export function dictionarySize(column: DictColumn): number {
  return column.utf8 ? column.utf8.offsets.length - 1 : column.values.length;
}

/** One value of a dictionary; the strings of the others are not made. */
export function dictionaryText(column: DictColumn, code: number): string {
  const { utf8 } = column;
  return utf8 ? bufferOf(utf8.bytes).toString("utf8", utf8.offsets[code], utf8.offsets[code + 1]) : column.values[code]!;
}

/** The column's value in a row, null where it has none; minus zero is zero. */
export function cellOf(column: Column, row: number): TableValue {
  if (column.kind === "dict") {
    const code = column.codes[row]!;
    return code === NULL_CODE ? null : dictionaryText(column, code);
  }
  const cell = cellAt(column, row);
  return cell === 0 ? 0 : cell;
}
