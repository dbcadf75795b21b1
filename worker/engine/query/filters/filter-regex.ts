import type { BytesColumn } from "../../batch/event-batch.ts";
import { bufferOf } from "../../batch/record.ts";
import { printVerbatim } from "../expressions/print-expression.ts";
import { printField } from "../quote.ts";
import type { Matcher } from "../regex/matcher.ts";
import { matcherOf, type RequiredTexts, requiredTexts } from "../regex/regex.ts";
import { searchColumn } from "./column-search.ts";
import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { textTest, type ValueTest } from "./value-test.ts";

/** `message:~"time(d )?out"`: the expression (RE2's syntax, linear time) matches somewhere in the value. */
export interface RegexFilter {
  kind: "regex";
  field: string;
  /** Without `\"`: a quote stands for itself. */
  pattern: string;
}

export const regexKind: FilterKind<RegexFilter> = {
  print: ({ field, pattern }) => `${printField(field)}~${printVerbatim(pattern)}`,
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => 5 * fieldCost(batch, filter.field),
  apply: ({ field, pattern }, batch, mask) => matchField(batch, field, regexTest(pattern), mask),
};

/** The expression as a test of values; a whole column is searched for what every match contains before rows are tried. */
function regexTest(pattern: string): ValueTest {
  const matcher = matcherOf(pattern);
  return textTest((text) => matcher.test(text), scanOf(pattern), matcher.words);
}

/** Clears the rows of a column in which an expression does not match. */
export function scanOf(pattern: string): (column: BytesColumn, mask: Uint8Array) => void {
  const matcher = matcherOf(pattern);
  const required = requiredTexts(pattern);
  return (column, mask) => {
    if (!required) testAll(column, matcher, mask);
    else if (required.texts.length === 1) testFound(column, required.texts[0]!, required, matcher, mask);
    else testFoundAny(column, required, matcher, mask);
  };
}

function testAll(column: BytesColumn, matcher: Matcher, mask: Uint8Array): void {
  const { offsets } = column;
  const bytes = bufferOf(column.bytes);
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && !matcher.testBytes(bytes, offsets[row]!, offsets[row + 1]!)) mask[row] = 0;
  }
}

/** Tries the expression on rows that contain the text, from where a match can begin. */
function testFound(column: BytesColumn, text: string, required: RequiredTexts, matcher: Matcher, mask: Uint8Array): void {
  const { any_case, before_bytes } = required;
  const bytes = bufferOf(column.bytes);
  let tested = -1;
  searchColumn(column, text, { any_case }, mask, (at, _end, row_start, row_end) => {
    if (row_start === tested) return false;
    tested = row_start;
    return matcher.testBytes(bytes, row_start, row_end, Math.max(row_start, at - before_bytes));
  });
}

function testFoundAny(column: BytesColumn, required: RequiredTexts, matcher: Matcher, mask: Uint8Array): void {
  const wanted = mask.slice();
  mask.fill(0);
  for (const text of required.texts) {
    const matched = wanted.slice();
    testFound(column, text, required, matcher, matched);
    for (let row = 0; row < mask.length; row++) {
      if (matched[row] === 0) continue;
      mask[row] = 1;
      wanted[row] = 0;
    }
  }
}
