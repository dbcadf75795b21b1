import {
  ATTRIBUTE_PREFIX,
  type BoolColumn,
  type BytesColumn,
  type Column,
  type ColumnPages,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
} from "../../batch/event-batch.ts";
import { forEachPage } from "../../batch/pages.ts";
import { bufferOf, formatFingerprint, formatTimestamp_us, hasCell, restAt } from "../../batch/record.ts";
import { ANY_FIELD, attributeName, isAttribute, isTimeField } from "../fields.ts";
import { forEachRest } from "../rest.ts";
import { isSparse } from "./column-search.ts";
import { matchDict } from "./dict-match.ts";
import { addRows, clearRows, isEmpty } from "./mask.ts";
import { matchNumbers } from "./number-match.ts";
import { testValue, type ValueTest } from "./value-test.ts";

/** Clears the rows of `mask` in which the field's value does not meet the test. */
export function matchField(batch: EventBatch, field: string, test: ValueTest, mask: Uint8Array): void {
  if (field === ANY_FIELD) matchAnyField(batch, test, mask);
  else if (isTimeField(field)) matchTimes(batch, field, test, mask);
  else if (isAttribute(field) && batch.rest) matchAttribute(batch, field, test, mask);
  else matchColumn(batch.columns.get(field), field === "fingerprint" ? fingerprintTest(test) : test, mask);
}

/** The attribute's own column first, then the JSON column in the rows that have nothing there. */
function matchAttribute(batch: EventBatch, field: string, test: ValueTest, mask: Uint8Array): void {
  const column = batch.columns.get(field);
  const met: number[] = [];
  forEachRest(batch, attributeName(field), mask, (row, value) => {
    if (testValue(test, value) && !(column && hasCell(column, row))) met.push(row);
  });
  matchColumn(column, test, mask);
  for (const row of met) mask[row] = 1;
}

/** Clears the rows of `mask` in which the field has no value. */
export function matchPresent(batch: EventBatch, field: string, mask: Uint8Array): void {
  if (isTimeField(field)) return;
  const column = batch.columns.get(field);
  const met: number[] = [];
  if (isAttribute(field)) forEachRest(batch, attributeName(field), mask, (row) => met.push(row));
  if (column) keepPresent(column, mask);
  else mask.fill(0);
  for (const row of met) mask[row] = 1;
}

/** Stored bytes that cost about as much to decode and test as anything else of a filter. */
const DICT_BYTES_PER_COST = 8_000;
const BYTES_PER_COST = 2_000;

/** Rough relative cost of matching a field, told without decoding it: dictionaries cheap, free text dear. */
export function fieldCost(batch: EventBatch, field: string): number {
  if (field === ANY_FIELD) return 1000;
  if (isTimeField(field)) return 10;
  const rest_cost = batch.rest && isAttribute(field) ? 50 : 0;
  const column = batch.columns.get(field);
  if (!column) return rest_cost;
  return rest_cost + (column.kind === "bytes" ? 20 : column.kind === "dict" ? 1 : 2) + sizeCost(column);
}

function sizeCost(column: Column): number {
  if (column.pages) return column.pages.size_bytes / (column.kind === "bytes" ? BYTES_PER_COST : DICT_BYTES_PER_COST);
  if (column.kind === "dict") return column.values.length / 1000;
  return column.kind === "bytes" ? column.bytes.length / 100_000 : 0;
}

function fingerprintTest(test: ValueTest): ValueTest {
  return { text: test.text, number: (value) => test.text(formatFingerprint(value)) };
}

function matchTimes(batch: EventBatch, field: "timestamp" | "ingest_ts", test: ValueTest, mask: Uint8Array): void {
  const times = test.time;
  const meets = times ? (time_us: number) => times(time_us) : (time_us: number) => test.text(formatTimestamp_us(time_us));
  const column = batch.time_columns?.[field] ?? {
    kind: "int64",
    values: field === "timestamp" ? batch.timestamp_us : batch.ingest_us,
    present: null,
  };
  matchNumbers(column, { text: test.text, number: meets, interval: times ? test.interval : undefined }, mask);
}

function matchColumn(column: Column | undefined, test: ValueTest, mask: Uint8Array): void {
  if (!column) mask.fill(0);
  else if (column.kind === "dict") matchDict(column, test, mask);
  else if (column.kind === "int64" || column.kind === "double") matchNumbers(column, test, mask);
  else if (column.pages) matchPages(column.pages, test, mask);
  else if (column.kind === "bytes") matchBytes(column, test, mask);
  else if (column.kind === "bool") matchBools(column, test, mask);
}

function matchPages(pages: ColumnPages, test: ValueTest, mask: Uint8Array): void {
  const wanted = test.words && test.words.length > 0 ? pages.withWords?.(test.words) : null;
  forEachPage(pages, mask, (page, part) => matchColumn(page ?? undefined, test, part), wanted);
}

function matchBytes(column: BytesColumn, test: ValueTest, mask: Uint8Array): void {
  clearAbsent(column.present, mask);
  if (isEmpty(mask)) return;
  if (test.scan && !isSparse(mask)) test.scan(column, mask);
  else testRows(column, test.text, mask);
}

/** Row by row on decoded text. */
export function testRows(column: BytesColumn, meets: (text: string) => boolean, mask: Uint8Array): void {
  const bytes = bufferOf(column.bytes);
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && !meets(bytes.toString("utf8", column.offsets[row], column.offsets[row + 1]))) mask[row] = 0;
  }
}

function matchBools({ values, present }: BoolColumn, test: ValueTest, mask: Uint8Array): void {
  clearAbsent(present, mask);
  const verdicts = [test.text("false"), test.text("true")];
  for (let row = 0; row < mask.length; row++) if (!verdicts[values[row] === 0 ? 0 : 1]) mask[row] = 0;
}

function clearAbsent(present: Uint8Array | null, mask: Uint8Array): void {
  if (!present) return;
  for (let row = 0; row < mask.length; row++) mask[row] = mask[row]! & present[row]!;
}

/** Clears the rows in which the column has no value. */
function keepPresent(column: Column, mask: Uint8Array): void {
  if (column.pages) {
    forEachPage(column.pages, mask, (page, part) => {
      if (page === null) part.fill(0);
      else keepPresent(page, part);
    });
  } else if (column.kind !== "dict") clearAbsent(column.present, mask);
  else if (column.null_count !== 0) keepCoded(column, mask);
}

function keepCoded(column: DictColumn, mask: Uint8Array): void {
  if (column.keep) {
    const marks = new Uint8Array(column.value_count! + 1).fill(1);
    marks[column.value_count!] = 0;
    column.keep(marks, mask);
    return;
  }
  const { codes } = column;
  for (let row = 0; row < mask.length; row++) if (codes[row] === NULL_CODE) mask[row] = 0;
}

/** All fields but the times and the fingerprint, which no client wrote. */
function matchAnyField(batch: EventBatch, test: ValueTest, mask: Uint8Array): void {
  const undecided = mask.slice();
  mask.fill(0);
  for (const [name, column] of batch.columns) {
    if (name === "fingerprint") continue;
    const matched = undecided.slice();
    matchColumn(column, test, matched);
    addRows(mask, matched);
    clearRows(undecided, matched);
    if (isEmpty(undecided)) return;
  }
  if (batch.rest) matchAnyRest(batch, test, undecided, mask);
}

function matchAnyRest(batch: EventBatch, test: ValueTest, undecided: Uint8Array, mask: Uint8Array): void {
  for (let row = 0; row < mask.length; row++) {
    const object = undecided[row] === 1 ? restAt(batch, row) : null;
    if (!object) continue;
    const met = Object.keys(object).some((name) => testValue(test, object[name]) && !hasColumnCell(batch, name, row));
    if (met) mask[row] = 1;
  }
}

function hasColumnCell(batch: EventBatch, name: string, row: number): boolean {
  const column = batch.columns.get(ATTRIBUTE_PREFIX + name);
  return column !== undefined && hasCell(column, row);
}
