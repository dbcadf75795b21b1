/** Strings written out turned into a dictionary where few of them are distinct, without a string per row. */
import { type BytesColumn, NULL_CODE, type Utf8Values } from "../batch/event-batch.ts";
import { Utf8Source, Utf8Table } from "./utf8-table.ts";

/** A dictionary pays where at most one value in this many is new. */
const ROWS_PER_VALUE_MIN = 2;
/** Longer values are compared too slowly, and repeat too rarely, to be looked up. */
const VALUE_SIZE_BYTES_MAX = 1_024;
/** Long values that hardly repeat among so many are taken to go on so: messages would be looked up for nothing. */
const SAMPLE_VALUES = 2_048;
const SAMPLE_NEW_MIN = SAMPLE_VALUES * 0.75;
const SAMPLE_SIZE_BYTES_MIN = SAMPLE_VALUES * 24;

/** The column as a dictionary; null where it has too many distinct values for one. */
export function bytesToDict(column: BytesColumn, rows: number): { values: Utf8Values; codes: Uint32Array } | null {
  const { offsets, present } = column;
  const distinct_max = Math.floor(rows / ROWS_PER_VALUE_MIN);
  const table = new Utf8Table(1024);
  const source = new Utf8Source(column);
  const codes = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    if (present !== null && present[row] === 0) {
      codes[row] = NULL_CODE;
      continue;
    }
    const start = offsets[row]!;
    const end = offsets[row + 1]!;
    if (end - start > VALUE_SIZE_BYTES_MAX) return null;
    codes[row] = table.addRange(source, start, end);
    if (table.count > distinct_max) return null;
    if (row === SAMPLE_VALUES && table.count > SAMPLE_NEW_MIN && end - offsets[0]! > SAMPLE_SIZE_BYTES_MIN) return null;
  }
  return { values: table.list(), codes };
}
