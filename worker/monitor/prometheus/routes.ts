/** Prometheus' HTTP API over Ledge's metrics, as Grafana and other clients of Prometheus ask. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../../auth/access.ts";
import { authenticate } from "../../auth/authenticate.ts";
import { evaluatePromql, rawSamples } from "../../engine/promql/evaluate-promql.ts";
import { parsePromql } from "../../engine/promql/parse-promql.ts";
import { METRIC_NAME_LABEL } from "../../engine/promql/promql.ts";
import { PROMQL_BODY_SIZE_BYTES_MAX } from "../../limits.ts";
import { createRouter } from "../../router.ts";
import { KEY_SECURITY, problems } from "../../schemas.ts";
import { readDefinitions } from "../definitions.ts";
import { seriesSource } from "../read-panes.ts";
import { failureOf, instantData, PromFault, rangeData, rawData, success } from "./answers.ts";
import { labelsOf, listedMetrics, listingOf, listSeries } from "./listing.ts";
import { metadataOf, type PromMetadata, type PromMetric, promMetrics } from "./names.ts";
import { limitOf, promParameters, queryOf, timeOr, timesOf } from "./parameters.ts";
import { MetricSamples } from "./samples.ts";

const PREFIX = "/prometheus/api/v1";

/** Prometheus whose API this is, for clients that look what they may ask. */
const BUILD_INFO = { version: "2.55.0", revision: "ledge", branch: "ledge", buildUser: "", buildDate: "", goVersion: "" };

const PromAnswer = z
  .looseObject({ status: z.enum(["success", "error"]), data: z.unknown(), errorType: z.string().optional(), error: z.string().optional() })
  .openapi("PrometheusAnswer", { description: "In Prometheus' own form: https://prometheus.io/docs/prometheus/latest/querying/api/" });

const limit = bodyLimit({
  maxSize: PROMQL_BODY_SIZE_BYTES_MAX,
  onError: () => failureOf(new PromFault("too_large", `the body is larger than ${PROMQL_BODY_SIZE_BYTES_MAX} bytes`), ""),
});

/** Not checked by the schema: what is wrong is told in Prometheus' form. */
function parameter(description: string, example?: string) {
  return z
    .any()
    .openapi({ type: "string", description, ...(example === undefined ? {} : { example }) })
    .optional();
}

const TIMES = { start: parameter("Seconds since 1970, or RFC 3339."), end: parameter("The same.") };
const MATCH = { "match[]": parameter("A selector; may be repeated.", "ledge_events") };
const LIMIT = { limit: parameter("At most so many.") };

interface Endpoint {
  path: string;
  summary: string;
  description?: string;
  query: Record<string, z.ZodType>;
  /** Whether a form may be posted instead. */
  posted: boolean;
}

function routeOf(method: "get" | "post", { path, summary, description, query }: Endpoint) {
  const answer = (text: string) => ({ description: text, content: { "application/json": { schema: PromAnswer } } });
  const form = { required: false, content: { "application/x-www-form-urlencoded": { schema: { type: "object" as const } } } };
  return createRoute({
    method,
    path: PREFIX + path,
    tags: ["Prometheus"],
    summary,
    ...(description === undefined ? {} : { description }),
    security: KEY_SECURITY,
    middleware: method === "post" ? [authenticate("read"), limit] : [authenticate("read")],
    request: {
      query: z.object(query),
      ...(path.includes("{name}") ? { params: z.object({ name: z.string() }) } : {}),
      ...(method === "post" ? { body: form } : {}),
    },
    responses: {
      200: answer("In Prometheus' form."),
      400: answer("`bad_data`: what is wrong with the request."),
      413: answer("`bad_data`: the body is too large."),
      503: answer("`unavailable`: Ledge could not read its metrics."),
      ...problems(401, 403, 410, 429),
    },
  });
}

type Handler = (c: Context<AppEnv>, parameters: URLSearchParams) => Promise<Response>;

export const prometheusRoutes = createRouter();

function serve(endpoint: Endpoint, handler: Handler): void {
  const answer = async (c: Context<AppEnv>): Promise<Response> => {
    let query = "";
    try {
      const parameters = await promParameters(c);
      query = parameters.get("query") ?? parameters.get("match[]") ?? "";
      return await handler(c, parameters);
    } catch (error) {
      return failureOf(error, query);
    }
  };
  prometheusRoutes.openapi(routeOf("get", endpoint), answer as never);
  if (endpoint.posted) prometheusRoutes.openapi(routeOf("post", endpoint), answer as never);
}

async function metricsOf(c: Context<AppEnv>): Promise<PromMetric[]> {
  return promMetrics((await readDefinitions(c.env, c.var.access.project_id)).metrics);
}

async function samplesOf(c: Context<AppEnv>, now_ms: number): Promise<MetricSamples> {
  return new MetricSamples(await metricsOf(c), seriesSource(c.env, c.var.access.project_id), now_ms);
}

serve(
  {
    path: "/query",
    summary: "Evaluate PromQL at one time",
    description: "docs/metrics.md says what of PromQL is understood, and what samples of Ledge's metrics are.",
    query: {
      query: parameter("An expression of PromQL.", "sum by (service) (rate(ledge_events[5m]))"),
      time: parameter("Seconds since 1970, or RFC 3339; now where it is missing."),
    },
    posted: true,
  },
  async (c, parameters) => {
    const now_ms = Date.now();
    const expr = parsePromql(queryOf(parameters));
    const time_ms = timeOr(parameters, "time", now_ms);
    if (expr.kind === "string") return success(c, { resultType: "string", result: [time_ms / 1_000, expr.value] });
    const samples = await samplesOf(c, now_ms);
    if (expr.kind === "selector" && expr.range_ms !== null) return success(c, rawData(await rawSamples(expr, time_ms, samples)));
    return success(c, instantData(await evaluatePromql(expr, [time_ms], samples), time_ms));
  },
);

serve(
  {
    path: "/query_range",
    summary: "Evaluate PromQL over a range of time",
    query: { query: parameter("An expression of PromQL."), ...TIMES, step: parameter("Seconds, or a duration such as 1m.", "60") },
    posted: true,
  },
  async (c, parameters) => {
    const expr = parsePromql(queryOf(parameters));
    const is_matrix = expr.kind === "selector" && expr.range_ms !== null;
    if (expr.kind === "string" || is_matrix)
      throw new PromFault(
        "bad_data",
        `invalid expression type "${is_matrix ? "range vector" : "string"}" for range query, must be Scalar or instant Vector`,
      );
    const times_ms = timesOf(parameters);
    return success(c, rangeData(await evaluatePromql(expr, times_ms, await samplesOf(c, Date.now())), times_ms));
  },
);

serve({ path: "/labels", summary: "Names of labels", query: { ...TIMES, ...MATCH, ...LIMIT }, posted: true }, async (c, parameters) => {
  const listing = listingOf(parameters, Date.now());
  return success(c, labelsOf(listedMetrics(await metricsOf(c), listing)).slice(0, limitOf(parameters)));
});

serve(
  { path: "/label/{name}/values", summary: "Values of a label", query: { ...TIMES, ...MATCH, ...LIMIT }, posted: false },
  async (c, parameters) => {
    const name = c.req.param("name") ?? "";
    const listing = listingOf(parameters, Date.now());
    const metrics = listedMetrics(await metricsOf(c), listing);
    const only_names = listing.selectors.every((matchers) => matchers.every((matcher) => matcher.name === METRIC_NAME_LABEL));
    if (name === METRIC_NAME_LABEL && only_names) return success(c, metrics.map((metric) => metric.name).slice(0, limitOf(parameters)));
    const having = name === METRIC_NAME_LABEL ? metrics : metrics.filter(({ labels }) => [...labels.values()].includes(name));
    const listed = await listSeries(having, seriesSource(c.env, c.var.access.project_id), listing);
    const values = new Set(listed.labels.flatMap((labels) => (Object.hasOwn(labels, name) ? [labels[name]!] : [])));
    return success(c, [...values].sort().slice(0, limitOf(parameters)), warningsOf(listed.left_out));
  },
);

serve({ path: "/series", summary: "Series of selectors", query: { ...TIMES, ...MATCH, ...LIMIT }, posted: true }, async (c, parameters) => {
  if (parameters.getAll("match[]").length === 0) throw new PromFault("bad_data", "no match[] parameter provided");
  const listing = listingOf(parameters, Date.now());
  const listed = await listSeries(listedMetrics(await metricsOf(c), listing), seriesSource(c.env, c.var.access.project_id), listing);
  return success(c, listed.labels.slice(0, limitOf(parameters)), warningsOf(listed.left_out));
});

function warningsOf(left_out: number): string[] {
  return left_out > 0 ? [`${left_out} metrics were not looked at: give a selector that means fewer`] : [];
}

serve(
  { path: "/metadata", summary: "What metrics mean", query: { metric: parameter("Only this one."), ...LIMIT }, posted: false },
  async (c, parameters) => {
    const wanted = parameters.get("metric");
    const chosen = (await metricsOf(c)).filter(({ name }) => !wanted || name === wanted).slice(0, limitOf(parameters));
    return success(c, Object.fromEntries(chosen.map((metric): [string, PromMetadata[]] => [metric.name, [metadataOf(metric)]])));
  },
);

serve({ path: "/status/buildinfo", summary: "Which version of Prometheus' API this is", query: {}, posted: false }, async (c) =>
  success(c, BUILD_INFO),
);
