import type { Context, MiddlewareHandler } from "hono";
import type { KeyAnswer, KeyRecord, Scope } from "../../durable-objects/project-stream/types.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { KEY_LOOKUP_TIMEOUT_MS } from "../limits.ts";
import { callStream } from "../stream-call.ts";
import type { Access, AppEnv } from "./access.ts";
import { requireProject, requireScope } from "./access.ts";
import { presentedSecret } from "./credentials.ts";
import { KeyCache } from "./key-cache.ts";
import { readKeyText } from "./key-text.ts";
import { checkRates } from "./rate.ts";

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
  assertUsable(answer.key, Date.now());
  if (!answer.settings) throw new Problem("unauthenticated", "There is no such project.");
  if (answer.settings.deleted_at) throw new Problem("gone", "This project was deleted.");
  const access = { project_id, key: answer.key, settings: answer.settings, scopes: answer.key.scopes };
  return { access, quota_exceeded: answer.quota_exceeded };
}

/** Seconds until the next UTC midnight, when quotas are renewed. */
function secondsToMidnight(now_ms: number): number {
  return Math.ceil((86_400_000 - (now_ms % 86_400_000)) / 1000);
}

/**
 * Lets a request pass whose key has the scope; sets `c.var.access`. Requests to ingest are refused while the day's quota is used up.
 * @param secret what the request presents, null where it presents nothing
 * @throws Problem
 */
export async function admit(c: Context<AppEnv>, scope: Scope, secret: string | null): Promise<void> {
  if (!secret) throw new Problem("unauthenticated", "Send an API key: Authorization: Bearer ledge_…");
  const { access, quota_exceeded } = await identify(c.env, secret);
  c.set("access", access);
  const project_id = c.req.param("project_id");
  if (project_id !== undefined) requireProject(access, project_id);
  requireScope(access, scope);
  await checkRates(c.env, access.project_id, access.key.key_id, Date.now());
  if (scope === "ingest" && quota_exceeded) {
    throw new Problem("quota_exceeded", "The day's events are used up; the quota is renewed at midnight UTC.", {
      retry_after_s: secondsToMidnight(Date.now()),
    });
  }
}

/** Middleware of `admit`: a path that names a project must name the key's. */
export function authenticate(scope: Scope, options: AuthenticateOptions = {}): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await admit(c, scope, presentedSecret(c.req.raw, options.query_token ?? false));
    await next();
  };
}
