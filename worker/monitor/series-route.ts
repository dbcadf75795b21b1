/** GET /api/v1/metrics/{name}: values over time. */
import { createRoute, z } from "@hono/zod-openapi";
import type { FillProgress } from "../../durable-objects/project-monitor/types.ts";
import { authenticate } from "../auth/authenticate.ts";
import { readMetricPanes, seriesOf } from "../catalog/metric-series.ts";
import type { TableValue } from "../engine/query/query.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { FIELD_SIZE_BYTES_MAX, METRIC_POINTS_DEFAULT, METRIC_SERIES_POINTS_MAX, METRIC_SERIES_SHOWN_DEFAULT } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { readDefinitions, requireMetric } from "./definitions.ts";
import { NameParam } from "./metric-routes.ts";
import { readOrUnavailable, sourcesOf } from "./read-panes.ts";
import { LimitParameter, SeriesAnswerView, type SeriesPartial, shownSeries, shownTime, withinBounds } from "./series-view.ts";
import { durationOf, timeOf, wrongValue } from "./time.ts";
import { metricView } from "./views.ts";

const RANGE_DEFAULT_US = 3 * 3_600_000_000;
const GROUPS_MAX = 16;

const Group = z.string().max(FIELD_SIZE_BYTES_MAX);

const route = createRoute({
  method: "get",
  path: "/api/v1/metrics/{name}",
  tags: ["Metrics"],
  summary: "Values of a metric over time",
  description:
    "One value for each window that ends in the range, for each series that occurs in it. Values are computed from what was counted, never from the events: an answer takes milliseconds whatever the volume.",
  security: KEY_SECURITY,
  middleware: [authenticate("read")],
  request: {
    params: NameParam,
    query: z.object({
      from: z
        .string()
        .max(64)
        .optional()
        .openapi({ description: "Begin of the range; three hours before its end where it is missing.", example: "-3h" }),
      to: z.string().max(64).optional().openapi({ description: "End of the range; now where it is missing.", example: "now" }),
      step: z
        .string()
        .max(32)
        .optional()
        .openapi({
          description: `Time between two values, rounded up to what the metric has; where it is missing, one that makes at most ${METRIC_POINTS_DEFAULT} values.`,
          example: "5m",
        }),
      group: z
        .union([Group, z.array(Group).max(GROUPS_MAX)])
        .optional()
        .openapi({
          type: "array",
          items: { type: "string" },
          description:
            "Only series with this value of a group-by field, as `field:value`; `field:` for series without one. May be repeated.",
          example: ["service:api"],
        }),
      limit: LimitParameter,
      aggregates: z
        .enum(["true", "false"])
        .optional()
        .openapi({ description: "Whether each series shows its aggregations besides its value." }),
    }),
  },
  responses: {
    200: { description: "The series.", content: { "application/json": { schema: SeriesAnswerView } } },
    ...problems(401, 403, 404, 410, 422, 429, 503),
  },
});

/** `service:api` of a metric by service. @throws Problem `invalid` */
export function groupsOf(texts: readonly string[], fields: readonly string[]): Record<string, TableValue> {
  const match: Record<string, TableValue> = {};
  for (const text of texts) {
    const field = fields.filter((name) => text.startsWith(`${name}:`)).sort((left, right) => right.length - left.length)[0];
    if (field === undefined) {
      const expected = fields.length === 0 ? "no group: the metric has none" : `field:value, of the fields ${fields.join(", ")}`;
      throw wrongValue("group", text, expected);
    }
    match[field] = text.slice(field.length + 1) || null;
  }
  return match;
}

async function fieldsOf(env: Env, project_id: string, name: string): Promise<readonly string[]> {
  return requireMetric(await readDefinitions(env, project_id), name).definition.group_by;
}

const FILLING: Partial<Record<FillProgress["state"], string>> = {
  waiting: "Older events are not counted yet: they wait for their turn.",
  running: "Older events are being counted.",
  failed: "Older events are not counted yet: counting them failed and is tried again.",
};

/** What is said while older events are still counted. */
export function fillPartial(fill: FillProgress): z.infer<typeof SeriesPartial> {
  const detail = FILLING[fill.state];
  return detail ? { reason: "filling", detail, covered_from: null, covered_to: null } : null;
}

export const seriesRoute = createRouter();

seriesRoute.openapi(route, async (c) => {
  const { project_id } = c.var.access;
  const { name } = c.req.valid("param");
  const { from, to, step, group = [], limit, aggregates } = c.req.valid("query");
  const now_us = Date.now() * 1_000;
  const to_us = timeOf("to", to, now_us, now_us);
  const from_us = timeOf("from", from, now_us, Math.max(0, Math.min(now_us, to_us) - RANGE_DEFAULT_US));
  if (from_us > to_us) throw wrongValue("from", from, "a time that is not after to");
  const step_us = durationOf("step", step);
  const texts = typeof group === "string" ? [group] : group;
  const match = texts.length === 0 ? undefined : groupsOf(texts, await fieldsOf(c.env, project_id, name));
  const bounds = { series_max: limit ?? METRIC_SERIES_SHOWN_DEFAULT, points_max: METRIC_SERIES_POINTS_MAX };
  const request = { name, from_us, to_us, step_us, match, bounds };
  const found = await readOrUnavailable(() => readMetricPanes(sourcesOf(c.env, project_id), project_id, request));
  if (!found) throw new Problem("not_found", `There is no metric ${name}.`);
  const answer = withinBounds({ from_us, to_us, from, step, limit }, () => seriesOf(found, request));
  const metric = { ...answer.metric, counters: answer.counters };
  return c.json(
    {
      metric: metricView(metric),
      unit: metric.definition.unit,
      from: shownTime(from_us),
      to: shownTime(to_us),
      step_ms: answer.step_us / 1_000,
      window_ms: answer.window_us / 1_000,
      resolution: answer.resolution,
      final_until: answer.watermark_us === 0 ? null : shownTime(answer.final_until_us),
      ...shownSeries({ series: answer.series, left_out: answer.series_left_out }, aggregates === "true"),
      late: answer.counters.late,
      partial: fillPartial(metric.fill),
    },
    200,
  );
});
