/** Strings written out turned into a dictionary where few of them are distinct, without a string per row. */
import { type BytesColumn, NULL_CODE } from "../batch/event-batch.ts";
import { decodeStrings } from "./strings.ts";

/** A dictionary pays where at most one value in this many is new. */
const ROWS_PER_VALUE_MIN = 2;
/** Longer values are compared too slowly, and repeat too rarely, to be looked up. */
const VALUE_SIZE_BYTES_MAX = 1_024;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The column as a dictionary; null where it has too many distinct values for one. */
export function bytesToDict(column: BytesColumn, rows: number): { values: string[]; codes: Uint32Array } | null {
  const { offsets, bytes, present } = column;
  const distinct_max = Math.floor(rows / ROWS_PER_VALUE_MIN);
  const mask = (1 << (32 - Math.clz32(Math.max(16, distinct_max * 2)))) - 1;
  const slots = new Int32Array(mask + 1).fill(-1);
  const first_rows = new Uint32Array(distinct_max);
  const hashes = new Int32Array(distinct_max);
  const codes = new Uint32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (present !== null && present[row] === 0) {
      codes[row] = NULL_CODE;
      continue;
    }
    const start = offsets[row]!;
    const end = offsets[row + 1]!;
    if (end - start > VALUE_SIZE_BYTES_MAX) return null;
    const hash = hashOf(bytes, start, end);
    let slot = hash & mask;
    let code = slots[slot]!;
    while (code >= 0 && !(hashes[code] === hash && equals(bytes, offsets, first_rows[code]!, start, end))) {
      slot = (slot + 1) & mask;
      code = slots[slot]!;
    }
    if (code < 0) {
      if (count === distinct_max) return null;
      code = count++;
      slots[slot] = code;
      hashes[code] = hash;
      first_rows[code] = row;
    }
    codes[row] = code;
  }
  return { values: stringsAt(column, first_rows.subarray(0, count)), codes };
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return hash ^ (hash >>> 15);
}

function equals(bytes: Uint8Array, offsets: Uint32Array, row: number, start: number, end: number): boolean {
  let at = offsets[row]!;
  if (offsets[row + 1]! - at !== end - start) return false;
  for (let from = start; from < end; from++, at++) if (bytes[at] !== bytes[from]) return false;
  return true;
}

function stringsAt(column: BytesColumn, rows: Uint32Array): string[] {
  const offsets = new Uint32Array(rows.length + 1);
  for (let index = 0; index < rows.length; index++) {
    offsets[index + 1] = offsets[index]! + column.offsets[rows[index]! + 1]! - column.offsets[rows[index]!]!;
  }
  const bytes = new Uint8Array(offsets[rows.length]!);
  for (let index = 0; index < rows.length; index++) {
    bytes.set(column.bytes.subarray(column.offsets[rows[index]!]!, column.offsets[rows[index]! + 1]!), offsets[index]!);
  }
  return decodeStrings({ offsets, bytes });
}
