import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { fold } from "./fold.ts";
import { printField, quote } from "./quote.ts";
import { textTest } from "./value-test.ts";

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
  apply({ field, value }, batch, mask) {
    const folded = fold(value);
    matchField(
      batch,
      field,
      textTest((text) => fold(text) === folded),
      mask,
    );
  },
};
