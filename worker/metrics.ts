/**
 * What this isolate counted since it began, in the forms of Prometheus. Every part may count here; names begin with `ledge_`, labels never name a tenant.
 * A scraper meets one isolate of many: rates hold per isolate, totals are read from the gauges of /metrics.
 */
export type Labels = Record<string, string | number>;

interface Histogram {
  /** One count per bound, and one for what lies above the last. */
  counts: number[];
  sum: number;
}

const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Label sets of one name; more of them would mean that a label holds something unbounded. */
const SERIES_PER_NAME_MAX = 500;

const counters = new Map<string, Map<string, number>>();
const histograms = new Map<string, Map<string, Histogram>>();

function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(String(value))}"`)
    .join(",");
}

function seriesOf<T>(family: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const known = family.get(name);
  if (known) return known;
  const series = new Map<string, T>();
  family.set(name, series);
  return series;
}

function keyIn<T>(series: Map<string, T>, labels: Labels): string {
  const key = labelText(labels);
  return series.has(key) || series.size < SERIES_PER_NAME_MAX ? key : 'overflow="true"';
}

/** Adds to a counter; its name ends in `_total`. */
export function count(name: string, labels: Labels = {}, by = 1): void {
  const series = seriesOf(counters, name);
  const key = keyIn(series, labels);
  series.set(key, (series.get(key) ?? 0) + by);
}

/** Adds a duration to a histogram; its name ends in `_seconds`. */
export function observe(name: string, labels: Labels, seconds: number): void {
  const series = seriesOf(histograms, name);
  const key = keyIn(series, labels);
  const histogram = series.get(key) ?? { counts: new Array<number>(BOUNDS_S.length + 1).fill(0), sum: 0 };
  series.set(key, histogram);
  const index = BOUNDS_S.findIndex((bound) => seconds <= bound);
  const slot = index < 0 ? BOUNDS_S.length : index;
  histogram.counts[slot] = (histogram.counts[slot] ?? 0) + 1;
  histogram.sum += seconds;
}

/** A value measured at the time of asking. */
export interface Gauge {
  name: string;
  labels: Labels;
  value: number;
}

function line(name: string, labels: string, value: number): string {
  return labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`;
}

function histogramLines(name: string, labels: string, histogram: Histogram): string[] {
  const lines: string[] = [];
  let below = 0;
  for (const [index, bound] of [...BOUNDS_S, "+Inf"].entries()) {
    below += histogram.counts[index] ?? 0;
    lines.push(line(`${name}_bucket`, [labels, `le="${bound}"`].filter(Boolean).join(","), below));
  }
  lines.push(line(`${name}_sum`, labels, histogram.sum), line(`${name}_count`, labels, below));
  return lines;
}

/** Prometheus' text format, version 0.0.4. */
export function metricsText(gauges: readonly Gauge[]): string {
  const lines: string[] = [];
  for (const [name, series] of counters) {
    lines.push(`# TYPE ${name} counter`);
    for (const [labels, value] of series) lines.push(line(name, labels, value));
  }
  for (const [name, series] of histograms) {
    lines.push(`# TYPE ${name} histogram`);
    for (const [labels, histogram] of series) lines.push(...histogramLines(name, labels, histogram));
  }
  for (const [name, same] of Map.groupBy(gauges, (gauge) => gauge.name)) {
    lines.push(`# TYPE ${name} gauge`);
    for (const gauge of same) lines.push(line(name, labelText(gauge.labels), gauge.value));
  }
  return `${lines.join("\n")}\n`;
}
