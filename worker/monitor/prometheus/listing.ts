/** Which series and labels there are: `series`, `labels` and `label/{name}/values`. */
import { type LabelMatcher, matchesLabels } from "../../engine/promql/matchers.ts";
import { parseSelector } from "../../engine/promql/parse-promql.ts";
import { METRIC_NAME_LABEL } from "../../engine/promql/promql.ts";
import { type LabelSet, labelsKey } from "../../engine/promql/values.ts";
import { compileMetric } from "../../engine/windows/compile-metric.ts";
import { PROMQL_LABELS_RANGE_DEFAULT_MS, PROMQL_LABELS_RANGE_MS_MAX, PROMQL_METRICS_LISTED_MAX } from "../../limits.ts";
import type { SeriesSource } from "../read-panes.ts";
import { PromFault } from "./answers.ts";
import type { PromMetric } from "./names.ts";
import { timeOr } from "./parameters.ts";
import { exactMatch, namedMatchers, promLabels, selectMetrics } from "./samples.ts";

export interface Listing {
  /** One of them must fit; empty: all. */
  selectors: LabelMatcher[][];
  from_ms: number;
  to_ms: number;
}

/** @throws PromqlError, PromFault */
export function listingOf(parameters: URLSearchParams, now_ms: number): Listing {
  const to_ms = Math.min(now_ms, timeOr(parameters, "end", now_ms));
  const from_ms = timeOr(parameters, "start", to_ms - PROMQL_LABELS_RANGE_DEFAULT_MS);
  if (from_ms > to_ms) throw new PromFault("bad_data", 'invalid parameter "end": end timestamp must not be before start time');
  return {
    selectors: parameters.getAll("match[]").map(parseSelector),
    from_ms: Math.max(from_ms, to_ms - PROMQL_LABELS_RANGE_MS_MAX),
    to_ms,
  };
}

/** Metrics that a listing is of. */
export function listedMetrics(metrics: readonly PromMetric[], { selectors }: Listing): PromMetric[] {
  if (selectors.length === 0) return [...metrics];
  const chosen = new Set(selectors.flatMap((matchers) => selectMetrics(metrics, matchers)));
  return metrics.filter((metric) => chosen.has(metric));
}

interface Listed {
  labels: LabelSet[];
  /** Metrics that were not looked at. */
  left_out: number;
}

/** Label sets of series that occur in the span. */
export async function listSeries(metrics: readonly PromMetric[], source: SeriesSource, listing: Listing): Promise<Listed> {
  const found = new Map<string, LabelSet>();
  // The names of one metric have the same series.
  const by_metric = [...Map.groupBy(metrics, ({ record }) => record)];
  for (const [record, names] of by_metric.slice(0, PROMQL_METRICS_LISTED_MAX)) {
    const wanted = listing.selectors.map((matchers) => namedMatchers(names[0]!, matchers));
    const match = wanted.length === 1 ? exactMatch(names[0]!, wanted[0]!) : {};
    const { series } = await source(record.definition, { ...wholeWindow(record.definition, listing), match });
    for (const one of series) {
      for (const metric of names) {
        const labels = promLabels(metric, one);
        if (wanted.length === 0 || wanted.some((matchers) => matchesLabels(matchers, labels))) found.set(labelsKey(labels), labels);
      }
    }
  }
  return { labels: [...found.values()], left_out: Math.max(0, by_metric.length - PROMQL_METRICS_LISTED_MAX) };
}

function wholeWindow(
  definition: PromMetric["record"]["definition"],
  { from_ms, to_ms }: Listing,
): { ends_us: number[]; window_us: number } {
  const { step_us } = compileMetric(definition);
  // The window under way has series, too.
  const end_us = Math.ceil((to_ms * 1_000) / step_us) * step_us;
  return { ends_us: [end_us], window_us: Math.max(step_us, Math.ceil((end_us - from_ms * 1_000) / step_us) * step_us) };
}

/** Names of labels of these metrics. */
export function labelsOf(metrics: readonly PromMetric[]): string[] {
  const names = new Set<string>(metrics.length > 0 ? [METRIC_NAME_LABEL] : []);
  for (const { labels } of metrics) for (const name of labels.values()) names.add(name);
  return [...names].sort();
}
