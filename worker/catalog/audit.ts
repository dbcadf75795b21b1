import { randomBytes } from "node:crypto";
import { and, desc, eq, gte, lt, or, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { AUDIT_DETAILS_SIZE_BYTES_MAX, AUDIT_PURGE_ROWS_MAX, AUDIT_RETENTION_DAYS } from "../limits.ts";
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

/** Ids begin with the time in milliseconds, so that they are in the order of time: this is where those of a time begin. */
function idsFrom(time_ms: number): string {
  return time_ms.toString(36).padStart(9, "0");
}

function newAuditId(now_ms: number): string {
  return `${idsFrom(now_ms)}${randomBytes(8).toString("hex")}`;
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

/** Inserts the row where the statement just before it, in the same batch, changed something: what was done is recorded, and nothing else. */
export function auditIfChanged(row: AuditRow): SQL {
  const details = JSON.stringify(row.details);
  return sql`INSERT INTO audit
    (audit_id, at, organization_id, project_id, actor_kind, actor_id, actor_name, action, target, details, ip_address, user_agent)
    SELECT ${row.audit_id}, ${row.at}, ${row.organization_id}, ${row.project_id}, ${row.actor_kind}, ${row.actor_id}, ${row.actor_name},
      ${row.action}, ${row.target}, ${details}, ${row.ip_address}, ${row.user_agent} WHERE changes() > 0`;
}

export interface AuditFilter {
  organization_id: string | null;
  project_id: string | null;
  actor: string | null;
  action: string | null;
  from_ms: number | null;
  to_ms: number | null;
}

/** Where a page ends, the next one begins below this id. */
export async function listAudit(
  db: D1Database,
  filter: AuditFilter,
  page: { below: string | null; limit: number },
): Promise<StoredAudit[]> {
  const { organization_id, project_id, actor, action, from_ms, to_ms } = filter;
  return drizzle(db)
    .select()
    .from(audit)
    .where(
      and(
        organization_id === null ? undefined : eq(audit.organization_id, organization_id),
        project_id === null ? undefined : eq(audit.project_id, project_id),
        actor === null ? undefined : or(eq(audit.actor_id, actor), eq(audit.actor_name, actor)),
        // "key" is all that was done to keys, "key.created" that alone.
        action === null ? undefined : or(eq(audit.action, action), and(gte(audit.action, `${action}.`), lt(audit.action, `${action}/`))),
        from_ms === null ? undefined : gte(audit.audit_id, idsFrom(from_ms)),
        to_ms === null ? undefined : lt(audit.audit_id, idsFrom(to_ms)),
        page.below === null ? undefined : lt(audit.audit_id, page.below),
      ),
    )
    .orderBy(desc(audit.audit_id))
    .limit(page.limit);
}

export type StoredAudit = typeof audit.$inferSelect;

/** Removes what is older than AUDIT_RETENTION_DAYS, some of it at a time. */
export async function purgeAudit(db: D1Database, now_ms: number): Promise<void> {
  const before = idsFrom(now_ms - AUDIT_RETENTION_DAYS * 86_400_000);
  await drizzle(db).run(
    sql`DELETE FROM audit WHERE audit_id IN (SELECT audit_id FROM audit WHERE audit_id < ${before} ORDER BY audit_id LIMIT ${AUDIT_PURGE_ROWS_MAX})`,
  );
}
