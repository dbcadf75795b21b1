/** What a project has as a `ledge.yaml`: reading it again gives the same. */
import { stringify } from "yaml";
import type { MetricDefinition, MetricInput } from "../../engine/windows/definition.ts";
import { METRIC_SERIES_DEFAULT } from "../../limits.ts";
import { CONFIG_VERSION, type Config } from "./config-document.ts";

const LATENESS_DEFAULT = "5m";

/** The shortest input that has this normal form: what follows by itself is left out. */
export function shortMetric(definition: MetricDefinition): MetricInput {
  const { name, description, unit, query, time, aggregations, value, group_by, series_max, window, lateness } = definition;
  const names = Object.keys(aggregations);
  return {
    name,
    ...(description === "" ? {} : { description }),
    ...(unit === "" ? {} : { unit }),
    ...(query === "*" ? {} : { query }),
    ...(time === "timestamp" ? {} : { time }),
    aggregations,
    ...(names.length === 1 && value === names[0] ? {} : { value }),
    ...(group_by.length === 0 ? {} : { group_by }),
    ...(series_max === METRIC_SERIES_DEFAULT ? {} : { series_max }),
    window: window.step === window.size ? { kind: window.kind, size: window.size } : window,
    ...(lateness === LATENESS_DEFAULT ? {} : { lateness }),
  };
}

export function printConfig({ metrics }: Config, format: "yaml" | "json"): string {
  const document = { version: CONFIG_VERSION, ...(metrics === null ? {} : { metrics: metrics.map(shortMetric) }) };
  if (format === "json") return `${JSON.stringify(document, null, 2)}\n`;
  return stringify(document, { version: "1.2", lineWidth: 0, aliasDuplicateObjects: false });
}
