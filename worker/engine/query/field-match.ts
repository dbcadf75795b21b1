import {
  ATTRIBUTE_PREFIX,
  type BoolColumn,
  type BytesColumn,
  type Column,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberColumn,
} from "../batch/event-batch.ts";
import { bufferOf, formatFingerprint, formatTimestamp_us, restAt } from "../batch/record.ts";
import { ANY_FIELD, attributeName, isAttribute, isTimeField } from "./fields.ts";
import { countOf, isEmpty } from "./filter.ts";
import { forEachRest } from "./rest.ts";
import { testValue, type ValueTest } from "./value-test.ts";

/** Below one row in this many a bytes column is tested row by row instead of being searched whole. */
const SPARSE_DIVISOR = 32;

/** Clears the rows of `mask` in which the field's value does not meet the test. */
export function matchField(batch: EventBatch, field: string, test: ValueTest, mask: Uint8Array): void {
  if (field === ANY_FIELD) matchAnyField(batch, test, mask);
  else if (isTimeField(field)) matchTimes(field === "timestamp" ? batch.timestamp_us : batch.ingest_us, test, mask);
  else if (isAttribute(field) && batch.rest) matchAttribute(batch, field, test, mask);
  else matchColumn(batch.columns.get(field), field === "fingerprint" ? fingerprintTest(test) : test, mask);
}

/** The attribute's own column first, then the JSON column in the rows that have nothing there. */
function matchAttribute(batch: EventBatch, field: string, test: ValueTest, mask: Uint8Array): void {
  const column = batch.columns.get(field);
  const from_rest = mask.slice();
  if (column) clearPresent(column, from_rest);
  matchColumn(column, test, mask);
  forEachRest(batch, attributeName(field), from_rest, (row, value) => {
    if (testValue(test, value)) mask[row] = 1;
  });
}

/** Clears the rows of `mask` in which the field has no value. */
export function matchPresent(batch: EventBatch, field: string, mask: Uint8Array): void {
  if (isTimeField(field)) return;
  const column = batch.columns.get(field);
  const absent = mask.slice();
  if (column) clearPresent(column, absent);
  for (let row = 0; row < mask.length; row++) if (absent[row] === 1) mask[row] = 0;
  if (!isAttribute(field)) return;
  forEachRest(batch, attributeName(field), absent, (row) => {
    mask[row] = 1;
  });
}

/** Rough relative cost of matching a field: dictionaries cheap, free text dear. */
export function fieldCost(batch: EventBatch, field: string): number {
  if (field === ANY_FIELD) return 1000;
  if (isTimeField(field)) return 3;
  const rest_cost = batch.rest && isAttribute(field) ? 50 : 0;
  const column = batch.columns.get(field);
  if (!column) return rest_cost;
  if (column.kind === "dict") return rest_cost + 1 + column.values.length / 1000;
  return rest_cost + (column.kind === "bytes" ? 20 + column.bytes.length / 100_000 : 2);
}

function fingerprintTest(test: ValueTest): ValueTest {
  return { text: test.text, number: (value) => test.text(formatFingerprint(value)) };
}

function matchTimes(times_us: Float64Array, test: ValueTest, mask: Uint8Array): void {
  const meets = test.time ?? ((time_us: number) => test.text(formatTimestamp_us(time_us)));
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1 && !meets(times_us[row] as number)) mask[row] = 0;
}

function matchColumn(column: Column | undefined, test: ValueTest, mask: Uint8Array): void {
  if (!column) mask.fill(0);
  else if (column.kind === "dict") matchDict(column, test, mask);
  else if (column.kind === "bytes") matchBytes(column, test, mask);
  else if (column.kind === "bool") matchBools(column, test, mask);
  else matchNumbers(column, test, mask);
}

/** Each distinct value that occurs is tested once. */
function matchDict(column: DictColumn, test: ValueTest, mask: Uint8Array): void {
  const verdicts = new Uint8Array(column.values.length);
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue;
    const code = column.codes[row] as number;
    if (code === NULL_CODE) {
      mask[row] = 0;
      continue;
    }
    if (verdicts[code] === 0) verdicts[code] = test.text(column.values[code] as string) ? 2 : 1;
    if (verdicts[code] === 1) mask[row] = 0;
  }
}

function matchBytes(column: BytesColumn, test: ValueTest, mask: Uint8Array): void {
  clearAbsent(column.present, mask);
  const count = countOf(mask);
  if (count === 0) return;
  if (test.scan && count * SPARSE_DIVISOR > mask.length) test.scan(column, mask);
  else testRows(column, test.text, mask);
}

/** Row by row on decoded text. */
export function testRows(column: BytesColumn, meets: (text: string) => boolean, mask: Uint8Array): void {
  const bytes = bufferOf(column.bytes);
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && !meets(bytes.toString("utf8", column.offsets[row], column.offsets[row + 1]))) mask[row] = 0;
  }
}

function matchBools(column: BoolColumn, test: ValueTest, mask: Uint8Array): void {
  clearAbsent(column.present, mask);
  const verdicts = [test.text("false"), test.text("true")];
  for (let row = 0; row < mask.length; row++) if (!verdicts[column.values[row] === 0 ? 0 : 1]) mask[row] = 0;
}

function matchNumbers(column: NumberColumn, test: ValueTest, mask: Uint8Array): void {
  clearAbsent(column.present, mask);
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1 && !test.number(column.values[row] as number)) mask[row] = 0;
}

function clearAbsent(present: Uint8Array | null, mask: Uint8Array): void {
  if (!present) return;
  for (let row = 0; row < mask.length; row++) if (present[row] === 0) mask[row] = 0;
}

/** Clears the rows in which the column has a value. */
function clearPresent(column: Column, mask: Uint8Array): void {
  if (column.kind === "dict") {
    for (let row = 0; row < mask.length; row++) if (column.codes[row] !== NULL_CODE) mask[row] = 0;
  } else if (column.present) {
    for (let row = 0; row < mask.length; row++) if (column.present[row] === 1) mask[row] = 0;
  } else {
    mask.fill(0);
  }
}

/** All fields but the times and the fingerprint, which no client wrote. */
function matchAnyField(batch: EventBatch, test: ValueTest, mask: Uint8Array): void {
  const undecided = mask.slice();
  mask.fill(0);
  for (const [name, column] of batch.columns) {
    if (name === "fingerprint") continue;
    const matched = undecided.slice();
    matchColumn(column, test, matched);
    for (let row = 0; row < mask.length; row++) {
      if (matched[row] === 0) continue;
      mask[row] = 1;
      undecided[row] = 0;
    }
    if (isEmpty(undecided)) return;
  }
  if (batch.rest) matchAnyRest(batch, test, undecided, mask);
}

function matchAnyRest(batch: EventBatch, test: ValueTest, undecided: Uint8Array, mask: Uint8Array): void {
  for (let row = 0; row < mask.length; row++) {
    const object = undecided[row] === 1 ? restAt(batch, row) : null;
    if (!object) continue;
    const met = Object.keys(object).some((name) => testValue(test, object[name]) && !hasCell(batch, name, row));
    if (met) mask[row] = 1;
  }
}

function hasCell(batch: EventBatch, name: string, row: number): boolean {
  const column = batch.columns.get(ATTRIBUTE_PREFIX + name);
  if (!column) return false;
  return column.kind === "dict" ? column.codes[row] !== NULL_CODE : !column.present || column.present[row] === 1;
}
