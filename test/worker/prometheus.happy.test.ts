import { beforeAll, describe, expect, it } from "vitest";
import { call, createProject, type TestProject } from "./support/api.ts";
import { declare, settle } from "./support/metrics.ts";
import { get, putEvents, type SentEvent } from "./support/search.ts";

const MINUTE_MS = 60_000;
const END_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
const START_MS = END_MS - 20 * MINUTE_MS;

const EVENTS: SentEvent[] = Array.from({ length: 400 }, (_, index) => ({
  timestamp: new Date(START_MS + ((index * 7_919) % 1_200) * 1_000).toISOString(),
  level: index % 4 === 0 ? "ERROR" : "INFO",
  service: ["api", "web", undefined][index % 3],
  duration_ms: (index * 37) % 500,
  "http.method": index % 2 === 0 ? "GET" : "POST",
}));

type Sample = [number, string];
interface Answer<Result> {
  status: string;
  data: { resultType: string; result: Result };
}
interface Instant {
  metric: Record<string, string>;
  value: Sample;
}
interface Matrix {
  metric: Record<string, string>;
  values: Sample[];
}

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
  const lateness = "1h";
  await declare(project, {
    name: "hits",
    aggregations: { n: "count()" },
    group_by: ["service", "http.method"],
    window: { kind: "tumbling", size: "1m" },
    lateness,
  });
  await declare(project, {
    name: "trouble",
    description: "Share of errors.",
    unit: "%",
    aggregations: { errors: "count() where (level:error)", all: "count()", worst: "max(duration_ms)" },
    value: "errors / all * 100",
    group_by: ["service"],
    window: { kind: "sliding", size: "5m", step: "30s" },
    lateness,
  });
  await declare(project, { name: "throughput", aggregations: { r: "rate()" }, window: { kind: "tumbling", size: "1m" }, lateness });
  await settle(project);
  await putEvents(project, EVENTS);
  await settle(project);
});

async function ask<T>(path: string, parameters: Record<string, string> | [string, string][] = {}): Promise<T> {
  const answer = await call(`/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`, { key: project.key });
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json<T>();
}

const seconds = (time_ms: number) => String(time_ms / 1_000);

async function instant(query: string, time_ms = END_MS): Promise<Instant[]> {
  const { data } = await ask<Answer<Instant[]>>("query", { query, time: seconds(time_ms) });
  expect(data.resultType).toBe("vector");
  return data.result;
}

async function counted(q: string, from_ms: number, to_ms: number, by = ""): Promise<unknown[][]> {
  const range = { from: new Date(from_ms).toISOString(), to: new Date(to_ms).toISOString() };
  const { rows } = await get<{ rows: unknown[][] }>(project, "/api/v1/logs", { q: `${q} | stats count() as n${by}`, ...range });
  return rows;
}

describe("query", () => {
  it("shows the last window that ended", async () => {
    const result = await instant('hits{service="api",http_method="GET"}', END_MS - 30_000);
    const [[n]] = (await counted("service:api http.method:GET", END_MS - 2 * MINUTE_MS, END_MS - MINUTE_MS)) as [[number]];
    expect(result).toEqual([
      { metric: { __name__: "hits", service: "api", http_method: "GET" }, value: [(END_MS - 30_000) / 1_000, String(n)] },
    ]);
    expect(await instant('{"hits","http.method"="GET",service="api"}', END_MS - 30_000)).toEqual(result);
  });

  it("counts over any range: increase is what a search over it counts", async () => {
    const result = await instant("sum by (service) (increase(hits[7m]))");
    const rows = await counted("*", END_MS - 7 * MINUTE_MS, END_MS, " by service");
    const expected = new Map(rows.map(([service, n]) => [service ?? undefined, n]));
    expect(new Map(result.map(({ metric, value }) => [metric.service, Number(value[1])]))).toEqual(expected);
    const rate = await instant("sum(rate(hits_total[10m]))");
    const [[all]] = (await counted("*", END_MS - 10 * MINUTE_MS, END_MS)) as [[number]];
    expect(Number(rate[0]!.value[1])).toBeCloseTo(all / 600, 9);
    // What is declared by the second adds up to the same.
    expect(Number((await instant("increase(throughput[10m])"))[0]!.value[1])).toBeCloseTo(all, 6);
    expect(Number((await instant("rate(throughput[10m])"))[0]!.value[1])).toBeCloseTo(all / 600, 9);
    // A range of no whole windows is taken in proportion.
    const [[two]] = (await counted("*", END_MS - 2 * MINUTE_MS, END_MS)) as [[number]];
    expect(Number((await instant("sum(increase(hits[90s]))"))[0]!.value[1])).toBeCloseTo(two * 0.75, 9);
  });

  it("shows value and aggregations of a metric under names of their own", async () => {
    const [value] = await instant('trouble{service="web"}');
    const [errors] = await instant('trouble:errors{service="web"}');
    const [all] = await instant('trouble:all{service="web"}');
    expect(Number(value!.value[1])).toBeCloseTo((Number(errors!.value[1]) / Number(all!.value[1])) * 100, 9);
    const [[n]] = (await counted("service:web", END_MS - 5 * MINUTE_MS, END_MS)) as [[number]];
    expect(Number(all!.value[1])).toBe(n);
    expect((await instant("rate(trouble:errors[5m])")).length).toBe(3);
    expect((await instant("100 * sum(increase(trouble:errors[10m])) / sum(increase(trouble:all[10m])) > bool 0"))[0]!.value[1]).toBe("1");
  });

  it("takes functions over the values of windows", async () => {
    const [sum] = await instant('sum(sum_over_time(hits{service="api"}[5m]))');
    const [[n]] = (await counted("service:api", END_MS - 5 * MINUTE_MS, END_MS)) as [[number]];
    expect(Number(sum!.value[1])).toBe(n);
    expect((await instant('count_over_time(trouble{service="api"}[5m])'))[0]!.value[1]).toBe("10");
    const [worst] = await instant('max_over_time(trouble:worst{service="api"}[15m])');
    expect(Number(worst!.value[1])).toBeGreaterThan(400);
  });

  it("answers scalars, texts and samples as they lie", async () => {
    expect((await ask<Answer<Sample>>("query", { query: "1+1", time: "5.5" })).data).toEqual({ resultType: "scalar", result: [5.5, "2"] });
    expect((await ask<Answer<Sample>>("query", { query: '"a"', time: "5" })).data).toEqual({ resultType: "string", result: [5, "a"] });
    expect((await ask<Answer<Sample>>("query", { query: "1/0", time: "5" })).data.result[1]).toBe("+Inf");
    const { data } = await ask<Answer<Matrix[]>>("query", { query: "throughput[3m]", time: seconds(END_MS + 10_000) });
    expect(data.resultType).toBe("matrix");
    expect(data.result[0]!.values.map(([time]) => time)).toEqual([2, 1, 0].map((minutes) => (END_MS - minutes * MINUTE_MS) / 1_000));
  });

  it("has nothing of times to come, nor of those before the events", async () => {
    expect(await instant("hits", Date.now() + 3_600_000)).toEqual([]);
    expect(await instant("hits", START_MS - MINUTE_MS)).toEqual([]);
    expect(await instant("hits offset 1h")).toEqual([]);
  });
});

describe("query_range", () => {
  it("has a sample for each step", async () => {
    const range = { start: seconds(START_MS + MINUTE_MS), end: seconds(END_MS), step: "60" };
    const { data } = await ask<Answer<Matrix[]>>("query_range", { query: 'sum by (service) (hits{service!=""})', ...range });
    expect(data.resultType).toBe("matrix");
    expect(data.result.map(({ metric }) => metric)).toEqual([{ service: "api" }, { service: "web" }]);
    const rows = await counted("service:api", START_MS, END_MS, " by bucket(1m)");
    const expected = new Map(rows.map(([time, n]) => [Date.parse(time as string) / 1_000 + 60, String(n)]));
    const shown = data.result[0]!.values;
    expect(shown).toHaveLength(20);
    for (const [time, value] of shown) expect(value).toBe(expected.get(time) ?? "0");
  });

  it("gives the same for steps that do not fall on windows, as of the last one", async () => {
    const at = (start_ms: number, step: string) =>
      ask<Answer<Matrix[]>>("query_range", { query: "throughput", start: seconds(start_ms), end: seconds(start_ms + 5 * MINUTE_MS), step });
    const whole = await at(START_MS + 5 * MINUTE_MS, "1m");
    const shifted = await at(START_MS + 5 * MINUTE_MS + 17_300, "1m");
    expect(shifted.data.result[0]!.values.map(([, value]) => value)).toEqual(whole.data.result[0]!.values.map(([, value]) => value));
    const fine = await at(START_MS + 5 * MINUTE_MS, "15s");
    expect(fine.data.result[0]!.values).toHaveLength(21);
    expect(fine.data.result[0]!.values.slice(0, 4).map(([, value]) => value)).toEqual(Array(4).fill(whole.data.result[0]!.values[0]![1]));
  });

  it("sums up over long steps without loss", async () => {
    const { data } = await ask<Answer<Matrix[]>>("query_range", {
      query: "sum(increase(hits[10m]))",
      start: new Date(START_MS + 10 * MINUTE_MS).toISOString(),
      end: new Date(END_MS).toISOString(),
      step: "10m",
    });
    expect(data.result[0]!.values.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(EVENTS.length);
  });

  it("takes forms as Grafana posts them", async () => {
    const form = new URLSearchParams({ query: "sum(hits)", start: seconds(START_MS + MINUTE_MS), end: seconds(END_MS), step: "60" });
    const headers = { "content-type": "application/x-www-form-urlencoded; charset=UTF-8" };
    const answer = await call("/prometheus/api/v1/query_range", { method: "POST", key: project.key, headers, body: form.toString() });
    expect(await answer.json()).toEqual(await ask("query_range", form as never));
  });
});

describe("lists", () => {
  it("name what there is", async () => {
    const { data: names } = await ask<{ data: string[] }>("label/__name__/values");
    expect(names.filter((name) => !name.startsWith("ledge_"))).toEqual([
      ...["hits", "hits_total", "throughput", "throughput_total", "trouble"],
      ...["trouble:all", "trouble:all_total", "trouble:errors", "trouble:errors_total", "trouble:worst"],
    ]);
    expect(names).toContain("ledge_events_total");
    const { data: labels } = await ask<{ data: string[] }>("labels", { "match[]": "hits" });
    expect(labels).toEqual(["__name__", "http_method", "service"]);
    expect((await ask<{ data: string[] }>("labels")).data).toContain("level");
  });

  it("have values and series of the span", async () => {
    const span = { start: seconds(START_MS), end: seconds(END_MS) };
    expect((await ask<{ data: string[] }>("label/service/values", { ...span, "match[]": "hits" })).data).toEqual(["api", "web"]);
    expect((await ask<{ data: string[] }>("label/http_method/values", span)).data).toEqual(["GET", "POST"]);
    expect((await ask<{ data: string[] }>("label/service/values", { ...span, "match[]": 'hits{http_method="PUT"}' })).data).toEqual([]);
    const two = [...Object.entries(span), ["match[]", 'hits{service="api"}'], ["match[]", 'trouble{service="web"}']] as [string, string][];
    const { data } = await ask<{ data: Record<string, string>[] }>("series", two);
    expect(data).toHaveLength(3);
    expect(data).toContainEqual({ __name__: "trouble", service: "web" });
    expect((await ask<{ data: unknown[] }>("series", [...two, ["limit", "2"]])).data).toHaveLength(2);
    const before = { start: seconds(START_MS - 3_600_000), end: seconds(START_MS - 60_000), "match[]": "hits" };
    expect((await ask<{ data: unknown[] }>("series", before)).data).toEqual([]);
  });

  it("say what metrics mean, and whose API this is", async () => {
    const { data } = await ask<{ data: Record<string, { type: string; help: string; unit: string }[]> }>("metadata");
    expect(data.trouble).toEqual([{ type: "gauge", help: "Share of errors. (errors / all * 100 of sliding windows of 5m)", unit: "%" }]);
    expect(data.ledge_events_total![0]!.type).toBe("counter");
    expect(Object.keys((await ask<{ data: object }>("metadata", { metric: "hits" })).data)).toEqual(["hits"]);
    const { data: build } = await ask<{ data: { version: string } }>("status/buildinfo");
    expect(build.version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
