/** Accounts of people, made together with the membership that entitles to one: all of it in one batch of D1, or nothing. */
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { AuditRow } from "./audit.ts";
import { PLACEHOLDER_EMAIL } from "./people.ts";
import { credentials } from "./schema.ts";
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
    // Where somebody else was first, there is nothing to record.
    sql`INSERT INTO audit SELECT ${record.audit_id}, ${record.at}, (${mine} LIMIT 1), NULL, ${record.actor_kind}, ${record.actor_id}, ${record.actor_name},
      ${record.action}, ${record.target}, ${JSON.stringify(record.details)}, ${record.ip_address}, ${record.user_agent} WHERE ${made}`,
  ]);
  return inserted === 1;
}
