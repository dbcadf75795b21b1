/**
 * The events in the golden files, by a formula that never changes: the files of a version hold exactly these, for ever.
 * Every kind of column with gaps, a dictionary of strings and of numbers, text beyond ASCII, numbers at their limits, a rest.
 */
import type { Row } from "../../engine/segment/events.ts";

const DAY_US = 86_400_000_000;
const START_US = 1_767_225_600_000_000;
const LEVELS = ["INFO", "WARN", "ERROR"];
const LIMITS = [0, 1, -1, 9_007_199_254_740_991, -9_007_199_254_740_991];

/** Frame one is short and holds everything in its section; frame two is long and holds pages. */
export const GOLDEN_FRAMES: readonly Row[][] = [rowsOf(0, 40), rowsOf(40, 560)];

function rowsOf(first: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => rowAt(first + index));
}

function rowAt(number: number): Row {
  const mixed = (number * 2_654_435_761) % 4_294_967_296;
  const values: Row["values"] = {
    service: ["api", "größe", "worker"][mixed % 3]!,
    message: `request ${mixed.toString(36)} of user ${number % 17} took ${mixed % 900}ms – ${number % 5 === 0 ? "日本語 😀" : "done"}`,
    trace_id: (mixed % 97).toString(16).padStart(32, "0"),
    fingerprint: 9_007_199_254_740_000 + (mixed % 7),
    "attributes.limit": LIMITS[number % LIMITS.length]!,
    "attributes.ratio": (mixed % 1000) / 7,
    "attributes.user": `u${mixed}`,
  };
  if (number % 11 !== 0) values.level = LEVELS[mixed % LEVELS.length]!;
  if (number % 2 === 0) values["attributes.cached"] = mixed % 2 === 0;
  if (number % 3 === 0) values["attributes.http.status"] = [200, 404, 500][mixed % 3]!;
  const row: Row = { timestamp_us: START_US + (mixed % DAY_US), ingest_us: START_US + number * 1_001, values };
  if (number % 13 === 0) row.rest = { "deep.list": [1, "zwei", null, { three: 3 }], "odd name": number };
  return row;
}
