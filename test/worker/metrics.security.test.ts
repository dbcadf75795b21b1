import { beforeAll, describe, expect, it } from "vitest";
import { call, createKey, createProject, problemOf, type TestProject } from "./support/api.ts";
import { declare, settle } from "./support/metrics.ts";
import { putEvents } from "./support/search.ts";

const METRIC = { name: "secrets", aggregations: { n: "count()" }, group_by: ["customer"], window: { kind: "tumbling", size: "1m" } };

let mine: TestProject;
let foreign: TestProject;
beforeAll(async () => {
  [mine, foreign] = [await createProject(), await createProject()];
  await declare(mine, METRIC);
  await settle(mine);
  await putEvents(mine, [
    { timestamp: new Date(Date.now() - 120_000).toISOString(), service: "hidden-service", customer: "hidden-customer" },
  ]);
  await settle(mine);
});

describe("another project", () => {
  it.each([
    "/api/v1/metrics",
    "/api/v1/config/export",
    "/prometheus/api/v1/label/__name__/values",
    "/prometheus/api/v1/labels",
    "/prometheus/api/v1/label/customer/values",
    "/prometheus/api/v1/label/service/values",
    "/prometheus/api/v1/metadata",
    "/prometheus/api/v1/query?query=increase(secrets[1h])",
    "/prometheus/api/v1/query?query=sum_over_time({__name__=~%22.*s%22,ledge_overflow=%22%22}[10m])",
    "/prometheus/api/v1/series?match[]=ledge_events",
  ])("sees nothing of it at %s", async (path) => {
    const own = await (await call(path, { key: mine.key })).text();
    const answer = await call(path, { key: foreign.key });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    for (const hidden of ["secrets", "customer", "hidden"]) expect(text).not.toContain(hidden);
    expect(own).not.toBe(text);
  });

  it("cannot read, change or forget its metrics", async () => {
    const statuses = await Promise.all([
      call("/api/v1/metrics/secrets", { key: foreign.key }),
      call("/api/v1/metrics/secrets", { key: foreign.key, method: "DELETE" }),
      call("/api/v1/metrics/secrets/refill", { key: foreign.key, method: "POST" }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([404, 404, 404]);
    // A project in body or address changes nothing.
    const named = await call(`/api/v1/metrics?project=${mine.project_id}`, {
      key: foreign.key,
      headers: { "x-ledge-project": mine.project_id },
    });
    expect(await named.text()).not.toContain("secrets");
    const preview = await call("/api/v1/metrics/preview", { key: foreign.key, json: { metric: METRIC } });
    expect(await preview.json()).toMatchObject({ events: 0, series: [] });
    const pruned = await call("/api/v1/config/apply?prune=true", { key: foreign.key, json: { version: 1, metrics: [] } });
    expect(await pruned.json()).toMatchObject({ changed: false });
    expect((await call("/api/v1/metrics/secrets", { key: mine.key })).status).toBe(200);
  });
});

describe("a key that may only read", () => {
  it("reads and plans, and changes nothing", async () => {
    const { key } = await createKey(mine, ["read"]);
    const yaml = { body: "version: 1\nmetrics: []", headers: { "content-type": "application/yaml" } };
    for (const [path, init] of [
      ["/api/v1/metrics", { json: { ...METRIC, name: "other" } }],
      ["/api/v1/metrics/secrets", { method: "PUT", json: METRIC }],
      ["/api/v1/metrics/secrets", { method: "DELETE" }],
      ["/api/v1/metrics/secrets/refill", { method: "POST" }],
      ["/api/v1/config/apply?prune=true", yaml],
    ] as const) {
      const { status, code } = await problemOf(await call(path, { ...init, key } as Parameters<typeof call>[1]));
      expect([status, code]).toEqual([403, "forbidden"]);
    }
    const plan = await call("/api/v1/config/plan?prune=true", { ...yaml, key });
    expect(await plan.json()).toMatchObject({ changed: true, summary: { delete: 1 } });
    expect((await call("/api/v1/metrics/secrets", { key })).status).toBe(200);
  });

  it("may ask as Grafana does, with the key as password", async () => {
    const { key } = await createKey(mine, ["read"]);
    const authorization = `Basic ${btoa(`grafana:${key}`)}`;
    const answer = await call("/prometheus/api/v1/query", {
      headers: { authorization, "content-type": "application/x-www-form-urlencoded" },
      body: "query=1%2B1",
    });
    expect(await answer.json()).toMatchObject({ status: "success", data: { resultType: "scalar", result: [expect.any(Number), "2"] } });
  });
});

describe("a key that may only send", () => {
  it("reads no metrics", async () => {
    const { key } = await createKey(mine, ["ingest"]);
    for (const path of ["/api/v1/metrics", "/api/v1/metrics/secrets", "/api/v1/config/export", "/prometheus/api/v1/query?query=1"])
      expect((await call(path, { key })).status).toBe(403);
  });
});

describe("hostile names and values", () => {
  it("are values, nothing else", async () => {
    const own = await createProject();
    await declare(own, { ...METRIC, name: "hostile", group_by: ["__proto__", 'a"} or {b', "customer"] });
    await settle(own);
    const hostile = { timestamp: new Date().toISOString(), customer: '"}\n\\ <script>', 'a"} or {b': "x" };
    await putEvents(own, [hostile]);
    await settle(own);
    const series = await call("/prometheus/api/v1/series?match[]=hostile", { key: own.key });
    const listed = await series.json<{ data: Record<string, string>[] }>();
    expect(listed.data).toEqual([{ __name__: "hostile", a___or__b: "x", customer: hostile.customer }]);
    for (const name of ["__proto__", "constructor", "toString"]) {
      const values = await call(`/prometheus/api/v1/label/${name}/values`, { key: own.key });
      expect(await values.json()).toMatchObject({ status: "success", data: [] });
      expect((await call(`/api/v1/metrics/${name}`, { key: own.key })).status).toBe(404);
      const answer = await call(`/prometheus/api/v1/query?query={__name__="${name}"}`, { key: own.key });
      expect(await answer.json()).toMatchObject({ status: "success", data: { resultType: "vector", result: [] } });
    }
  });
});
