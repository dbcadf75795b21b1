import { type DictColumn, NULL_CODE } from "../../batch/event-batch.ts";
import { codeAt, valueBytes } from "../../batch/pages.ts";
import { utf8Bytes, utf8Text } from "../../batch/utf8.ts";
import { countOf } from "./mask.ts";
import type { ValueTest } from "./value-test.ts";

/** Dictionaries of more values than rows are left, so many times, are looked into for the values of those rows alone. */
const VALUES_PER_ROW_MIN = 4;

/** Clears the rows of `mask` whose value does not meet the test. Each distinct value is tested once, rows by their codes. */
export function matchDict(column: DictColumn, test: ValueTest, mask: Uint8Array): void {
  if (!column.keep) matchCodes(column, test, mask);
  else if (test.exact?.every(isOnce) && column.codeOf) keepExact(column, test.exact, mask);
  else {
    const rows = countOf(mask);
    if (rows * VALUES_PER_ROW_MIN < column.value_count!) matchEach(column, test, mask);
    else keepMarked(column, marksOf(column, test), mask);
  }
}

function keepMarked(column: DictColumn, marks: Uint8Array, mask: Uint8Array): void {
  if (marks.includes(1)) column.keep!(marks, mask);
  else mask.fill(0);
}

/** Values that differ as strings differ as UTF-8 as well, but for lone surrogates, which all become this character. */
function isOnce(text: string): boolean {
  return !text.includes("\ufffd");
}

function keepExact(column: DictColumn, texts: readonly string[], mask: Uint8Array): void {
  const marks = new Uint8Array(column.value_count! + 1);
  for (const text of texts) {
    const code = column.codeOf!(utf8Bytes(text));
    if (code !== NULL_CODE) marks[code] = 1;
  }
  keepMarked(column, marks, mask);
}

/** 1 for each value that meets the test, and a 0 at the end. */
function marksOf(column: DictColumn, test: ValueTest): Uint8Array {
  const count = column.value_count!;
  const marks = new Uint8Array(count + 1);
  if (test.scan && column.utf8) {
    marks.fill(1, 0, count);
    test.scan({ kind: "bytes", ...column.utf8, present: null }, marks.subarray(0, count));
  } else {
    const { values } = column;
    for (let code = 0; code < count; code++) if (test.text(values[code]!)) marks[code] = 1;
  }
  return marks;
}

const MET = 2;
const NOT_MET = 1;

/** Values of the rows that are left, one by one. */
function matchEach(column: DictColumn, test: ValueTest, mask: Uint8Array): void {
  const verdicts = new Map<number, boolean>();
  for (let row = mask.indexOf(1); row >= 0; row = mask.indexOf(1, row + 1)) {
    const code = codeAt(column, row);
    let verdict = code === NULL_CODE ? false : verdicts.get(code);
    if (verdict === undefined) {
      verdict = test.text(utf8Text(valueBytes(column, code)));
      verdicts.set(code, verdict);
    }
    if (!verdict) mask[row] = 0;
  }
}

/** A dictionary in plain arrays: values that no row has are not tested. */
function matchCodes({ values, codes }: DictColumn, test: ValueTest, mask: Uint8Array): void {
  const verdicts = new Uint8Array(values.length);
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue;
    const code = codes[row]!;
    if (code === NULL_CODE) {
      mask[row] = 0;
      continue;
    }
    if (verdicts[code] === 0) verdicts[code] = test.text(values[code]!) ? MET : NOT_MET;
    if (verdicts[code] === NOT_MET) mask[row] = 0;
  }
}
