import { expect, it } from "vitest";
import { COUNTS, type Counts } from "../../../bench/counting/counts.ts";
import { priceOf } from "../../../bench/prices.ts";
import { formatNumber, median, quantile } from "../../../bench/report.ts";

const NOTHING = Object.fromEntries(Object.keys(COUNTS).map((name) => [name, 0])) as Counts;

function usdOf(counts: Partial<Counts>, events: number, cpu_ms = 0, stored_bytes = 0): number {
  const lines = priceOf({ events, counts: { ...NOTHING, ...counts }, cpu_ms, stored_bytes });
  return lines.reduce((sum, line) => sum + line.usd, 0);
}

it("prices by the table, per million events", () => {
  expect(usdOf({}, 1_000_000)).toBe(0);
  expect(usdOf({ http_requests: 10_000 }, 1_000_000)).toBeCloseTo(0.003, 9);
  expect(usdOf({ queue_writes: 10_000, queue_reads: 10_000, queue_deletes: 10_000 }, 1_000_000)).toBeCloseTo(0.012, 9);
  expect(usdOf({ r2_puts: 100 }, 1_000_000)).toBeCloseTo(0.00045, 9);
  expect(usdOf({ r2_gets: 100 }, 1_000_000)).toBeCloseTo(0.000036, 9);
  expect(usdOf({ d1_rows_written: 300, object_rows_written: 700 }, 1_000_000)).toBeCloseTo(0.001, 9);
  // A call, and 10 ms of 128 MB.
  expect(usdOf({ object_calls: 1_000_000 }, 1_000_000)).toBeCloseTo(0.15 + 0.016, 9);
  expect(usdOf({}, 1_000_000, 30_000)).toBeCloseTo(0.0006, 9);
  expect(usdOf({}, 1_000_000, 0, 45e6)).toBeCloseTo(0.000675, 9);
});

it("scales what was counted to a million events", () => {
  expect(usdOf({ http_requests: 100 }, 10_000)).toBeCloseTo(0.003, 9);
  expect(priceOf({ events: 10_000, counts: { ...NOTHING, r2_puts: 3 }, cpu_ms: 0, stored_bytes: 0 })).toContainEqual({
    what: "R2 puts and lists",
    amount: 300,
    usd: 300 * 4.5e-6,
  });
});

it.each([
  [0, "0"],
  [0.0123456, "0.0123"],
  [1.234, "1.23"],
  [12.34, "12.3"],
  [123.4, "123"],
  [1_234_567.8, "1,234,568"],
  [Number.NaN, "-"],
])("shows %f as %s", (value, text) => expect(formatNumber(value)).toBe(text));

it("takes medians and quantiles", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(quantile([4, 1, 3, 2], 0.99)).toBe(4);
  expect(median([])).toBeNaN();
});
