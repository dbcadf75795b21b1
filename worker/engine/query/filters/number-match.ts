import type { NumberColumn, NumberDictionary } from "../../batch/event-batch.ts";
import { forEachPage } from "../../batch/pages.ts";
import type { Interval, ValueTest } from "./value-test.ts";

/** Clears the rows of `mask` whose number does not meet the test, and those without one. */
export function matchNumbers(column: NumberColumn, test: ValueTest, mask: Uint8Array): void {
  const { dictionary, pages } = column;
  if (test.interval && column.range && isApart(test.interval, column.range)) mask.fill(0);
  else if (dictionary?.keep) keepMarked(dictionary, test, mask);
  else if (pages) {
    forEachPage(pages, mask, (page, part) => {
      if (page === null) part.fill(0);
      else matchNumbers(page as NumberColumn, test, part);
    });
  } else {
    const { values, present } = column;
    if (present) for (let row = 0; row < mask.length; row++) mask[row] = mask[row]! & present[row]!;
    if (test.interval) keepWithin(values, test.interval, mask);
    else for (let row = 0; row < mask.length; row++) if (mask[row] === 1 && !test.number(values[row]!)) mask[row] = 0;
  }
}

function isApart({ low, high }: Interval, { min, max }: { min: number; max: number }): boolean {
  return low > max || high < min;
}

/** Each distinct number is tested once. */
function keepMarked(dictionary: NumberDictionary, { number, interval }: ValueTest, mask: Uint8Array): void {
  const { values } = dictionary;
  const marks = new Uint8Array(values.length + 1);
  marks.fill(1, 0, values.length);
  if (interval) keepWithin(values, interval, marks.subarray(0, values.length));
  else for (let code = 0; code < values.length; code++) if (!number(values[code]!)) marks[code] = 0;
  if (marks.includes(1)) dictionary.keep!(marks, mask);
  else mask.fill(0);
}

function keepWithin(values: Float64Array, { low, high }: Interval, mask: Uint8Array): void {
  for (let row = 0; row < mask.length; row++) {
    const value = values[row]!;
    mask[row] = mask[row]! & (value >= low && value <= high ? 1 : 0);
  }
}
