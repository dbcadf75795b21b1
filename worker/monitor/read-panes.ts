/** Values of windows that begin and end wherever somebody asks, of what was counted. */
import { type MetricSeries, type MetricSources, readMetricPanes } from "../catalog/metric-series.ts";
import { monitorOf } from "../catalog/monitor.ts";
import type { TableValue } from "../engine/query/query.ts";
import { boundedSeries } from "../engine/windows/bounded-series.ts";
import { compileMetric } from "../engine/windows/compile-metric.ts";
import type { MetricDefinition } from "../engine/windows/definition.ts";
import type { Env } from "../env.ts";
import { MONITOR_TIMEOUT_MS, PROMQL_POINTS_MAX } from "../limits.ts";
import { tryTwice } from "../stream-call.ts";
import { withTimeout } from "../timeout.ts";

export interface WantedWindows {
  /** Ascending, one at least. */
  ends_us: readonly number[];
  window_us: number;
  /** Only series with these values of group-by fields. */
  match: Record<string, TableValue>;
}

export interface WindowsAnswer {
  /** How much time each value is of: what was asked for, rounded up to what is kept of that time. */
  window_us: number;
  /** A point for each end; ends are rounded down to what is kept. */
  series: MetricSeries[];
}

/** How PromQL's selectors are read. @throws TooManyPoints */
export type SeriesSource = (definition: MetricDefinition, windows: WantedWindows) => Promise<WindowsAnswer>;

export function sourcesOf(env: Pick<Env, "MONITOR" | "BUCKET">, project_id: string): MetricSources {
  return { monitor: monitorOf(env, project_id), bucket: env.BUCKET };
}

/** What was read, within a bound on time; a read that failed in passing is made once more. @throws Problem `unavailable` */
export function readOrUnavailable<T>(read: () => Promise<T>): Promise<T> {
  return tryTwice(() => withTimeout(read(), MONITOR_TIMEOUT_MS));
}

/** @param project_id of the request that was authenticated */
export function seriesSource(env: Pick<Env, "MONITOR" | "BUCKET">, project_id: string): SeriesSource {
  return async (definition, { ends_us, window_us, match }) => {
    const [first_us, last_us] = [ends_us[0]!, ends_us.at(-1)!];
    const request = {
      name: definition.name,
      from_us: Math.max(0, first_us - window_us),
      to_us: last_us,
      step_us: grain_us(ends_us, window_us),
    };
    const found = await readOrUnavailable(() => readMetricPanes(sourcesOf(env, project_id), project_id, request));
    if (!found) return { window_us, series: [] };
    const { pane_us } = found.answer.plan;
    const length_us = Math.ceil(window_us / pane_us) * pane_us;
    const rounded = ends_us.map((end_us) => Math.floor(end_us / pane_us) * pane_us);
    const compiled = compileMetric(found.answer.record.definition);
    const request_of_windows = { ends_us: rounded, window_us: length_us, match };
    const { series } = boundedSeries(compiled, found.panes, pane_us, {
      request: request_of_windows,
      bounds: { points_max: PROMQL_POINTS_MAX },
    });
    return { window_us: length_us, series };
  };
}

/** The longest piece of time of which all windows are made without rest. */
function grain_us(ends_us: readonly number[], window_us: number): number {
  let grain = Math.round(window_us);
  for (const end_us of ends_us) {
    grain = divisor(grain, end_us);
    if (grain <= 1_000_000) break;
  }
  return Math.max(1, grain);
}

function divisor(left: number, right: number): number {
  return right === 0 ? left : divisor(right, left % right);
}
