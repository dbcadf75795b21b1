import { printField, printValuePattern } from "../quote.ts";
import { searchCandidates } from "./column-search.ts";
import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { wholeWords } from "./filter-phrase.ts";
import { type Parts, wildcardTest } from "./text-pattern.ts";
import { remembered, textTest } from "./value-test.ts";

/** `host:web-*`, `host:*-eu-*`: the whole value, letter by letter, where each star stands for any run of characters. */
export interface WildcardFilter {
  kind: "wildcard";
  field: string;
  /** Two or more parts, not all of them empty (that is `exists`). */
  parts: string[];
}

export const wildcardKind: FilterKind<WildcardFilter> = {
  print: ({ field, parts }) => printField(field) + printValuePattern(parts),
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, wildcardValueTest), mask),
};

function wildcardValueTest({ parts }: { parts: Parts }) {
  const test = wildcardTest(parts);
  const key = parts.reduce((longest, part) => (part.length > longest.length ? part : longest));
  return textTest(test, (column, mask) => searchCandidates(column, key, { any_case: false }, mask, test), wholeWords(parts));
}
