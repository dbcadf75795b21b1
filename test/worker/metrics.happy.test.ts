import { beforeAll, describe, expect, it } from "vitest";
import { call, createProject, type TestProject } from "./support/api.ts";
import { declare, type ShownMetric, type ShownSeries, seriesOf, settle } from "./support/metrics.ts";
import { get, putEvents, type SentEvent } from "./support/search.ts";

const MINUTE_MS = 60_000;
/** Whole minutes; all events lie in the ten minutes before. */
const END_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
const START_MS = END_MS - 10 * MINUTE_MS;
const RANGE = { from: new Date(START_MS).toISOString(), to: new Date(END_MS).toISOString() };

const SERVICES = ["api", "web", undefined];

const EVENTS: SentEvent[] = Array.from({ length: 300 }, (_, index) => ({
  timestamp: new Date(START_MS + ((index * 7_919) % 600) * 1_000).toISOString(),
  level: index % 4 === 0 ? "ERROR" : "INFO",
  service: SERVICES[index % 3],
  message: `request ${index}`,
  duration_ms: (index * 37) % 500,
}));

const PERCENT = {
  name: "errors_percent",
  description: "Share of errors.",
  unit: "%",
  aggregations: { errors: "count() where (level:error)", all: "count()" },
  value: "errors / all * 100",
  group_by: ["service"],
  window: { kind: "sliding", size: "5m", step: "1m" },
  lateness: "1h",
};
const LATENCY = {
  name: "latency",
  unit: "ms",
  query: "service:api",
  aggregations: { worst: "max(duration_ms)" },
  window: { kind: "tumbling", size: "2m" },
  lateness: "1h",
};

interface Table {
  columns: string[];
  rows: unknown[][];
}

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
  await putEvents(project, EVENTS.slice(0, 200));
  await declare(project, PERCENT);
  await declare(project, LATENCY);
  await settle(project);
  await putEvents(project, EVENTS.slice(200));
  await settle(project);
});

/** What a search over the span answers, by service. */
async function searched(from_ms: number, to_ms: number): Promise<Map<string | null, [errors: number, all: number]>> {
  const q = "* | stats count() where (level:error) as errors, count() as all by service";
  const { rows } = await get<Table>(project, "/api/v1/logs", {
    q,
    from: new Date(from_ms).toISOString(),
    to: new Date(to_ms).toISOString(),
  });
  return new Map(rows.map(([service, errors, all]) => [service as string | null, [errors as number, all as number]]));
}

describe("series of a metric", () => {
  it("are what a search over each window answers, whether events came before or after it was declared", async () => {
    const answer = await seriesOf(project, "errors_percent", { ...RANGE, step: "1m", aggregates: "true" });
    expect(answer).toMatchObject({ unit: "%", step_ms: MINUTE_MS, window_ms: 5 * MINUTE_MS, late: 0, partial: null, series_left_out: 0 });
    expect(answer.times_ms).toEqual(Array.from({ length: 10 }, (_, index) => START_MS + (index + 1) * MINUTE_MS));
    expect(answer.series.map(({ label }) => label).sort()).toEqual(["(none)", "api", "web"]);
    for (const [index, end_ms] of answer.times_ms.entries()) {
      const expected = await searched(end_ms - 5 * MINUTE_MS, end_ms);
      for (const { labels, values, aggregates } of answer.series) {
        const [errors, all] = expected.get(labels.service as string | null) ?? [0, 0];
        expect([aggregates!.errors![index], aggregates!.all![index]]).toEqual([errors, all]);
        expect(values[index]).toBeCloseTo((errors / all) * 100, 9);
      }
    }
    expect(answer.metric.counters.events).toBe(EVENTS.length);
  });

  it("can be of some groups, the largest only, and of a longer step", async () => {
    const one = await seriesOf(project, "errors_percent", { ...RANGE, group: "service:api" });
    expect(one.series.map(({ labels }) => labels)).toEqual([{ service: "api" }]);
    const none = await seriesOf(project, "errors_percent", { ...RANGE, group: "service:" });
    expect(none.series.map(({ labels }) => labels)).toEqual([{ service: null }]);
    const largest = await seriesOf(project, "errors_percent", { ...RANGE, limit: "1" });
    expect([largest.series.length, largest.series_left_out]).toEqual([1, 2]);
    const longer = await seriesOf(project, "errors_percent", { ...RANGE, step: "10m" });
    expect([longer.step_ms, longer.window_ms]).toEqual([10 * MINUTE_MS, 10 * MINUTE_MS]);
  });

  it("have no value where a window has none", async () => {
    const before = { from: new Date(START_MS - 10 * MINUTE_MS).toISOString(), to: RANGE.to };
    const { series, times_ms } = await seriesOf(project, "latency", { ...before, step: "2m" });
    expect(series).toHaveLength(1);
    const first = times_ms.findIndex((end_ms) => end_ms > START_MS);
    expect(series[0]!.values.slice(0, first).every((value) => value === null)).toBe(true);
    expect(series[0]!.values.slice(first).every((value) => value !== null && value < 500)).toBe(true);
  });

  it("are those of built-in metrics, too", async () => {
    // By arrival: just now.
    const { series } = await seriesOf(project, "ledge_events", { from: "-10m", to: "now+1m", step: "1m" });
    const sum = series.flatMap(({ values }) => values).reduce<number>((total, value) => total + (value ?? 0), 0);
    expect(sum).toBe(EVENTS.length);
    expect(series.map(({ labels }) => Object.keys(labels))).toContainEqual(["service", "level"]);
  });
});

describe("a preview", () => {
  it("is what the declared metric shows", async () => {
    const answer = await call("/api/v1/metrics/preview", {
      key: project.key,
      json: { metric: PERCENT, ...RANGE, step: "1m", aggregates: true },
    });
    expect(answer.status).toBe(200);
    const preview = await answer.json<ShownSeries & { events: number; definition: ShownMetric }>();
    const declared = await seriesOf(project, "errors_percent", { ...RANGE, step: "1m", aggregates: "true" });
    expect(preview.series).toEqual(declared.series);
    expect(preview.times_ms).toEqual(declared.times_ms);
    expect(preview).toMatchObject({ unit: "%", partial: null, late: 0, definition: { value: "errors / all * 100", lateness: "1h" } });
    expect(preview.events).toBe(EVENTS.length);
  });

  it("needs no more than a definition", async () => {
    const metric = { name: "n", aggregations: { n: "count()" }, window: { kind: "tumbling", size: "1m" } };
    const preview = await (await call("/api/v1/metrics/preview", { key: project.key, json: { metric } })).json<ShownSeries>();
    expect(preview.series[0]!.values.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBeLessThanOrEqual(300);
    expect(preview.times_ms.length).toBeGreaterThan(150);
  });

  it("counts by arrival, and leaves declared metrics as they are", async () => {
    const metric = { name: "n", time: "ingest_ts", aggregations: { n: "count()" }, window: { kind: "tumbling", size: "1m" } };
    const json = { metric, from: "-10m", to: "now+1m" };
    const preview = await (await call("/api/v1/metrics/preview", { key: project.key, json })).json<ShownSeries>();
    expect(preview.series[0]!.values.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(EVENTS.length);
    expect(preview.late).toBe(0);
    const { metrics } = await get<{ metrics: ShownMetric[] }>(project, "/api/v1/metrics");
    expect(metrics.filter(({ built_in }) => !built_in).map(({ name }) => name)).toEqual(["errors_percent", "latency"]);
  });

  it("is shortened where the range has too many steps", async () => {
    const metric = { name: "n", aggregations: { n: "count()" }, window: { kind: "tumbling", size: "1s" } };
    const json = { metric, from: "-20h", limit: 5 };
    const preview = await (await call("/api/v1/metrics/preview", { key: project.key, json })).json<ShownSeries>();
    expect(Date.parse(preview.to) - Date.parse(preview.from)).toBeLessThanOrEqual(3_600_000);
    expect(preview.times_ms.length).toBeLessThanOrEqual(300);
  });
});

describe("events that come too late for their window", () => {
  it("are told by number, in none of the values, until the metric is counted anew", async () => {
    const own = await createProject();
    const metric = { name: "n", aggregations: { n: "count()" }, window: { kind: "tumbling", size: "1m" }, lateness: "2m" };
    await declare(own, metric);
    await settle(own);
    await putEvents(own, EVENTS);
    await settle(own);
    const sumOf = ({ series }: ShownSeries) => series.flatMap(({ values }) => values).reduce<number>((sum, value) => sum + (value ?? 0), 0);
    const { counters } = (await seriesOf(own, "n", RANGE)).metric;
    expect(counters.late).toBeGreaterThan(100);
    expect(counters.late + counters.events).toBe(EVENTS.length);
    expect(sumOf(await seriesOf(own, "n", RANGE))).toBe(counters.events);
    const preview = await call("/api/v1/metrics/preview", { key: own.key, json: { metric, ...RANGE } });
    expect(await preview.json()).toMatchObject({ late: counters.late, events: EVENTS.length });
    await call("/api/v1/metrics/n/refill", { method: "POST", key: own.key });
    await settle(own);
    expect(sumOf(await seriesOf(own, "n", RANGE))).toBe(EVENTS.length);
  });
});

describe("declaring", () => {
  it("is listed, changed, filled again and forgotten", async () => {
    const own = await createProject();
    await putEvents(own, EVENTS.slice(0, 50));
    const declared = await declare(own, LATENCY);
    expect(declared).toMatchObject({ name: "latency", built_in: false, value: "worst", window: { size: "2m", step: "2m" } });
    const list = async () => get<{ metrics: ShownMetric[] }>(own, "/api/v1/metrics");
    const first = await list();
    expect(first.metrics[0]).toMatchObject({ name: "latency" });
    expect(first.metrics.filter(({ built_in }) => built_in).map(({ name }) => name)).toContain("ledge_events");
    await settle(own);
    expect((await list()).metrics[0]!.fill).toMatchObject({ state: "done", percent: 100 });

    const put = (json: object) => call("/api/v1/metrics/latency", { method: "PUT", key: own.key, json });
    const same = await put({ ...LATENCY, name: undefined });
    expect(same.status).toBe(200);
    expect((await same.json<ShownMetric>()).changed_at).toBe(declared.changed_at);
    const changed = await put({ ...LATENCY, aggregations: { least: "min(duration_ms)" } });
    expect(await changed.json()).toMatchObject({ value: "least", aggregations: { least: "min(duration_ms)" } });
    await settle(own);
    expect((await seriesOf(own, "latency", RANGE)).series).toHaveLength(1);

    const made = await call("/api/v1/metrics/other", { method: "PUT", key: own.key, json: { ...LATENCY, name: "other" } });
    expect(made.status).toBe(201);
    const refill = await call("/api/v1/metrics/latency/refill", { method: "POST", key: own.key });
    expect(refill.status).toBe(202);
    expect(["waiting", "running"]).toContain((await refill.json<ShownMetric>()).fill.state);
    expect((await seriesOf(own, "latency", RANGE)).partial).toMatchObject({ reason: "filling" });
    await settle(own);
    expect((await seriesOf(own, "latency", RANGE)).partial).toBeNull();

    expect((await call("/api/v1/metrics/other", { method: "DELETE", key: own.key })).status).toBe(204);
    expect((await call("/api/v1/metrics/other", { key: own.key })).status).toBe(404);
  });
});
