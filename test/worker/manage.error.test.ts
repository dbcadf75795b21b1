import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../worker/app.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import type { Env } from "../../worker/env.ts";
import { CORS_ORIGINS_MAX, KEYS_PER_PROJECT_MAX, MANAGE_BODY_SIZE_BYTES_MAX, RETENTION_DAYS_MAX } from "../../worker/limits.ts";
import { createRouter } from "../../worker/router.ts";
import { call, createKey, createProject, ORIGIN, problemOf, type TestProject } from "./support/api.ts";

const app = createApp({
  search: createRouter(),
  jobs: { flushNow: async () => 0, compactNow: async () => 0, rebuildCatalog: async () => ({}) },
});

// Faults are made on purpose here; what is logged of them says nothing new.
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
});

describe("values that are not valid: 422 naming the field", () => {
  const key_of = { name: "k", scopes: ["ingest"] };
  it.each<[string, string, string, unknown, string]>([
    ["PATCH", "/api/v1/project", "no name", { name: "  " }, "name"],
    ["PATCH", "/api/v1/project", "no days", { retention_days: 0 }, "retention_days"],
    ["PATCH", "/api/v1/project", "too many days", { retention_days: RETENTION_DAYS_MAX + 1 }, "retention_days"],
    ["PATCH", "/api/v1/project", "half a day", { retention_days: 0.5 }, "retention_days"],
    ["PATCH", "/api/v1/project", "text for a number", { daily_events_max: "many" }, "daily_events_max"],
    ["PATCH", "/api/v1/project", "an origin with a path", { cors_origins: ["https://a.example/x"] }, "cors_origins.0"],
    ["PATCH", "/api/v1/project", "too many origins", { cors_origins: new Array(CORS_ORIGINS_MAX + 1).fill("*") }, "cors_origins"],
    ["PATCH", "/api/v1/project", "a setting that does not exist", { retention: 7 }, ""],
    ["PATCH", "/api/v1/project", "another project's id", { project_id: "aaaaaaaaaaaa" }, ""],
    ["PATCH", "/api/v1/project", "an array", [], ""],
    ["POST", "/api/v1/keys", "no name", { scopes: ["read"] }, "name"],
    ["POST", "/api/v1/keys", "no scopes", { ...key_of, scopes: [] }, "scopes"],
    ["POST", "/api/v1/keys", "an unknown scope", { ...key_of, scopes: ["root"] }, "scopes.0"],
    ["POST", "/api/v1/keys", "no time", { ...key_of, expires_at: "tomorrow" }, "expires_at"],
    ["POST", "/api/v1/keys", "a time that has passed", { ...key_of, expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    ["POST", "/api/v1/dead-letters/replay", "neither ids nor all", {}, ""],
    ["POST", "/api/v1/dead-letters/replay", "an id that is a path", { ids: ["../x"] }, "ids.0"],
  ])("%s %s with %s", async (method, path, _, json, field) => {
    const answer = await call(path, { method, key: project.key, json });
    expect(answer.status).toBe(422);
    const { errors } = await problemOf(answer);
    expect(errors![0]).toMatchObject({ field, message: expect.stringMatching(/./) });
  });

  it.each(["limit=0", "limit=1001", "limit=abc"])("GET /api/v1/dead-letters?%s", async (query) => {
    const answer = await call(`/api/v1/dead-letters?${query}`, { key: project.key });
    expect(answer.status).toBe(422);
    const [field, value] = query.split("=");
    expect((await problemOf(answer)).errors![0]).toMatchObject({ field, value });
  });
});

describe("bodies that are not what was announced", () => {
  it.each<[string, BodyInit, Record<string, string>, number]>([
    ["broken JSON", "{", { "content-type": "application/json" }, 400],
    ["another type", "a=b", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["nothing", "", { "content-type": "application/json" }, 400],
    ["too much", `{"name":"${"x".repeat(MANAGE_BODY_SIZE_BYTES_MAX)}"}`, { "content-type": "application/json" }, 413],
  ])("%s", async (_, body, headers, status) => {
    const answer = await call("/api/v1/keys", { method: "POST", key: project.key, body, headers });
    expect(answer.status).toBe(status);
    await problemOf(answer);
  });
});

describe("keys", () => {
  it("that do not exist cannot be revoked: 404", async () => {
    expect((await call("/api/v1/keys/key_none", { key: project.key, method: "DELETE" })).status).toBe(404);
  });

  it("of another project cannot be revoked: 404, and they go on working", async () => {
    const other = await createProject();
    const { key, key_id } = await createKey(other, ["ingest"]);
    expect((await call(`/api/v1/keys/${key_id}`, { key: project.key, method: "DELETE" })).status).toBe(404);
    expect((await call("/api/v1/logs", { key, json: { message: "m" } })).status).toBe(202);
  });

  it("are bounded: 409", async () => {
    const stream = streamOf(env, project.project_id);
    const [key] = await stream.keys();
    const crowded = { verifyKey: (hash: string) => stream.verifyKey(hash), keys: async () => new Array(KEYS_PER_PROJECT_MAX).fill(key) };
    const request = new Request(`${ORIGIN}/api/v1/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${project.key}`, "content-type": "application/json" },
      body: '{"name":"one more","scopes":["read"]}',
    });
    const STREAM = { getByName: () => crowded } as unknown as Env["STREAM"];
    const answer = await app.fetch(request, { ...env, STREAM }, createExecutionContext());
    expect(answer.status).toBe(409);
  });
});

describe("the operator", () => {
  it("names the project whose window is to be flushed", async () => {
    const answer = await call("/api/v1/admin/flush", { method: "POST", key: env.LEDGE_OPERATOR_TOKEN });
    expect(answer.status).toBe(422);
    expect((await problemOf(answer)).errors![0]).toMatchObject({ field: "project_id" });
  });

  it("is nobody where no token is configured", async () => {
    const app = createApp({
      search: createRouter(),
      jobs: { flushNow: async () => 0, compactNow: async () => 0, rebuildCatalog: async () => ({}) },
    });
    for (const token of ["", "short"]) {
      const request = new Request(`${ORIGIN}/api/v1/bootstrap`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: "{}",
      });
      expect((await app.fetch(request, { ...env, LEDGE_OPERATOR_TOKEN: token }, createExecutionContext())).status).toBe(401);
    }
  });
});

describe("a key with the scope admin", () => {
  it("has no say over another project's window", async () => {
    const other = await createProject();
    const answer = await call(`/api/v1/admin/flush?project_id=${other.project_id}`, { method: "POST", key: project.key });
    expect(answer.status).toBe(403);
  });
});

describe("what Ledge needs and does not get", () => {
  const app = createApp({
    search: createRouter(),
    jobs: { flushNow: async () => 0, compactNow: async () => 0, rebuildCatalog: async () => ({}) },
  });
  const away = new Proxy(
    {},
    {
      get: () => () => {
        throw new Error("away");
      },
    },
  );

  it.each<[string, Partial<Env>]>([
    ["catalog", { DB: away as D1Database }],
    ["bucket", { BUCKET: away as R2Bucket }],
    ["queue", { EVENTS: away as Queue }],
    ["stream", { STREAM: away as Env["STREAM"] }],
  ])("%s: /readyz answers 503 and says which", async (name, changes) => {
    const answer = await app.fetch(new Request(`${ORIGIN}/readyz`), { ...env, ...changes }, createExecutionContext());
    expect(answer.status).toBe(503);
    const { status, dependencies } = await answer.json<{ status: string; dependencies: Record<string, { ok: boolean }> }>();
    expect(status).toBe("not ready");
    expect(Object.keys(dependencies).filter((dependency) => !dependencies[dependency]!.ok)).toEqual([name]);
  });

  it("/metrics says which source is down and shows the rest", async () => {
    const answer = await app.fetch(new Request(`${ORIGIN}/metrics`), { ...env, DB: away as D1Database }, createExecutionContext());
    const text = await answer.text();
    expect(text).toMatch(/^ledge_gauge_source_up\{source="catalog"\} 0$/m);
    expect(text).toMatch(/^ledge_dead_letters \d+$/m);
    expect(text).not.toMatch(/^ledge_catalog_rows/m);
  });

  it("/metrics outside one's own machine asks for a key", async () => {
    const ask = (key?: string) =>
      app.fetch(
        new Request(`${ORIGIN}/metrics`, { headers: key ? { authorization: `Bearer ${key}` } : {} }),
        { ...env, LEDGE_PROFILE: "edge" },
        createExecutionContext(),
      );
    const statuses = await Promise.all([ask(), ask("garbage"), ask(project.key), ask(env.LEDGE_OPERATOR_TOKEN)]);
    expect(statuses.map((answer) => answer.status)).toEqual([401, 401, 200, 200]);
  });

  it("a page of dead letters under a cursor that the bucket does not take: 422", async () => {
    const picky = {
      list: async () => {
        throw new Error("list: invalid cursor (10025)");
      },
    } as unknown as R2Bucket;
    const request = new Request(`${ORIGIN}/api/v1/dead-letters?cursor=nonsense`, { headers: { authorization: `Bearer ${project.key}` } });
    const answer = await app.fetch(request, { ...env, BUCKET: picky }, createExecutionContext());
    expect(answer.status).toBe(422);
    expect((await problemOf(answer)).errors![0]).toMatchObject({ field: "cursor", value: "nonsense" });
  });

  it("D1, while a project is changed: 503, and the repeated call repairs it", async () => {
    const send = (db: D1Database) =>
      app.fetch(
        new Request(`${ORIGIN}/api/v1/project`, {
          method: "PATCH",
          headers: { authorization: `Bearer ${project.key}`, "content-type": "application/json" },
          body: '{"name":"changed"}',
        }),
        { ...env, DB: db },
        createExecutionContext(),
      );
    const d1_away = {
      prepare: () => {
        throw new Error("D1_ERROR: away");
      },
    } as unknown as D1Database;
    expect((await send(d1_away)).status).toBe(503);
    expect((await send(env.DB)).status).toBe(200);
  });
});
