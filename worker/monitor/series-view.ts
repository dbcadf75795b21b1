/** Values over time as a chart needs them: one array of times, one array of values for each series. */
import { z } from "@hono/zod-openapi";
import type { MetricSeries } from "../catalog/metric-series.ts";
import { formatTimestamp_us } from "../engine/batch/record.ts";
import { formatDuration_us, type TableValue } from "../engine/query/query.ts";
import { type BoundedSeries, TooManyPoints } from "../engine/windows/bounded-series.ts";
import { niceStep_us } from "../engine/windows/resolution.ts";
import { Problem } from "../errors.ts";
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

export function shownSeries({ series, left_out }: BoundedSeries, with_aggregates: boolean): ShownSeries {
  return {
    times_ms: (series[0]?.points ?? []).map(({ at_us }) => at_us / 1_000),
    series: series.map((one) => shown(one, with_aggregates)),
    series_left_out: left_out,
  };
}

/** What is asked of a range, and what would fit where that is too much. */
export interface AskedRange {
  from_us: number;
  to_us: number;
  /** As they were given. */
  step: string | undefined;
  from: string | undefined;
  limit: number | undefined;
}

/** What `make` gives. @throws Problem `invalid` where that would be more values than an answer may have */
export function withinBounds<T>(asked: AskedRange, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof TooManyPoints ? tooManyPoints(error, asked) : error;
  }
}

function tooManyPoints({ series, windows, points_max, message }: TooManyPoints, asked: AskedRange): Problem {
  const span_us = asked.to_us - asked.from_us;
  const windows_max = Math.floor(points_max / series);
  const step = `${formatDuration_us(niceStep_us(span_us / (windows_max - 1)))} or longer`;
  const range = `a range of at most ${formatDuration_us(Math.floor(((span_us / windows) * (windows_max - 1)) / 1e6) * 1e6)}`;
  const limit = Math.floor(points_max / windows);
  const errors = [
    { field: "step", value: asked.step, expected: step, message: `expected ${step}` },
    { field: "from", value: asked.from, expected: range, message: `expected ${range}` },
    ...(limit > 0 ? [{ field: "limit", value: asked.limit, expected: `${limit} or less`, message: `expected ${limit} or less` }] : []),
  ];
  return new Problem("invalid", `${message}: a longer step, a shorter range or fewer series are needed`, { errors });
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
