import type { Context, MiddlewareHandler } from "hono";
import { type Membership, ROLES, type Role } from "../catalog/people.ts";
import { Problem } from "../errors.ts";
import type { AppEnv } from "./access.ts";
import { type Permission, ROLE_PERMISSIONS } from "./permissions.ts";
import { checkPersonRate } from "./rate.ts";
import { requireSameOrigin } from "./same-origin.ts";
import { requireSession, type SignedIn } from "./sessions.ts";
import { membershipFor, standingOf } from "./standing.ts";

const PROJECT_ID_PATTERN = /^[a-z2-7]{12}$/;
const PROJECT_HEADER = "x-ledge-project";
const ORGANIZATION_HEADER = "x-ledge-organization";

function projectNamed(c: Context<AppEnv>): string | undefined {
  const is_reading = c.req.method === "GET" || c.req.method === "HEAD";
  return c.req.param("project_id") ?? c.req.header(PROJECT_HEADER) ?? (is_reading ? c.req.query("project") : undefined);
}

/** The project that a session asks for. @throws Problem `invalid` where it names none */
export function projectAsked(c: Context<AppEnv>): string {
  const project_id = projectNamed(c);
  if (project_id !== undefined && PROJECT_ID_PATTERN.test(project_id)) return project_id;
  const error = { field: PROJECT_HEADER, value: project_id, expected: "a project's id", message: "names the project that is meant" };
  throw new Problem("invalid", "Name the project in the header X-Ledge-Project.", { errors: [error] });
}

/**
 * What the person whose session asks may do in a project.
 * @throws Problem `unauthenticated`, `forbidden` where the project is not one of theirs: whether there is such a project is not told
 */
export async function sessionAccess(
  c: Context<AppEnv>,
  project_id: string,
): Promise<{ user: SignedIn["user"]; organization_id: string; role: Role; permissions: ReadonlySet<Permission> }> {
  requireSameOrigin(c);
  const { user } = await requireSession(c);
  const membership = await membershipFor(c.env.DB, user.user_id, project_id);
  if (!membership) throw new Problem("forbidden", "There is no such project among yours.");
  const { organization_id, role } = membership;
  return { user, organization_id, role, permissions: ROLE_PERMISSIONS[role] };
}

async function personOf(c: Context<AppEnv>): Promise<SignedIn> {
  requireSameOrigin(c);
  const person = await requireSession(c);
  await checkPersonRate(c.env, person.user.user_id, Date.now());
  return person;
}

/** Middleware for what concerns the person alone: sets `c.var.person`. */
export function authenticatePerson(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.set("person", await personOf(c));
    await next();
  };
}

/** The membership that a request is about: of the organization in the path or in X-Ledge-Organization, else of the project's, else the only one. */
async function membershipAsked(c: Context<AppEnv>, user_id: string): Promise<Membership> {
  const organization_id = c.req.param("organization_id") ?? c.req.header(ORGANIZATION_HEADER);
  const { memberships } = await standingOf(c.env.DB, user_id);
  if (organization_id !== undefined) {
    const named = memberships.find((membership) => membership.organization_id === organization_id);
    if (named) return named;
    throw new Problem("forbidden", "There is no such organization among yours.");
  }
  const project_id = projectNamed(c);
  if (project_id !== undefined) {
    const named = await membershipFor(c.env.DB, user_id, project_id);
    if (named) return named;
    throw new Problem("forbidden", "There is no such project among yours.");
  }
  if (memberships.length === 1) return memberships[0]!;
  if (memberships.length === 0) throw new Problem("forbidden", "You belong to no organization.");
  const error = { field: ORGANIZATION_HEADER, expected: "an organization's id", message: "names the organization that is meant" };
  throw new Problem("invalid", "Name the organization in the header X-Ledge-Organization.", { errors: [error] });
}

/** Middleware for what concerns an organization: sets `c.var.person` and `c.var.member`. */
export function authenticateMember(permission: Permission): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const person = await personOf(c);
    const member = await membershipAsked(c, person.user.user_id);
    if (!ROLE_PERMISSIONS[member.role].has(permission)) {
      throw new Problem("forbidden", `The role ${member.role} may not do that; "${permission}" is needed.`, {
        needed_permission: permission,
      });
    }
    c.set("person", person);
    c.set("member", member);
    await next();
  };
}

/** True where the first role may all that the second one may. */
export function isAtLeast(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(other);
}
