import type { z } from "@hono/zod-openapi";
import type { ProjectSettings } from "../../durable-objects/project-stream/types.ts";
import { newProjectId } from "../auth/key-text.ts";
import type { projects } from "../catalog/schema.ts";
import type { Env } from "../env.ts";
import { DAILY_EVENTS_DEFAULT_MAX, MANAGE_TIMEOUT_MS, RETENTION_DAYS_DEFAULT } from "../limits.ts";
import { callStream } from "../stream-call.ts";
import type { NewProject } from "./schemas.ts";

/** A project's object with its settings: there they are true. The row for D1, the copy, is the caller's to insert: until then nobody knows of the project. */
export async function newProject(
  env: Env,
  organization_id: string,
  input: z.infer<typeof NewProject>,
  created_at: string,
): Promise<typeof projects.$inferInsert> {
  const project_id = newProjectId();
  const settings: ProjectSettings = {
    project_id,
    retention_days: RETENTION_DAYS_DEFAULT,
    daily_events_max: DAILY_EVENTS_DEFAULT_MAX,
    cors_origins: [],
    ...input,
    deleted_at: null,
  };
  await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.configure(settings));
  return { ...settings, organization_id, created_at };
}
