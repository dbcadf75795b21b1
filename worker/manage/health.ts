import { createRoute, z } from "@hono/zod-openapi";
import { GENERATION_PREFIX } from "../catalog/keys.ts";
import { streamOf } from "../catalog/stream.ts";
import type { Env } from "../env.ts";
import { PROBE_CACHE_MS, PROBE_TIMEOUT_MS } from "../limits.ts";
import { createRouter } from "../router.ts";
import { withTimeout } from "../timeout.ts";

/** An object that belongs to nobody: asking it shows that objects answer. */
const PROBE_PROJECT_ID = "probe";

const Probe = z.object({ ok: z.boolean(), latency_ms: z.number(), error: z.string().optional() });

const Readiness = z
  .object({
    status: z.enum(["ready", "not ready"]),
    dependencies: z.object({ catalog: Probe, bucket: Probe, queue: Probe, stream: Probe }),
  })
  .openapi("Readiness");

async function probe(ask: () => Promise<unknown>): Promise<z.infer<typeof Probe>> {
  const started_ms = Date.now();
  try {
    await withTimeout(ask(), PROBE_TIMEOUT_MS);
    return { ok: true, latency_ms: Date.now() - started_ms };
  } catch (error) {
    console.error("probe failed", error);
    return {
      ok: false,
      latency_ms: Date.now() - started_ms,
      error: error instanceof Error && error.name === "TimeoutError" ? error.message : "failed",
    };
  }
}

async function measure(env: Env): Promise<z.infer<typeof Readiness>> {
  const [catalog, bucket, queue, stream] = await Promise.all([
    probe(() => env.DB.prepare("SELECT 1 FROM segments LIMIT 1").all()),
    probe(() => env.BUCKET.head(GENERATION_PREFIX)),
    probe(() => env.EVENTS.metrics()),
    probe(() => streamOf(env, PROBE_PROJECT_ID).settings()),
  ]);
  const dependencies = { catalog, bucket, queue, stream };
  const is_ready = Object.values(dependencies).every((found) => found.ok);
  return { status: is_ready ? "ready" : "not ready", dependencies };
}

let last: { env: Env; measured_ms: number; readiness: z.infer<typeof Readiness> } | null = null;

/** Probes everything that Ledge needs. Anyone may ask, so an isolate's answer holds for PROBE_CACHE_MS. */
export async function readiness(env: Env): Promise<z.infer<typeof Readiness>> {
  if (last && last.env === env && Date.now() - last.measured_ms < PROBE_CACHE_MS) return last.readiness;
  const measured = await measure(env);
  last = { env, measured_ms: Date.now(), readiness: measured };
  return measured;
}

const healthz = createRoute({
  method: "get",
  path: "/healthz",
  tags: ["Operate"],
  summary: "Alive",
  responses: { 200: { description: "Alive.", content: { "application/json": { schema: z.object({ status: z.literal("ok") }) } } } },
});

const readyz = createRoute({
  method: "get",
  path: "/readyz",
  tags: ["Operate"],
  summary: "Each dependency, probed, with its latency",
  responses: {
    200: { description: "All answer.", content: { "application/json": { schema: Readiness } } },
    503: { description: "One does not.", content: { "application/json": { schema: Readiness } } },
  },
});

export const healthRoutes = createRouter();
healthRoutes.openapi(healthz, (c) => c.json({ status: "ok" as const }, 200));
healthRoutes.openapi(readyz, async (c) => {
  const found = await readiness(c.env);
  return found.status === "ready" ? c.json(found, 200) : c.json(found, 503);
});
