/** Changes of who belongs where. No organization is ever left without an owner: each statement holds that by itself, whoever else changes something. */
import { and, asc, eq, gt, isNull, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { PASSWORD_PROVIDER } from "./accounts.ts";
import { type AuditRow, auditIfChanged } from "./audit.ts";
import type { Role } from "./people.ts";
import { audit, credentials, invitations, members, organizations, users } from "./schema.ts";
import { runTogether } from "./statements.ts";

export async function listMembers(db: D1Database, organization_id: string) {
  return drizzle(db)
    .select({
      user_id: users.id,
      email: users.email,
      name: users.name,
      role: members.role,
      two_factor_enabled: users.two_factor_enabled,
      created_at: members.created_at,
    })
    .from(members)
    .innerJoin(users, eq(users.id, members.user_id))
    .where(eq(members.organization_id, organization_id))
    .orderBy(asc(members.created_at));
}

/** @returns null where nobody of this id belongs to the organization */
export async function memberOf(db: D1Database, organization_id: string, user_id: string): Promise<{ role: Role; email: string } | null> {
  const [row] = await drizzle(db)
    .select({ role: members.role, email: users.email })
    .from(members)
    .innerJoin(users, eq(users.id, members.user_id))
    .where(and(eq(members.organization_id, organization_id), eq(members.user_id, user_id)));
  return row ?? null;
}

const anotherOwner = (organization_id: string, user_id: string) =>
  sql`EXISTS (SELECT 1 FROM members other WHERE other.organization_id = ${organization_id} AND other.role = 'owner' AND other.user_id <> ${user_id})`;

/** @returns false where nobody would own the organization then, or the person has not the role `from` any more */
export async function changeRole(
  db: D1Database,
  organization_id: string,
  user_id: string,
  roles: { from: Role; to: Role },
  record: AuditRow,
): Promise<boolean> {
  const [changed] = await runTogether(db, [
    sql`UPDATE members SET role = ${roles.to} WHERE organization_id = ${organization_id} AND user_id = ${user_id} AND role = ${roles.from}
      AND (role <> 'owner' OR ${anotherOwner(organization_id, user_id)})`,
    auditIfChanged(record),
  ]);
  return changed === 1;
}

/** @returns false where nobody would own the organization then, or the person has not the role any more */
export async function removeMember(
  db: D1Database,
  organization_id: string,
  user_id: string,
  role: Role,
  record: AuditRow,
): Promise<boolean> {
  const [removed] = await runTogether(db, [
    sql`DELETE FROM members WHERE organization_id = ${organization_id} AND user_id = ${user_id} AND role = ${role}
      AND (role <> 'owner' OR ${anotherOwner(organization_id, user_id)})`,
    auditIfChanged(record),
  ]);
  return removed === 1;
}

// ── Invitations ───────────────────────────────────────────────────────────────

export interface NewInvitation {
  invitation_id: string;
  organization_id: string;
  email: string;
  role: Role;
  token_hash: string;
  invited_by: string;
  created_at: string;
  expires_at: string;
}

const open = (now: string) => and(isNull(invitations.accepted_at), isNull(invitations.revoked_at), gt(invitations.expires_at, now));

export async function openInvitations(db: D1Database, organization_id: string, now: string) {
  return drizzle(db)
    .select({
      invitation_id: invitations.invitation_id,
      email: invitations.email,
      role: invitations.role,
      invited_by: invitations.invited_by,
      created_at: invitations.created_at,
      expires_at: invitations.expires_at,
    })
    .from(invitations)
    .where(and(eq(invitations.organization_id, organization_id), open(now)))
    .orderBy(asc(invitations.created_at));
}

/** Whoever is invited anew has one link that opens: the new one. */
export async function insertInvitation(db: D1Database, invitation: NewInvitation, record: AuditRow): Promise<void> {
  const orm = drizzle(db);
  const { organization_id, email, created_at } = invitation;
  await orm.batch([
    orm
      .update(invitations)
      .set({ revoked_at: created_at })
      .where(and(eq(invitations.organization_id, organization_id), eq(invitations.email, email), open(created_at))),
    orm.insert(invitations).values(invitation),
    orm.insert(audit).values(record),
  ]);
}

export async function revokeInvitation(db: D1Database, organization_id: string, invitation_id: string, record: AuditRow): Promise<boolean> {
  const revocation = drizzle(db)
    .update(invitations)
    .set({ revoked_at: record.at })
    .where(and(eq(invitations.invitation_id, invitation_id), eq(invitations.organization_id, organization_id), open(record.at)));
  const [revoked] = await runTogether(db, [revocation, auditIfChanged(record)]);
  return revoked === 1;
}

export interface OpenInvitation {
  invitation_id: string;
  organization_id: string;
  organization_name: string;
  email: string;
  role: Role;
  invited_by: string;
  expires_at: string;
  /** The person of this address, where there is one. */
  user_id: string | null;
  /** Whether that person can sign in. */
  has_account: boolean;
}

/** The invitation behind a link, as long as it may be accepted. */
export async function findInvitation(db: D1Database, token_hash: string, now: string): Promise<OpenInvitation | null> {
  const [row] = await drizzle(db)
    .select({
      invitation_id: invitations.invitation_id,
      organization_id: invitations.organization_id,
      organization_name: organizations.name,
      email: invitations.email,
      role: invitations.role,
      invited_by: invitations.invited_by,
      expires_at: invitations.expires_at,
      user_id: users.id,
      credential_id: credentials.id,
    })
    .from(invitations)
    .innerJoin(organizations, and(eq(organizations.organization_id, invitations.organization_id), isNull(organizations.deleted_at)))
    .leftJoin(users, eq(users.email, invitations.email))
    .leftJoin(credentials, eq(credentials.user_id, users.id))
    .where(and(eq(invitations.token_hash, token_hash), open(now)))
    .limit(1);
  if (!row) return null;
  const { credential_id, ...invitation } = row;
  return { ...invitation, has_account: credential_id !== null };
}

/** Who accepts: somebody who has an account, or one who gets it with the membership. */
export interface Joiner {
  user_id: string;
  account: { credential_id: string; name: string; password_hash: string } | null;
}

/**
 * Accepts an invitation, once: account, membership and the mark on the invitation in one transaction.
 * @returns false where it was accepted or revoked meanwhile, or somebody made an account with this address meanwhile
 */
export async function acceptInvitation(
  db: D1Database,
  invitation: OpenInvitation,
  { user_id, account }: Joiner,
  record: AuditRow,
): Promise<boolean> {
  const now = new Date().toISOString();
  const { invitation_id, organization_id, email, role } = invitation;
  const may = account
    ? sql`NOT EXISTS (SELECT 1 FROM credentials JOIN users USING (user_id) WHERE users.email = ${email})`
    : sql`EXISTS (SELECT 1 FROM users WHERE user_id = ${user_id} AND email = ${email})`;
  const mark = `${now} ${record.audit_id}`;
  const ours = sql`EXISTS (SELECT 1 FROM invitations WHERE invitation_id = ${invitation_id} AND accepted_by = ${mark})`;
  const account_rows = account
    ? [
        sql`INSERT INTO users (user_id, email, name, created_at, updated_at) SELECT ${user_id}, ${email}, ${account.name}, ${now}, ${now} WHERE ${ours}
          ON CONFLICT (email) DO UPDATE SET name = excluded.name`,
        sql`INSERT INTO credentials (credential_id, user_id, account_id, provider_id, password, created_at, updated_at)
          SELECT ${account.credential_id}, user_id, user_id, ${PASSWORD_PROVIDER}, ${account.password_hash}, ${now}, ${now}
          FROM users WHERE email = ${email} AND ${ours}`,
      ]
    : [];
  const [accepted] = await runTogether(db, [
    sql`UPDATE invitations SET accepted_at = ${now}, accepted_by = ${mark} WHERE invitation_id = ${invitation_id}
      AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ${now} AND ${may}`,
    auditIfChanged(record),
    ...account_rows,
    sql`INSERT INTO members (organization_id, user_id, role, created_at)
      SELECT ${organization_id}, user_id, ${role}, ${now} FROM users WHERE email = ${email} AND ${ours} ON CONFLICT DO NOTHING`,
    sql`UPDATE invitations SET accepted_by = (SELECT user_id FROM users WHERE email = ${email}) WHERE invitation_id = ${invitation_id} AND accepted_by = ${mark}`,
  ]);
  return accepted === 1;
}
