import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../worker/app.ts";
import type { Env } from "../../worker/env.ts";
import { Problem } from "../../worker/errors.ts";
import { createRouter } from "../../worker/router.ts";
import { call, createProject, ORIGIN, problemOf, type TestProject } from "./support/api.ts";

const JOBS = { flushNow: async () => 0, compactNow: async () => 0, rebuildCatalog: async () => ({}) };

// Faults are made on purpose here; what is logged of them says nothing new.
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
});

describe("what no route has", () => {
  it.each([
    ["GET", "/api/v1/nothing"],
    ["POST", "/api/v3/logs"],
    ["DELETE", "/v1/projects"],
    ["GET", "/api/v1/logs/../../nothing"],
    ["POST", "/%zz/%"],
    ["GET", "/%E0%A4%A"],
    ["POST", "/v1/projects/a/b/events"],
  ])("%s %s: 404", async (method, path) => {
    const answer = await call(path, { method, key: project.key });
    expect(answer.status).toBe(404);
    expect(await problemOf(answer)).toMatchObject({ code: "not_found" });
  });

  it.each([
    ["DELETE", "/api/v1/logs", "POST"],
    ["PUT", "/healthz", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
    ["GET", "/api/v1/keys/key_x", "DELETE"],
    ["PUT", "/api/v1/project", "GET, PATCH, HEAD"],
  ])("%s %s: 405, Allow says what would do", async (method, path, allowed) => {
    const answer = await call(path, { method, key: project.key });
    expect(answer.status).toBe(405);
    const allow = answer.headers.get("allow")!.split(", ");
    for (const one of allowed.split(", ")) expect(allow).toContain(one);
    expect(allow).not.toContain(method);
  });

  it("OPTIONS: 204 with Allow", async () => {
    const answer = await call("/api/v1/keys", { method: "OPTIONS" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([204, expect.stringContaining("POST")]);
  });
});

describe("odd requests are never answered 5xx", () => {
  const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS");
  const path = fc.oneof(
    fc.constantFrom(
      "/api/v1/logs",
      "/api/v1/keys",
      "/api/v1/project",
      "/api/v1/dead-letters",
      "/api/v1/dead-letters/replay",
      "/api/v1/bootstrap",
      "/healthz",
    ),
    fc.string({ maxLength: 40 }).map((text) => `/api/v1/${text.replaceAll(/[\s\\]/g, "")}`),
    fc.constantFrom("/v1/projects/%ff/events", "/api/v1/keys/%00", "/api/v1/keys/%2e%2e%2f"),
  );
  const query = fc.constantFrom(
    "",
    "?limit=abc",
    "?limit=1e9",
    "?cursor=%ff%00",
    "?service=",
    "?level=%zz",
    "?token=%",
    "?limit=1&limit=2",
    "?__proto__=1",
  );
  const body = fc.oneof(fc.constant(""), fc.json(), fc.string(), fc.uint8Array({ maxLength: 64 }));
  const headers = fc.record(
    {
      "content-type": fc.constantFrom(
        "application/json",
        "application/json; charset",
        "text/plain",
        "",
        ";",
        "application/x-ndjson;;;",
        "multipart/form-data",
      ),
      "content-encoding": fc.constantFrom("gzip", "zstd", "br", "deflate", "", ",", "identity"),
      "idempotency-key": fc.constantFrom("a", "x".repeat(300)),
      "x-request-id": fc.constantFrom("ok-id", "<script>", "x".repeat(500)),
      origin: fc.constantFrom("null", "https://a.example"),
    },
    { requiredKeys: [] },
  );

  it("whatever path, query, headers and body say", async () => {
    await fc.assert(
      fc.asyncProperty(method, path, query, headers, body, async (method, path, query, headers, body) => {
        const has_body = method !== "GET" && method !== "HEAD";
        let request: Request;
        try {
          request = new Request(ORIGIN + path + query, {
            method,
            headers: { ...headers, authorization: `Bearer ${project.key}` },
            body: has_body ? body : undefined,
          });
        } catch {
          return fc.pre(false);
        }
        const answer = await call(path + query, {
          method,
          key: project.key,
          headers,
          body: has_body ? await request.arrayBuffer() : undefined,
        });
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400 && method !== "HEAD") await problemOf(answer);
      }),
      { numRuns: 300 },
    );
  });

  it("headers of 100 KB", async () => {
    const answer = await call("/api/v1/logs", { key: project.key, json: { message: "m" }, headers: { "x-large": "x".repeat(100_000) } });
    expect(answer.status).toBe(202);
  });
});

describe("faults", () => {
  function appThatThrows(fault: unknown) {
    const search = createRouter();
    search.get("/api/v1/broken", () => {
      throw fault;
    });
    return createApp({ search, jobs: JOBS });
  }

  it.each<[string, unknown, number, string]>([
    ["an unknown fault tells nothing of the inside", new Error("password is hunter2"), 500, "internal"],
    [
      "a passing fault of the platform says when to come back",
      Object.assign(new Error("object was reset"), { retryable: true }),
      503,
      "unavailable",
    ],
    ["a database that errs", new Error("D1_ERROR: Network connection lost"), 503, "unavailable"],
    ["a query that errs for that reason", new Error("Failed query", { cause: new Error("D1_ERROR: reset") }), 503, "unavailable"],
    ["a problem stays what it is", new Problem("conflict", "twice"), 409, "conflict"],
  ])("%s", async (_, fault, status, code) => {
    const answer = await appThatThrows(fault).fetch(new Request(`${ORIGIN}/api/v1/broken`), env as Env, createExecutionContext());
    expect(answer.status).toBe(status);
    const text = await answer.clone().text();
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("D1_ERROR");
    expect(await problemOf(answer)).toMatchObject({ code });
    expect(answer.headers.has("retry-after")).toBe(status === 503);
  });
});
