import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { newKey, newProjectId } from "../../worker/auth/key-text.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import { call, createKey, createProject, problemOf, type TestProject } from "./support/api.ts";

const EVENT = { message: "from the tests" };

async function rowsOf(project_id: string): Promise<number> {
  return (await streamOf(env, project_id).status()).window_rows;
}

describe("who may send", () => {
  let project: TestProject;
  beforeAll(async () => {
    project = await createProject();
  });

  const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
  it.each<[string, (key: string) => { path?: string; headers?: Record<string, string> }]>([
    ["Bearer", (key) => ({ headers: { authorization: `Bearer ${key}` } })],
    ["bearer in lower case", (key) => ({ headers: { authorization: `bearer ${key}` } })],
    ["Basic, as password", (key) => ({ headers: basic(`someone:${key}`) })],
    ["Basic, as user", (key) => ({ headers: basic(`${key}:`) })],
    ["Basic, as user without a colon", (key) => ({ headers: basic(key) })],
    ["X-API-Key", (key) => ({ headers: { "x-api-key": key } })],
    ["X-API-Key behind a proxy with its own user", (key) => ({ headers: { "x-api-key": key, ...basic("proxy:secret") } })],
    ["?token=", (key) => ({ path: `/api/v1/logs?token=${key}` })],
  ])("a key as %s", async (_, present) => {
    const { path = "/api/v1/logs", headers } = present(project.key);
    expect((await call(path, { json: EVENT, headers })).status).toBe(202);
  });

  it.each<[string, () => string | undefined]>([
    ["no key", () => undefined],
    ["an empty key", () => ""],
    ["garbage", () => "ledge_garbage"],
    [
      "a key in the right form, signed elsewhere",
      () => newKey(project.project_id, "another secret of at least thirty-two characters").text,
    ],
    ["a key with one letter changed", () => project.key.replace(/.$/, (last) => (last === "a" ? "b" : "a"))],
    ["a key moved to another project", () => project.key.replace(project.project_id, newProjectId())],
    ["a key that was signed here but never stored", () => newKey(project.project_id, env.LEDGE_SECRET).text],
    ["a key of a project that does not exist", () => newKey(newProjectId(), env.LEDGE_SECRET).text],
    ["the operator's token", () => env.LEDGE_OPERATOR_TOKEN],
  ])("not: %s", async (_, key) => {
    const before = await rowsOf(project.project_id);
    const answer = await call("/api/v1/logs", { key: key(), json: EVENT });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(await problemOf(answer)).toMatchObject({ code: "unauthenticated" });
    expect(await rowsOf(project.project_id)).toBe(before);
  });

  it("not: a key without the scope", async () => {
    const { key } = await createKey(project, ["read", "admin"]);
    const answer = await call("/api/v1/logs", { key, json: EVENT });
    expect(answer.status).toBe(403);
    expect(await problemOf(answer)).toMatchObject({ code: "forbidden", needed_scope: "ingest" });
  });

  it("not: a key for another project than the path names", async () => {
    const other = await createProject();
    const answer = await call(`/v1/projects/${other.project_id}/events`, { key: project.key, json: EVENT });
    expect(answer.status).toBe(403);
    expect(await rowsOf(other.project_id)).toBe(0);
  });

  it("not: a project id in the body has no say", async () => {
    const other = await createProject();
    const answer = await call("/api/v1/logs", { key: project.key, json: { ...EVENT, project_id: other.project_id } });
    expect(answer.status).toBe(202);
    expect(await rowsOf(other.project_id)).toBe(0);
  });

  it("not: a revoked key, at once in the isolate that revoked it", async () => {
    const { key, key_id } = await createKey(project, ["ingest"]);
    expect((await call("/api/v1/logs", { key, json: EVENT })).status).toBe(202);
    expect((await call(`/api/v1/keys/${key_id}`, { key: project.key, method: "DELETE" })).status).toBe(204);
    const answer = await call("/api/v1/logs", { key, json: EVENT });
    expect(answer.status).toBe(401);
    expect((await problemOf(answer)).detail).toContain("revoked");
  });

  it("not: an expired key", async () => {
    const expires_at = new Date(Date.now() - 1_000).toISOString();
    const { text, hash, prefix } = newKey(project.project_id, env.LEDGE_SECRET);
    const record = {
      key_id: "key_expired",
      name: "old",
      hash,
      prefix,
      scopes: ["ingest" as const],
      created_at: expires_at,
      expires_at,
      revoked_at: null,
    };
    await streamOf(env, project.project_id).putKey(record);
    const answer = await call("/api/v1/logs", { key: text, json: EVENT });
    expect(answer.status).toBe(401);
    expect((await problemOf(answer)).detail).toContain("expired");
  });

  it("not: beyond the day's quota, until it is renewed", async () => {
    const own = await createProject();
    await call("/api/v1/project", { key: own.key, method: "PATCH", json: { daily_events_max: 2 } });
    expect((await call("/api/v1/logs", { key: own.key, json: [EVENT, EVENT] })).status).toBe(202);
    const answer = await call("/api/v1/logs", { key: own.key, json: EVENT });
    expect(answer.status).toBe(429);
    expect(await problemOf(answer)).toMatchObject({ code: "quota_exceeded" });
    const retry_after_s = Number(answer.headers.get("retry-after"));
    expect(retry_after_s).toBeGreaterThan(0);
    expect(retry_after_s).toBeLessThanOrEqual(86_400);
    expect(await rowsOf(own.project_id)).toBe(2);
  });

  it("not: a deleted project", async () => {
    const own = await createProject();
    const stream = streamOf(env, own.project_id);
    const settings = (await stream.settings())!;
    await stream.configure({ ...settings, deleted_at: new Date().toISOString() });
    expect((await call("/api/v1/logs", { key: own.key, json: EVENT })).status).toBe(410);
  });
});

describe("browsers", () => {
  it("may ask before they send, and read the answer where the project allows their origin", async () => {
    const own = await createProject();
    await call("/api/v1/project", { key: own.key, method: "PATCH", json: { cors_origins: ["https://app.example.com"] } });
    const preflight = await call("/api/v1/logs", {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");

    const allowed = await call("/api/v1/logs", { key: own.key, json: EVENT, headers: { origin: "https://app.example.com" } });
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    const refused = await call("/api/v1/logs", { key: own.key, json: [1], headers: { origin: "https://app.example.com" } });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([422, "https://app.example.com"]);
    const foreign = await call("/api/v1/logs", { key: own.key, json: EVENT, headers: { origin: "https://evil.example.com" } });
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
  });
});
