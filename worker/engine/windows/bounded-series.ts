/** Series of windows within a bound on what an answer holds. */
import type { CompiledMetric } from "./compile-metric.ts";
import type { Pane } from "./deltas.ts";
import { type MetricSeries, seriesKey, type WindowsRequest, windowSeries } from "./window-values.ts";

export interface SeriesBounds {
  /** Series that are given, the largest ones; all where it is missing. */
  series_max?: number;
  /** Values that they have together. */
  points_max: number;
}

/** Series times windows are more than an answer may have. */
export class TooManyPoints extends Error {
  readonly series: number;
  readonly windows: number;
  readonly points_max: number;

  constructor(series: number, windows: number, points_max: number) {
    super(`${series} series of ${windows} values are more than the ${points_max} that are possible`);
    this.name = "TooManyPoints";
    this.series = series;
    this.windows = windows;
    this.points_max = points_max;
  }
}

export interface BoundedSeries {
  series: MetricSeries[];
  /** Series beyond the largest ones. */
  left_out: number;
}

/**
 * As `windowSeries`; how many series there are, and which are the largest, is found of the time of all windows together, before a value of each
 * window is made.
 * @throws TooManyPoints
 */
export function boundedSeries(
  metric: CompiledMetric,
  panes: readonly Pane[],
  pane_us: number,
  { request, bounds }: { request: WindowsRequest; bounds: SeriesBounds },
): BoundedSeries {
  const { series_max = Number.POSITIVE_INFINITY, points_max } = bounds;
  const { ends_us, window_us } = request;
  const windows = ends_us.length;
  const possible = metric.definition.group_by.length === 0 ? 1 : metric.series_max + 1;
  const fits = possible <= series_max && possible * windows <= points_max;
  if (windows === 0 || fits) return { series: windowSeries(metric, panes, pane_us, request), left_out: 0 };
  const last_us = ends_us[windows - 1]!;
  const whole = windowSeries(metric, panes, pane_us, { ...request, ends_us: [last_us], window_us: last_us - ends_us[0]! + window_us });
  const count = Math.min(whole.length, series_max);
  if (count * windows > points_max) throw new TooManyPoints(count, windows, points_max);
  const only = whole.length > count ? new Set(largest(whole, count).map(seriesKey)) : null;
  return { series: windowSeries(metric, panes, pane_us, { ...request, only }), left_out: whole.length - count };
}

/** Those with the largest values of one window that is all the time. */
function largest(series: readonly MetricSeries[], count: number): MetricSeries[] {
  const weightOf = ({ points }: MetricSeries) => Math.abs(points[0]?.value ?? 0);
  return series.toSorted((left, right) => weightOf(right) - weightOf(left)).slice(0, count);
}
