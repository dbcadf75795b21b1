import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { KeyAnswer, KeyRecord, Scope } from "../../durable-objects/project-stream/types.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { KEY_LOOKUP_TIMEOUT_MS } from "../limits.ts";
import { callStream } from "../stream-call.ts";
import type { Access, AppEnv } from "./access.ts";
import { requireProject } from "./access.ts";
import { presentedSecret } from "./credentials.ts";
import { KeyCache } from "./key-cache.ts";
import { readKeyText } from "./key-text.ts";
import { type Permission, ROUTES, routeName, SCOPE_DEFAULTS, SCOPE_PERMISSIONS, scopesFor } from "./permissions.ts";
import { checkRates } from "./rate.ts";
import { projectAsked, sessionAccess } from "./session-access.ts";
import { hasSessionCookie } from "./sessions.ts";
import { noteUse } from "./use-notes.ts";

/** What this isolate knows of keys. */
export const key_cache = new KeyCache(() => Date.now());

export interface AuthenticateOptions {
  /** Whether `?token=` may carry the key: only where clients cannot set headers, since addresses end in logs. */
  query_token?: boolean;
}

function assertUsable(key: KeyRecord | null, now_ms: number): asserts key is KeyRecord {
  if (!key) throw new Problem("unauthenticated", "There is no such API key.");
  if (key.revoked_at) throw new Problem("unauthenticated", "This API key was revoked.");
  if (key.expires_at && Date.parse(key.expires_at) <= now_ms) throw new Problem("unauthenticated", "This API key has expired.");
}

/**
 * Who presents this key text.
 * @throws Problem `unauthenticated`, `gone` for a deleted project, `unavailable` where the project's object errs and nothing of the key is known
 */
export async function identify(env: Env, key_text: string): Promise<{ access: Access; quota_exceeded: boolean }> {
  const read = readKeyText(key_text, env.LEDGE_SECRET);
  if (!read) throw new Problem("unauthenticated", "This is not an API key of Ledge.");
  const { project_id, hash } = read;
  const answer: KeyAnswer = await key_cache.lookup(project_id, hash, () =>
    callStream(env, project_id, KEY_LOOKUP_TIMEOUT_MS, (stream) => stream.verifyKey(hash)),
  );
  // A deleted project knows its keys no more; that this is one of them shows its text.
  if (answer.settings?.deleted_at) throw new Problem("gone", "This project was deleted.");
  assertUsable(answer.key, Date.now());
  if (!answer.settings) throw new Problem("unauthenticated", "There is no such project.");
  const permissions = permissionsOf(answer.key.scopes);
  const access = {
    project_id,
    organization_id: null,
    key: answer.key,
    user: null,
    role: null,
    settings: answer.settings,
    permissions,
    scopes: answer.key.scopes,
  };
  return { access, quota_exceeded: answer.quota_exceeded };
}

function permissionsOf(scopes: readonly Scope[]): ReadonlySet<Permission> {
  if (scopes.length === 1) return SCOPE_PERMISSIONS[scopes[0]!];
  return new Set(scopes.flatMap((scope) => [...SCOPE_PERMISSIONS[scope]]));
}

/** Seconds until the next UTC midnight, when quotas are renewed. */
function secondsToMidnight(now_ms: number): number {
  return Math.ceil((86_400_000 - (now_ms % 86_400_000)) / 1000);
}

/** What the table of permissions demands of the route that runs. */
function neededPermission(c: Context<AppEnv>, scope: Scope): Permission {
  const needed = ROUTES[routeName(c.req.method, routePath(c))];
  const is_permission = needed !== undefined && needed !== "anyone" && needed !== "person" && needed !== "operator";
  return is_permission && !needed.startsWith("member: ") ? (needed as Permission) : SCOPE_DEFAULTS[scope];
}

/** @throws Problem `forbidden` */
function requirePermission(access: Access, permission: Permission): void {
  if (access.permissions.has(permission)) return;
  if (access.role !== null)
    throw new Problem("forbidden", `The role ${access.role} may not do that; "${permission}" is needed.`, {
      needed_permission: permission,
    });
  const scopes = scopesFor(permission);
  const needed = scopes.length > 0 ? `"${scopes.join('" or "')}" is needed` : "no key may do that, only a person";
  throw new Problem("forbidden", `This key has the scopes ${access.scopes.join(", ") || "(none)"}; ${needed}.`, {
    needed_permission: permission,
    needed_scope: scopes[0],
  });
}

/** Sets `c.var.access` where all is well with it. */
async function letIn(c: Context<AppEnv>, access: Access, permission: Permission, quota_exceeded: boolean): Promise<void> {
  c.set("access", access);
  const project_id = c.req.param("project_id");
  if (project_id !== undefined) requireProject(access, project_id);
  requirePermission(access, permission);
  await checkRates(c.env, access.settings, access.key?.key_id ?? access.user!.user_id, Date.now());
  noteUse(c, access, permission);
  if (permission === "events.write" && quota_exceeded) {
    throw new Problem("quota_exceeded", "The day's events are used up; the quota is renewed at midnight UTC.", {
      retry_after_s: secondsToMidnight(Date.now()),
    });
  }
}

/**
 * Lets a request pass whose key may do what the route needs; sets `c.var.access`. Requests to ingest are refused while the day's quota is used up.
 * @param scope what the route needs where the table of permissions does not name it
 * @param secret what the request presents, null where it presents nothing
 * @throws Problem
 */
export async function admit(c: Context<AppEnv>, scope: Scope, secret: string | null): Promise<void> {
  if (!secret) throw new Problem("unauthenticated", "Send an API key: Authorization: Bearer ledge_…");
  const { access, quota_exceeded } = await identify(c.env, secret);
  await letIn(c, access, neededPermission(c, scope), quota_exceeded);
}

/** As `admit`, for the person whose session asks. Settings come from the project's object, kept as keys are. */
async function admitSession(c: Context<AppEnv>, scope: Scope): Promise<void> {
  const project_id = projectAsked(c);
  const load = () => callStream(c.env, project_id, KEY_LOOKUP_TIMEOUT_MS, (stream) => stream.verifyKey(""));
  const person = await sessionAccess(c, project_id);
  const answer = await key_cache.lookup(project_id, `session ${project_id}`, load);
  if (!answer.settings) throw new Problem("not_found", "There is no such project.");
  if (answer.settings.deleted_at) throw new Problem("gone", "This project was deleted.");
  const access = { ...person, project_id, key: null, settings: answer.settings, scopes: [] };
  await letIn(c, access, neededPermission(c, scope), answer.quota_exceeded);
}

/**
 * Middleware of `admit`: a path that names a project must name the key's. A request without a key may come from a browser that is signed in: it names its
 * project in `X-Ledge-Project` (or `?project=` where no header can be set) and may do what the person's role allows.
 */
export function authenticate(scope: Scope, options: AuthenticateOptions = {}): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const secret = presentedSecret(c.req.raw, options.query_token ?? false);
    if (secret === null && hasSessionCookie(c)) await admitSession(c, scope);
    else await admit(c, scope, secret);
    await next();
  };
}
