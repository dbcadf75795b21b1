/** Samples of Ledge's metrics for PromQL: values of windows, each at the time of its end. */

import type { MetricPoint, MetricSeries } from "../../catalog/metric-series.ts";
import type { SampleSource } from "../../engine/promql/evaluate-promql.ts";
import type { LabelMatcher } from "../../engine/promql/matchers.ts";
import { matchesLabels, matchesValue } from "../../engine/promql/matchers.ts";
import { METRIC_NAME_LABEL, PromqlError, type Selector } from "../../engine/promql/promql.ts";
import type { LabelSet, RawSeries, Series } from "../../engine/promql/values.ts";
import type { TableValue } from "../../engine/query/query.ts";
import { TooManyPoints } from "../../engine/windows/bounded-series.ts";
import { compileMetric } from "../../engine/windows/compile-metric.ts";
import { PROMQL_LOOKBACK_MS, PROMQL_METRICS_PER_SELECTOR_MAX, PROMQL_SELECTORS_MAX, PROMQL_STEPS_MAX } from "../../limits.ts";
import type { SeriesSource } from "../read-panes.ts";
import { OVERFLOW_LABEL, type PromMetric } from "./names.ts";

/** Labels of a series under their names of Prometheus; what an event lacks is no label. */
export function promLabels(metric: PromMetric, { labels, overflow }: Pick<MetricSeries, "labels" | "overflow">): LabelSet {
  const shown: Record<string, string> = { [METRIC_NAME_LABEL]: metric.name };
  if (overflow) shown[OVERFLOW_LABEL] = "true";
  for (const [field, name] of metric.labels) {
    const value = overflow ? null : (labels[field] ?? null);
    if (value !== null && String(value) !== "") shown[name] = String(value);
  }
  return shown;
}

/** Matchers may name a field as Ledge does, too: `{"http.method"="GET"}`. */
export function namedMatchers(metric: PromMetric, matchers: readonly LabelMatcher[]): LabelMatcher[] {
  return matchers.map((matcher) => ({ ...matcher, name: metric.labels.get(matcher.name) ?? matcher.name }));
}

export function selectMetrics(metrics: readonly PromMetric[], matchers: readonly LabelMatcher[]): PromMetric[] {
  const of_name = matchers.filter(({ name }) => name === METRIC_NAME_LABEL);
  return metrics.filter(({ name }) => of_name.every((matcher) => matchesValue(matcher, name)));
}

interface Windows {
  ends_ms: number[];
  window_ms: number;
}

/** What one query asks of one project's metrics. */
export class MetricSamples implements SampleSource {
  readonly #metrics: readonly PromMetric[];
  readonly #source: SeriesSource;
  readonly #now_ms: number;
  #selectors = 0;

  /** @param now_ms windows that end later have no values yet */
  constructor(metrics: readonly PromMetric[], source: SeriesSource, now_ms: number) {
    this.#metrics = metrics;
    this.#source = source;
    this.#now_ms = now_ms;
  }

  async at(selector: Selector, times_ms: readonly number[]): Promise<Series[]> {
    return this.#each(selector, async (metric) => {
      if (metric.is_total)
        throw new PromqlError(
          `${metric.name} is a count without a begin: ask for rate(${metric.name}[5m]) or increase(${metric.name}[5m])`,
          selector.position,
        );
      const { step_ms, size_ms } = lengthsOf(metric);
      const ends = times_ms.map((time_ms) => this.#endBefore(time_ms, step_ms));
      const found = await this.#windows(metric, selector, { ends_ms: distinct(ends), window_ms: size_ms });
      return byTimes(found, ends, (point) => shownValue(metric, point));
    });
  }

  async growth(selector: Selector, times_ms: readonly number[], range_ms: number): Promise<Series[]> {
    return this.#each(selector, async (metric) => {
      const { growing, growth } = metric;
      if (growing === null)
        throw new PromqlError(
          `${metric.name} is no count: rate and increase are of metrics whose value is count, sum, rate or rate_sum`,
          selector.position,
        );
      const { step_ms } = lengthsOf(metric);
      const ends = times_ms.map((time_ms) => this.#endBefore(time_ms, step_ms));
      const found = await this.#windows(metric, selector, { ends_ms: distinct(ends), window_ms: range_ms });
      // A range that is no multiple of what was counted together is taken in proportion.
      const factor = growth === "per_second" ? range_ms / 1_000 : range_ms / found.window_ms;
      return byTimes(found, ends, ({ aggregates }) => (aggregates[growing] ?? 0) * factor);
    });
  }

  async between(selector: Selector, from_ms: number, to_ms: number): Promise<RawSeries[]> {
    return this.#each(selector, async (metric) => {
      if (metric.is_total)
        throw new PromqlError(`${metric.name} is a count without a begin: ask for rate or increase of it`, selector.position);
      const { step_ms, size_ms } = lengthsOf(metric);
      const first_ms = Math.floor(from_ms / step_ms) * step_ms + step_ms;
      const count = Math.max(0, Math.floor((Math.min(to_ms, this.#now_ms) - first_ms) / step_ms) + 1);
      if (count > PROMQL_STEPS_MAX)
        throw new PromqlError(
          `${metric.name} has ${count} windows in this range, at most ${PROMQL_STEPS_MAX} are looked at; rate and increase have no such bound`,
          selector.position,
        );
      const ends_ms = Array.from({ length: count }, (_, index) => first_ms + index * step_ms);
      const found = await this.#windows(metric, selector, { ends_ms, window_ms: size_ms });
      return found.series.map(({ labels, points }) => {
        const present = points.flatMap((point) => {
          const value = shownValue(metric, point);
          return value === null ? [] : [{ time_ms: point.at_us / 1_000, value }];
        });
        return { labels, times_ms: present.map(({ time_ms }) => time_ms), values: present.map(({ value }) => value) };
      });
    });
  }

  /** The end of the last window up to a time; null where that is too long ago. */
  #endBefore(time_ms: number, step_ms: number): number | null {
    const end_ms = Math.floor(Math.min(time_ms, this.#now_ms) / step_ms) * step_ms;
    return end_ms > 0 && time_ms - end_ms <= Math.max(PROMQL_LOOKBACK_MS, step_ms) ? end_ms : null;
  }

  async #each<T>(selector: Selector, read: (metric: PromMetric) => Promise<T[]>): Promise<T[]> {
    this.#selectors += 1;
    if (this.#selectors > PROMQL_SELECTORS_MAX)
      throw new PromqlError(`a query has at most ${PROMQL_SELECTORS_MAX} selectors`, selector.position);
    const metrics = selectMetrics(this.#metrics, selector.matchers);
    if (metrics.length > PROMQL_METRICS_PER_SELECTOR_MAX)
      throw new PromqlError(
        `the selector means ${metrics.length} metrics, at most ${PROMQL_METRICS_PER_SELECTOR_MAX} are possible`,
        selector.position,
      );
    const found: T[] = [];
    for (const metric of metrics) found.push(...(await read(metric)));
    return found;
  }

  async #windows(metric: PromMetric, { matchers, position }: Selector, { ends_ms, window_ms }: Windows) {
    const named = namedMatchers(metric, matchers);
    if (ends_ms.length === 0) return { window_ms, ends_ms, series: [] };
    const windows = { ends_us: ends_ms.map((ms) => ms * 1_000), window_us: window_ms * 1_000, match: exactMatch(metric, named) };
    const answer = await this.#source(metric.record.definition, windows).catch((error: unknown) => {
      if (error instanceof TooManyPoints)
        throw new PromqlError(`${metric.name}: ${error.message}; a longer step or fewer series are needed`, position);
      throw error;
    });
    const series = answer.series
      .map((one) => ({ labels: promLabels(metric, one), points: one.points }))
      .filter(({ labels }) => matchesLabels(named, labels));
    return { window_ms: answer.window_us / 1_000, ends_ms, series };
  }
}

/** What matchers say of group-by fields in so many words. */
export function exactMatch({ labels }: PromMetric, matchers: readonly LabelMatcher[]): Record<string, TableValue> {
  const fields = new Map([...labels].map(([field, label]) => [label, field]));
  const exact = matchers.filter(({ name, op, value }) => op === "=" && value !== "" && fields.has(name));
  return Object.fromEntries(exact.map(({ name, value }) => [fields.get(name)!, value]));
}

interface Found {
  ends_ms: number[];
  series: { labels: LabelSet; points: MetricPoint[] }[];
}

function lengthsOf({ record }: PromMetric): { step_ms: number; size_ms: number } {
  const { step_us, size_us } = compileMetric(record.definition);
  return { step_ms: step_us / 1_000, size_ms: size_us / 1_000 };
}

function shownValue({ aggregate }: PromMetric, { value, aggregates }: MetricPoint): number | null {
  return aggregate === null ? value : (aggregates[aggregate] ?? null);
}

function distinct(ends: readonly (number | null)[]): number[] {
  return [...new Set(ends.filter((end) => end !== null))];
}

/** The points of windows at the times that asked for them. */
function byTimes(
  { ends_ms, series }: Found,
  wanted: readonly (number | null)[],
  sampleOf: (point: MetricPoint) => number | null,
): Series[] {
  const places = new Map(ends_ms.map((end_ms, index) => [end_ms, index]));
  return series.map(({ labels, points }) => ({
    labels,
    values: wanted.map((end_ms) => (end_ms === null ? null : sampleOf(points[places.get(end_ms)!]!))),
  }));
}
