import { WorkerEntrypoint } from "cloudflare:workers";
import { and, eq, gt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { TailViewer } from "../../durable-objects/project-stream/types.ts";
import { ROLE_PERMISSIONS } from "../auth/permissions.ts";
import { membershipFor } from "../auth/standing.ts";
import { sessions } from "../catalog/schema.ts";
import type { Env } from "../env.ts";

/**
 * Tells a project's object whether a person whose socket it holds still may read. It has no address: only the Worker's own objects can call it.
 */
export class TailAccess extends WorkerEntrypoint<Env> {
  async mayWatch(project_id: string, viewer: Extract<TailViewer, { kind: "user" }>): Promise<boolean> {
    const { DB } = this.env;
    const [session] = await drizzle(DB)
      .select({ session_id: sessions.id })
      .from(sessions)
      .where(and(eq(sessions.id, viewer.session_id), eq(sessions.user_id, viewer.user_id), gt(sessions.expires_at, new Date())))
      .limit(1);
    if (!session) return false;
    const membership = await membershipFor(DB, viewer.user_id, project_id);
    return membership !== null && ROLE_PERMISSIONS[membership.role].has("events.read");
  }
}
