/**
 * When keys were last used, and how many queries a project had: kept in the isolate and told to the project's object now and then, after the answer. What
 * an isolate that ends had not told yet is lost; nothing depends on it.
 */
import type { Context } from "hono";
import { streamOf } from "../catalog/stream.ts";
import type { Env } from "../env.ts";
import { KEY_USE_COARSE_MS, KEY_USES_REMEMBERED_MAX, QUERIES_TOLD_AFTER_MS } from "../limits.ts";
import type { Access, AppEnv } from "./access.ts";
import type { Permission } from "./permissions.ts";

/** When this isolate last told of a key. */
const told_ms = new Map<string, number>();
/** Queries that were not told yet, by project and UTC day. */
const untold = new Map<string, Record<string, number>>();

function isDue(key_id: string, now_ms: number): boolean {
  if (now_ms - (told_ms.get(key_id) ?? Number.NEGATIVE_INFINITY) < KEY_USE_COARSE_MS) return false;
  if (told_ms.size >= KEY_USES_REMEMBERED_MAX) told_ms.clear();
  told_ms.set(key_id, now_ms);
  return true;
}

async function tell(env: Env, project_id: string, keys: Record<string, string>, queries: Record<string, number>): Promise<void> {
  try {
    await streamOf(env, project_id).noteUse(keys, queries);
  } catch (error) {
    console.error("use was not noted", project_id, error);
  }
}

async function tellQueries(env: Env, project_id: string): Promise<void> {
  await scheduler.wait(QUERIES_TOLD_AFTER_MS);
  const queries = untold.get(project_id) ?? {};
  untold.delete(project_id);
  await tell(env, project_id, {}, queries);
}

/** Notes that a request was let in. */
export function noteUse(c: Context<AppEnv>, access: Access, permission: Permission): void {
  const now_ms = Date.now();
  const now = new Date(now_ms).toISOString();
  if (access.key && isDue(access.key.key_id, now_ms)) {
    c.executionCtx.waitUntil(tell(c.env, access.project_id, { [access.key.key_id]: now }, {}));
  }
  if (permission !== "events.read") return;
  const waiting = untold.get(access.project_id);
  const queries = waiting ?? {};
  const day = now.slice(0, 10);
  queries[day] = (queries[day] ?? 0) + 1;
  if (waiting) return;
  untold.set(access.project_id, queries);
  c.executionCtx.waitUntil(tellQueries(c.env, access.project_id));
}
