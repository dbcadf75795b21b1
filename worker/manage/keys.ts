import { createRoute, z } from "@hono/zod-openapi";
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { KeyRecord } from "../../durable-objects/project-stream/types.ts";
import { authenticate, key_cache } from "../auth/authenticate.ts";
import { newId, newKey } from "../auth/key-text.ts";
import { apiKeys } from "../catalog/schema.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { KEYS_PER_PROJECT_MAX, MANAGE_TIMEOUT_MS } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { callStream } from "../stream-call.ts";
import { CreatedKey, KeyView, NewKey } from "./schemas.ts";

function viewOf({ hash: _hash, ...shown }: KeyRecord): z.infer<typeof KeyView> {
  return shown;
}

async function keysOf(env: Env, project_id: string): Promise<KeyRecord[]> {
  return callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.keys());
}

function assertInFuture(expires_at: string | null, now_ms: number): void {
  if (expires_at === null || Date.parse(expires_at) > now_ms) return;
  const error = { field: "expires_at", value: expires_at, expected: "a time in the future", message: "has passed already" };
  throw new Problem("invalid", "json: expires_at: has passed already", { errors: [error] });
}

/** Makes a key: first in the project's object, where it takes effect, then in D1, the copy. Its text is in the answer and nowhere else. */
export async function createKey(env: Env, project_id: string, input: z.infer<typeof NewKey>): Promise<z.infer<typeof CreatedKey>> {
  const now_ms = Date.now();
  assertInFuture(input.expires_at, now_ms);
  if ((await keysOf(env, project_id)).length >= KEYS_PER_PROJECT_MAX)
    throw new Problem("conflict", `A project has at most ${KEYS_PER_PROJECT_MAX} keys.`);
  const { text, hash, prefix } = newKey(project_id, env.LEDGE_SECRET);
  const key: KeyRecord = {
    key_id: newId("key"),
    name: input.name,
    hash,
    prefix,
    scopes: [...new Set(input.scopes)],
    created_at: new Date(now_ms).toISOString(),
    expires_at: input.expires_at,
    revoked_at: null,
  };
  await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.putKey(key));
  await drizzle(env.DB)
    .insert(apiKeys)
    .values({ ...key, project_id });
  return { ...viewOf(key), api_key: text };
}

/** Revokes a key in the project's object, then in D1; elsewhere it is refused within KEY_CACHE_MS. Repeating the call repairs a D1 that failed. */
export async function revokeKey(env: Env, project_id: string, key_id: string): Promise<void> {
  const revoked_at = new Date().toISOString();
  const is_known = await callStream(env, project_id, MANAGE_TIMEOUT_MS, (stream) => stream.revokeKey(key_id, revoked_at));
  if (!is_known) throw new Problem("not_found", "The project has no such key.");
  key_cache.forget(project_id);
  await drizzle(env.DB)
    .update(apiKeys)
    .set({ revoked_at })
    .where(and(eq(apiKeys.key_id, key_id), eq(apiKeys.project_id, project_id)));
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

export const keyRoutes = createRouter();
keyRoutes.openapi(list, async (c) => c.json({ keys: (await keysOf(c.env, c.var.access.project_id)).map(viewOf) }, 200));
keyRoutes.openapi(create, async (c) => c.json(await createKey(c.env, c.var.access.project_id, c.req.valid("json")), 201));
keyRoutes.openapi(revoke, async (c) => {
  await revokeKey(c.env, c.var.access.project_id, c.req.valid("param").key_id);
  return c.body(null, 204);
});
