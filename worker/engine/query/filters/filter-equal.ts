import type { BytesColumn } from "../../batch/event-batch.ts";
import { ANY_FIELD } from "../fields.ts";
import { readExactNumber } from "../numbers.ts";
import { printField, printValue, quote } from "../quote.ts";
import { searchColumn } from "./column-search.ts";
import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { wholeWords } from "./filter-phrase.ts";
import { remembered, type ValueTest } from "./value-test.ts";

/** `service:api`, `path:"/a b"`, `message:="all of it"`: the whole value, letter by letter; a number also where it is written otherwise (`5.0`). */
export interface EqualFilter {
  kind: "equal";
  field: string;
  value: string;
}

export function equal(field: string, value: string): EqualFilter {
  return { kind: "equal", field, value };
}

export const equalKind: FilterKind<EqualFilter> = {
  print({ field, value }) {
    const exact = field === "message" || field === ANY_FIELD;
    return printField(field) + (exact ? `=${quote(value)}` : printValue(value));
  },
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, equalTest), mask),
};

function equalTest({ value }: EqualFilter): ValueTest {
  const number = readExactNumber(value);
  return {
    text: (text) => text === value,
    number: (stored) => stored === number || String(stored) === value,
    scan: (column, mask) => scanEqual(column, value, mask),
    exact: [value],
    words: wholeWords([value]),
    // Stored numbers that are written like the value are equal to it as well.
    interval: number === null ? undefined : { low: number, high: number },
  };
}

function scanEqual(column: BytesColumn, value: string, mask: Uint8Array): void {
  if (value !== "") {
    searchColumn(column, value, { any_case: false }, mask, (at, end, row_start, row_end) => at === row_start && end === row_end);
    return;
  }
  const { offsets } = column;
  for (let row = 0; row < mask.length; row++) if (offsets[row] !== offsets[row + 1]) mask[row] = 0;
}
