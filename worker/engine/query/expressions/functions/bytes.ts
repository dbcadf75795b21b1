import type { BytesColumn } from "../../../batch/event-batch.ts";
import { type BytesVector, boolVector, NULL_BOOL, type Vector } from "../vector.ts";

/** Below one row in this many, texts of the rows are made instead of searching the whole column. */
const SPARSE_DIVISOR = 32;

/**
 * What a scan of a whole column says of some of its rows; null where they are too few for that.
 * @param scan clears the rows of the mask that do not meet the condition
 */
export function matchRowsOf(
  { column, rows }: BytesVector,
  negated: boolean,
  scan: (column: BytesColumn, mask: Uint8Array) => void,
): Vector | null {
  const column_rows = column.offsets.length - 1;
  if (rows.length * SPARSE_DIVISOR < column_rows) return null;
  const mask = new Uint8Array(column_rows);
  for (let index = 0; index < rows.length; index++) mask[rows[index]!] = 1;
  const { present } = column;
  if (present) for (let row = 0; row < column_rows; row++) if (present[row] === 0) mask[row] = 0;
  scan(column, mask);
  const values = new Uint8Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const met = mask[row] === 1 ? 1 : 0;
    values[index] = present && present[row] === 0 ? NULL_BOOL : negated ? 1 - met : met;
  }
  return boolVector(values);
}

/** Those of the rows (ascending) that a scan of the column leaves. */
export function matchingRows(column: BytesColumn, rows: Uint32Array, scan: (column: BytesColumn, mask: Uint8Array) => void): Uint32Array {
  const mask = new Uint8Array(column.offsets.length - 1);
  for (let index = 0; index < rows.length; index++) mask[rows[index]!] = 1;
  scan(column, mask);
  const { present } = column;
  const matched = new Uint32Array(rows.length);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    if (mask[row] === 1 && (!present || present[row] === 1)) matched[count++] = row;
  }
  return matched.subarray(0, count);
}

/** Whether the bytes continue with these. */
export function bytesStandAt(bytes: Uint8Array, at: number, needle: Uint8Array): boolean {
  for (let index = 0; index < needle.length; index++) if (bytes[at + index] !== needle[index]) return false;
  return true;
}
