/** Series of a metric as charts take them. */
import type { Schemas } from "../api/client.ts";
import { figure } from "../format/number.ts";

export type MetricSeries = Schemas["MetricSeries"];
type Series = Pick<MetricSeries["series"][number], "label" | "values">;

/** @param name what a metric without groups calls its only series */
export function chartSeries(series: readonly Series[], name: string): { label: string; values: (number | null)[] }[] {
  return series.map(({ label, values }) => ({ label: label || name || "value", values }));
}

/** The newest value that there is. */
export function lastValue(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** `12.4 ms`, `3 %`. */
export function withUnit(value: number | null, unit: string): string {
  if (value === null) return "–";
  return unit === "" ? figure(value) : `${figure(value)} ${unit}`;
}

const SPANS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
] as const;

/** `5 min`, `90 s`: a length in the largest unit that it is a whole number of. */
export function spanWords(span_ms: number): string {
  const [size_ms, unit] = SPANS.find(([size]) => span_ms % size === 0) ?? [1_000, "s"];
  return `${span_ms / size_ms} ${unit}`;
}

/** A metric's page; the list where `name` is null. */
export function metricLink(name: string | null, project_id: string | undefined, page: "view" | "edit" = "view"): string {
  const search = new URLSearchParams(project_id ? { p: project_id } : {});
  if (name !== null) search.set("name", name);
  return `/metrics${name === null ? "" : `/${page}`}?${search}`;
}

/** What its values are made of, in a line. */
export function definitionWords({ aggregations, value, group_by, window }: Schemas["Metric"]): string {
  const named = Object.entries(aggregations);
  const shown = named.length === 1 && named[0]?.[0] === value ? named[0][1] : value;
  const by = group_by.length > 0 ? ` by ${group_by.join(", ")}` : "";
  return `${shown}${by}, ${window.kind === "sliding" ? `over ${window.size} every ${window.step}` : `each ${window.size}`}`;
}
