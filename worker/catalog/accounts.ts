/** Accounts of people, made together with the membership that entitles to one: all of it in one batch of D1, or nothing. */
import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { type AuditRow, auditIfChanged } from "./audit.ts";
import { PLACEHOLDER_EMAIL } from "./people.ts";
import { credentials, members, organizations, verifications } from "./schema.ts";
import { runTogether } from "./statements.ts";

/** What better-auth calls a password. */
export const PASSWORD_PROVIDER = "credential";

/** Whether nobody can sign in yet. */
export async function needsOwner(db: D1Database): Promise<boolean> {
  const [row] = await drizzle(db).select({ id: credentials.id }).from(credentials).limit(1);
  return row === undefined;
}

export interface NewAccount {
  user_id: string;
  credential_id: string;
  email: string;
  name: string;
  password_hash: string;
}

export interface FirstOwner extends NewAccount {
  /** Of the organization that is made where there is none to take over. */
  organization_id: string;
  /** What the organization shall be called; null leaves the name of one that is taken over. */
  organization_name: string | null;
}

/**
 * Makes the first owner, who takes over what the made-up owner of the first start has. Of two who try at the same moment one succeeds.
 * @returns false where somebody has signed up before
 */
export async function createFirstOwner(db: D1Database, owner: FirstOwner, record: AuditRow): Promise<boolean> {
  const now = new Date().toISOString();
  const { user_id, credential_id, email, organization_id } = owner;
  const made = sql`EXISTS (SELECT 1 FROM credentials WHERE credential_id = ${credential_id})`;
  const mine = sql`SELECT organization_id FROM members WHERE user_id = ${user_id}`;
  const earlier = sql`SELECT user_id FROM users WHERE email IN (${PLACEHOLDER_EMAIL}, ${email})`;
  const [inserted] = await runTogether(db, [
    sql`INSERT INTO credentials (credential_id, user_id, account_id, provider_id, password, created_at, updated_at)
      SELECT ${credential_id}, ${user_id}, ${user_id}, ${PASSWORD_PROVIDER}, ${owner.password_hash}, ${now}, ${now}
      WHERE NOT EXISTS (SELECT 1 FROM credentials)`,
    auditIfChanged(record),
    // Of the made-up owner, and of one whom the operator named by this address before. Who was both has two rows in an organization: one stays.
    sql`UPDATE OR IGNORE members SET user_id = ${user_id} WHERE user_id IN (${earlier}) AND ${made}`,
    sql`DELETE FROM members WHERE user_id IN (${earlier}) AND ${made}`,
    sql`DELETE FROM users WHERE email IN (${PLACEHOLDER_EMAIL}, ${email}) AND ${made}`,
    sql`INSERT INTO users (user_id, email, name, created_at, updated_at) SELECT ${user_id}, ${email}, ${owner.name}, ${now}, ${now} WHERE ${made}`,
    sql`INSERT INTO organizations (organization_id, name, created_at)
      SELECT ${organization_id}, 'My organization', ${now} WHERE ${made} AND NOT EXISTS (${mine})`,
    sql`INSERT INTO members (organization_id, user_id, role, created_at)
      SELECT ${organization_id}, ${user_id}, 'owner', ${now} WHERE ${made} AND NOT EXISTS (${mine})`,
    sql`UPDATE organizations SET name = ${owner.organization_name} WHERE ${owner.organization_name} IS NOT NULL AND organization_id IN (${mine})`,
  ]);
  return inserted === 1;
}

/** Ends what is pending for somebody: links for a new password, second factors that are asked for, browsers that are trusted. */
export async function dropPending(db: D1Database, user_id: string): Promise<void> {
  await drizzle(db).delete(verifications).where(eq(verifications.value, user_id));
}

const lastOwner = (user_id: string, organization_id: SQL) =>
  sql`NOT EXISTS (SELECT 1 FROM members other WHERE other.organization_id = ${organization_id} AND other.role = 'owner' AND other.user_id <> ${user_id})`;

/** Living organizations that would have no owner without this person. */
export async function heldOrganizations(db: D1Database, user_id: string): Promise<{ organization_id: string; name: string }[]> {
  return drizzle(db)
    .select({ organization_id: organizations.organization_id, name: organizations.name })
    .from(members)
    .innerJoin(organizations, eq(organizations.organization_id, members.organization_id))
    .where(
      and(
        eq(members.user_id, user_id),
        eq(members.role, "owner"),
        isNull(organizations.deleted_at),
        lastOwner(user_id, sql`${members.organization_id}`),
      ),
    );
}

/** Deletes a person with all that is kept of them but the audit log. @returns false where an organization would be left without an owner */
export async function deleteAccount(db: D1Database, user_id: string, record: AuditRow): Promise<boolean> {
  const free = sql`NOT EXISTS (SELECT 1 FROM members mine JOIN organizations USING (organization_id)
    WHERE mine.user_id = ${user_id} AND mine.role = 'owner' AND organizations.deleted_at IS NULL AND ${lastOwner(user_id, sql`mine.organization_id`)})`;
  // The person goes first, if at all; everything else goes where the person is gone.
  const [deleted] = await runTogether(db, [
    sql`DELETE FROM users WHERE user_id = ${user_id} AND ${free}`,
    auditIfChanged(record),
    ...["credentials", "sessions", "two_factors", "user_settings", "members"].map(
      (table) =>
        sql`DELETE FROM ${sql.raw(table)} WHERE user_id = ${user_id} AND NOT EXISTS (SELECT 1 FROM users WHERE user_id = ${user_id})`,
    ),
    sql`DELETE FROM verifications WHERE value = ${user_id} AND NOT EXISTS (SELECT 1 FROM users WHERE user_id = ${user_id})`,
  ]);
  return deleted === 1;
}

/** For somebody who has lost it, together with the backup codes. */
export async function removeSecondFactor(db: D1Database, user_id: string): Promise<void> {
  await runTogether(db, [
    sql`DELETE FROM two_factors WHERE user_id = ${user_id}`,
    sql`UPDATE users SET two_factor_enabled = 0 WHERE user_id = ${user_id}`,
  ]);
}
