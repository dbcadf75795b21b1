import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MonitorCore } from "../../../durable-objects/project-monitor/monitor-core.ts";
import type { ApplyAnswer, CountedDeltas } from "../../../durable-objects/project-monitor/types.ts";
import { EventCounter } from "../../../worker/engine/windows/count-events.ts";
import { packDeltas } from "../../../worker/engine/windows/deltas.ts";
import { METRIC_PARTS_MERGED, METRICS_PER_PROJECT_MAX } from "../../../worker/limits.ts";
import { objectStorage } from "../../support/world/sqlite.ts";
import { batchOf } from "../query/batches.ts";
import { compiled, NOON_US, SECOND_US } from "./support.ts";

const METRIC = compiled({ group_by: ["service"] });

let storage: DatabaseSync;
let core: MonitorCore;
beforeEach(() => {
  storage = new DatabaseSync(":memory:");
  load();
});
afterEach(() => storage.close());

function load(): void {
  core = new MonitorCore(objectStorage(storage), () => NOON_US / 1000);
}

function counted(changes: Partial<CountedDeltas> = {}): CountedDeltas {
  const { applied_seq: from_seq, version, metrics } = core.counting(0, null);
  const known = metrics!.find(({ definition }) => definition.name === METRIC.definition.name);
  const counter = new EventCounter(known ? [{ metric_id: known.metric_id, compiled: METRIC }] : [], { leave_late: true });
  const event = { timestamp_us: NOON_US - from_seq * SECOND_US, ingest_us: NOON_US, fields: { service: "api" }, attributes: {} };
  counter.add(batchOf([event]), null);
  const deltas = packDeltas(counter.deltas());
  return { shard: 0, from_seq, to_seq: from_seq + 1, version, accepted_us: NOON_US, deltas, missed_frames: 0, ...changes };
}

const apply = (changes: Partial<CountedDeltas> = {}): ApplyAnswer => core.apply(counted(changes));
const declare = (names: readonly string[], expected_version: number | null = null) =>
  core.configure({ put: names.map((name) => ({ ...METRIC.definition, name })), remove: [], expected_version });
const stateOf = (name: string) => core.metrics().metrics.find(({ definition }) => definition.name === name)!.fill.state;

describe("the monitor", () => {
  it("takes only what follows what it has, by the definitions that it has", () => {
    const first = counted();
    expect(core.apply(first)).toEqual({ status: "applied" });
    expect(core.apply(first)).toMatchObject({ status: "stale", applied_seq: 1 });
    expect(apply({ from_seq: 5, to_seq: 6 })).toMatchObject({ status: "stale" });
    const before = counted();
    declare(["requests"]);
    expect(core.apply(before)).toMatchObject({ status: "stale", version: before.version + 1 });
    expect(apply()).toEqual({ status: "applied" });
  });

  it("merges what passes bring, and is the same after any eviction", () => {
    declare(["requests"]);
    const { metric_id } = core.metrics().metrics[0]!;
    core.fillBegin({ fill_id: "f", metric_ids: [metric_id], seam_seq: { 0: 0 }, rows_total: 0, segments_total: 0 });
    const passes = METRIC_PARTS_MERGED * 3 + 5;
    for (let pass = 0; pass < passes; pass++) {
      apply();
      if (pass % 7 === 0) load();
    }
    expect(core.health()).toMatchObject({ applied_seq: { 0: passes }, parts: 3 + 5 });
    const status = () => core.metrics().metrics[0]!;
    expect(status().counters).toEqual({ events: passes, late: 0 });
    const before = [status(), core.health()];
    load();
    expect([status(), core.health()]).toEqual(before);
    expect(Number(storage.prepare("SELECT count(*) AS rows FROM part").get()!.rows)).toBeLessThan(METRIC_PARTS_MERGED + 8);
  });

  it("counts everything anew where frames were gone before they were counted", () => {
    declare(["requests"]);
    expect(apply({ missed_frames: 3 })).toEqual({ status: "applied" });
    expect(core.health().missed_frames).toBe(3);
    expect(["requests", "ledge_events", "ledge_bytes", "ledge_rejected"].map(stateOf)).toEqual(["waiting", "waiting", "waiting", "none"]);
    expect(core.counting(0, null).metrics!.map(({ since_seq }) => since_seq)).toEqual([null, null, null]);
    expect(core.dueJobs()).toContain("fill");
  });

  it("refuses changes of definitions that somebody else has changed, and more than there may be", () => {
    const { version } = core.metrics();
    expect(declare(["one"], version)).toMatchObject({ status: "ok", version: version + 1 });
    expect(declare(["two"], version)).toEqual({ status: "conflict", version: version + 1 });
    expect(declare(["one"])).toMatchObject({ status: "ok", version: version + 1 });
    const many = Array.from({ length: METRICS_PER_PROJECT_MAX }, (_, index) => `metric_${index}`);
    expect(declare(many)).toEqual({ status: "full" });
    expect(
      core.configure({ put: many.map((name) => ({ ...METRIC.definition, name })), remove: ["one"], expected_version: null }),
    ).toMatchObject({
      status: "ok",
    });
    load();
    expect(core.metrics().metrics.filter(({ built_in }) => !built_in)).toHaveLength(METRICS_PER_PROJECT_MAX);
  });

  it("leaves built-in metrics as they are", () => {
    const before = core.metrics();
    expect(declare(["ledge_events"])).toMatchObject({ status: "ok", version: before.version });
    core.configure({ put: [], remove: ["ledge_events"], expected_version: null });
    expect(core.metrics()).toEqual(before);
  });
});
