import {
  createExecutionContext,
  createMessageBatch,
  evictDurableObject,
  runDurableObjectAlarm,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FillPart, ProjectMonitorRpc } from "../../durable-objects/project-monitor/types.ts";
import { countEvents, countingHouse } from "../../worker/catalog/counting.ts";
import { readLiveValues, readMetricSeries } from "../../worker/catalog/metric-series.ts";
import { monitorOf } from "../../worker/catalog/monitor.ts";
import { consumeEvents } from "../../worker/consume/events.ts";
import { normalMetric } from "../../worker/engine/windows/compile-metric.ts";
import type { MetricInput } from "../../worker/engine/windows/definition.ts";
import { compactProject } from "../../worker/jobs/compact.ts";
import { fillMetrics } from "../../worker/jobs/fill-metrics.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import type { House } from "../../worker/jobs/house.ts";
import { rollMetrics } from "../../worker/jobs/roll-metrics.ts";
import { call, createProject } from "../worker/support/api.ts";
import { houseLater } from "./support/faults.ts";
import { append, bodyOf, messages, newProjectId, packed } from "./support/project.ts";

const HOUR_US = 3_600_000_000;
const ERRORS: MetricInput = {
  name: "numbered",
  query: "message:number",
  aggregations: { n: "count()", all: "count(message)" },
  value: "n",
  window: { kind: "tumbling", size: "1m" },
};

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
});

const monitor = (project_id: string) => monitorOf(env, project_id);
const count = (project_id: string) => countEvents(countingHouse(env), project_id, 0);
const evictMonitor = (project_id: string) => evictDurableObject(env.MONITOR.getByName(project_id)).catch(() => undefined);

async function declare(project_id: string, changes: Partial<MetricInput> = {}): Promise<void> {
  const put = [normalMetric({ ...ERRORS, ...changes })];
  expect(await monitor(project_id).configure({ put, remove: [], expected_version: null })).toMatchObject({ status: "ok" });
}

async function fill(project_id: string): Promise<void> {
  for (let round = 0; round < 10; round++) if (!(await fillMetrics(houseLater(0), project_id))) return;
  throw new Error("the back-fill does not end");
}

async function seriesOf(project_id: string, name = ERRORS.name) {
  const now_us = Date.now() * 1000;
  const sources = { monitor: monitor(project_id), bucket: env.BUCKET };
  return (await readMetricSeries(sources, project_id, { name, from_us: now_us - 3 * HOUR_US, to_us: now_us + HOUR_US, step_us: HOUR_US }))!;
}

async function total(project_id: string, name = ERRORS.name): Promise<number> {
  const { series } = await seriesOf(project_id, name);
  return series.flatMap(({ points }) => points).reduce((sum, { value }) => sum + (value ?? 0), 0);
}

describe("counting", () => {
  it("a delivery that comes again, and several counters at once, change nothing", async () => {
    const project_id = newProjectId();
    await declare(project_id);
    await fill(project_id);
    const body = bodyOf(packed(project_id, messages("event", 7)));
    for (let time = 0; time < 3; time++) {
      const batch = createMessageBatch("ledge-events", [{ id: `m${time}`, timestamp: new Date(), attempts: 1, body: body.slice() }]);
      const ctx = createExecutionContext();
      await consumeEvents(batch, env, (work) => ctx.waitUntil(work));
      await waitOnExecutionContext(ctx);
      await Promise.all([count(project_id), count(project_id), count(project_id)]);
    }
    expect(await total(project_id)).toBe(7);
    expect(await total(project_id, "ledge_events")).toBe(7);
  });

  it("goes on where it was after the monitor fell out of memory between any two calls", async () => {
    const project_id = newProjectId();
    await declare(project_id);
    await fill(project_id);
    const fall = new Proxy({} as ProjectMonitorRpc, {
      get:
        (_target, name) =>
        async (...values: never[]) => {
          await evictMonitor(project_id);
          const called = monitor(project_id) as unknown as Record<string, (...values: never[]) => Promise<unknown>>;
          const answer = await called[String(name)]!(...values);
          await evictMonitor(project_id);
          return answer;
        },
    });
    const house: House = { ...houseLater(0), monitor: () => fall };
    for (let round = 1; round <= 3; round++) {
      await append(packed(project_id, messages(`round ${round}`, 5)));
      await countEvents({ ...countingHouse(env), monitor: () => fall }, project_id, 0);
      if (round === 2) await rollMetrics(house, project_id, true);
      expect(await total(project_id)).toBe(round * 5);
    }
  });

  it("catches up with everything that came while the monitor was away, masked rows left out", async () => {
    const project_id = newProjectId();
    await declare(project_id);
    await fill(project_id);
    const away = {
      ...countingHouse(env),
      monitor: () => ({ counting: () => Promise.reject(new Error("away")) }) as unknown as ProjectMonitorRpc,
    };
    const twice = { message: "number one", event_id: "same" };
    for (let round = 0; round < 4; round++) {
      await append(packed(project_id, [...messages(`round ${round}`, 5), twice]));
      await expect(countEvents(away, project_id, 0)).rejects.toThrow("away");
      await flushStream(houseLater(0), project_id, 0, true);
    }
    await count(project_id);
    expect(await total(project_id)).toBe(21);
    expect((await monitor(project_id).health()).missed_frames).toBe(0);
  });

  it("by a definition that changes in mid-stream begins anew, exactly", async () => {
    const project_id = newProjectId();
    await declare(project_id);
    await append(packed(project_id, messages("before", 4)));
    await count(project_id);
    await fill(project_id);
    await append(packed(project_id, messages("odd", 6)));
    await declare(project_id, { query: "message:odd" });
    await count(project_id);
    await append(packed(project_id, messages("odd again", 3)));
    await count(project_id);
    await fill(project_id);
    await append(packed(project_id, messages("odd at last", 2)));
    await count(project_id);
    expect(await total(project_id)).toBe(11);
    await declare(project_id, { query: "message:odd", description: "shown only", lateness: "10m" });
    expect(await total(project_id), "what is shown changes nothing").toBe(11);
  });
});

describe("a back-fill", () => {
  it("counts what was flushed, merged and in the window, each once, and tells how far it is", async () => {
    const project_id = newProjectId();
    for (let round = 0; round < 3; round++) {
      await append(packed(project_id, messages(`flushed ${round}`, 20)));
      await flushStream(houseLater(0), project_id, 0, true);
    }
    await compactProject(houseLater(0), project_id, true);
    await append(packed(project_id, messages("flushed later", 10)));
    await flushStream(houseLater(0), project_id, 0, true);
    await append(packed(project_id, messages("in the window", 8)));
    await count(project_id);
    await declare(project_id);
    expect((await seriesOf(project_id)).metric.fill.state).toBe("waiting");
    await append(packed(project_id, messages("while it waits", 4)));
    await count(project_id);
    await fill(project_id);
    await append(packed(project_id, messages("afterwards", 2)));
    await count(project_id);
    expect(await total(project_id)).toBe(84);
    const { fill: progress } = (await monitor(project_id).metrics()).metrics[0]!;
    expect(progress).toMatchObject({ state: "done", rows_total: 70, rows_done: 70, segments_total: 2, segments_done: 2, error: null });
  });

  it("that dies at any call goes on to the same end", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("flushed", 20)));
    await flushStream(houseLater(0), project_id, 0, true);
    await append(packed(project_id, messages("in the window", 8)));
    await count(project_id);
    await declare(project_id);
    for (let at = 1; ; at++) {
      let calls = 0;
      const dying = new Proxy({} as ProjectMonitorRpc, {
        get:
          (_target, name) =>
          async (...values: never[]) => {
            const called = monitor(project_id) as unknown as Record<string, (...values: never[]) => Promise<unknown>>;
            const answer = await called[String(name)]!(...values);
            if (++calls >= at) throw new Error("died");
            return answer;
          },
      });
      const done = await fillMetrics({ ...houseLater(0), monitor: () => dying }, project_id).then(
        (more) => !more,
        () => false,
      );
      if (done) break;
    }
    expect(await total(project_id)).toBe(28);
  });

  it("whose parts would be too large hands over smaller ones, though it dies in between", async () => {
    const project_id = newProjectId();
    for (const batch of ["first", "second"]) {
      await append(packed(project_id, messages(batch, 150)));
      await flushStream(houseLater(0), project_id, 0, true);
    }
    await append(packed(project_id, messages("in the window", 30)));
    await count(project_id);
    // Alarms are set by a clock that is ahead: no job of the monitor's own comes between.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    await declare(project_id, { aggregations: { n: "count_uniq(message)", bytes: "sum(ledge.raw_bytes)" }, query: "*" });
    const size_bytes_max = 600;
    const sizes: number[] = [];
    let calls = 0;
    const dying = new Proxy({} as ProjectMonitorRpc, {
      get:
        (_target, name) =>
        async (...values: never[]) => {
          if (name === "fillApply") {
            sizes.push((values as unknown as [FillPart])[0].deltas.length);
            if (++calls % 4 === 0) throw new Error("died");
          }
          const called = monitor(project_id) as unknown as Record<string, (...values: never[]) => Promise<unknown>>;
          return called[String(name)]!(...values);
        },
    });
    for (let more = true; more; )
      more = await fillMetrics({ ...houseLater(0), monitor: () => dying }, project_id, size_bytes_max).catch(() => true);
    // The frame of the window is one piece.
    expect(sizes.filter((size_bytes) => size_bytes > size_bytes_max).length).toBeLessThanOrEqual(2);
    expect(sizes.length).toBeGreaterThan(5);
    await count(project_id);
    expect(await total(project_id)).toBe(330);
    const fill_state = (await monitor(project_id).metrics()).metrics.find(({ definition }) => definition.name === ERRORS.name)!.fill;
    expect(fill_state).toMatchObject({ state: "done", rows_done: 300, segments_done: 2 });
  });

  it("begins anew where its segments were merged with newer ones meanwhile", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("first", 20)));
    await flushStream(houseLater(0), project_id, 0, true);
    await declare(project_id);
    const { segment_id } = (await listed(project_id))[0]!;
    let gone = false;
    const bucket = new Proxy(env.BUCKET, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return async (key: string, ...rest: never[]) => {
          // Its events are in another segment by the time that its object is looked for.
          if (name === "head" && key.includes(segment_id) && !gone) {
            gone = true;
            await append(packed(project_id, messages("second", 10)));
            await flushStream(houseLater(0), project_id, 0, true);
            await compactProject(houseLater(0), project_id, true);
            return null;
          }
          return value.call(target, key, ...rest);
        };
      },
    }) as R2Bucket;
    await count(project_id);
    expect(await fillMetrics({ ...houseLater(0), bucket }, project_id)).toBe(true);
    expect(gone).toBe(true);
    await fill(project_id);
    await count(project_id);
    expect(await total(project_id)).toBe(30);
  });

  async function listed(project_id: string) {
    const { allAlive } = await import("../../worker/catalog/segments.ts");
    return allAlive(env.DB, project_id);
  }
});

describe("the monitor's alarm", () => {
  it("asks for a back-fill at once and for a roll after an hour, and the jobs do it", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("event", 5)));
    await count(project_id);
    await declare(project_id);
    await vi.waitFor(async () => expect((await seriesOf(project_id)).metric.fill.state).toBe("done"), { timeout: 20_000, interval: 50 });
    expect(await total(project_id)).toBe(5);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * 3_600_000 });
    await evictMonitor(project_id);
    await runDurableObjectAlarm(env.MONITOR.getByName(project_id));
    await vi.waitFor(async () => expect((await monitor(project_id).health()).rolled).toBe(1), { timeout: 20_000, interval: 50 });
    expect((await monitor(project_id).health()).unrolled_size_bytes).toBe(0);
    vi.useRealTimers();
    expect(await total(project_id)).toBe(5);
  });
});

describe("values", () => {
  it("of now are those of the last window and of the one under way", async () => {
    const project_id = newProjectId();
    await declare(project_id, { window: { kind: "sliding", size: "1h", step: "1m" } });
    await fill(project_id);
    await append(packed(project_id, messages("event", 5)));
    await count(project_id);
    const [live] = await readLiveValues({ monitor: monitor(project_id), bucket: env.BUCKET }, [ERRORS.name]);
    expect(live!.open!.values).toMatchObject([{ value: 5, aggregates: { n: 5, all: 5 } }]);
    expect(live!.open!.to_us - live!.open!.from_us).toBe(HOUR_US);
  });

  it("of refused records are told by ingest", async () => {
    const { key, project_id } = await createProject();
    const answer = await call("/api/v1/logs", { key, json: [{ message: "good" }, 7, "text", { message: "fine" }] });
    const { rejected } = (await answer.json()) as { rejected: number };
    expect(rejected).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await total(project_id, "ledge_rejected")).toBe(rejected), { timeout: 10_000, interval: 50 });
  });
});
