import { bufferOf } from "../batch/record.ts";
import { searchColumn } from "./column-search.ts";
import { fieldCost, matchField, testRows } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { printField } from "./quote.ts";
import { compileRegex, requiredText } from "./regex.ts";
import { textTest } from "./value-test.ts";

/** `message:~"time(d )?out"`: the expression (RE2's syntax, linear time) matches somewhere in the value. */
export interface RegexFilter {
  kind: "regex";
  field: string;
  /** Without `\"`: a quote stands for itself. */
  pattern: string;
}

export const regexKind: FilterKind<RegexFilter> = {
  print: ({ field, pattern }) => `${printField(field)}~"${pattern.replace(/\\[\s\S]|"/g, (unit) => (unit === '"' ? '\\"' : unit))}"`,
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => 5 * fieldCost(batch, filter.field),
  apply: ({ field, pattern }, batch, mask) => matchField(batch, field, regexTest(pattern), mask),
};

function regexTest(pattern: string) {
  const regex = compileRegex(pattern);
  const meets = (text: string) => regex.test(text);
  const key = requiredText(regex);
  return textTest(meets, (column, mask) => {
    if (key === null) return testRows(column, meets, mask);
    const bytes = bufferOf(column.bytes);
    let tested = -1;
    searchColumn(column, { text: key, ignore_case: false }, mask, (_at, row, row_start, row_end) => {
      if (row === tested) return false;
      tested = row;
      return meets(bytes.toString("utf8", row_start, row_end));
    });
  });
}
