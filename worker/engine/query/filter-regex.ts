import type { BytesColumn } from "../batch/event-batch.ts";
import { searchCandidates } from "./column-search.ts";
import { fieldCost, matchField, testRows } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { printField } from "./quote.ts";
import { compileRegex, type RequiredTexts, requiredTexts } from "./regex.ts";
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
  const required = requiredTexts(pattern);
  return textTest(meets, (column, mask) => {
    if (!required) testRows(column, meets, mask);
    else scanFor(column, required, meets, mask);
  });
}

/** Tries the expression on rows that contain one of the texts. */
function scanFor(column: BytesColumn, { texts, any_case }: RequiredTexts, meets: (text: string) => boolean, mask: Uint8Array): void {
  const wanted = mask.slice();
  mask.fill(0);
  for (const text of texts) {
    const matched = wanted.slice();
    searchCandidates(column, text, { any_case }, matched, meets);
    for (let row = 0; row < mask.length; row++) {
      if (matched[row] === 0) continue;
      mask[row] = 1;
      wanted[row] = 0;
    }
  }
}
