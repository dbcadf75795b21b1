/** Values over time as a chart needs them: one array of times, one array of values for each series. */
import { z } from "@hono/zod-openapi";
import type { MetricSeries } from "../catalog/metric-series.ts";
import { formatTimestamp_us } from "../engine/batch/record.ts";
import type { TableValue } from "../engine/query/query.ts";
import { METRIC_SERIES_MAX, METRIC_SERIES_SHOWN_DEFAULT } from "../limits.ts";
import { MetricView } from "./views.ts";

const Values = z.array(z.number().nullable());

const SeriesView = z.object({
  label: z.string().openapi({ description: "For a legend.", example: "api, ERROR" }),
  labels: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .openapi({ description: "By group-by field; null where events have none.", example: { service: "api" } }),
  overflow: z.boolean().openapi({ description: "The events that no other series had room for (series_max)." }),
  values: Values.openapi({ description: "One for each time; null where the window has none." }),
  aggregates: z.record(z.string(), Values).optional().openapi({ description: "By aggregation, where asked for." }),
});

export const SeriesPartial = z
  .object({
    reason: z.enum(["filling", "time", "bytes", "segments", "size"]).openapi({
      description: "filling: older events are still being counted. The others: what a preview's search could not look at.",
    }),
    detail: z.string(),
    covered_from: z.string().nullable(),
    covered_to: z.string().nullable(),
  })
  .nullable()
  .openapi("MetricPartial", { description: "Why the values cover less than was asked; null where they are whole." });

/** What series of a declared metric and of a preview have in common. */
export const SERIES_SHAPE = {
  unit: z.string(),
  from: z.string(),
  to: z.string(),
  step_ms: z.number().openapi({ description: "Time between two values." }),
  window_ms: z.number().openapi({ description: "How much time each value is of: the window's size, or the step where that is longer." }),
  times_ms: z.array(z.number()).openapi({ description: "End of each window, milliseconds since 1970." }),
  series: z.array(SeriesView),
  series_left_out: z.number().int().openapi({ description: "Series beyond `limit`, the smallest ones." }),
  partial: SeriesPartial,
};

export const SeriesAnswerView = z
  .object({
    metric: MetricView,
    ...SERIES_SHAPE,
    resolution: z
      .enum(["step", "minute", "hour", "day"])
      .openapi({ description: "step: as fine as the metric is counted. Older values are kept by minute, hour and day." }),
    final_until: z.string().nullable().openapi({ description: "Windows that end later may still change." }),
    late: z.number().int().openapi({ description: "Events that came too late for their window, in all." }),
  })
  .openapi("MetricSeries");

export interface ShownSeries {
  times_ms: number[];
  series: z.infer<typeof SeriesView>[];
  series_left_out: number;
}

function labelText(value: TableValue): string {
  return value === null ? "(none)" : String(value);
}

function shown({ labels, overflow, points }: MetricSeries, with_aggregates: boolean): z.infer<typeof SeriesView> {
  const names = Object.keys(points[0]?.aggregates ?? {});
  const aggregates = Object.fromEntries(names.map((name) => [name, points.map((point) => point.aggregates[name] ?? null)]));
  return {
    label: overflow ? "all others" : Object.values(labels).map(labelText).join(", "),
    labels: overflow ? {} : labels,
    overflow,
    values: points.map(({ value }) => value),
    ...(with_aggregates ? { aggregates } : {}),
  };
}

/** What a series weighs where only some can be shown. */
function weightOf({ points }: MetricSeries): number {
  return points.reduce((sum, { value }) => sum + Math.abs(value ?? 0), 0);
}

/** @param limit so many series, the largest by the sum of their values, in the order of their labels */
export function shownSeries(series: readonly MetricSeries[], limit: number, with_aggregates: boolean): ShownSeries {
  let kept = series;
  if (series.length > limit) {
    const largest = new Set(series.toSorted((left, right) => weightOf(right) - weightOf(left)).slice(0, limit));
    kept = series.filter((one) => largest.has(one));
  }
  return {
    times_ms: (series[0]?.points ?? []).map(({ at_us }) => at_us / 1_000),
    series: kept.map((one) => shown(one, with_aggregates)),
    series_left_out: series.length - kept.length,
  };
}

export const LimitParameter = z.coerce
  .number()
  .int()
  .min(1)
  .max(METRIC_SERIES_MAX)
  .optional()
  .openapi({ type: "integer", description: `Series of the answer, the largest ones; ${METRIC_SERIES_SHOWN_DEFAULT} where it is missing.` });

export function shownTime(time_us: number): string {
  return formatTimestamp_us(time_us);
}
