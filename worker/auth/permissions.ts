/**
 * Who may do what, in three tables: what each route needs, what each role may, what each scope of a key may. `authenticate` looks here; a test walks all
 * routes with all of them and expects exactly this.
 */
import type { Scope } from "../../durable-objects/project-stream/types.ts";
import type { Role } from "../catalog/people.ts";

const OF_VIEWERS = [
  "events.read",
  "usage.read",
  "searches.read",
  "metrics.read",
  "project.read",
  "members.read",
  "organization.read",
] as const;
const OF_MEMBERS = ["events.write", "searches.write", "metrics.write", "keys.read", "dead_letters.read"] as const;
const OF_ADMINS = [
  "keys.write",
  "dead_letters.write",
  "project.write",
  "projects.create",
  "maintenance.run",
  "members.write",
  "audit.read",
] as const;
const OF_OWNERS = ["project.delete", "organization.write", "organization.delete"] as const;

export type Permission = (typeof OF_VIEWERS | typeof OF_MEMBERS | typeof OF_ADMINS | typeof OF_OWNERS)[number];

/** Each role may all that those below it may. */
export const ROLE_PERMISSIONS: Record<Role, ReadonlySet<Permission>> = {
  viewer: new Set(OF_VIEWERS),
  member: new Set([...OF_VIEWERS, ...OF_MEMBERS]),
  admin: new Set([...OF_VIEWERS, ...OF_MEMBERS, ...OF_ADMINS]),
  owner: new Set([...OF_VIEWERS, ...OF_MEMBERS, ...OF_ADMINS, ...OF_OWNERS]),
};

/** What a key may in its project. No scope contains another: what a key is for is said in full. */
export const SCOPE_PERMISSIONS: Record<Scope, ReadonlySet<Permission>> = {
  ingest: new Set(["events.write"]),
  read: new Set(["events.read", "usage.read", "searches.read", "metrics.read"]),
  admin: new Set([
    "project.read",
    "project.write",
    "keys.read",
    "keys.write",
    "dead_letters.read",
    "dead_letters.write",
    "maintenance.run",
    "searches.write",
    "metrics.write",
    "audit.read",
  ]),
};

/**
 * What a route needs. "anyone": nothing. "person": a session. "operator": the operator's token. "member: …": a session and, in the organization that is
 * asked for, a role with the permission. A permission alone: a key with a scope, or a session with a role, in the project that is asked for.
 */
export type Requirement = "anyone" | "person" | "operator" | `member: ${Permission}` | Permission;

export const ROUTES: Record<string, Requirement> = {
  "GET /healthz": "anyone",
  "GET /readyz": "anyone",
  "GET /metrics": "anyone",

  "GET /api/v1/setup": "anyone",
  "POST /api/v1/auth/sign-up": "anyone",
  "POST /api/v1/auth/sign-in": "anyone",
  "POST /api/v1/auth/two-factor": "anyone",
  "POST /api/v1/auth/sign-out": "anyone",
  "GET /api/v1/auth/session": "anyone",
  "POST /api/v1/auth/password-reset/request": "anyone",
  "POST /api/v1/auth/password-reset": "anyone",
  "POST /api/v1/invitations/look": "anyone",
  "POST /api/v1/invitations/accept": "anyone",

  "GET /api/v1/account": "person",
  "PATCH /api/v1/account": "person",
  "DELETE /api/v1/account": "person",
  "POST /api/v1/account/password": "person",
  "GET /api/v1/account/settings": "person",
  "PUT /api/v1/account/settings": "person",
  "GET /api/v1/account/sessions": "person",
  "DELETE /api/v1/account/sessions": "person",
  "DELETE /api/v1/account/sessions/{session_id}": "person",
  "POST /api/v1/account/two-factor": "person",
  "POST /api/v1/account/two-factor/confirm": "person",
  "DELETE /api/v1/account/two-factor": "person",
  "POST /api/v1/account/two-factor/backup-codes": "person",

  "GET /api/v1/organizations": "person",
  "POST /api/v1/organizations": "person",
  "PATCH /api/v1/organizations/{organization_id}": "member: organization.write",
  "DELETE /api/v1/organizations/{organization_id}": "member: organization.delete",
  "POST /api/v1/organizations/{organization_id}/leave": "member: organization.read",
  "GET /api/v1/members": "member: members.read",
  "PATCH /api/v1/members/{user_id}": "member: members.write",
  "DELETE /api/v1/members/{user_id}": "member: members.write",
  "POST /api/v1/members/{user_id}/password-reset": "member: organization.write",
  "GET /api/v1/invitations": "member: members.write",
  "POST /api/v1/invitations": "member: members.write",
  "DELETE /api/v1/invitations/{invitation_id}": "member: members.write",

  "GET /api/v1/projects": "person",
  "POST /api/v1/projects": "member: projects.create",
  "GET /api/v1/deletions": "member: organization.read",
  "GET /api/v1/projects/{project_id}": "project.read",
  "PATCH /api/v1/projects/{project_id}": "project.write",
  "DELETE /api/v1/projects/{project_id}": "project.delete",
  "POST /api/v1/projects/{project_id}/restore": "project.delete",
  "GET /api/v1/project": "project.read",
  "PATCH /api/v1/project": "project.write",
  "GET /api/v1/keys": "keys.read",
  "POST /api/v1/keys": "keys.write",
  "DELETE /api/v1/keys/{key_id}": "keys.write",
  "POST /api/v1/keys/{key_id}/rotate": "keys.write",
  "GET /api/v1/usage": "usage.read",
  "GET /api/v1/audit": "audit.read",
  "GET /api/v1/audit/export": "audit.read",
  "GET /api/v1/searches": "searches.read",
  "POST /api/v1/searches": "searches.write",
  "PATCH /api/v1/searches/{search_id}": "searches.write",
  "DELETE /api/v1/searches/{search_id}": "searches.write",

  "GET /api/v1/metrics": "metrics.read",
  "GET /api/v1/metrics/{name}": "metrics.read",
  "POST /api/v1/metrics/preview": "events.read",
  "POST /api/v1/config/plan": "metrics.read",
  "GET /api/v1/config/export": "metrics.read",
  "POST /api/v1/metrics": "metrics.write",
  "PUT /api/v1/metrics/{name}": "metrics.write",
  "DELETE /api/v1/metrics/{name}": "metrics.write",
  "POST /api/v1/metrics/{name}/refill": "metrics.write",
  "POST /api/v1/config/apply": "metrics.write",
  "GET /prometheus/api/v1/query": "metrics.read",
  "POST /prometheus/api/v1/query": "metrics.read",
  "GET /prometheus/api/v1/query_range": "metrics.read",
  "POST /prometheus/api/v1/query_range": "metrics.read",
  "GET /prometheus/api/v1/labels": "metrics.read",
  "POST /prometheus/api/v1/labels": "metrics.read",
  "GET /prometheus/api/v1/label/{name}/values": "metrics.read",
  "GET /prometheus/api/v1/series": "metrics.read",
  "POST /prometheus/api/v1/series": "metrics.read",
  "GET /prometheus/api/v1/metadata": "metrics.read",
  "GET /prometheus/api/v1/status/buildinfo": "metrics.read",

  "POST /api/v1/logs": "events.write",
  "POST /api/v1/logs/batch": "events.write",
  "POST /logs": "events.write",
  "POST /ingest": "events.write",
  "POST /v1/projects/{project_id}/events": "events.write",
  "GET /api/v1/logs": "events.read",
  "GET /api/v1/logs/search": "events.read",
  "GET /search": "events.read",
  "GET /api/v1/logs/export": "events.read",
  "GET /api/v1/logs/histogram": "events.read",
  "GET /api/v1/logs/stream": "events.read",
  "POST /api/v1/logs/stream/ticket": "events.read",
  "GET /api/v1/logs/{event_id}": "events.read",
  "GET /api/v1/fields": "events.read",
  "GET /api/v1/fields/{name}/values": "events.read",
  "GET /api/v1/query": "events.read",
  "GET /api/v1/query/reference": "events.read",
  "POST /api/v1/sql": "events.read",

  "GET /api/v1/refused": "dead_letters.read",
  "GET /api/v1/refused/{refused_id}": "dead_letters.read",
  "POST /api/v1/refused/replay": "dead_letters.write",
  "DELETE /api/v1/refused/{refused_id}": "dead_letters.write",
  "GET /api/v1/dead-letters": "dead_letters.read",
  "POST /api/v1/dead-letters/replay": "dead_letters.write",

  "POST /api/v1/admin/flush": "maintenance.run",
  "POST /api/v1/admin/compact": "maintenance.run",

  "GET /api/v1/admin/setup": "operator",
  "POST /api/v1/admin/password-resets": "operator",
  "POST /api/v1/bootstrap": "operator",
  "GET /api/v1/admin/dead-letters": "operator",
  "POST /api/v1/admin/projects/{project_id}/keys": "operator",
  "POST /api/v1/admin/rebuild-catalog": "operator",
};

/** Routes that the operator's token opens, too. */
export const OPERATOR_TOO: ReadonlySet<string> = new Set(["POST /api/v1/admin/flush", "POST /api/v1/admin/compact"]);

/** What `authenticate` demands of a route that the table does not name yet. A test refuses such routes. */
export const SCOPE_DEFAULTS: Record<Scope, Permission> = { ingest: "events.write", read: "events.read", admin: "project.write" };

/** A route's name in the table: its method, and its path as the API's document writes it. */
export function routeName(method: string, path: string): string {
  return `${method === "HEAD" ? "GET" : method} ${path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, "{$1}")}`;
}

/** The scopes with which a key may do something, for the answer that refuses. */
export function scopesFor(permission: Permission): Scope[] {
  return (Object.keys(SCOPE_PERMISSIONS) as Scope[]).filter((scope) => SCOPE_PERMISSIONS[scope].has(permission));
}
