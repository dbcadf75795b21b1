import { type Column, NULL_CODE } from "../batch/event-batch.ts";

/** Whether the column has a value in the row. */
export function hasValue(column: Column, row: number): boolean {
  if (column.kind === "dict") return column.codes[row] !== NULL_CODE;
  return column.present === null || column.present[row] === 1;
}
