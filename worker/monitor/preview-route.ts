/** POST /api/v1/metrics/preview: what a metric would show that is not declared yet. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { boundedSeries } from "../engine/windows/bounded-series.ts";
import { type CompiledMetric, compileMetric } from "../engine/windows/compile-metric.ts";
import { windowEnds } from "../engine/windows/window-values.ts";
import {
  METRIC_POINTS_DEFAULT,
  METRIC_PREVIEW_PANES_MAX,
  METRIC_PREVIEW_RANGE_DEFAULT_MS,
  METRIC_PREVIEW_RANGE_MS_MAX,
  METRIC_SERIES_POINTS_MAX,
  METRIC_SERIES_SHOWN_DEFAULT,
} from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { MetricSchema, metricOf } from "./metric-schema.ts";
import type { MonitorParts } from "./parts.ts";
import { LimitParameter, SERIES_SHAPE, shownSeries, shownTime, withinBounds } from "./series-view.ts";
import { durationOf, timeOf, wrongValue } from "./time.ts";
import { definitionView, MetricDefinitionView } from "./views.ts";

const Body = z.strictObject({
  metric: MetricSchema,
  from: z
    .string()
    .max(64)
    .optional()
    .openapi({
      description: `Three hours before the end where it is missing; at most ${METRIC_PREVIEW_RANGE_MS_MAX / 3_600_000} hours before it.`,
    }),
  to: z.string().max(64).optional().openapi({ description: "Now where it is missing." }),
  step: z.string().max(32).optional().openapi({ description: "Time between two values, rounded up to the metric's step." }),
  limit: LimitParameter,
  aggregates: z.boolean().optional(),
});

const Answer = z
  .object({
    definition: MetricDefinitionView,
    ...SERIES_SHAPE,
    events: z.number().int().openapi({ description: "Events that the values are of." }),
    late: z.number().int().openapi({
      description: "Those of them that live counting would have left out, since they came after the lateness of their window.",
    }),
    stats: z.object({ took_ms: z.number(), rows_scanned: z.number().int(), bytes_read: z.number().int() }),
  })
  .openapi("MetricPreview");

const route = createRoute({
  method: "post",
  path: "/api/v1/metrics/preview",
  tags: ["Metrics"],
  summary: "What a metric would show",
  description: `Computed by a search over the events of the last hours, as the metric's back-fill would count them. The range is shortened where it would have more than ${METRIC_PREVIEW_PANES_MAX} steps; \`from\` says so.`,
  security: KEY_SECURITY,
  middleware: [authenticate("read"), smallBody()],
  request: { body: { required: true, content: { "application/json": { schema: Body } } } },
  responses: {
    200: { description: "The series, in the shape of a declared metric's.", content: { "application/json": { schema: Answer } } },
    ...problems(400, 401, 403, 410, 413, 415, 422, 429, 503),
  },
});

interface Span {
  from_us: number;
  to_us: number;
}

/** The range that is looked at, and the panes that windows of it need. @throws Problem `invalid` */
function spansOf(
  { step_us, size_us }: CompiledMetric,
  from: string | undefined,
  to: string | undefined,
  now_us: number,
): { shown: Span; counted: Span } {
  const end_us = timeOf("to", to, now_us, now_us);
  const begin_us = timeOf("from", from, now_us, end_us - METRIC_PREVIEW_RANGE_DEFAULT_MS * 1_000);
  if (begin_us > end_us) throw wrongValue("from", from, "a time that is not after to");
  const to_us = Math.floor(end_us / step_us) * step_us;
  const longest_us = Math.min(METRIC_PREVIEW_RANGE_MS_MAX * 1_000, Math.max(step_us, METRIC_PREVIEW_PANES_MAX * step_us - size_us));
  const from_us = Math.max(
    0,
    Math.floor(begin_us / step_us) * step_us,
    to_us - Math.max(step_us, Math.floor(longest_us / step_us) * step_us),
  );
  return { shown: { from_us, to_us }, counted: { from_us: Math.max(0, from_us + step_us - size_us), to_us } };
}

/** A multiple of the metric's step. */
function shownStep(metric: CompiledMetric, { from_us, to_us }: Span, asked_us: number | null): number {
  const steps = asked_us === null ? (to_us - from_us) / metric.step_us / METRIC_POINTS_DEFAULT : asked_us / metric.step_us;
  return Math.max(1, Math.ceil(steps)) * metric.step_us;
}

async function preview(c: Context<AppEnv>, parts: MonitorParts, body: z.infer<typeof Body>): Promise<z.infer<typeof Answer>> {
  const definition = metricOf(body.metric, "metric");
  const compiled = compileMetric(definition);
  const { shown, counted } = spansOf(compiled, body.from, body.to, Date.now() * 1_000);
  const step_us = shownStep(compiled, shown, durationOf("step", body.step));
  const window_us = Math.max(step_us, compiled.size_us);
  const { panes, events, late, partial, stats } = await parts.preview(c, { compiled, ...counted });
  const request = { ends_us: windowEnds(shown.from_us, shown.to_us, step_us), window_us };
  const bounds = { series_max: body.limit ?? METRIC_SERIES_SHOWN_DEFAULT, points_max: METRIC_SERIES_POINTS_MAX };
  const { from, step, limit } = body;
  const series = withinBounds({ ...shown, from, step, limit }, () => boundedSeries(compiled, panes, compiled.step_us, { request, bounds }));
  return {
    definition: definitionView(definition),
    unit: definition.unit,
    from: shownTime(shown.from_us),
    to: shownTime(shown.to_us),
    step_ms: step_us / 1_000,
    window_ms: window_us / 1_000,
    ...shownSeries(series, body.aggregates ?? false),
    partial,
    events,
    late,
    stats,
  };
}

export function previewRoute(parts: MonitorParts) {
  const routes = createRouter();
  routes.openapi(route, async (c) => c.json(await preview(c, parts, c.req.valid("json")), 200));
  return routes;
}
