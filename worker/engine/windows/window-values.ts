/** Values of a metric's windows, made of the states of its panes. */
import { evalKind } from "../query/pipes/pipe-eval.ts";
import type { StatsPipe } from "../query/pipes/pipe-stats.ts";
import { STATS_FUNCTIONS } from "../query/stats/stats-functions.ts";
import type { TableValue } from "../query/table.ts";
import type { CompiledMetric } from "./compile-metric.ts";
import { paneStart_us } from "./count-events.ts";
import type { Pane } from "./deltas.ts";
import { labelsText, type SeriesRow, SeriesState } from "./series-state.ts";
import { SlidingMerge } from "./sliding-merge.ts";

export interface MetricPoint {
  /** End of the window that the point is of. */
  at_us: number;
  /** Null where the window has none (an average of nothing). */
  value: number | null;
  /** By name of the aggregation. */
  aggregates: Record<string, number | null>;
}

export interface MetricSeries {
  /** By group-by field. */
  labels: Record<string, TableValue>;
  /** The series of all events that no other series had room for. */
  overflow: boolean;
  /** Ascending; one for each window that was asked for. */
  points: MetricPoint[];
}

export interface WindowsRequest {
  /** Ends of windows, ascending. */
  ends_us: readonly number[];
  window_us: number;
  /** Only series with these labels; values of one text are one label. */
  match?: Record<string, TableValue> | undefined;
}

/** A name that no aggregation may have, since it is none in lower case. */
const VALUE = "VALUE";

/** Ends of windows at multiples of the step, within the range (the end included). */
export function windowEnds(from_us: number, to_us: number, step_us: number): number[] {
  const first_us = Math.floor(from_us / step_us) * step_us + step_us;
  const count = Math.max(0, Math.floor((to_us - first_us) / step_us) + 1);
  return Array.from({ length: count }, (_, index) => first_us + index * step_us);
}

/**
 * The series that occur in the windows, ordered by labels. A window in which one of them has no event gives what the functions show for none.
 * @param panes in any order; those of one time are merged, shorter ones go into the pane of `pane_us` that they lie in
 */
export function windowSeries(metric: CompiledMetric, panes: readonly Pane[], pane_us: number, request: WindowsRequest): MetricSeries[] {
  const { ends_us, window_us } = request;
  const pipe = timed(metric.pipe, window_us);
  const merged = mergePanes(metric, panes, pane_us);
  const sliding = new SlidingMerge(pipe, metric.series_max);
  const found = new Map<string, { row: SeriesRow; values: Map<number, TableValue[]> }>();
  let next = 0;
  for (const [index, end_us] of ends_us.entries()) {
    while (next < merged.length && merged[next]!.from_us + pane_us <= end_us) sliding.push(merged[next++]!);
    sliding.dropBefore(end_us - window_us);
    for (const row of sliding.state()?.rows() ?? []) {
      if (!matches(metric, row, request.match)) continue;
      const key = row.rest ? "" : labelsText(row.labels);
      const series = found.get(key) ?? { row, values: new Map() };
      found.set(key, series);
      series.values.set(index, row.values);
    }
  }
  const empty = pipe.functions.map(({ name }) => STATS_FUNCTIONS[name]?.empty ?? null);
  const series = [...found.values()];
  const rows = series.flatMap(({ values }) => ends_us.map((_, index) => values.get(index) ?? empty));
  const shown = withValues(metric, rows);
  return series
    .map(({ row }, at) => ({
      labels: Object.fromEntries(metric.definition.group_by.map((name, key) => [name, row.labels[key] ?? null])),
      overflow: row.rest,
      points: ends_us.map((at_us, index) => ({ at_us, ...shown[at * ends_us.length + index]! })),
    }))
    .sort(compareSeries);
}

/** One state for each pane of time, ascending. */
export function mergePanes({ pipe, series_max }: CompiledMetric, panes: readonly Pane[], pane_us: number): Pane[] {
  const by_start = Map.groupBy(panes, ({ from_us }) => paneStart_us(from_us, pane_us));
  return [...by_start]
    .sort(([left], [right]) => left - right)
    .map(([from_us, parts]) => {
      if (parts.length === 1) return { from_us, bytes: parts[0]!.bytes };
      const state = new SeriesState(pipe, series_max);
      for (const { bytes } of parts) state.merge(bytes);
      return { from_us, bytes: state.pack() };
    });
}

/** Functions by second are told how long a window is. */
function timed(pipe: StatsPipe, window_us: number): StatsPipe {
  const seconds = window_us / 1e6;
  return { ...pipe, functions: pipe.functions.map((call) => (STATS_FUNCTIONS[call.name]?.per_second ? { ...call, seconds } : call)) };
}

/** The metric's expression over rows of its aggregations. */
function withValues({ pipe, value }: CompiledMetric, rows: readonly TableValue[][]): Omit<MetricPoint, "at_us">[] {
  const columns = pipe.functions.map(({ as }) => as);
  const items = [{ field: `attributes.${VALUE}`, expression: value }];
  const table = evalKind.table!({ kind: "eval", items }, { columns, rows: [...rows], overflow: null });
  return table.rows.map((row) => ({
    value: numberOf(row[columns.length]),
    aggregates: Object.fromEntries(columns.map((name, index) => [name, numberOf(row[index])])),
  }));
}

function numberOf(value: TableValue | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function matches({ definition }: CompiledMetric, { labels, rest }: SeriesRow, match: WindowsRequest["match"]): boolean {
  if (!match) return true;
  if (rest) return Object.keys(match).length === 0;
  return Object.entries(match).every(([name, wanted]) => {
    const label = labels[definition.group_by.indexOf(name)];
    return label !== undefined && (label === null || wanted === null ? label === wanted : String(label) === String(wanted));
  });
}

function compareSeries(left: MetricSeries, right: MetricSeries): number {
  if (left.overflow !== right.overflow) return left.overflow ? 1 : -1;
  const [a, b] = [labelsText(Object.values(left.labels)), labelsText(Object.values(right.labels))];
  return a < b ? -1 : a > b ? 1 : 0;
}
