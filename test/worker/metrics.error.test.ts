import { beforeAll, describe, expect, it } from "vitest";
import { CONFIG_BODY_SIZE_BYTES_MAX, MANAGE_BODY_SIZE_BYTES_MAX, METRICS_PER_PROJECT_MAX } from "../../worker/limits.ts";
import { call, createProject, problemOf, type TestProject } from "./support/api.ts";
import { declare, type ShownSeries, settle } from "./support/metrics.ts";

const METRIC = { name: "requests", aggregations: { n: "count()" }, window: { kind: "tumbling", size: "1m" } };

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
  await declare(project, METRIC);
});

async function refusal(path: string, init: { method?: string; json?: unknown; body?: BodyInit; headers?: Record<string, string> } = {}) {
  const answer = await call(path, { key: project.key, ...init });
  return problemOf(answer);
}

describe("a definition is refused by field", () => {
  it.each<[string, object, string]>([
    ["a name in capitals", { name: "Requests" }, "name"],
    ["a name of Ledge's own", { name: "ledge_mine" }, "name"],
    ["a query that does not parse", { query: "service:(" }, "query"],
    ["a query with a table", { query: "* | stats count()" }, "query"],
    ["no aggregations", { aggregations: {} }, "aggregations"],
    ["a function that is none", { aggregations: { n: "frequency()" } }, "aggregations.n"],
    ["a value of what is not there", { value: "n / m" }, "value"],
    ["a window without a size", { window: { kind: "tumbling" } }, "window.size"],
    ["a window that fits no hour", { window: { kind: "tumbling", size: "7m" } }, "window.step"],
    ["a member that is none", { windows: 1 }, ""],
    ["too many groups", { group_by: ["a", "b", "c", "d", "e"] }, "group_by"],
    ["too many series", { series_max: 1_000_000 }, "series_max"],
    ["a lateness of days", { lateness: "2d" }, "lateness"],
  ])("%s", async (_what, changes, field) => {
    const other = { ...METRIC, name: "other", ...changes };
    const posted = await refusal("/api/v1/metrics", { json: other });
    expect(posted).toMatchObject({ status: 422, code: "invalid" });
    expect(posted.errors?.[0]?.field).toBe(field);
    const previewed = await refusal("/api/v1/metrics/preview", { json: { metric: other } });
    expect(previewed.status).toBe(422);
    expect(previewed.errors?.[0]?.field).toBe(field === "" ? "metric" : `metric.${field}`);
  });

  it("with the place in a query", async () => {
    const { errors } = await refusal("/api/v1/metrics", { json: { ...METRIC, name: "other", query: "level:error service:(" } });
    expect(errors?.[0]).toMatchObject({ field: "query", value: "level:error service:(", position: 21 });
    expect(errors?.[0]?.expected).toBeTruthy();
  });
});

describe("a metric", () => {
  it("is not declared twice, renamed, or changed where it is built in", async () => {
    expect(await refusal("/api/v1/metrics", { json: METRIC })).toMatchObject({ status: 409 });
    const renamed = await refusal("/api/v1/metrics/requests", { method: "PUT", json: { ...METRIC, name: "others" } });
    expect(renamed.errors?.[0]).toMatchObject({ field: "name", value: "others", expected: "requests" });
    expect(await refusal("/api/v1/metrics/ledge_events", { method: "DELETE" })).toMatchObject({ status: 409 });
    expect(await refusal("/api/v1/metrics/ledge_events", { method: "PUT", json: { ...METRIC, name: undefined } })).toMatchObject({
      status: 422,
    });
    expect(await refusal("/api/v1/metrics/ledge_events/refill", { method: "POST" })).toMatchObject({ status: 409 });
  });

  it("that is not there is 404", async () => {
    expect(await refusal("/api/v1/metrics/nothing")).toMatchObject({ status: 404 });
    expect(await refusal("/api/v1/metrics/nothing?group=a:b")).toMatchObject({ status: 404 });
    expect(await refusal("/api/v1/metrics/nothing", { method: "DELETE" })).toMatchObject({ status: 404 });
    expect(await refusal("/api/v1/metrics/nothing/refill", { method: "POST" })).toMatchObject({ status: 404 });
  });

  it.each([
    ["from=soon", "from"],
    ["to=whenever", "to"],
    ["from=now&to=-1h", "from"],
    ["step=often", "step"],
    ["step=0s", "step"],
    ["limit=0", "limit"],
    ["limit=many", "limit"],
    ["group=service:api", "group"],
    ["aggregates=perhaps", "aggregates"],
  ])("is not shown with %s", async (query, field) => {
    const { status, errors } = await refusal(`/api/v1/metrics/requests?${query}`);
    expect([status, errors?.[0]?.field]).toEqual([422, field]);
  });

  it("is not shown with more values than an answer may have: what would fit is said, and fits", async () => {
    const own = await createProject();
    const metric = {
      name: "wide",
      aggregations: { n: "count()" },
      group_by: ["user"],
      series_max: 1_000,
      time: "ingest_ts",
      window: { kind: "tumbling", size: "1s" },
    };
    await declare(own, metric);
    const events = Array.from({ length: 400 }, (_, index) => ({ message: "seen", user: `u${index}` }));
    expect((await call("/api/v1/logs", { key: own.key, json: events })).status).toBeLessThan(300);
    await settle(own);
    const ask = (query: Record<string, string>) => call(`/api/v1/metrics/wide?${new URLSearchParams(query)}`, { key: own.key });
    const wide = { from: "-1h", to: "now+5m", step: "1s", limit: "1000" };
    const refused = await problemOf(await ask(wide));
    expect(refused).toMatchObject({ status: 422, code: "invalid" });
    expect(refused.detail).toMatch(/^400 series of 390\d values are more than the 150000 that are possible/);
    const { step, limit, from } = Object.fromEntries(refused.errors!.map(({ field, expected }) => [field, expected!.match(/\d+\w*/)![0]]));
    const fits: [string, string | undefined][][] = [
      [["step", step]],
      [["limit", limit]],
      [
        ["from", "now"],
        ["to", `now+${from}`],
      ],
    ];
    for (const fitting of fits) {
      const answer = await ask({ ...wide, ...(Object.fromEntries(fitting) as Record<string, string>) });
      expect(answer.status, JSON.stringify(fitting)).toBe(200);
      await answer.body?.cancel();
    }
    expect((await ask({ ...wide, limit: String(Number(limit) + 5) })).status).toBe(422);
    const charted = await (await ask({ from: "-1h", to: "now+5m" })).json<ShownSeries>();
    expect([charted.series.length, charted.series_left_out]).toEqual([100, 300]);
    const previewed = await call("/api/v1/metrics/preview", { key: own.key, json: { metric, from: "-1h", step: "1s", limit: 1_000 } });
    expect((await problemOf(previewed)).errors?.map(({ field }) => field)).toEqual(["step", "from", "limit"]);
  });

  it("is one of a bounded number, all or nothing", async () => {
    const own = await createProject();
    const metrics = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, index) => ({ ...METRIC, name: `${prefix}${index}` }));
    const apply = (json: object) => call("/api/v1/config/apply", { key: own.key, json });
    expect((await apply({ version: 1, metrics: metrics(METRICS_PER_PROJECT_MAX, "m") })).status).toBe(200);
    const more = await apply({ version: 1, metrics: metrics(2, "n") });
    expect(await problemOf(more)).toMatchObject({ status: 409 });
    const { changes } = await (await call("/api/v1/config/plan", { key: own.key, json: { version: 1, metrics: metrics(2, "n") } })).json<{
      changes: { action: string; name: string }[];
    }>();
    expect(changes.filter(({ name }) => name.startsWith("n")).map(({ action }) => action)).toEqual(["create", "create"]);
  });
});

describe("bodies", () => {
  it("are bounded, JSON, and not empty", async () => {
    const large = "x".repeat(MANAGE_BODY_SIZE_BYTES_MAX);
    expect(await refusal("/api/v1/metrics", { json: { ...METRIC, description: large } })).toMatchObject({ status: 413 });
    expect(await refusal("/api/v1/metrics", { body: "{", headers: { "content-type": "application/json" } })).toMatchObject({ status: 400 });
    expect(await refusal("/api/v1/metrics", { method: "POST" })).toMatchObject({ status: 422 });
    expect(await refusal("/api/v1/metrics/preview", { json: {} })).toMatchObject({ status: 422 });
  });

  it("of configuration are YAML or JSON of a bounded size, and UTF-8", async () => {
    const send = (body: BodyInit, type: string) => refusal("/api/v1/config/plan", { body, headers: { "content-type": type } });
    expect(await send("x".repeat(CONFIG_BODY_SIZE_BYTES_MAX + 1), "application/yaml")).toMatchObject({ status: 413 });
    expect(await send("a,b", "text/csv")).toMatchObject({ status: 415 });
    expect(await send(new Uint8Array([0x76, 0xff, 0xfe]), "application/yaml")).toMatchObject({ status: 400 });
    expect(await send('{"version":1,', "application/json")).toMatchObject({ status: 400 });
    expect(await send("version: 1\nmetrics: {", "application/yaml")).toMatchObject({
      status: 400,
      detail: expect.stringContaining("line 2"),
    });
    const unknown = await send("version: 1\nmetrics: []\nalert: []", "application/yaml");
    expect(unknown).toMatchObject({ status: 422, errors: [{ field: "alert", line: 3 }] });
    expect(await refusal("/api/v1/config/apply?prune=perhaps", { json: { version: 1 } })).toMatchObject({ status: 422 });
  });
});
