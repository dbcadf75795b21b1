/** Tables as Arrow IPC streams. Loaded only where an answer is one. */
import {
  bool,
  type Column,
  columnFromArray,
  type DataType,
  field,
  float64,
  int64,
  Table,
  TimeUnit,
  tableFromColumns,
  tableToIPC,
  timestamp,
  utf8,
} from "@uwdata/flechette";
import { parseTime_us } from "../engine/query/query.ts";
import type { SqlTable, SqlType } from "../engine/query/sql/output.ts";

type Cells = SqlTable["rows"][number];

/** Whole numbers are int64, other numbers float64, times of microseconds in UTC; values of several kinds are texts. */
export function tableArrow({ columns, rows }: SqlTable): Uint8Array {
  const made = columns.map(({ name, type }, index) => {
    const cells = rows.map((row) => row[index] ?? null);
    return { name, type, column: columnOf(type, cells) };
  });
  const { schema, children } = tableFromColumns(made.map(({ name, column }): [string, Column<unknown>] => [name, column]));
  const fields = made.map(({ name, type, column }) => field(name, type === "timestamp" ? TIME : column.type));
  return tableToIPC(new Table({ ...schema, fields }, children), { format: "stream" })!;
}

/** Held as whole numbers, which loses nothing. */
const TIME: DataType = timestamp(TimeUnit.MICROSECOND, "UTC");

function columnOf(type: SqlType, cells: Cells): Column<unknown> {
  switch (type) {
    case "boolean":
      return columnFromArray(cells, bool());
    case "timestamp":
      return columnFromArray(
        cells.map((cell) => microseconds(cell)),
        int64(),
      );
    case "number":
      return cells.every((cell) => cell === null || Number.isSafeInteger(cell))
        ? columnFromArray(cells.map(wholeNumber), int64())
        : columnFromArray(cells, float64());
    default:
      return columnFromArray(
        cells.map((cell) => (cell === null || typeof cell === "string" ? cell : JSON.stringify(cell))),
        utf8(),
      );
  }
}

function microseconds(cell: Cells[number]): bigint | null {
  const time_us = typeof cell === "string" ? parseTime_us(cell, Number.NaN) : null;
  return time_us === null ? null : BigInt(time_us);
}

function wholeNumber(cell: Cells[number]): bigint | null {
  return cell === null ? null : BigInt(cell as number);
}
