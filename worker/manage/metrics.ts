import { createRoute, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { identify } from "../auth/authenticate.ts";
import { presentedSecret } from "../auth/credentials.ts";
import { isOperator } from "../auth/operator.ts";
import { countDeadLetters } from "../catalog/dead-letters.ts";
import { catalogTotals } from "../catalog/segments.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { METRICS_CACHE_MS, PROBE_TIMEOUT_MS } from "../limits.ts";
import { type Gauge, metricsText } from "../metrics.ts";
import { createRouter } from "../router.ts";
import { KEY_ONLY_SECURITY, OPERATOR_SECURITY, problems } from "../schemas.ts";
import { withTimeout } from "../timeout.ts";

/** Open on one's own machine; elsewhere for the operator and for any project's key. */
function allowMetrics(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (c.env.LEDGE_PROFILE !== "local" && !isOperator(c.env, c.req.raw)) {
      const secret = presentedSecret(c.req.raw, false);
      if (!secret) throw new Problem("unauthenticated", "Send the operator's token or an API key.");
      await identify(c.env, secret);
    }
    await next();
  };
}

async function queueGauges(env: Env): Promise<Gauge[]> {
  const queues = { events: env.EVENTS, jobs: env.JOBS };
  const found = await Promise.all(Object.entries(queues).map(async ([queue, binding]) => ({ queue, metrics: await binding.metrics() })));
  return found.flatMap(({ queue, metrics }) => [
    { name: "ledge_queue_backlog_messages", labels: { queue }, value: metrics.backlogCount },
    { name: "ledge_queue_backlog_bytes", labels: { queue }, value: metrics.backlogBytes },
  ]);
}

async function catalogGauges(env: Env): Promise<Gauge[]> {
  const { segments, rows, size_bytes } = await catalogTotals(env.DB, null);
  return [
    { name: "ledge_catalog_segments", labels: {}, value: segments },
    { name: "ledge_catalog_rows", labels: {}, value: rows },
    { name: "ledge_catalog_bytes", labels: {}, value: size_bytes },
  ];
}

async function deadLetterGauges(env: Env): Promise<Gauge[]> {
  return [{ name: "ledge_dead_letters", labels: {}, value: await countDeadLetters(env) }];
}

/** A source that errs leaves its gauges out and says so in one of its own. */
async function measure(env: Env): Promise<Gauge[]> {
  const sources = { queue: queueGauges, catalog: catalogGauges, dead_letters: deadLetterGauges };
  const found = await Promise.all(
    Object.entries(sources).map(async ([source, read]) => {
      const gauges = await withTimeout(read(env), PROBE_TIMEOUT_MS).catch(() => null);
      return [...(gauges ?? []), { name: "ledge_gauge_source_up", labels: { source }, value: gauges ? 1 : 0 }];
    }),
  );
  return found.flat();
}

let last: { env: Env; measured_ms: number; gauges: Gauge[] } | null = null;

/** Gauges cost a pass over the catalog: an isolate measures them once in METRICS_CACHE_MS. */
async function gaugesOf(env: Env): Promise<Gauge[]> {
  if (last && last.env === env && Date.now() - last.measured_ms < METRICS_CACHE_MS) return last.gauges;
  const gauges = await measure(env);
  last = { env, measured_ms: Date.now(), gauges };
  return gauges;
}

const route = createRoute({
  method: "get",
  path: "/metrics",
  tags: ["Operate"],
  summary: "Counters of the isolate that answers, and gauges of the installation, for Prometheus",
  security: [...OPERATOR_SECURITY, ...KEY_ONLY_SECURITY],
  middleware: [allowMetrics()],
  responses: {
    200: { description: "Prometheus text.", content: { "text/plain": { schema: z.string() } } },
    ...problems(401),
  },
});

export const metricsRoutes = createRouter();
metricsRoutes.openapi(route, async (c) =>
  c.text(metricsText(await gaugesOf(c.env)), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
);
