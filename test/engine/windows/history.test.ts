import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MonitorCore } from "../../../durable-objects/project-monitor/monitor-core.ts";
import type { ProjectMonitorRpc } from "../../../durable-objects/project-monitor/types.ts";
import { readMetricSeries } from "../../../worker/catalog/metric-series.ts";
import { EventCounter } from "../../../worker/engine/windows/count-events.ts";
import { packDeltas } from "../../../worker/engine/windows/deltas.ts";
import type { House } from "../../../worker/jobs/house.ts";
import { expireHistory, rollMetrics } from "../../../worker/jobs/roll-metrics.ts";
import { METRIC_MINUTES_DAYS_MAX } from "../../../worker/limits.ts";
import { bucketOn, type StoredObject } from "../../support/world/bucket.ts";
import { objectStorage } from "../../support/world/sqlite.ts";
import { batchOf } from "../query/batches.ts";
import { compiled, MINUTE_US, NOON_US } from "./support.ts";

const PROJECT = "aaaaaaaaaaaa";
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
const METRIC = compiled({ group_by: ["service"], lateness: "1d", aggregations: { n: "count()", total: "sum(took)" }, value: "n" });

/** A monitor on a storage of its own, and a bucket; what is called on either is told before and after. */
class Place {
  readonly objects = new Map<string, StoredObject>();
  readonly storage = new DatabaseSync(":memory:");
  now_us: number;
  core: MonitorCore;
  around: (name: string, moment: "before" | "after") => Promise<void> = async () => undefined;
  #seq = 0;

  constructor(now_us = NOON_US) {
    this.now_us = now_us;
    this.core = this.#load();
    this.core.configure({ put: [METRIC.definition], remove: [], expected_version: null });
    const { metric_id } = this.core.metrics().metrics[0]!;
    this.core.fillBegin({ fill_id: "f", metric_ids: [metric_id], seam_seq: { 0: 0 }, rows_total: 0, segments_total: 0 });
    const position = { seq: 0, segment: 0, group: 0 };
    this.core.fillApply({ fill_id: "f", part: 0, deltas: new Uint8Array(0), rows: 0, segments: 0, position, last: true });
  }

  #load(): MonitorCore {
    return new MonitorCore(objectStorage(this.storage), () => this.now_us / 1000);
  }

  evict(): void {
    this.core = this.#load();
  }

  get monitor(): ProjectMonitorRpc {
    const call = (name: string) => async (argument: never, second: never) => {
      await this.around(name, "before");
      const core = this.core as unknown as Record<string, (...values: never[]) => unknown>;
      const answer = structuredClone(
        name === "panes" ? (argument as never[]).map((each) => core.panes!(each)) : core[name]!(argument, second),
      );
      await this.around(name, "after");
      return answer;
    };
    return new Proxy({}, { get: (_target, name) => call(String(name)) }) as ProjectMonitorRpc;
  }

  get house(): House {
    const step = async <T>(name: string, effect: () => T): Promise<T> => {
      await this.around(name, "before");
      const result = effect();
      await this.around(name, "after");
      return result;
    };
    const bucket = bucketOn(this.objects, step, () => this.now_us / 1000);
    const house = { bucket, monitor: () => this.monitor, now_ms: () => this.now_us / 1000, pause: async () => undefined };
    return house as unknown as House;
  }

  /** Counts events at these times, `count` each. */
  count(times_us: readonly number[], count = 1): void {
    const events = times_us.flatMap((timestamp_us) =>
      Array.from({ length: count }, (_, index) => ({
        timestamp_us,
        ingest_us: this.now_us,
        fields: { service: index % 2 === 0 ? "api" : "web" },
        attributes: { took: index },
      })),
    );
    const { applied_seq, version, metrics } = this.core.counting(0, null);
    const { metric_id } = metrics!.find(({ definition }) => definition.name === METRIC.definition.name)!;
    const counter = new EventCounter([{ metric_id, compiled: METRIC }], { leave_late: false });
    if (events.length > 0) counter.add(batchOf(events), null);
    this.#seq = applied_seq + 1;
    const answer = this.core.apply({
      shard: 0,
      from_seq: applied_seq,
      to_seq: this.#seq,
      version,
      accepted_us: this.now_us,
      deltas: packDeltas(counter.deltas()),
      missed_frames: 0,
    });
    expect(answer).toEqual({ status: "applied" });
  }

  async total(from_us: number, to_us: number, step_us: number): Promise<{ sum: number; resolution: string }> {
    const sources = { monitor: this.monitor, bucket: this.house.bucket };
    const answer = (await readMetricSeries(sources, PROJECT, { name: METRIC.definition.name, from_us, to_us, step_us }))!;
    const points = answer.series.flatMap((series) => series.points);
    return { sum: points.reduce((sum, { value }) => sum + (value ?? 0), 0), resolution: answer.resolution };
  }
}

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.storage.close());

/** Times in every part of two days, of which the monitor retains the last hours. */
const TIMES = Array.from({ length: 48 }, (_, hour) => NOON_US - hour * HOUR_US + 7 * MINUTE_US);
const WHOLE = [NOON_US - 3 * DAY_US, NOON_US + DAY_US] as const;
/** Narrow enough to be read in minutes. */
const NARROW = [NOON_US - 48 * HOUR_US, NOON_US + HOUR_US] as const;
const rangeOf = (step_us: number) => (step_us < HOUR_US ? NARROW : WHOLE);

describe("history", () => {
  it.each([
    [DAY_US, "day"],
    [HOUR_US, "hour"],
    [10 * MINUTE_US, "minute"],
  ])("together with the monitor has everything, in steps of %i us", async (step_us, resolution) => {
    place.count(TIMES, 3);
    await rollMetrics(place.house, PROJECT, true);
    place.count(TIMES, 2);
    place.evict();
    expect(await place.total(...rangeOf(step_us), step_us)).toEqual({ sum: 48 * 5, resolution });
    await rollMetrics(place.house, PROJECT, true);
    place.now_us += HOUR_US;
    place.count([NOON_US + 30 * MINUTE_US], 4);
    expect(await place.total(...rangeOf(step_us), step_us)).toEqual({ sum: 48 * 5 + 4, resolution });
  });

  it.each([DAY_US, HOUR_US, MINUTE_US])("shows each event once at every moment of a roll, in steps of %i us", async (step_us) => {
    place.count(TIMES, 3);
    await rollMetrics(place.house, PROJECT, true);
    place.count(TIMES, 2);
    let reads = 0;
    let reading = false;
    place.around = async (name) => {
      if (reading || name === "r2.get") return;
      reading = true;
      expect((await place.total(...rangeOf(step_us), step_us)).sum).toBe(48 * 5);
      reads++;
      reading = false;
    };
    await rollMetrics(place.house, PROJECT, true);
    expect(reads).toBeGreaterThan(10);
  });

  it("asks again where a roll overtakes a reader", async () => {
    place.count(TIMES, 3);
    await rollMetrics(place.house, PROJECT, true);
    place.count(TIMES, 2);
    let asked = 0;
    let overtaken = 0;
    place.around = async (name, when) => {
      if (name === "panes" && when === "before") asked++;
      if (name !== "panes" || when !== "after" || overtaken > 0) return;
      overtaken++;
      await rollMetrics(place.house, PROJECT, true);
    };
    expect((await place.total(...NARROW, 10 * MINUTE_US)).sum).toBe(48 * 5);
    expect({ asked, overtaken }).toEqual({ asked: 2, overtaken: 1 });
  });

  it("is written once by two holders of a roll, and by one that begins again after any step", async () => {
    place.count(TIMES, 3);
    await rollMetrics(place.house, PROJECT, true);
    for (let fall = 1; ; fall++) {
      place.count([TIMES[1]!, TIMES[30]!], 1);
      let steps = 0;
      place.around = async () => {
        if (++steps === fall) throw new Error("fell");
      };
      const fell = await rollMetrics(place.house, PROJECT, true).then(
        () => false,
        () => true,
      );
      place.around = async () => undefined;
      place.evict();
      await Promise.all([rollMetrics(place.house, PROJECT, true), rollMetrics(place.house, PROJECT, true)]);
      expect((await place.total(...WHOLE, HOUR_US)).sum).toBe(48 * 3 + 2 * fall);
      if (!fell) break;
    }
  });

  it("forgets what another life of the monitor wrote", async () => {
    place.count(TIMES, 3);
    await rollMetrics(place.house, PROJECT, true);
    const other = new Place(NOON_US + 5 * MINUTE_US);
    for (const [key, object] of place.objects) other.objects.set(key, object);
    other.count(TIMES, 1);
    await rollMetrics(other.house, PROJECT, true);
    expect((await other.total(...WHOLE, HOUR_US)).sum).toBe(48);
    other.storage.close();
  });

  it("lets go of minutes after a month, and keeps hours and days", async () => {
    place.count(TIMES, 1);
    await rollMetrics(place.house, PROJECT, true);
    const blocks = (tier: string) => [...place.objects.keys()].filter((key) => key.includes(`/${tier}/`)).length;
    expect([blocks("minute"), blocks("hour"), blocks("day")]).toEqual([48, 3, 2]);
    place.now_us += METRIC_MINUTES_DAYS_MAX * DAY_US;
    while (blocks("minute") > 1) {
      const before = blocks("minute");
      await expireHistory(place.house, PROJECT);
      expect(blocks("minute")).toBeLessThan(before);
    }
    expect([blocks("hour"), blocks("day")]).toEqual([3, 2]);
    place.count([place.now_us], 1);
    expect(await place.total(NOON_US - 3 * DAY_US, place.now_us + DAY_US, HOUR_US)).toEqual({ sum: 49, resolution: "hour" });
  });
});
