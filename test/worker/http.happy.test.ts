import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createApp } from "../../worker/app.ts";
import type { Env } from "../../worker/env.ts";
import { createRouter } from "../../worker/router.ts";
import { call, createProject, ORIGIN } from "./support/api.ts";
import { openApi } from "./support/routes.ts";

describe("every answer", () => {
  it("bears a request id: the client's where it is sane, a new one else", async () => {
    expect((await call("/healthz", { headers: { "x-request-id": "abc-1" } })).headers.get("x-request-id")).toBe("abc-1");
    expect((await call("/healthz", { headers: { "x-request-id": "a b" } })).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("to HEAD is that to GET without a body", async () => {
    const answer = await call("/healthz", { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });
});

describe("health", () => {
  it("is alive", async () => {
    expect(await (await call("/healthz")).json()).toEqual({ status: "ok" });
  });

  it("is ready, each dependency with its latency", async () => {
    const answer = await call("/readyz");
    expect(answer.status).toBe(200);
    const { status, dependencies } = await answer.json<{
      status: string;
      dependencies: Record<string, { ok: boolean; latency_ms: number }>;
    }>();
    expect(status).toBe("ready");
    expect(Object.keys(dependencies).sort()).toEqual(["bucket", "catalog", "queue", "stream"]);
    for (const probe of Object.values(dependencies)) expect(probe).toEqual({ ok: true, latency_ms: expect.any(Number) });
  });
});

describe("metrics", () => {
  it("are Prometheus text with what was counted and what is measured", async () => {
    const project = await createProject();
    await call("/api/v1/logs", { key: project.key, json: [{ message: "a" }, { message: "b" }] });
    const answer = await call("/metrics");
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    const text = await answer.text();
    const lines = text.trimEnd().split("\n");
    for (const line of lines)
      expect(line).toMatch(/^(# TYPE \w+ (counter|gauge|histogram)|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)$/);
    expect(text).toMatch(/^ledge_events_accepted_total 2$/m);
    expect(text).toMatch(/^ledge_http_requests_total\{route="\/api\/v1\/logs",method="POST",status="202"\} 1$/m);
    expect(text).toMatch(/^ledge_http_request_seconds_bucket\{route="\/api\/v1\/logs",le="\+Inf"\} 1$/m);
    expect(text).toMatch(/^ledge_queue_backlog_messages\{queue="events"\} \d+$/m);
    expect(text).toMatch(/^ledge_catalog_rows \d+$/m);
    expect(text).toMatch(/^ledge_dead_letters 0$/m);
    expect(text).not.toContain(project.project_id);
  });
});

describe("the API's document", () => {
  it("is OpenAPI 3.1, describes the routes, and every reference in it leads somewhere", async () => {
    const document = await openApi();
    expect(document.openapi).toBe("3.1.0");
    const ingest = document.paths["/api/v1/logs"]!.post!;
    expect(Object.keys(ingest.responses)).toEqual(expect.arrayContaining(["202", "400", "401", "403", "413", "415", "422", "429", "503"]));
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1]!);
    expect(references.length).toBeGreaterThan(10);
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
  });
});

describe("pages", () => {
  const app = createApp({
    search: createRouter(),
    jobs: { flushNow: async () => 0, compactNow: async () => 0, rebuildCatalog: async () => ({}) },
  });
  const asked: string[] = [];
  const answerAsApp = async (request: Request) => {
    asked.push(new URL(request.url).pathname);
    return new Response("page");
  };
  const with_app = {
    ...env,
    APP: { fetch: answerAsApp } as unknown as Fetcher,
  } as Env;

  async function answerTo(path: string, init: RequestInit = {}): Promise<[number, boolean]> {
    asked.length = 0;
    const answer = await app.fetch(new Request(ORIGIN + path, init), with_app, createExecutionContext());
    return [answer.status, asked.length === 1];
  }

  it.each<[string, string, RequestInit, [number, boolean]]>([
    ["a page", "/", {}, [200, true]],
    ["a page below", "/docs/api", {}, [200, true]],
    ["a form of a page", "/login", { method: "POST", headers: { accept: "text/html" } }, [200, true]],
    ["a page at a path that the API has, too", "/logs", { headers: { accept: "text/html,*/*" } }, [200, true]],
    ["the API at that path", "/logs", { method: "GET" }, [405, false]],
    ["an unknown path of the API", "/api/v1/nothing", { headers: { accept: "text/html" } }, [404, false]],
    ["what the app sent here itself", "/nothing", { headers: { "x-ledge-forwarded": "1" } }, [404, false]],
    ["another method at an unknown path", "/nothing", { method: "POST" }, [404, false]],
  ])("%s", async (_, path, init, expected) => {
    expect(await answerTo(path, init)).toEqual(expected);
  });
});
