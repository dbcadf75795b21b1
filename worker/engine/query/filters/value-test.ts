import type { BytesColumn } from "../../batch/event-batch.ts";

/** A condition on one value, whatever column it comes from. Values that are null or absent never meet it. */
export interface ValueTest {
  text(value: string): boolean;
  number(value: number): boolean;
  /** On microseconds, for `timestamp` and `ingest_ts`; without it their text is tested. */
  time?(time_us: number): boolean;
  /** Whole column at once: clears the rows of `mask` whose bytes do not meet the condition. Rows without a value are cleared already. */
  scan?(column: BytesColumn, mask: Uint8Array): void;
  /** Lower-cased ASCII words that every text that meets it has as whole words. */
  words?: readonly string[];
  /** The texts that meet it, where no other does. */
  exact?: readonly string[];
  /** The numbers that meet it, and the times if it has `time`, where they are those from low to high, both included. */
  interval?: Interval;
}

export interface Interval {
  low: number;
  high: number;
}

/** A test on the text of a value: numbers and booleans by their JSON text. */
export function textTest(text: (value: string) => boolean, scan?: ValueTest["scan"], words?: readonly string[]): ValueTest {
  return { text, number: (value) => text(String(value)), scan, words };
}

/** A test of a value as JSON has it; an array meets it where one of its elements does. */
export function testValue(test: ValueTest, value: unknown): boolean {
  if (typeof value === "string") return test.text(value);
  if (typeof value === "number") return test.number(value);
  if (value === null || value === undefined) return false;
  if (typeof value === "boolean") return test.text(String(value));
  if (Array.isArray(value))
    return value.some((element) => (Array.isArray(element) ? test.text(JSON.stringify(element)) : testValue(test, element)));
  return test.text(JSON.stringify(value));
}

const tests = new WeakMap<object, ValueTest>();

/** The test of a filter, made once for all batches that it is applied to. */
export function remembered<F extends object>(filter: F, make: (filter: F) => ValueTest): ValueTest {
  let test = tests.get(filter);
  if (test === undefined) {
    test = make(filter);
    tests.set(filter, test);
  }
  return test;
}
