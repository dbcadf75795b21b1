import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../auth/authenticate.ts";
import { listDeadLetters, replayDeadLetters } from "../catalog/dead-letters.ts";
import { Problem } from "../errors.ts";
import { BUCKET_PAGE_MAX, DEAD_LETTER_REPLAYS_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { DeadLetterView } from "./schemas.ts";
import { smallBody } from "./small-body.ts";

const LIMIT_DEFAULT = 100;
const CURSOR_LENGTH_MAX = 4_096;
const LetterId = z.string().regex(/^[A-Za-z0-9-]{1,200}$/);

const list = createRoute({
  method: "get",
  path: "/api/v1/dead-letters",
  tags: ["Manage"],
  summary: "Batches that could not be stored in all tries",
  description: "They are kept until they are replayed. Oldest first.",
  security: KEY_SECURITY,
  middleware: [authenticate("admin")],
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(BUCKET_PAGE_MAX).default(LIMIT_DEFAULT),
      cursor: z.string().max(CURSOR_LENGTH_MAX).optional(),
    }),
  },
  responses: {
    200: {
      description: "A page; `cursor` leads to the next one.",
      content: { "application/json": { schema: z.object({ letters: z.array(DeadLetterView), cursor: z.string().nullable() }) } },
    },
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

const ReplayInput = z
  .union([z.strictObject({ ids: z.array(LetterId).min(1).max(DEAD_LETTER_REPLAYS_MAX) }), z.strictObject({ all: z.literal(true) })])
  .openapi("Replay");

const ReplayAnswer = z
  .object({
    replayed: z.array(z.string()),
    failed: z.array(z.object({ letter_id: z.string(), reason: z.string() })),
  })
  .openapi("Replayed");

const replay = createRoute({
  method: "post",
  path: "/api/v1/dead-letters/replay",
  tags: ["Manage"],
  summary: "Store dead letters after all",
  description: `Of {"all": true} the first ${DEAD_LETTER_REPLAYS_MAX}. A batch that was stored before changes nothing.`,
  security: KEY_SECURITY,
  middleware: [authenticate("admin"), smallBody()],
  request: { body: { required: true, content: { "application/json": { schema: ReplayInput } } } },
  responses: {
    200: { description: "What was stored and what was not.", content: { "application/json": { schema: ReplayAnswer } } },
    ...problems(400, 401, 403, 410, 413, 415, 422, 429, 503),
  },
});

export const deadLetterRoutes = createRouter();
deadLetterRoutes.openapi(list, async (c) => {
  const { limit, cursor } = c.req.valid("query");
  try {
    return c.json(await listDeadLetters(c.env, c.var.access.project_id, { limit, cursor }), 200);
  } catch (error) {
    if (cursor === undefined) throw error;
    throw new Problem("invalid", "query: cursor: not one of an earlier page", {
      errors: [{ field: "cursor", value: cursor, message: "not one of an earlier page" }],
    });
  }
});
deadLetterRoutes.openapi(replay, async (c) => {
  const input = c.req.valid("json");
  return c.json(await replayDeadLetters(c.env, c.var.access.project_id, "ids" in input ? input.ids : "all"), 200);
});
