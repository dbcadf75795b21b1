import { randomBytes } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { AUDIT_DETAILS_SIZE_BYTES_MAX } from "../limits.ts";
import { audit, projects } from "./schema.ts";

export interface AuditEntry {
  /** Null: that of the project. */
  organization_id: string | null;
  project_id: string | null;
  /** Who: the person, the key, the operator, Ledge itself; nobody for somebody who is not known, such as one who mistypes a password. */
  actor: { kind: "user" | "key" | "operator" | "system" | "nobody"; id: string | null; name: string | null };
  /** What, as `thing.done`: "key.created", "member.role_changed", "events.exported" … */
  action: string;
  /** To which thing. */
  target: string | null;
  /** What else there is to say; never a secret. */
  details?: Record<string, unknown>;
  from: { ip_address: string | null; user_agent: string | null };
}

/** As it is inserted: D1 itself looks up what the entry leaves open. */
export type AuditRow = Omit<typeof audit.$inferInsert, "organization_id"> & { organization_id: string | SQL | null };

/** Begins with the time in milliseconds, so that ids are in the order of time. */
function newAuditId(now_ms: number): string {
  return `${now_ms.toString(36).padStart(9, "0")}${randomBytes(8).toString("hex")}`;
}

function bounded(details: Record<string, unknown>): Record<string, unknown> {
  return JSON.stringify(details).length <= AUDIT_DETAILS_SIZE_BYTES_MAX ? details : { cut: true };
}

function organizationOf(project_id: string | null): SQL | null {
  if (project_id === null) return null;
  return sql`(SELECT ${projects.organization_id} FROM ${projects} WHERE ${projects.project_id} = ${project_id})`;
}

/** The row of an entry, to be inserted together with the change that it tells of. */
export function auditRow(entry: AuditEntry, now_ms: number = Date.now()): AuditRow {
  return {
    audit_id: newAuditId(now_ms),
    at: new Date(now_ms).toISOString(),
    organization_id: entry.organization_id ?? organizationOf(entry.project_id),
    project_id: entry.project_id,
    actor_kind: entry.actor.kind,
    actor_id: entry.actor.id,
    actor_name: entry.actor.name,
    action: entry.action,
    target: entry.target,
    details: bounded(entry.details ?? {}),
    ip_address: entry.from.ip_address,
    user_agent: entry.from.user_agent,
  };
}

/** Records what somebody did. What is recorded cannot be changed. */
export async function recordAudit(db: D1Database, entry: AuditEntry): Promise<void> {
  await drizzle(db).insert(audit).values(auditRow(entry));
}
