import { printField, quote } from "../quote.ts";
import { searchColumn } from "./column-search.ts";
import { fieldCost, matchField, testRows } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { wholeWords } from "./filter-phrase.ts";
import { fold } from "./fold.ts";
import { remembered, textTest } from "./value-test.ts";

/** `user:icase("Alice")`: the whole value, whatever its case. */
export interface IcaseFilter {
  kind: "icase";
  field: string;
  value: string;
}

export const icaseKind: FilterKind<IcaseFilter> = {
  print: ({ field, value }) => `${printField(field)}icase(${quote(value)})`,
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => 2 * fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, icaseTest), mask),
};

function icaseTest({ value }: IcaseFilter) {
  const folded = fold(value);
  const meets = (text: string) => fold(text) === folded;
  return textTest(
    meets,
    (column, mask) => {
      if (value === "") testRows(column, meets, mask);
      else searchColumn(column, value, { any_case: true }, mask, (at, end, row_start, row_end) => at === row_start && end === row_end);
    },
    wholeWords([value]),
  );
}
