import { isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { projects } from "./schema.ts";

/** Living projects: what the schedule walks. */
export async function livingProjects(db: D1Database): Promise<{ project_id: string; retention_days: number }[]> {
  return drizzle(db)
    .select({ project_id: projects.project_id, retention_days: projects.retention_days })
    .from(projects)
    .where(isNull(projects.deleted_at));
}
