/** Ledge's metrics under the names and labels of Prometheus (docs/metrics.md). */
import { compileMetric } from "../../engine/windows/compile-metric.ts";
import type { MetricDefinition } from "../../engine/windows/definition.ts";

/** How what is counted adds up: by number, or by number per second; null: not at all, as averages and quantiles. */
export type Growth = "number" | "per_second" | null;

/** What is known of a metric; its names share it. */
export interface NamedMetric {
  definition: MetricDefinition;
}

/** A name of Prometheus and what it shows. */
export interface PromMetric {
  name: string;
  record: NamedMetric;
  /** The aggregation that it shows; null for the metric's value. */
  aggregate: string | null;
  /** The aggregation whose growth `rate` and `increase` tell; null where there is none. */
  growing: string | null;
  growth: Growth;
  /** `…_total`: has growth, but no value of its own. */
  is_total: boolean;
  /** Name of the label of each group-by field. */
  labels: ReadonlyMap<string, string>;
}

/** Says `true` on the series of all events that no other series had room for. */
export const OVERFLOW_LABEL = "ledge_overflow";
export const TOTAL_SUFFIX = "_total";

const GROWTH: Readonly<Record<string, Growth>> = { count: "number", sum: "number", rate: "per_second", rate_sum: "per_second" };

/** Names of labels have letters, digits and `_`; two fields of one metric never share a label. */
export function labelNames(fields: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>([OVERFLOW_LABEL]);
  for (const field of fields) {
    const plain = field.replaceAll(/[^a-zA-Z0-9_]/g, "_").replace(/^(?=\d|__)/, "f_");
    let name = plain;
    for (let count = 2; taken.has(name); count++) name = `${plain}_${count}`;
    taken.add(name);
    names.set(field, name);
  }
  return names;
}

/** By aggregation how it adds up. */
function growths(definition: MetricDefinition): Map<string, Growth> {
  const { pipe } = compileMetric(definition);
  return new Map(pipe.functions.map(({ name, as }) => [as, GROWTH[name] ?? null]));
}

function namesOf(record: NamedMetric): PromMetric[] {
  const { definition } = record;
  const { name, value, group_by } = definition;
  const labels = labelNames(group_by);
  const of_aggregates = growths(definition);
  const made = (suffix: string, aggregate: string | null, growing: string | null): PromMetric[] => {
    const growth = growing === null ? null : (of_aggregates.get(growing) ?? null);
    const shown = { record, aggregate, labels, growth, growing: growth === null ? null : growing };
    const plain = { ...shown, name: name + suffix, is_total: false };
    return growth === null ? [plain] : [plain, { ...shown, name: name + suffix + TOTAL_SUFFIX, is_total: true }];
  };
  // The value of many metrics is one of their aggregations as it is.
  const only = of_aggregates.has(value) ? value : null;
  const others = of_aggregates.size === 1 && only !== null ? [] : [...of_aggregates.keys()];
  return [...made("", null, only), ...others.flatMap((aggregate) => made(`:${aggregate}`, aggregate, aggregate))];
}

/** All names, ascending. Where a name that was declared is another's `…_total`, it is the declared one's. */
export function promMetrics(records: readonly NamedMetric[]): PromMetric[] {
  const declared = new Set(records.map(({ definition }) => definition.name));
  const metrics = records.flatMap(namesOf).filter(({ name, is_total }) => !is_total || !declared.has(name));
  return metrics.sort((left, right) => (left.name < right.name ? -1 : 1));
}

export interface PromMetadata {
  type: "counter" | "gauge";
  help: string;
  unit: string;
}

/** What `metadata` says of a name. */
export function metadataOf({ record, aggregate, is_total }: PromMetric): PromMetadata {
  const { description, unit, window, aggregations, value } = record.definition;
  const what = aggregate === null ? value : aggregations[aggregate]!;
  const help = is_total ? `${what}, for rate() and increase()` : `${what} of ${window.kind} windows of ${window.size}`;
  return {
    type: is_total ? "counter" : "gauge",
    help: description ? `${description} (${help})` : help,
    unit: aggregate === null ? unit : "",
  };
}
