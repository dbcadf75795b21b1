/** Counting values of one column over many batches, by dictionary codes where the column has them. */

import { ATTRIBUTE_PREFIX, type EventBatch, NULL_CODE } from "../engine/batch/event-batch.ts";
import { cellAt, type FieldValue, formatFingerprint, restAt } from "../engine/batch/record.ts";
import { dictionarySize, dictionaryText } from "../engine/query/column-values.ts";

/** A value as it is shown and counted: text; numbers and booleans as JSON writes them; arrays and objects as JSON text. */
export function valueText(value: Exclude<FieldValue, null>): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function restText(batch: EventBatch, name: string, row: number): string | null {
  const rest = restAt(batch, row);
  const value = rest && Object.hasOwn(rest, name) ? (rest[name] as FieldValue | undefined) : null;
  return value === null || value === undefined ? null : valueText(value);
}

/** The column's value of a row as text, null where the row has none; attributes without a column are found in the rest. */
export function textReader(batch: EventBatch, name: string): (row: number) => string | null {
  const column = batch.columns.get(name);
  const attribute = name.startsWith(ATTRIBUTE_PREFIX) && batch.rest ? name.slice(ATTRIBUTE_PREFIX.length) : null;
  return (row) => {
    const cell = column ? cellAt(column, row) : null;
    if (cell !== null) return name === "fingerprint" && typeof cell === "number" ? formatFingerprint(cell) : valueText(cell);
    return attribute === null ? null : restText(batch, attribute, row);
  };
}

/**
 * Calls `add` once per distinct value of the rows with how many have it (dictionary columns), or once per row.
 * Rows without a value are reported as null.
 */
export function tally(batch: EventBatch, name: string, rows: Uint32Array, add: (value: string | null, count: number) => void): void {
  const column = batch.columns.get(name);
  const read = textReader(batch, name);
  if (column?.kind !== "dict") {
    for (const row of rows) add(read(row), 1);
    return;
  }
  const counts = new Uint32Array(dictionarySize(column));
  const { codes } = column;
  for (const row of rows) {
    const code = codes[row]!;
    if (code === NULL_CODE) add(read(row), 1);
    else counts[code]! += 1;
  }
  for (const [code, count] of counts.entries()) if (count > 0) add(dictionaryText(column, code), count);
}
