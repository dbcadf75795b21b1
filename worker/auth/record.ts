import type { Context } from "hono";
import { type AuditEntry, type AuditRow, auditRow, recordAudit } from "../catalog/audit.ts";
import type { AppEnv } from "./access.ts";
import { clientOf } from "./client.ts";

/** What a route has to say of what it did; who and from where follow from the request. */
export interface Deed {
  action: string;
  target?: string | null;
  details?: Record<string, unknown>;
  organization_id?: string | null;
  project_id?: string | null;
  /** Where the request itself does not tell: somebody who signs in, the operator. */
  actor?: AuditEntry["actor"];
}

function actorOf(c: Context<AppEnv>): AuditEntry["actor"] {
  const access = c.get("access");
  if (access?.key) return { kind: "key", id: access.key.key_id, name: access.key.name };
  const user = access?.user ?? c.get("person")?.user;
  return user ? { kind: "user", id: user.user_id, name: user.email } : { kind: "nobody", id: null, name: null };
}

function entryOf(c: Context<AppEnv>, deed: Deed): AuditEntry {
  return {
    organization_id: deed.organization_id ?? c.get("access")?.organization_id ?? c.get("member")?.organization_id ?? null,
    project_id: deed.project_id ?? c.get("access")?.project_id ?? null,
    actor: deed.actor ?? actorOf(c),
    action: deed.action,
    target: deed.target ?? null,
    details: deed.details ?? {},
    from: clientOf(c),
  };
}

/** The audit row of what a request did, to be inserted together with the change. */
export function deedRow(c: Context<AppEnv>, deed: Deed): AuditRow {
  return auditRow(entryOf(c, deed));
}

/** Records what a request did. */
export async function recordDeed(c: Context<AppEnv>, deed: Deed): Promise<void> {
  await recordAudit(c.env.DB, entryOf(c, deed));
}
