/** Functions that are exact up to a bound: beyond it within the error that the documentation names, in one piece and merged from several. */
import { describe, expect, it } from "vitest";
import type { EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { parseQuery, planQuery, reducerFor, runTable, type TableValue } from "../../../worker/engine/query/query.ts";
import { randomOf } from "../../support/random.ts";

/** Five times the standard error: what does not happen once in a million. */
const SIGMAS = 5;

function batchOf(values: Float64Array, groups: Uint32Array | null): EventBatch {
  const rows = values.length;
  const times = new Float64Array(rows);
  const columns: EventBatch["columns"] = new Map([["attributes.x", { kind: "double", values, present: null }]]);
  if (groups) columns.set("attributes.g", { kind: "int64", values: Float64Array.from(groups), present: null });
  return { rows, timestamp_us: times, ingest_us: times, columns, rest: null };
}

/** The table, from one reducer or from several whose states are merged. */
function ask(query: string, batches: readonly EventBatch[], merged: boolean): TableValue[][] {
  const plan = planQuery(parseQuery(query, { now_us: 0 }));
  const whole = reducerFor(plan.reduce!);
  for (const batch of batches) {
    const target = merged ? reducerFor(plan.reduce!) : whole;
    target.add(
      batch,
      Uint32Array.from({ length: batch.rows }, (_, row) => row),
    );
    if (merged) whole.merge(structuredClone(target.serialize()));
  }
  return runTable(plan, whole.result()).rows;
}

function cut(values: Float64Array, groups: Uint32Array | null): EventBatch[] {
  const size = 65_536;
  return Array.from({ length: Math.ceil(values.length / size) }, (_, at) =>
    batchOf(values.subarray(at * size, (at + 1) * size), groups?.subarray(at * size, (at + 1) * size) ?? null),
  );
}

const random = randomOf(3);
const SHARES = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1];
const DISTRIBUTIONS: [string, () => number][] = [
  ["even", () => random() * 1_000],
  ["skewed", () => Math.exp(random() * 20 - 5)],
  ["of both signs", () => (random() - 0.5) * 10 ** Math.floor(random() * 12)],
  ["mostly zero", () => (random() < 0.9 ? 0 : random())],
  ["few", () => Math.floor(random() * 4) * 100],
];

describe.each([
  ["one state", false],
  ["merged states", true],
])("in %s", (_, merged) => {
  it.each(DISTRIBUTIONS)("quantiles of numbers that are %s lie within 0.4 %", (_name, next) => {
    const values = Float64Array.from({ length: 150_000 }, next);
    const calls = SHARES.map((share, at) => `quantile(${share}, x) as q${at}`).join(", ");
    const [found] = ask(`* | stats ${calls}`, cut(values, null), merged);
    const sorted = values.toSorted();
    for (const [at, share] of SHARES.entries()) {
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
      expect(Math.abs((found![at] as number) - exact), `${share}: ${found![at]}, exactly ${exact}`).toBeLessThanOrEqual(
        0.004 * Math.abs(exact) + 1e-12,
      );
    }
  });

  it("distinct values of one group are counted to the bound, beyond it within its error", () => {
    for (const [count, error] of [
      [200_000, 0],
      [1_200_000, 0.002],
    ] as const) {
      const values = Float64Array.from({ length: count }, (_, at) => at * 0.5);
      const [[found]] = ask("* | stats count_uniq(x)", cut(values, null), merged) as [[number]];
      expect(Math.abs(found - count) / count).toBeLessThanOrEqual(SIGMAS * error);
    }
  });

  it("distinct values of many groups share the bound", () => {
    const groups = 2_000;
    const each = 700;
    const rows = groups * each;
    const values = Float64Array.from({ length: rows }, (_, at) => at * 0.5);
    const own = Uint32Array.from({ length: rows }, (_, at) => at % groups);
    const found = ask("* | stats count_uniq(x) as c by g", cut(values, own), merged);
    expect(found).toHaveLength(groups);
    const bound = 1_048_576 / groups;
    const errors = found.map(([, count]) => ((count as number) - each) / each);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(SIGMAS * Math.sqrt(2 / bound));
    const mean = errors.reduce((sum, error) => sum + error, 0) / groups;
    expect(Math.abs(mean)).toBeLessThan(0.02);
  });
});
