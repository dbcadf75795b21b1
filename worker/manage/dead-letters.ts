import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../auth/authenticate.ts";
import { authenticateOperator } from "../auth/operator.ts";
import { recordDeed } from "../auth/record.ts";
import { listDeadLetters, replayDeadLetters, UNKNOWN_PROJECT } from "../catalog/dead-letters.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { BUCKET_PAGE_MAX, DEAD_LETTER_REPLAYS_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, OPERATOR_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { DeadLetterView } from "./schemas.ts";

const LIMIT_DEFAULT = 100;
const CURSOR_LENGTH_MAX = 4_096;
const LetterId = z.string().regex(/^[A-Za-z0-9-]{1,200}$/);

const Page = z.object({
  limit: z.coerce.number().int().min(1).max(BUCKET_PAGE_MAX).default(LIMIT_DEFAULT),
  cursor: z.string().max(CURSOR_LENGTH_MAX).optional(),
});

const Letters = {
  description: "A page; `cursor` leads to the next one.",
  content: { "application/json": { schema: z.object({ letters: z.array(DeadLetterView), cursor: z.string().nullable() }) } },
};

async function lettersOf(env: Env, project_id: string, { limit, cursor }: z.infer<typeof Page>) {
  try {
    return await listDeadLetters(env, project_id, { limit, cursor });
  } catch (error) {
    if (cursor === undefined) throw error;
    throw new Problem("invalid", "query: cursor: not one of an earlier page", {
      errors: [{ field: "cursor", value: cursor, message: "not one of an earlier page" }],
    });
  }
}

const list = createRoute({
  method: "get",
  path: "/api/v1/dead-letters",
  tags: ["Manage"],
  summary: "Batches that could not be stored in all tries",
  description: "They are kept until they are replayed. Oldest first.",
  security: KEY_SECURITY,
  middleware: [authenticate("admin")],
  request: { query: Page },
  responses: {
    200: Letters,
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

const listAsOperator = createRoute({
  method: "get",
  path: "/api/v1/admin/dead-letters",
  tags: ["Operate"],
  summary: "Dead letters of any project, or of none that is known",
  description: "Messages that could not even be read belong to no project: they are listed where none is named. Oldest first.",
  security: OPERATOR_SECURITY,
  middleware: [authenticateOperator()],
  request: {
    query: Page.extend({
      project_id: z
        .string()
        .regex(/^[a-z2-7]{12}$/)
        .optional(),
    }),
  },
  responses: { 200: Letters, ...problems(401, 403, 422, 503) },
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
deadLetterRoutes.openapi(list, async (c) => c.json(await lettersOf(c.env, c.var.access.project_id, c.req.valid("query")), 200));
deadLetterRoutes.openapi(listAsOperator, async (c) => {
  const { project_id, ...page } = c.req.valid("query");
  return c.json(await lettersOf(c.env, project_id ?? UNKNOWN_PROJECT, page), 200);
});
deadLetterRoutes.openapi(replay, async (c) => {
  const input = c.req.valid("json");
  const result = await replayDeadLetters(c.env, c.var.access.project_id, "ids" in input ? input.ids : "all");
  await recordDeed(c, {
    action: "dead_letters.replayed",
    details: { replayed: result.replayed.length, failed: result.failed.length },
  });
  return c.json(result, 200);
});
