import { type Membership, readStanding, type Standing } from "../catalog/people.ts";
import { SESSION_CACHE_ENTRIES_MAX, SESSION_CACHE_MS } from "../limits.ts";
import { Recent } from "./recent.ts";

interface Known extends Standing {
  user_id: string;
  /** Of each project, the organization's id. */
  organizations: Map<string, string>;
}

const recent = new Recent<Known>(SESSION_CACHE_MS, SESSION_CACHE_ENTRIES_MAX, () => Date.now());

async function load(db: D1Database, user_id: string): Promise<Known> {
  const standing = await readStanding(db, user_id);
  return {
    ...standing,
    user_id,
    organizations: new Map(standing.projects.map((project) => [project.project_id, project.organization_id])),
  };
}

/** What a user belongs to, believed for SESSION_CACHE_MS. */
export async function standingOf(db: D1Database, user_id: string): Promise<Standing> {
  return recent.get(user_id, () => load(db, user_id));
}

/** A user's membership in the organization of a living project; null where there is none. A project that was made elsewhere a moment ago is looked for again. */
export async function membershipFor(db: D1Database, user_id: string, project_id: string): Promise<Membership | null> {
  let known = await recent.get(user_id, () => load(db, user_id));
  if (!known.organizations.has(project_id)) {
    forgetStanding(user_id);
    known = await recent.get(user_id, () => load(db, user_id));
  }
  const organization_id = known.organizations.get(project_id);
  return known.memberships.find((membership) => membership.organization_id === organization_id) ?? null;
}

/** To be called after a user's memberships were changed here. */
export function forgetStanding(user_id: string): void {
  recent.forget((known) => known.user_id === user_id);
}

/** To be called after members or projects of an organization were changed here. */
export function forgetOrganization(organization_id: string): void {
  recent.forget((known) => known.memberships.some((membership) => membership.organization_id === organization_id));
}
