import { createRoute, z } from "@hono/zod-openapi";
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { KeyRecord, Scope } from "../../durable-objects/project-stream/types.ts";
import { authenticate, key_cache } from "../auth/authenticate.ts";
import { newId, newKey } from "../auth/key-text.ts";
import { deedRow } from "../auth/record.ts";
import type { AuditRow } from "../catalog/audit.ts";
import { apiKeys, audit } from "../catalog/schema.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { KEYS_PER_PROJECT_MAX, MANAGE_TIMEOUT_MS } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { callStream } from "../stream-call.ts";
import { CreatedKey, KeyView, NewKey, RotateKey } from "./schemas.ts";

function viewOf({ hash: _hash, last_used_at = null, replaced_by = null, ...shown }: KeyRecord): z.infer<typeof KeyView> {
  return { ...shown, last_used_at, replaced_by };
}

async function keysOf(env: Env, project_id: string): Promise<KeyRecord[]> {
  return callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.keys());
}

function assertInFuture(expires_at: string | null, now_ms: number): void {
  if (expires_at === null || Date.parse(expires_at) > now_ms) return;
  const error = { field: "expires_at", value: expires_at, expected: "a time in the future", message: "has passed already" };
  throw new Problem("invalid", "json: expires_at: has passed already", { errors: [error] });
}

interface KeyWish {
  name: string;
  scopes: readonly Scope[];
  expires_at: string | null;
}

/** A key and its text; the project's object knows it from now on, where it takes effect. */
async function putNewKey(env: Env, project_id: string, wish: KeyWish, now_ms: number): Promise<{ key: KeyRecord; text: string }> {
  if ((await keysOf(env, project_id)).length >= KEYS_PER_PROJECT_MAX)
    throw new Problem("conflict", `A project has at most ${KEYS_PER_PROJECT_MAX} keys.`);
  const { text, hash, prefix } = newKey(project_id, env.LEDGE_SECRET);
  const key: KeyRecord = {
    key_id: newId("key"),
    name: wish.name,
    hash,
    prefix,
    scopes: [...new Set(wish.scopes)],
    created_at: new Date(now_ms).toISOString(),
    expires_at: wish.expires_at,
    revoked_at: null,
  };
  await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.putKey(key));
  return { key, text };
}

/** Makes a key: first in the project's object, then in D1, the copy. Its text is in the answer and nowhere else. */
export async function createKey(
  env: Env,
  project_id: string,
  input: z.infer<typeof NewKey>,
  record: (key_id: string) => AuditRow,
): Promise<z.infer<typeof CreatedKey>> {
  const now_ms = Date.now();
  assertInFuture(input.expires_at, now_ms);
  const { key, text } = await putNewKey(env, project_id, input, now_ms);
  const orm = drizzle(env.DB);
  await orm.batch([orm.insert(apiKeys).values({ ...key, project_id }), orm.insert(audit).values(record(key.key_id))]);
  return { ...viewOf(key), api_key: text };
}

/** Revokes a key in the project's object, then in D1; elsewhere it is refused within KEY_CACHE_MS. Repeating the call repairs a D1 that failed. */
export async function revokeKey(env: Env, project_id: string, key_id: string, record: AuditRow): Promise<void> {
  const revoked_at = new Date().toISOString();
  const is_known = await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.revokeKey(key_id, revoked_at));
  if (!is_known) throw new Problem("not_found", "The project has no such key.");
  key_cache.forget(project_id);
  const orm = drizzle(env.DB);
  const mine = and(eq(apiKeys.key_id, key_id), eq(apiKeys.project_id, project_id));
  await orm.batch([orm.update(apiKeys).set({ revoked_at }).where(mine), orm.insert(audit).values(record)]);
}

/** What a key is called, for the record of what was done to it. */
async function nameOf(env: Env, project_id: string, key_id: string): Promise<{ name?: string }> {
  const mine = and(eq(apiKeys.key_id, key_id), eq(apiKeys.project_id, project_id));
  const [row] = await drizzle(env.DB).select({ name: apiKeys.name }).from(apiKeys).where(mine);
  return row ?? {};
}

/** As long as the old one was to live, counted from now. */
function renewedExpiry(old: KeyRecord, now_ms: number): string | null {
  if (old.expires_at === null) return null;
  return new Date(now_ms + Date.parse(old.expires_at) - Date.parse(old.created_at)).toISOString();
}

/** Makes a key like an old one, which goes on for the overlap. The new one is there first: an interruption leaves both. */
async function rotateKey(
  env: Env,
  project_id: string,
  key_id: string,
  overlap_hours: number,
  record: (new_key_id: string, name: string) => AuditRow,
): Promise<z.infer<typeof CreatedKey>> {
  const now_ms = Date.now();
  const old = (await keysOf(env, project_id)).find((key) => key.key_id === key_id);
  if (!old) throw new Problem("not_found", "The project has no such key.");
  const end_ms = Math.min(now_ms + overlap_hours * 3_600_000, old.expires_at ? Date.parse(old.expires_at) : Number.POSITIVE_INFINITY);
  if (old.revoked_at || end_ms < now_ms) throw new Problem("conflict", "The key was revoked or has expired: make a new one.");
  if (old.replaced_by) throw new Problem("conflict", "The key was rotated before.", { replaced_by: old.replaced_by });
  const { name, scopes } = old;
  const { key, text } = await putNewKey(env, project_id, { name, scopes, expires_at: renewedExpiry(old, now_ms) }, now_ms);
  const ended = { expires_at: new Date(end_ms).toISOString(), replaced_by: key.key_id };
  await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.putKey({ ...old, ...ended }));
  key_cache.forget(project_id);
  const orm = drizzle(env.DB);
  const mine = and(eq(apiKeys.key_id, key_id), eq(apiKeys.project_id, project_id));
  await orm.batch([
    orm.insert(apiKeys).values({ ...key, project_id }),
    orm.update(apiKeys).set(ended).where(mine),
    orm.insert(audit).values(record(key.key_id, name)),
  ]);
  return { ...viewOf(key), api_key: text };
}

const list = createRoute({
  method: "get",
  path: "/api/v1/keys",
  tags: ["Manage"],
  summary: "The project's API keys",
  security: KEY_SECURITY,
  middleware: [authenticate("admin")],
  responses: {
    200: {
      description: "All keys, revoked and expired ones too.",
      content: { "application/json": { schema: z.object({ keys: z.array(KeyView) }) } },
    },
    ...problems(401, 403, 410, 429, 503),
  },
});

const create = createRoute({
  method: "post",
  path: "/api/v1/keys",
  tags: ["Manage"],
  summary: "Make an API key",
  security: KEY_SECURITY,
  middleware: [authenticate("admin"), smallBody()],
  request: { body: { required: true, content: { "application/json": { schema: NewKey } } } },
  responses: {
    201: { description: "The key; its text is shown this once.", content: { "application/json": { schema: CreatedKey } } },
    ...problems(400, 401, 403, 409, 410, 413, 415, 422, 429, 503),
  },
});

const revoke = createRoute({
  method: "delete",
  path: "/api/v1/keys/{key_id}",
  tags: ["Manage"],
  summary: "Revoke an API key",
  description: "It is refused within a minute everywhere, here at once.",
  security: KEY_SECURITY,
  middleware: [authenticate("admin")],
  request: { params: z.object({ key_id: z.string() }) },
  responses: {
    204: { description: "Revoked." },
    ...problems(401, 403, 404, 410, 429, 503),
  },
});

const rotate = createRoute({
  method: "post",
  path: "/api/v1/keys/{key_id}/rotate",
  tags: ["Manage"],
  summary: "Replace an API key",
  description: "The new key has the name and the scopes of the old one, which goes on for the overlap and then expires.",
  security: KEY_SECURITY,
  middleware: [authenticate("admin"), smallBody()],
  request: {
    params: z.object({ key_id: z.string() }),
    body: { required: true, content: { "application/json": { schema: RotateKey } } },
  },
  responses: {
    201: { description: "The new key; its text is shown this once.", content: { "application/json": { schema: CreatedKey } } },
    ...problems(400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 503),
  },
});

export const keyRoutes = createRouter();
keyRoutes.openapi(list, async (c) => c.json({ keys: (await keysOf(c.env, c.var.access.project_id)).map(viewOf) }, 200));
keyRoutes.openapi(create, async (c) => {
  const input = c.req.valid("json");
  const { name, scopes, expires_at } = input;
  const record = (target: string) => deedRow(c, { action: "key.created", target, details: { name, scopes, expires_at } });
  return c.json(await createKey(c.env, c.var.access.project_id, input, record), 201);
});
keyRoutes.openapi(revoke, async (c) => {
  const { key_id } = c.req.valid("param");
  const { project_id } = c.var.access;
  const details = await nameOf(c.env, project_id, key_id);
  await revokeKey(c.env, project_id, key_id, deedRow(c, { action: "key.revoked", target: key_id, details }));
  return c.body(null, 204);
});
keyRoutes.openapi(rotate, async (c) => {
  const { key_id } = c.req.valid("param");
  const { overlap_hours } = c.req.valid("json");
  const record = (new_key_id: string, name: string) =>
    deedRow(c, { action: "key.rotated", target: key_id, details: { name, new_key_id, overlap_hours } });
  return c.json(await rotateKey(c.env, c.var.access.project_id, key_id, overlap_hours, record), 201);
});
