import { rowsOf } from "../../../worker/engine/query/expressions/evaluate.ts";
import { applyFilter } from "../../../worker/engine/query/filters/filters.ts";
import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import { parseQuery, planQuery, reducerFor, runTable, type TableValue } from "../../../worker/engine/query/query.ts";
import { compileMetric, normalMetric } from "../../../worker/engine/windows/compile-metric.ts";
import type { MetricDefinition, MetricInput } from "../../../worker/engine/windows/definition.ts";
import type { MetricSeries } from "../../../worker/engine/windows/window-values.ts";
import { batchOf, type PlainEvent } from "../query/batches.ts";

export const NOON_US = Date.UTC(2026, 2, 1, 12) * 1000;
export const SECOND_US = 1_000_000;
export const MINUTE_US = 60_000_000;

export const PLAIN: MetricInput = { name: "requests", aggregations: { n: "count()" }, window: { kind: "tumbling", size: "60s" } };

export function compiled(changes: Partial<MetricInput> = {}) {
  return compileMetric(normalMetric({ ...PLAIN, ...changes }));
}

/** What a search answers over a span of time: labels as JSON text, then a value for each aggregation and the metric's own. */
export function searched(
  definition: MetricDefinition,
  events: readonly PlainEvent[],
  from_us: number,
  to_us: number,
): Map<string, TableValue[]> {
  const calls = Object.entries(definition.aggregations).map(([name, call]) => `${call} as ${name}`);
  const by = definition.group_by.length > 0 ? ` by ${definition.group_by.join(", ")}` : "";
  const text = `${definition.query} | stats ${calls.join(", ")}${by} | eval the_value = ${definition.value}`;
  const plan = planQuery(parseQuery(text, { now_us: NOON_US }), { range: { from_us, to_us } });
  const reducer = reducerFor(plan.reduce!);
  const inside = events.filter(({ timestamp_us }) => timestamp_us >= from_us && timestamp_us < to_us);
  if (inside.length > 0) {
    const batch = batchOf(inside);
    const mask = new Uint8Array(batch.rows).fill(1);
    applyFilter(plan.filter, batch, mask);
    const stepped = runSteps(plan.steps, batch, rowsOf(mask));
    reducer.add(stepped.batch, stepped.rows);
  }
  const keys = definition.group_by.length;
  return new Map(runTable(plan, reducer.result()).rows.map((row) => [labelText(row.slice(0, keys)), row.slice(keys)]));
}

export function labelText(labels: readonly TableValue[]): string {
  return JSON.stringify(labels.map((label) => (label === null ? null : String(label))));
}

/** A point of each series in the form of `searched`. */
export function shown(series: readonly MetricSeries[], at_us: number): Map<string, (number | null)[]> {
  return new Map(
    series.map(({ labels, points }) => {
      const point = points.find((each) => each.at_us === at_us)!;
      return [labelText(Object.values(labels)), [...Object.values(point.aggregates), point.value]];
    }),
  );
}
