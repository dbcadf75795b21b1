import { Buffer } from "node:buffer";
import { readExactNumber } from "../numbers.ts";
import { printField, printValue } from "../quote.ts";
import { fieldCost, matchField, testRows } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { remembered, type ValueTest } from "./value-test.ts";

/** `level:(error, fatal)`, `status:in(500, 502)`: the value is one of two or more, each as in `field:value`. Never on `message` or `_any`. */
export interface InFilter {
  kind: "in";
  field: string;
  values: string[];
}

export const inKind: FilterKind<InFilter> = {
  print: ({ field, values }) => `${printField(field)}(${values.map(printValue).join(", ")})`,
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, inTest), mask),
};

function inTest({ values }: InFilter): ValueTest {
  const texts = new Set(values);
  const numbers = new Set(values.map(readExactNumber).filter((value) => value !== null));
  const sizes = new Set(values.map((value) => Buffer.byteLength(value)));
  return {
    text: (text) => texts.has(text),
    number: (stored) => numbers.has(stored) || texts.has(String(stored)),
    exact: values,
    scan(column, mask) {
      const { offsets } = column;
      for (let row = 0; row < mask.length; row++) {
        if (mask[row] === 1 && !sizes.has((offsets[row + 1] as number) - (offsets[row] as number))) mask[row] = 0;
      }
      testRows(column, (text) => texts.has(text), mask);
    },
  };
}
