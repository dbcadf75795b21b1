import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../auth/authenticate.ts";
import { SHARD_ZERO } from "../catalog/stream.ts";
import { Problem } from "../errors.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";

const Usage = z
  .object({
    hours: z.array(
      z.object({ hour: z.string().openapi({ example: "2026-03-01T12:00:00Z" }), events: z.number().int(), raw_bytes: z.number().int() }),
    ),
    missed_frames: z.number().int().openapi({
      description: "Packed batches that were gone from the window before they were counted here; searches still find their events.",
    }),
  })
  .openapi("Usage");

const read = createRoute({
  method: "get",
  path: "/api/v1/usage",
  tags: ["Manage"],
  summary: "Events and bytes of the key's project by hour of arrival",
  security: KEY_SECURITY,
  middleware: [authenticate("read")],
  responses: {
    200: { description: "The hours in which events came, oldest first.", content: { "application/json": { schema: Usage } } },
    ...problems(401, 403, 410, 429, 503),
  },
});

export const usageRoutes = createRouter();
usageRoutes.openapi(read, async (c) => {
  const monitor = c.env.MONITOR.getByName(c.var.access.project_id);
  try {
    await monitor.pull(SHARD_ZERO);
    return c.json(await monitor.volume(), 200);
  } catch (error) {
    console.error("monitor did not answer", error);
    throw new Problem("unavailable", "The project's counts cannot be read at the moment.", { retry_after_s: 1 });
  }
});
