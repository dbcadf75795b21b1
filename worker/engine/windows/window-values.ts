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
  /** Only series whose `seriesKey` is in here; null for all. */
  only?: ReadonlySet<string> | null;
}

/** A name that no aggregation may have, since it is none in lower case. */
const VALUE = "VALUE";
/** Key of the series of all others: no text of labels. */
const REST = "";

/** Ends of windows at multiples of the step, within the range (the end included). */
export function windowEnds(from_us: number, to_us: number, step_us: number): number[] {
  const first_us = Math.floor(from_us / step_us) * step_us + step_us;
  const count = Math.max(0, Math.floor((to_us - first_us) / step_us) + 1);
  return Array.from({ length: count }, (_, index) => first_us + index * step_us);
}

/** Tells series of one metric apart. */
export function seriesKey({ labels, overflow }: Pick<MetricSeries, "labels" | "overflow">): string {
  return overflow ? REST : labelsText(Object.values(labels));
}

/**
 * The series that occur in the windows, ordered by labels: `series_max` at most, and that of all others. A window in which one of them has no event
 * gives what the functions show for none.
 * @param panes in any order; those of one time are merged, shorter ones go into the pane of `pane_us` that they lie in
 */
export function windowSeries(metric: CompiledMetric, panes: readonly Pane[], pane_us: number, request: WindowsRequest): MetricSeries[] {
  const { ends_us, window_us } = request;
  const pipe = timed(metric.pipe, window_us);
  const merged = mergePanes(metric, panes, pane_us);
  const windows = { metric, pipe, merged, pane_us, request };
  const found = foundSeries(windows, null) ?? foundSeries(windows, toldApart(windows))!;
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

interface Windows {
  metric: CompiledMetric;
  pipe: StatsPipe;
  merged: readonly Pane[];
  pane_us: number;
  request: WindowsRequest;
}

/** Values by series and window; null where each window by itself has room for its series, but all of them together have more than there may be. */
function foundSeries({ metric, pipe, merged, pane_us, request }: Windows, apart: ReadonlySet<string> | null) {
  const { ends_us, window_us, match, only = null } = request;
  const sliding = new SlidingMerge(pipe, metric.series_max);
  const found = new Map<string, { row: SeriesRow; values: Map<number, TableValue[]> }>();
  const occurring = new Set<string>();
  let next = 0;
  for (const [index, end_us] of ends_us.entries()) {
    while (next < merged.length && merged[next]!.from_us + pane_us <= end_us) sliding.push(merged[next++]!);
    sliding.dropBefore(end_us - window_us);
    for (const row of sliding.state()?.rows(apart) ?? []) {
      const key = row.rest ? REST : labelsText(row.labels);
      if (occurring.add(key).size > metric.series_max + 1 && apart === null) return null;
      if ((only && !only.has(key)) || !matches(metric, row, match)) continue;
      const series = found.get(key) ?? { row, values: new Map() };
      found.set(key, series);
      series.values.set(index, row.values);
    }
  }
  return found;
}

/** Labels of the series that there is room for in the time of all windows together: each of them is kept in every one of them, too. */
function toldApart({ metric, pipe, merged, pane_us, request }: Windows): ReadonlySet<string> {
  const { ends_us, window_us } = request;
  const state = new SeriesState(pipe, metric.series_max);
  for (const { from_us, bytes } of merged)
    if (from_us >= ends_us[0]! - window_us && from_us + pane_us <= ends_us.at(-1)!) state.merge(bytes);
  return new Set(state.rows().flatMap(({ labels, rest }) => (rest ? [] : [labelsText(labels)])));
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
