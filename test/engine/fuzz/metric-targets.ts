/** What declares and asks for metrics, given texts that nobody meant: definitions, and expressions of PromQL. */
import { evaluatePromql, rawSamples, type SampleSource } from "../../../worker/engine/promql/evaluate-promql.ts";
import { matchesLabels } from "../../../worker/engine/promql/matchers.ts";
import { parsePromql } from "../../../worker/engine/promql/parse-promql.ts";
import { PromqlError, type Selector } from "../../../worker/engine/promql/promql.ts";
import type { LabelSet } from "../../../worker/engine/promql/values.ts";
import { QueryLimitError } from "../../../worker/engine/query/query-limit-error.ts";
import { compileMetric, normalMetric } from "../../../worker/engine/windows/compile-metric.ts";
import { EventCounter } from "../../../worker/engine/windows/count-events.ts";
import { MetricError, type MetricInput } from "../../../worker/engine/windows/definition.ts";
import { windowSeries } from "../../../worker/engine/windows/window-values.ts";
import { PROMQL_LENGTH_MAX } from "../../../worker/limits.ts";
import { batchOf, typicalRows } from "../segment/events.ts";
import type { Chance } from "./chance.ts";
import { mutateText, soup } from "./mutate.ts";
import { TOKENS } from "./query-texts.ts";
import type { Target } from "./target.ts";

export function metricTargets(): Target[] {
  return [
    { name: "PromQL", run: fuzzPromql },
    { name: "metrics", run: fuzzMetric },
  ];
}

const PROMQL: readonly string[] = [
  "sum by (service) (rate(ledge_events[5m]))",
  "sum(increase(ledge_errors_total[1h])) / sum(increase(ledge_events_total[1h])) * 100",
  'api_errors_percent{host=~"web-.*", path!~"/health|/ready", zone!="", a=`b`} > bool 5',
  "topk(5, sum without (host, zone) (api_errors_percent:errors))",
  'max_over_time({__name__="ledge_ingest_lag_seconds","service"="api"}[1h30m] offset -1d)',
  "-hits ^ 2 ^ -0x1f and on (service) latency unless ignoring(level) (latency or vector(1))",
  "clamp(round(hits, 0.5), -Inf, +Inf) + scalar(hits) % NaN - time() # why not",
  "{\"http.requests\", level='\\x41\\u00e9\\U0001F600\\101\\n'} == 1e3",
  "sort_desc(quantile_over_time(0.9, hits[5m:1m])) @ end()",
  "count(group(hits)) by (service) <= min(hits) atan2 avg(hits)",
];
const PROMQL_TOKENS: readonly string[] = [
  ...["(", ")", "{", "}", "[", "]", ",", "+", "-", "*", "/", "%", "^", "==", "!=", "=~", "!~", ">=", "<", "=", "@", "#", ":"],
  ...["sum", "topk(", "rate(", "time()", "by (service)", "without (", "on(", "ignoring()", "group_left", "bool", "offset", "and", "or"],
  ...["unless", "atan2", "start()", "Inf", "NaN", "1e999", "0x", "1_000", "9007199254740993", ".5", "5m", "[5m]", "[1y]", "[0s]", "[5m:]"],
  ...[
    "hits",
    "latency{",
    'service="api"',
    '=~"("',
    '=~"a)|(?:b"',
    '=~".*"',
    '"\\',
    "'\\u00",
    "`",
    '"',
    "__name__",
    "constructor",
    "é",
    "😀",
  ],
  ...["\ud800", "\0", "\n", "\u2028", " ", "offset -1w", "99999999999999999999d", "{}", "()", "--", "toString(", "__proto__"],
];
const PROMQL_NESTS: readonly string[] = [
  ...[
    "(",
    "-",
    "- ",
    "sum(",
    "hits+",
    "hits^",
    "a[5m]",
    " offset 1m",
    "a{b='c',",
    "[",
    '"',
    "\\",
    "a==bool ",
    "topk(1,",
    "a or ",
    "{a=~'(",
  ],
];

const SERIES: readonly LabelSet[] = [
  { __name__: "hits", service: "api", level: "INFO" },
  { __name__: "hits", service: "web", level: "ERROR" },
  { __name__: "latency", service: "api" },
];
const TIMES_MS = [0, 60_000, 120_000];

/** Some series with the same values whatever is asked. */
const SOURCE: SampleSource = {
  at: async (selector, times_ms) =>
    meant(selector).map((labels, at) => ({ labels, values: times_ms.map((_, index) => (index === at ? null : at)) })),
  growth: async (selector, times_ms, range_ms) => meant(selector).map((labels) => ({ labels, values: times_ms.map(() => range_ms) })),
  between: async (selector, from_ms, to_ms) =>
    meant(selector).map((labels) => ({ labels, times_ms: [from_ms + 1, to_ms], values: [1, -2] })),
};

function meant({ matchers }: Selector): LabelSet[] {
  return SERIES.filter((labels) => matchesLabels(matchers, labels));
}

function promqlText(chance: Chance): string {
  if (chance.oneIn(4)) return soup(PROMQL_TOKENS, chance);
  if (chance.oneIn(50)) return nested(chance);
  return mutateText(chance.pick(PROMQL), PROMQL_TOKENS, chance);
}

/** One thing in another, closed again or not; somewhat longer than what is taken at most. */
function nested(chance: Chance): string {
  const open = chance.pick(PROMQL_NESTS);
  const times = 1 + chance.below(chance.oneIn(4) ? (PROMQL_LENGTH_MAX * 1.1) / open.length : 300);
  return `${open.repeat(times)}hits${chance.oneIn(2) ? ")".repeat(times) : ""}`;
}

async function fuzzPromql(chance: Chance): Promise<void> {
  const text = promqlText(chance);
  try {
    const expr = parsePromql(text);
    if (expr.kind === "string") return;
    if (expr.kind === "selector" && expr.range_ms !== null) {
      await rawSamples(expr, TIMES_MS.at(-1)!, SOURCE);
      return;
    }
    const value = await evaluatePromql(expr, TIMES_MS, SOURCE);
    const columns = value.type === "scalar" ? [value.values] : value.series.map(({ values }) => values);
    if (columns.some((values) => values.length !== TIMES_MS.length)) throw new Error("not a value for each time");
  } catch (error) {
    if (!(error instanceof PromqlError)) throw failure(text, error);
    const { position, message } = error;
    if (!(position >= 0 && position <= text.length) || message === "") throw failure(text, error);
  }
}

function failure(what: unknown, error: unknown): Error {
  const shown = JSON.stringify(what).slice(0, 2_000);
  return new Error(`${shown}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
}

const CALLS: readonly string[] = [
  ...["count()", "count() where (level:(error, fatal))", "sum(duration_ms)", "p99(duration_ms)", "quantile(0.9, duration_ms)"],
  ...["count_uniq(user_id)", "avg(len(message) * 2)", "rate()", "rate_sum(duration_ms) where (expr(duration_ms > 2))", "max(status)"],
];
const VALUES: readonly string[] = ["n", "n / m * 100", "if(n > 0, m / n, null)", "round(n, 2) - abs(m)", "coalesce(n, 0) + m"];
const QUERIES: readonly string[] = [
  "*",
  "level:error service:api",
  "status:>=500 | eval x = duration_ms / 2",
  '* | extract "<a> <b>" from message',
];
const ODD_DURATIONS: readonly string[] = ["1m", "5m", "1h", "20s", "7m", "0s", "1d", "-1m", "1e9m", "", "1.5m", "99999999w"];
const ODD_FIELDS: readonly string[] = ["service", "http.method", "_any", "timestamp", "level", "", "a b", "__proto__", "attributes.x", "é"];
const probe = batchOf(typicalRows(20, 9));

/** A definition with one thing in it that nobody meant. */
function metricInput(chance: Chance): MetricInput {
  const odd = new Set([chance.oneIn(8) ? chance.below(9) : chance.pick([1, 2, 5])]);
  const text = (place: number, sound: readonly string[]) => (odd.has(place) ? oddText(sound, chance) : chance.pick(sound));
  return {
    name: text(0, ["requests", "api_errors"]),
    query: text(1, QUERIES),
    aggregations: { n: text(2, CALLS), [text(3, ["m"])]: text(4, CALLS) },
    value: text(5, VALUES),
    group_by: odd.has(6) ? [chance.pick(ODD_FIELDS), "service"] : chance.pick([[], ["service"], ["http.method", "level"]]),
    series_max: odd.has(7) ? chance.pick([0, 1.5, Number.NaN, 1e9]) : chance.pick([undefined, 5, 1_000]),
    window: { kind: "sliding", size: odd.has(8) ? text(8, ODD_DURATIONS) : "5m", step: chance.pick(["1m", "5m"]) },
    lateness: odd.has(8) ? text(8, ODD_DURATIONS) : "5m",
  };
}

function oddText(sound: readonly string[], chance: Chance): string {
  if (chance.oneIn(30)) return chance.pick(["(", "-", "not ", "sum(", "n+", "if(", "where "]).repeat(1 + chance.below(9_000));
  return mutateText(chance.pick(sound), TOKENS, chance);
}

/** What was taken is its own normal form, can be counted and shown. */
function fuzzMetric(chance: Chance): void {
  const input = metricInput(chance);
  try {
    const definition = normalMetric(input);
    if (JSON.stringify(normalMetric(definition)) !== JSON.stringify(definition))
      throw new Error(`not its own normal form: ${JSON.stringify(definition)}`);
    const compiled = compileMetric(JSON.parse(JSON.stringify(definition)));
    const counter = new EventCounter([{ metric_id: 1, compiled }], { leave_late: false });
    counter.add(probe, null);
    const panes = counter.deltas().flatMap((delta) => delta.panes);
    const end_us = (panes.at(-1)?.from_us ?? 0) + compiled.step_us;
    windowSeries(compiled, panes, compiled.step_us, { ends_us: [end_us], window_us: compiled.size_us });
  } catch (error) {
    if (error instanceof QueryLimitError) return;
    if (!(error instanceof MetricError) || error.message === "" || error.expected === "") throw failure(input, error);
  }
}
