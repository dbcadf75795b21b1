/** From tree to values, at every asked time at once. Samples come from whoever asks: nothing is read here. */
import { PROMQL_SERIES_MAX } from "../../limits.ts";
import { compareNaNLast, foldSeries, pickSeries } from "./aggregations.ts";
import { GROWTH_FUNCTIONS, SAMPLE_FUNCTIONS } from "./check-promql.ts";
import { applyBinary } from "./operators.ts";
import { type Aggregate, type Call, type Expr, METRIC_NAME_LABEL, PromqlError, type Selector } from "./promql.ts";
import { dropLabels, isEmpty, labelsKey, type RawSeries, type Series, type Value } from "./values.ts";

/** Where samples come from. Times are those of the samples: offsets are taken off already. */
export interface SampleSource {
  /** What each series showed at each time. */
  at(selector: Selector, times_ms: readonly number[]): Promise<Series[]>;
  /** By how much what is counted grew in the range before each time. @throws PromqlError where a metric is no count */
  growth(selector: Selector, times_ms: readonly number[], range_ms: number): Promise<Series[]>;
  /** All samples in (from, to]. */
  between(selector: Selector, from_ms: number, to_ms: number): Promise<RawSeries[]>;
}

/**
 * @param times_ms ascending, one at least
 * @throws PromqlError, and what the source throws
 */
export async function evaluatePromql(expr: Expr, times_ms: readonly number[], source: SampleSource): Promise<Value> {
  const value = await new Evaluator(times_ms, source).value(expr);
  if (value.type === "scalar") return value;
  const series = value.series.filter((one) => !isEmpty(one));
  assertDistinct(series, expr.position);
  return { type: "vector", series };
}

/** The samples of a selector with a range, as a query for one time may ask for them. */
export function rawSamples(selector: Selector, time_ms: number, source: SampleSource): Promise<RawSeries[]> {
  const to_ms = time_ms - selector.offset_ms;
  return source.between(selector, to_ms - selector.range_ms!, to_ms);
}

function assertDistinct(series: readonly Series[], position: number): void {
  if (series.length > PROMQL_SERIES_MAX) throw new PromqlError(`the result has more than ${PROMQL_SERIES_MAX} series`, position);
  const known = new Set(series.map(({ labels }) => labelsKey(labels)));
  if (known.size < series.length) throw new PromqlError("vector cannot contain metrics with the same labelset", position);
}

const MAPS: Readonly<Record<string, (value: number, ...numbers: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  sqrt: Math.sqrt,
  exp: Math.exp,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sgn: Math.sign,
  // As Prometheus rounds: ties upwards, by the inverse so that 0.1 does not become 0.1 + 1e-17.
  round: (value, to = 1) => Math.floor(value * (1 / to) + 0.5) / (1 / to),
  clamp: (value, min, max) => (min! > max! ? Number.NaN : Math.max(min!, Math.min(max!, value))),
  clamp_min: (value, min) => Math.max(min!, value),
  clamp_max: (value, max) => Math.min(max!, value),
};

const OVER_TIME: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum_over_time: (values) => values.reduce((sum, value) => sum + value, 0),
  avg_over_time: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min_over_time: (values) => values.reduce((least, value) => (value < least || Number.isNaN(least) ? value : least)),
  max_over_time: (values) => values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most)),
  count_over_time: (values) => values.length,
  last_over_time: (values) => values.at(-1)!,
};

class Evaluator {
  readonly #times_ms: readonly number[];
  readonly #source: SampleSource;

  constructor(times_ms: readonly number[], source: SampleSource) {
    this.#times_ms = times_ms;
    this.#source = source;
  }

  async value(expr: Expr): Promise<Value> {
    switch (expr.kind) {
      case "number":
        return { type: "scalar", values: this.#times_ms.map(() => expr.value) };
      case "selector":
        return { type: "vector", series: await this.#source.at(expr, this.#shifted(expr)) };
      case "negate":
        return negated(await this.value(expr.expr));
      case "call":
        return this.#call(expr);
      case "aggregate":
        return { type: "vector", series: await this.#aggregate(expr) };
      case "binary":
        return applyBinary(expr, await this.value(expr.left), await this.value(expr.right));
      case "string":
        throw new PromqlError("a text has no values over time", expr.position);
    }
  }

  #shifted({ offset_ms }: Selector): number[] {
    return this.#times_ms.map((time_ms) => time_ms - offset_ms);
  }

  async #vector(expr: Expr): Promise<Series[]> {
    const value = await this.value(expr);
    if (value.type !== "vector") throw new PromqlError("expected an instant vector", expr.position);
    return value.series;
  }

  async #scalar(expr: Expr): Promise<number[]> {
    const value = await this.value(expr);
    if (value.type !== "scalar") throw new PromqlError("expected a scalar", expr.position);
    return value.values;
  }

  async #aggregate({ op, parameter, expr, grouping }: Aggregate): Promise<Series[]> {
    const series = await this.#vector(expr);
    if (op === "topk" || op === "bottomk") return pickSeries(op, series, grouping, await this.#scalar(parameter!));
    return foldSeries(op, series, grouping, this.#times_ms.length);
  }

  async #call({ name, args }: Call): Promise<Value> {
    const times_ms = this.#times_ms;
    if (name === "time") return { type: "scalar", values: times_ms.map((time_ms) => time_ms / 1_000) };
    if (name === "vector") return { type: "vector", series: [{ labels: {}, values: await this.#scalar(args[0]!) }] };
    if (name === "scalar") return { type: "scalar", values: onlyValues(await this.#vector(args[0]!), times_ms.length) };
    if (GROWTH_FUNCTIONS.has(name)) return { type: "vector", series: await this.#growth(name, args[0] as Selector) };
    if (SAMPLE_FUNCTIONS.has(name)) return { type: "vector", series: await this.#overTime(name, args[0] as Selector) };
    const series = await this.#vector(args[0]!);
    if (name === "sort" || name === "sort_desc") return { type: "vector", series: sorted(series, name === "sort" ? 1 : -1) };
    const numbers: number[][] = [];
    for (const arg of args.slice(1)) numbers.push(await this.#scalar(arg));
    const map = MAPS[name]!;
    const values = (one: Series) =>
      one.values.map((value, index) => (value === null ? null : map(value, ...numbers.map((of_time) => of_time[index]!))));
    return { type: "vector", series: series.map((one) => ({ labels: unnamed(one), values: values(one) })) };
  }

  async #growth(name: string, selector: Selector): Promise<Series[]> {
    const range_ms = selector.range_ms!;
    const series = await this.#source.growth(selector, this.#shifted(selector), range_ms);
    const divisor = name === "rate" ? range_ms / 1_000 : 1;
    return series.map((one) => ({ labels: unnamed(one), values: one.values.map((value) => (value === null ? null : value / divisor)) }));
  }

  async #overTime(name: string, selector: Selector): Promise<Series[]> {
    const times_ms = this.#shifted(selector);
    const range_ms = selector.range_ms!;
    const fold = OVER_TIME[name]!;
    const series = await this.#source.between(selector, times_ms[0]! - range_ms, times_ms.at(-1)!);
    return series.map((raw) => ({
      labels: name === "last_over_time" ? raw.labels : unnamed(raw),
      values: times_ms.map((time_ms) => {
        const from = firstAfter(raw.times_ms, time_ms - range_ms);
        const to = firstAfter(raw.times_ms, time_ms);
        return from === to ? null : fold(raw.values.slice(from, to));
      }),
    }));
  }
}

function unnamed({ labels }: { labels: Series["labels"] }): Series["labels"] {
  return dropLabels(labels, [METRIC_NAME_LABEL]);
}

function negated(value: Value): Value {
  if (value.type === "scalar") return { type: "scalar", values: value.values.map((one) => -one) };
  const series = value.series.map((one) => ({
    labels: unnamed(one),
    values: one.values.map((of_time) => (of_time === null ? null : -of_time)),
  }));
  return { type: "vector", series };
}

/** The value of the only series that has one; NaN where none or several have. */
function onlyValues(series: readonly Series[], times: number): number[] {
  return Array.from({ length: times }, (_, index) => {
    const present = series.filter(({ values }) => values[index] !== null);
    return present.length === 1 ? present[0]!.values[index]! : Number.NaN;
  });
}

/** By the first value: queries for one time have no other, and the order of others means nothing. */
function sorted(series: readonly Series[], sign: number): Series[] {
  const sampleOf = ({ values }: Series) => values[0] ?? Number.NaN;
  return series.toSorted((left, right) => compareNaNLast(sampleOf(left), sampleOf(right), sign));
}

/** Index of the first time after a bound. */
function firstAfter(times_ms: readonly number[], bound_ms: number): number {
  let low = 0;
  let high = times_ms.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times_ms[middle]! > bound_ms) high = middle;
    else low = middle + 1;
  }
  return low;
}
