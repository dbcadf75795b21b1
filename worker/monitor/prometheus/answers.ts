/** Answers in the forms of Prometheus' HTTP API. */
import type { Context } from "hono";
import type { AppEnv } from "../../auth/access.ts";
import { PromqlError } from "../../engine/promql/promql.ts";
import type { LabelSet, RawSeries, Series, Value } from "../../engine/promql/values.ts";
import { toProblem } from "../../errors.ts";

const STATUS = { bad_data: 400, execution: 422, not_found: 404, too_large: 413, unavailable: 503, internal: 500 } as const;
type Kind = keyof typeof STATUS;

/** What is wrong with a request, or with Ledge. */
export class PromFault extends Error {
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.name = "PromFault";
    this.kind = kind;
  }
}

export function success(c: Context<AppEnv>, data: unknown, warnings: readonly string[] = []): Response {
  return c.json({ status: "success", data, ...(warnings.length > 0 ? { warnings } : {}) }, 200);
}

function failure(kind: Kind, error: string, headers: Record<string, string> = {}): Response {
  const known = kind === "too_large" ? "bad_data" : kind;
  const body = { status: "error", errorType: known, error };
  return new Response(JSON.stringify(body), { status: STATUS[kind], headers: { ...headers, "content-type": "application/json" } });
}

/** `1:5: parse error: …`: line and column from 1, as Prometheus writes them. */
export function placed(text: string, { position, message }: PromqlError): string {
  const before = text.slice(0, position).split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}: parse error: ${message}`;
}

/** @param query the text that positions are of */
export function failureOf(error: unknown, query: string): Response {
  if (error instanceof PromFault) return failure(error.kind, error.message);
  if (error instanceof PromqlError) return failure("bad_data", placed(query, error));
  const problem = toProblem(error);
  if (problem.code === "unavailable") return failure("unavailable", problem.message, { "retry-after": "2" });
  console.error("a query of Prometheus failed", error);
  return failure("internal", problem.message);
}

/** As Prometheus writes numbers. */
export function sampleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

type Sample = [number, string];

function sampleAt(time_ms: number, value: number): Sample {
  return [time_ms / 1_000, sampleText(value)];
}

function samplesOf({ values }: Series, times_ms: readonly number[]): Sample[] {
  return values.flatMap((value, index) => (value === null ? [] : [sampleAt(times_ms[index]!, value)]));
}

/** The answer of a query for one time. */
export function instantData(value: Value, time_ms: number): unknown {
  if (value.type === "scalar") return { resultType: "scalar", result: sampleAt(time_ms, value.values[0]!) };
  const result = value.series.map((series) => ({ metric: series.labels, value: samplesOf(series, [time_ms])[0] }));
  return { resultType: "vector", result };
}

export function rangeData(value: Value, times_ms: readonly number[]): unknown {
  const series = value.type === "scalar" ? [{ labels: {}, values: value.values }] : value.series;
  return {
    resultType: "matrix",
    result: series.toSorted(byLabels).map((one) => ({ metric: one.labels, values: samplesOf(one, times_ms) })),
  };
}

export function rawData(series: readonly RawSeries[]): unknown {
  const present = series.filter(({ values }) => values.length > 0);
  const result = present.map(({ labels, times_ms, values }) => ({
    metric: labels,
    values: values.map((value, index) => sampleAt(times_ms[index]!, value)),
  }));
  return { resultType: "matrix", result };
}

function byLabels(left: { labels: LabelSet }, right: { labels: LabelSet }): number {
  const [a, b] = [JSON.stringify(left.labels), JSON.stringify(right.labels)];
  return a < b ? -1 : a > b ? 1 : 0;
}
