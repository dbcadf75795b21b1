import { createRoute, type z } from "@hono/zod-openapi";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Context } from "hono";
import type { ProjectSettings } from "../../durable-objects/project-stream/types.ts";
import type { AppEnv } from "../auth/access.ts";
import { authenticate, key_cache } from "../auth/authenticate.ts";
import { deedRow } from "../auth/record.ts";
import { audit, projects } from "../catalog/schema.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { MANAGE_TIMEOUT_MS } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { callStream } from "../stream-call.ts";
import { ProjectChanges, ProjectView } from "./schemas.ts";

async function settingsOf(env: Env, project_id: string): Promise<ProjectSettings> {
  const settings = await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.settings());
  if (!settings) throw new Problem("not_found", "There is no such project.");
  return settings;
}

/** A project's settings as its object has them, and what it has stored. */
export async function readProject(env: Env, project_id: string): Promise<z.infer<typeof ProjectView>> {
  const { deleted_at: _deleted, project_requests_max = null, key_requests_max = null, ...settings } = await settingsOf(env, project_id);
  const { events_today, events_total } = await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.status());
  return { ...settings, project_requests_max, key_requests_max, events_today, events_total };
}

/** What a change changes, each with what it was before. */
function differences(before: ProjectSettings, changes: z.infer<typeof ProjectChanges>): Record<string, { from: unknown; to: unknown }> {
  const fields = Object.entries(changes) as [keyof typeof changes, unknown][];
  const changed = fields.filter(([field, to]) => JSON.stringify(before[field] ?? null) !== JSON.stringify(to));
  return Object.fromEntries(changed.map(([field, to]) => [field, { from: before[field] ?? null, to }]));
}

/** Changes settings in the project's object, then in D1. Repeating the call repairs a D1 that failed. */
export async function changeProject(c: Context<AppEnv>, project_id: string, changes: z.infer<typeof ProjectChanges>): Promise<void> {
  const { env } = c;
  const before = await settingsOf(env, project_id);
  const settings = { ...before, ...changes };
  await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.configure(settings));
  key_cache.forget(project_id);
  const { name, retention_days, daily_events_max, cors_origins, project_requests_max = null, key_requests_max = null } = settings;
  const orm = drizzle(env.DB);
  await orm.batch([
    orm
      .update(projects)
      .set({ name, retention_days, daily_events_max, cors_origins, project_requests_max, key_requests_max })
      .where(eq(projects.project_id, project_id)),
    orm
      .insert(audit)
      .values(deedRow(c, { action: "project.changed", target: project_id, project_id, details: differences(before, changes) })),
  ]);
}

const responses = {
  200: { description: "The project.", content: { "application/json": { schema: ProjectView } } },
  ...problems(401, 403, 404, 410, 429, 503),
};

const read = createRoute({
  method: "get",
  path: "/api/v1/project",
  tags: ["Manage"],
  summary: "The key's project: settings and usage",
  security: KEY_SECURITY,
  middleware: [authenticate("admin")],
  responses,
});

const change = createRoute({
  method: "patch",
  path: "/api/v1/project",
  tags: ["Manage"],
  summary: "Change settings of the key's project",
  security: KEY_SECURITY,
  middleware: [authenticate("admin"), smallBody()],
  request: { body: { required: true, content: { "application/json": { schema: ProjectChanges } } } },
  responses: { ...responses, ...problems(400, 413, 415, 422) },
});

export const projectRoutes = createRouter();
projectRoutes.openapi(read, async (c) => c.json(await readProject(c.env, c.var.access.project_id), 200));
projectRoutes.openapi(change, async (c) => {
  await changeProject(c, c.var.access.project_id, c.req.valid("json"));
  return c.json(await readProject(c.env, c.var.access.project_id), 200);
});
