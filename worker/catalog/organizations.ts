import { sql } from "drizzle-orm";
import { type AuditRow, auditIfChanged } from "./audit.ts";
import { runTogether } from "./statements.ts";

export async function createOrganization(
  db: D1Database,
  { organization_id, name, user_id }: { organization_id: string; name: string; user_id: string },
  record: AuditRow,
): Promise<void> {
  await runTogether(db, [
    sql`INSERT INTO organizations (organization_id, name, created_at) VALUES (${organization_id}, ${name}, ${record.at})`,
    sql`INSERT INTO members (organization_id, user_id, role, created_at) VALUES (${organization_id}, ${user_id}, 'owner', ${record.at})`,
    auditIfChanged(record),
  ]);
}

export async function renameOrganization(db: D1Database, organization_id: string, name: string, record: AuditRow): Promise<void> {
  await runTogether(db, [sql`UPDATE organizations SET name = ${name} WHERE organization_id = ${organization_id}`, auditIfChanged(record)]);
}

/** Its row stays, marked: the audit log tells of it. @returns false where it has projects that are not deleted, or is deleted already */
export async function deleteOrganization(db: D1Database, organization_id: string, record: AuditRow): Promise<boolean> {
  const gone = sql`EXISTS (SELECT 1 FROM organizations WHERE organization_id = ${organization_id} AND deleted_at IS NOT NULL)`;
  const [deleted] = await runTogether(db, [
    sql`UPDATE organizations SET deleted_at = ${record.at} WHERE organization_id = ${organization_id} AND deleted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM projects WHERE organization_id = ${organization_id} AND deleted_at IS NULL)`,
    auditIfChanged(record),
    sql`DELETE FROM members WHERE organization_id = ${organization_id} AND ${gone}`,
    sql`DELETE FROM invitations WHERE organization_id = ${organization_id} AND ${gone}`,
  ]);
  return deleted === 1;
}
