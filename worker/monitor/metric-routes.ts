/** Declaring metrics one by one. Whole sets of them: `config/`. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { recordDeed } from "../auth/record.ts";
import { monitorOf } from "../catalog/monitor.ts";
import type { MetricDefinition } from "../engine/windows/definition.ts";
import { Problem } from "../errors.ts";
import { METRIC_NAME_LENGTH_MAX, METRICS_PER_PROJECT_MAX, MONITOR_TIMEOUT_MS } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { tryTwice } from "../stream-call.ts";
import { withTimeout } from "../timeout.ts";
import { changedFields, inOrderOf } from "./config/plan-config.ts";
import { assertDeclared, changeDefinitions, findMetric, readDefinitions, requireMetric } from "./definitions.ts";
import { MetricSchema, metricOf } from "./metric-schema.ts";
import { MetricView, metricView } from "./views.ts";

const ROUTE = { tags: ["Metrics"], security: KEY_SECURITY };
const JSON_METRIC = { "application/json": { schema: MetricView } };
export const NameParam = z.object({
  name: z.string().min(1).max(METRIC_NAME_LENGTH_MAX).openapi({ example: "api_errors_percent" }),
});

const list = createRoute({
  ...ROUTE,
  method: "get",
  path: "/api/v1/metrics",
  summary: "The metrics of the project",
  description: "Declared ones by name, then those that Ledge counts for every project.",
  middleware: [authenticate("read")],
  responses: {
    200: {
      description: "All metrics, with how far each is filled.",
      content: {
        "application/json": {
          schema: z.object({
            metrics: z.array(MetricView),
          }),
        },
      },
    },
    ...problems(401, 403, 410, 429, 503),
  },
});

const create = createRoute({
  ...ROUTE,
  method: "post",
  path: "/api/v1/metrics",
  summary: "Declare a metric",
  description: `Events that arrive are counted at once; those that are stored already are counted by a job. At most ${METRICS_PER_PROJECT_MAX} of a project.`,
  middleware: [authenticate("admin"), smallBody()],
  request: { body: { required: true, content: { "application/json": { schema: MetricSchema } } } },
  responses: {
    201: { description: "Declared.", content: JSON_METRIC },
    ...problems(400, 401, 403, 409, 410, 413, 415, 422, 429, 503),
  },
});

const put = createRoute({
  ...ROUTE,
  method: "put",
  path: "/api/v1/metrics/{name}",
  summary: "Declare a metric, or change it",
  description: "Where the change concerns what is counted (query, functions, fields, step), the metric begins anew and is filled again.",
  middleware: [authenticate("admin"), smallBody()],
  request: {
    params: NameParam,
    body: { required: true, content: { "application/json": { schema: MetricSchema.partial({ name: true }) } } },
  },
  responses: {
    200: { description: "As it is now.", content: JSON_METRIC },
    201: { description: "Declared.", content: JSON_METRIC },
    ...problems(400, 401, 403, 409, 410, 413, 415, 422, 429, 503),
  },
});

const remove = createRoute({
  ...ROUTE,
  method: "delete",
  path: "/api/v1/metrics/{name}",
  summary: "Forget a metric and its values",
  middleware: [authenticate("admin")],
  request: { params: NameParam },
  responses: { 204: { description: "It is gone." }, ...problems(401, 403, 404, 409, 410, 422, 429, 503) },
});

const refill = createRoute({
  ...ROUTE,
  method: "post",
  path: "/api/v1/metrics/{name}/refill",
  summary: "Count a metric anew from the stored events",
  description: "Progress is in `fill` of the metric.",
  middleware: [authenticate("admin")],
  request: { params: NameParam },
  responses: { 202: { description: "It waits for its turn.", content: JSON_METRIC }, ...problems(401, 403, 404, 409, 410, 422, 429, 503) },
});

/** What was done, for the audit log: it never keeps a change from being made. */
async function noteDeed(c: Context<AppEnv>, action: string, definition: MetricDefinition): Promise<void> {
  await recordDeed(c, { action, target: definition.name, details: { definition } }).catch((error: unknown) => {
    console.error("the audit log did not take an entry", action, error);
  });
}

export const metricRoutes = createRouter();

metricRoutes.openapi(list, async (c) => {
  const { metrics } = await readDefinitions(c.env, c.var.access.project_id);
  return c.json({ metrics: metrics.map(metricView) }, 200);
});

metricRoutes.openapi(create, async (c) => {
  const definition = metricOf(c.req.valid("json"));
  const { name } = definition;
  const after = await changeDefinitions(c.env, c.var.access.project_id, (now) => {
    if (findMetric(now, name)) throw new Problem("conflict", `There is a metric ${name} already; PUT /api/v1/metrics/${name} changes it.`);
    return { put: [definition], remove: [] };
  });
  await noteDeed(c, "metric.created", definition);
  return c.json(metricView(requireMetric(after, name)), 201);
});

metricRoutes.openapi(put, async (c) => {
  const { name } = c.req.valid("param");
  const body = c.req.valid("json");
  if (body.name !== undefined && body.name !== name) {
    const message = `expected ${name}, as in the address`;
    throw new Problem("invalid", `json: name: ${message}`, { errors: [{ field: "name", value: body.name, expected: name, message }] });
  }
  const definition = metricOf({ ...body, name });
  let is_new = false;
  const after = await changeDefinitions(c.env, c.var.access.project_id, (now) => {
    const known = findMetric(now, name);
    is_new = known === null;
    const wanted = known ? inOrderOf(definition, known.definition) : definition;
    if (known && changedFields(known.definition, wanted).length === 0) return null;
    return { put: [wanted], remove: [] };
  });
  await noteDeed(c, is_new ? "metric.created" : "metric.changed", definition);
  return c.json(metricView(requireMetric(after, name)), is_new ? 201 : 200);
});

metricRoutes.openapi(remove, async (c) => {
  const { name } = c.req.valid("param");
  let removed: MetricDefinition | null = null;
  await changeDefinitions(c.env, c.var.access.project_id, (now) => {
    const known = requireMetric(now, name);
    assertDeclared(known);
    removed = known.definition;
    return { put: [], remove: [name] };
  });
  if (removed) await noteDeed(c, "metric.deleted", removed);
  return c.body(null, 204);
});

metricRoutes.openapi(refill, async (c) => {
  const { project_id } = c.var.access;
  const { name } = c.req.valid("param");
  assertDeclared(requireMetric(await readDefinitions(c.env, project_id), name));
  await tryTwice(() => withTimeout(monitorOf(c.env, project_id).refill([name]), MONITOR_TIMEOUT_MS));
  return c.json(metricView(requireMetric(await readDefinitions(c.env, project_id), name)), 202);
});
