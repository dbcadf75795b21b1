import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../auth/authenticate.ts";
import { countEvents, countingHouse } from "../catalog/counting.ts";
import { SHARD_ZERO } from "../catalog/stream.ts";
import { usageOf } from "../catalog/usage.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { MANAGE_TIMEOUT_MS, USAGE_DAYS_DEFAULT, USAGE_DAYS_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { callStream } from "../stream-call.ts";
import { daysOf, storedByDay } from "./usage-days.ts";

const DAY_MS = 86_400_000;

const Usage = z
  .object({
    hours: z.array(
      z.object({ hour: z.string().openapi({ example: "2026-03-01T12:00:00Z" }), events: z.number().int(), raw_bytes: z.number().int() }),
    ),
    days: z
      .array(
        z.object({
          day: z.iso.date(),
          events: z.number().int(),
          raw_bytes: z.number().int().openapi({ description: "Of the events as they came." }),
          stored_bytes: z.number().int().openapi({
            description:
              "What segments whose events begin on this day take in the bucket now; they get smaller as they are merged, and go with retention.",
          }),
          queries: z.number().int().openapi({ description: "Requests that searched." }),
          estimated_cost_usd: z
            .number()
            .openapi({ description: "At list prices, without what is included: an estimate, see the guide to accounts." }),
        }),
      )
      .openapi({ description: "Every UTC day of the range, oldest first. Events and bytes are known of the hours that are." }),
    total: z.object({ stored_bytes: z.number().int(), estimated_cost_usd: z.number().openapi({ description: "Of the days shown." }) }),
    missed_frames: z.number().int().openapi({
      description: "Packed batches that were gone from the window before they were counted here; searches still find their events.",
    }),
  })
  .openapi("Usage");

const read = createRoute({
  method: "get",
  path: "/api/v1/usage",
  tags: ["Manage"],
  summary: "What the project used, by hour of arrival and by day",
  security: KEY_SECURITY,
  middleware: [authenticate("read")],
  request: {
    query: z.object({
      days: z.coerce
        .number()
        .int()
        .min(1)
        .max(USAGE_DAYS_MAX)
        .default(USAGE_DAYS_DEFAULT)
        .openapi({ description: "How many days up to today `days` shows." }),
    }),
  },
  responses: {
    200: { description: "The hours in which events came, oldest first.", content: { "application/json": { schema: Usage } } },
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

async function volumeOf(env: Env, project_id: string) {
  try {
    await countEvents(countingHouse(env), project_id, SHARD_ZERO);
    return await usageOf(env, project_id, Date.now() * 1000);
  } catch (error) {
    console.error("monitor did not answer", error);
    throw new Problem("unavailable", "The project's counts cannot be read at the moment.", { retry_after_s: 1 });
  }
}

export const usageRoutes = createRouter();
usageRoutes.openapi(read, async (c) => {
  const { project_id } = c.var.access;
  const to_day = new Date().toISOString().slice(0, 10);
  const from_day = new Date(Date.parse(to_day) - (c.req.valid("query").days - 1) * DAY_MS).toISOString().slice(0, 10);
  const [volume, stored, queries] = await Promise.all([
    volumeOf(c.env, project_id),
    storedByDay(c.env.DB, project_id),
    callStream(c.env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.queries()),
  ]);
  const days = daysOf({ hours: volume.hours, stored, queries }, from_day, to_day);
  const total = {
    stored_bytes: [...stored.values()].reduce((sum, size_bytes) => sum + size_bytes, 0),
    estimated_cost_usd: days.reduce((sum, day) => sum + day.estimated_cost_usd, 0),
  };
  return c.json({ ...volume, days, total }, 200);
});
