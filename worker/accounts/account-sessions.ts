import { createRoute, z } from "@hono/zod-openapi";
import { and, desc, eq, gt, ne } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { deedRow } from "../auth/record.ts";
import { authenticatePerson } from "../auth/session-access.ts";
import { forgetSessions } from "../auth/sessions.ts";
import { audit, sessions } from "../catalog/schema.ts";
import { Problem } from "../errors.ts";
import { SESSION_CACHE_MS, SESSIONS_PER_USER_LISTED_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { SessionView } from "./schemas.ts";

const person = { tags: ["Accounts"], security: SESSION_SECURITY, middleware: [authenticatePerson()] };

const list = createRoute({
  ...person,
  method: "get",
  path: "/api/v1/account/sessions",
  summary: "Browsers in which I am signed in",
  responses: {
    200: { description: "Newest first.", content: { "application/json": { schema: z.object({ sessions: z.array(SessionView) }) } } },
    ...problems(401, 429, 503),
  },
});

const end = createRoute({
  ...person,
  method: "delete",
  path: "/api/v1/account/sessions/{session_id}",
  summary: "End a session",
  description: `It is refused here at once, and everywhere within ${SESSION_CACHE_MS / 1000} seconds.`,
  request: { params: z.object({ session_id: z.string().max(100) }) },
  responses: { 204: { description: "Ended." }, ...problems(401, 403, 404, 422, 429, 503) },
});

const endOthers = createRoute({
  ...person,
  method: "delete",
  path: "/api/v1/account/sessions",
  summary: "End all sessions but this one",
  responses: { 204: { description: "Ended." }, ...problems(401, 403, 429, 503) },
});

export const accountSessionRoutes = createRouter();

accountSessionRoutes.openapi(list, async (c) => {
  const { user, session } = c.var.person;
  const rows = await drizzle(c.env.DB)
    .select()
    .from(sessions)
    .where(and(eq(sessions.user_id, user.user_id), gt(sessions.expires_at, new Date())))
    .orderBy(desc(sessions.created_at))
    .limit(SESSIONS_PER_USER_LISTED_MAX);
  const shown = rows.map((row) => ({
    session_id: row.id,
    current: row.id === session.session_id,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    ip_address: row.ip_address || null,
    user_agent: row.user_agent || null,
  }));
  return c.json({ sessions: shown }, 200);
});

accountSessionRoutes.openapi(end, async (c) => {
  const { user } = c.var.person;
  const { session_id } = c.req.valid("param");
  const orm = drizzle(c.env.DB);
  const gone = await orm
    .delete(sessions)
    .where(and(eq(sessions.id, session_id), eq(sessions.user_id, user.user_id)))
    .returning({ id: sessions.id });
  if (gone.length === 0) throw new Problem("not_found", "You have no such session.");
  forgetSessions(user.user_id);
  await orm.insert(audit).values(deedRow(c, { action: "session.revoked", target: session_id }));
  return c.body(null, 204);
});

accountSessionRoutes.openapi(endOthers, async (c) => {
  const { user, session } = c.var.person;
  const orm = drizzle(c.env.DB);
  await orm.batch([
    orm.delete(sessions).where(and(eq(sessions.user_id, user.user_id), ne(sessions.id, session.session_id))),
    orm.insert(audit).values(deedRow(c, { action: "session.others_revoked", target: user.user_id })),
  ]);
  forgetSessions(user.user_id);
  return c.body(null, 204);
});
