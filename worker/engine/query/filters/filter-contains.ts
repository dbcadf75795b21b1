import { printField, quote } from "../quote.ts";
import { searchColumn } from "./column-search.ts";
import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { wholeWords } from "./filter-phrase.ts";
import { remembered, textTest } from "./value-test.ts";

/** `message:contains("tion reset")`: the text anywhere in the value, letter by letter. */
export interface ContainsFilter {
  kind: "contains";
  field: string;
  text: string;
}

export const containsKind: FilterKind<ContainsFilter> = {
  print: ({ field, text }) => `${printField(field)}contains(${quote(text)})`,
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, containsTest), mask),
};

function containsTest({ text }: ContainsFilter) {
  return textTest(
    (value) => value.includes(text),
    (column, mask) => {
      if (text !== "") searchColumn(column, text, { any_case: false }, mask, () => true);
    },
    wholeWords(["", text, ""]),
  );
}
