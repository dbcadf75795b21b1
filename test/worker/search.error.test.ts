import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { flushNow } from "../../worker/jobs/now.ts";
import { call, createProject, problemOf, type TestProject } from "./support/api.ts";
import { get, putEvents, type SearchAnswer, someEvents } from "./support/search.ts";

const PATHS = [
  "/api/v1/logs",
  "/api/v1/logs/search",
  "/search",
  "/api/v1/logs/histogram",
  "/api/v1/fields",
  "/api/v1/fields/level/values",
  "/api/v1/logs/export",
];

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
  await putEvents(project, someEvents(Date.now() - 60_000, 30));
});

async function refused(path: string, parameters: Record<string, string>) {
  const answer = await call(`${path}?${new URLSearchParams(parameters)}`, { key: project.key });
  return { status: answer.status, problem: await problemOf(answer) };
}

describe.each(PATHS)("%s refuses", (path) => {
  it.each<[string, Record<string, string>, number, string, string]>([
    ["a query that cannot be read", { q: "level:(error" }, 400, "bad_query", "q"],
    ["a time that is none", { from: "yesterday" }, 422, "invalid", "from"],
    ["an end that is no time", { to: "2026-13-45" }, 422, "invalid", "to"],
    ["a range that ends before it begins", { from: "now", to: "-1h" }, 422, "invalid", "from"],
    ["a text that is too long", { host: "x".repeat(2_000) }, 422, "invalid", "host"],
  ])("%s", async (_name, parameters, status, code, field) => {
    const answer = await refused(path, parameters);
    expect(answer.status).toBe(status);
    expect(answer.problem.code).toBe(code);
    expect(answer.problem.errors?.[0]?.field).toBe(field);
  });
});

describe("a query that cannot be read", () => {
  it("is answered with the place, what stood there, what was expected and a suggestion", async () => {
    const { problem } = await refused("/api/v1/logs", { q: "level:error | stats cuont()" });
    expect(problem).toMatchObject({
      code: "bad_query",
      position: 20,
      found: expect.any(String),
      expected: expect.any(String),
      suggestion: "count",
    });
    expect(problem.errors?.[0]).toMatchObject({ field: "q", position: 20 });
  });

  it.each(["/api/v1/logs/histogram", "/api/v1/fields", "/api/v1/logs/export"])("%s takes a filter only", async (path) => {
    const { status, problem } = await refused(path, { q: "* | stats count()" });
    expect([status, problem.code]).toEqual([400, "bad_query"]);
  });
});

describe("numbers and names out of bounds", () => {
  it.each<[string, Record<string, string>, string]>([
    ["/api/v1/logs", { limit: "0" }, "limit"],
    ["/api/v1/logs", { limit: "100000" }, "limit"],
    ["/api/v1/logs", { limit: "ten" }, "limit"],
    ["/api/v1/logs", { order: "up" }, "order"],
    ["/api/v1/logs/histogram", { interval: "soon" }, "interval"],
    ["/api/v1/logs/histogram", { interval: "1ms" }, "interval"],
    ["/api/v1/logs/histogram", { buckets: "1000000" }, "buckets"],
    ["/api/v1/fields/timestamp/values", {}, "name"],
    ["/api/v1/logs/export", { format: "xlsx" }, "format"],
    ["/api/v1/logs/abc", { context: "5000" }, "context"],
    ["/api/v1/logs/abc", { same: "level" }, "same"],
  ])("%s %j", async (path, parameters, field) => {
    const { status, problem } = await refused(path, parameters);
    expect(status).toBe(422);
    expect(problem.errors?.[0]?.field).toBe(field);
    expect(problem.errors?.[0]?.message).toBeTruthy();
  });
});

describe("a cursor", () => {
  let first: SearchAnswer;
  beforeAll(async () => {
    first = await get(project, "/api/v1/logs", { limit: 3, q: "level:error" });
    expect(first.cursor).not.toBeNull();
  });

  it.each<[string, Record<string, string>]>([
    ["that is none", { cursor: "abc" }],
    ["of another query", { q: "level:info" }],
    ["of another filter", { q: "level:error", service: "api" }],
    ["of the other order", { q: "level:error", order: "asc" }],
  ])("%s is refused", async (_name, parameters) => {
    const { status, problem } = await refused("/api/v1/logs", { cursor: first.cursor!, ...parameters });
    expect(status).toBe(400);
    expect(problem.errors?.[0]?.field).toBe("cursor");
  });

  it("of another project is refused", async () => {
    const other = await createProject();
    const answer = await call(`/api/v1/logs?${new URLSearchParams({ q: "level:error", cursor: first.cursor! })}`, { key: other.key });
    expect(answer.status).toBe(400);
  });
});

describe("what is not there", () => {
  it.each(["abc", "0".repeat(24), encodeURIComponent("a/b c")])("an event with the id %s is answered 404", async (id) => {
    const answer = await call(`/api/v1/logs/${id}`, { key: project.key });
    expect(answer.status).toBe(404);
    expect((await problemOf(answer)).code).toBe("not_found");
  });

  it("a project without events answers nothing, everywhere", async () => {
    const empty = await createProject();
    expect((await get(empty, "/api/v1/logs")).events).toEqual([]);
    expect((await get<{ total: number }>(empty, "/api/v1/logs/histogram")).total).toBe(0);
    expect((await get<{ fields: unknown[] }>(empty, "/api/v1/fields")).fields).toEqual([]);
    expect((await get<{ values: unknown[] }>(empty, "/api/v1/fields/level/values")).values).toEqual([]);
  });
});

describe("projects", () => {
  it("never see each other's events, wherever those are", async () => {
    const other = await createProject();
    await putEvents(other, [
      { timestamp: new Date().toISOString(), message: "secret of the other", service: "vault", event_id: "shared-id" },
    ]);
    for (const flushed of [false, true]) {
      if (flushed) await flushNow(env, other.project_id);
      expect((await get(project, "/search", { q: "secret" })).events).toEqual([]);
      expect(
        (await get<{ values: { value: string }[] }>(project, "/api/v1/fields/service/values")).values.map(({ value }) => value),
      ).not.toContain("vault");
      expect((await call("/api/v1/logs/shared-id", { key: project.key })).status).toBe(404);
      expect(await (await call("/api/v1/logs/export", { key: project.key })).text()).not.toContain("secret");
      expect((await get(other, "/search", { q: "secret" })).events).toHaveLength(1);
    }
  });
});

describe("a segment whose object is gone", () => {
  it("makes the search plan again, and answer 503 where it stays away", async () => {
    const own = await createProject();
    await putEvents(own, someEvents(Date.now() - 60_000, 10));
    await flushNow(env, own.project_id);
    const { objects } = await env.BUCKET.list({ prefix: `segments/v1/${own.project_id}/` });
    expect(objects).toHaveLength(1);
    await env.BUCKET.delete(objects[0]!.key);
    const answer = await call("/api/v1/logs", { key: own.key });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});
