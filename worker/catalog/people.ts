/** Who belongs where. */
import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { deletions, members, organizations, projects } from "./schema.ts";

export const ROLES = ["owner", "admin", "member", "viewer"] as const;
export type Role = (typeof ROLES)[number];

/** The owner that `bootstrap` makes up where none is named. The first person who signs up takes its place. */
export const PLACEHOLDER_EMAIL = "owner@ledge.local";

export interface Membership {
  organization_id: string;
  organization_name: string;
  role: Role;
}

export interface ListedProject {
  project_id: string;
  organization_id: string;
  name: string;
  created_at: string;
  /** When it will be deleted, where that was asked for. */
  deletion_due_at: string | null;
}

/** What somebody belongs to: living organizations, and the living projects in them. */
export interface Standing {
  memberships: Membership[];
  projects: ListedProject[];
}

/** In one round trip. */
export async function readStanding(db: D1Database, user_id: string): Promise<Standing> {
  const orm = drizzle(db);
  const mine = and(eq(members.user_id, user_id), isNull(organizations.deleted_at));
  const [memberships, listed] = await orm.batch([
    orm
      .select({ organization_id: members.organization_id, organization_name: organizations.name, role: members.role })
      .from(members)
      .innerJoin(organizations, eq(organizations.organization_id, members.organization_id))
      .where(mine)
      .orderBy(members.created_at),
    orm
      .select({
        project_id: projects.project_id,
        organization_id: projects.organization_id,
        name: projects.name,
        created_at: projects.created_at,
        deletion_due_at: deletions.due_at,
      })
      .from(members)
      .innerJoin(organizations, eq(organizations.organization_id, members.organization_id))
      .innerJoin(projects, eq(projects.organization_id, members.organization_id))
      .leftJoin(deletions, eq(deletions.project_id, projects.project_id))
      .where(and(mine, isNull(projects.deleted_at)))
      .orderBy(projects.created_at),
  ]);
  return { memberships, projects: listed };
}
