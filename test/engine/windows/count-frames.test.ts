import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ViewFrame } from "../../../durable-objects/project-stream/types.ts";
import { FrameCounter, type ReadyMetrics, readyMetrics } from "../../../worker/catalog/count-frames.ts";
import type { EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { packFrame, readFrameHeader } from "../../../worker/engine/segment/frame.ts";
import { BUILT_INS } from "../../../worker/engine/windows/built-in.ts";
import { normalMetric } from "../../../worker/engine/windows/compile-metric.ts";
import type { MetricInput } from "../../../worker/engine/windows/definition.ts";
import type { MetricDelta } from "../../../worker/engine/windows/deltas.ts";
import { JoinedBatches } from "../../../worker/engine/windows/join-batches.ts";
import { windowEnds, windowSeries } from "../../../worker/engine/windows/window-values.ts";
import { COMPUTED_COLUMNS_MAX, COUNT_JOIN_ROWS_MAX, COUNT_JOINED_FRAME_ROWS_MAX } from "../../../worker/limits.ts";
import { batchOf, dictColumn, type PlainEvent, type Storage } from "../query/batches.ts";
import { MINUTE_US, NOON_US } from "./support.ts";

const EVENT: fc.Arbitrary<PlainEvent> = fc.record({
  timestamp_us: fc.integer({ min: NOON_US - 9 * MINUTE_US, max: NOON_US + MINUTE_US }),
  ingest_us: fc.integer({ min: NOON_US, max: NOON_US + MINUTE_US }),
  fields: fc.record(
    {
      service: fc.constantFrom("api", "web", "5"),
      level: fc.constantFrom("INFO", "ERROR"),
      message: fc.constantFrom("a=1", "b=2 a=3", ""),
    },
    { requiredKeys: [] },
  ),
  attributes: fc.record(
    {
      took: fc.oneof(fc.integer({ min: -50, max: 5_000 }), fc.constantFrom(0.5, 12.25, "12.5", "fast", true)),
      user: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom("u1", "u2", "5")),
      "ledge.raw_bytes": fc.constant(1_000_000),
    },
    { requiredKeys: [] },
  ),
});

interface PlainFrame {
  events: PlainEvent[];
  masked: number[];
  raw_bytes: number;
  storage: Storage;
}

const FRAME: fc.Arbitrary<PlainFrame> = fc
  .record({
    events: fc.array(EVENT, { minLength: 1, maxLength: 12 }),
    masks: fc.array(fc.nat(11), { maxLength: 3 }),
    raw_bytes: fc.nat(5_000),
    storage: fc.constantFrom<Storage>("dict", "bytes", "number", "rest"),
  })
  .map(({ masks, ...frame }) => ({
    ...frame,
    masked: [...new Set(masks)].filter((row) => row < frame.events.length).sort((a, b) => a - b),
  }));

const WINDOW = { kind: "sliding", size: "3m", step: "1m" } as const;
const DECLARED: readonly Omit<MetricInput, "name">[] = [
  { aggregations: { n: "count()", total: "sum(took)", users: "count_uniq(user)" }, value: "n", group_by: ["service"], window: WINDOW },
  { query: "took:>10", aggregations: { least: "min(took)", most: "max(took)" }, value: "most", group_by: ["user"], window: WINDOW },
  { query: "-level:ERROR | eval twice = took * 2", aggregations: { total: "sum(twice)" }, lateness: "1m", window: WINDOW },
  { aggregations: { slow: "count() where (expr(took > 100 or user == 5))" }, time: "ingest_ts", window: WINDOW },
];
const BY_BATCH: Omit<MetricInput, "name"> = { query: "* | extract logfmt from message", aggregations: { n: "count(a)" }, window: WINDOW };

function readyOf(declared: readonly Omit<MetricInput, "name">[], since: readonly number[]): ReadyMetrics {
  const of_frames = BUILT_INS.filter(({ source }) => source === "frames").slice(2);
  const metrics = [
    ...of_frames.map(({ metric_id, definition }) => ({ metric_id, definition, since_seq: 0 })),
    ...declared.map((input, index) => {
      const definition = normalMetric({ ...input, name: `metric_${index}` });
      return { metric_id: 1_000 + index, definition, since_seq: since[index] ?? 0 };
    }),
  ];
  return readyMetrics(1, metrics);
}

function frameOf({ events, masked, raw_bytes, storage }: PlainFrame, seq: number): { frame: ViewFrame; bytes: Uint8Array } {
  return packed(
    batchOf(events, () => storage),
    { seq, raw_bytes, masked: masked.length > 0 ? Uint32Array.from(masked) : null },
  );
}

function packed(batch: EventBatch, { seq, raw_bytes, masked }: { seq: number; raw_bytes: number; masked: Uint32Array | null }) {
  const frame_id = seq.toString(16).padStart(32, "0");
  const bytes = packFrame(batch, { frame_id, project_id: "p", shard: 0, accepted_us: NOON_US, raw_bytes });
  return { frame: { ...readFrameHeader(bytes), seq, masked, bytes, journal: null }, bytes };
}

/** What is shown of all that was counted, and how much that was. */
function shownOf({ metrics }: ReadyMetrics, deltas: readonly MetricDelta[]) {
  return metrics.map(({ metric_id, compiled }) => {
    const own = deltas.filter((delta) => delta.metric_id === metric_id);
    const ends_us = windowEnds(NOON_US - 12 * MINUTE_US, NOON_US + 5 * MINUTE_US, compiled.step_us);
    const panes = own.flatMap((delta) => delta.panes);
    const series = windowSeries(compiled, panes, compiled.step_us, { ends_us, window_us: compiled.size_us });
    const sum = (of: (delta: MetricDelta) => number) => own.reduce((total, delta) => total + of(delta), 0);
    return { name: compiled.definition.name, events: sum(({ events }) => events), late: sum(({ late }) => late), series };
  });
}

const OPTIONS = { leave_late: true };

function together(ready: ReadyMetrics, frames: readonly { frame: ViewFrame; bytes: Uint8Array }[]): MetricDelta[] {
  const counter = new FrameCounter(ready, OPTIONS);
  for (const { frame, bytes } of frames) counter.add(frame, bytes);
  return counter.deltas();
}

const eachAlone = (ready: ReadyMetrics, frames: readonly { frame: ViewFrame; bytes: Uint8Array }[]) =>
  frames.flatMap((frame) => together(ready, [frame]));

describe("frames evaluated together", () => {
  it("give what each gives alone: hidden rows, metrics that began later, bytes of each request, values of several types", () => {
    fc.assert(
      fc.property(
        fc.array(FRAME, { maxLength: 10 }),
        fc.array(fc.nat(10), { minLength: DECLARED.length, maxLength: DECLARED.length }),
        fc.boolean(),
        (plain, since, by_batch) => {
          const ready = readyOf(by_batch ? [...DECLARED, BY_BATCH] : DECLARED, since);
          const frames = plain.map((frame, index) => frameOf(frame, index + 1));
          expect(ready.joinable).toBe(!by_batch);
          expect(shownOf(ready, together(ready, frames))).toEqual(shownOf(ready, eachAlone(ready, frames)));
        },
      ),
    );
  });

  it("do not share the room for fields that only events name", () => {
    const saying = (message: string): PlainFrame => {
      const event = { timestamp_us: NOON_US, ingest_us: NOON_US, fields: { message }, attributes: {} };
      return { events: [event], masked: [], raw_bytes: 1, storage: "dict" };
    };
    const many = Array.from({ length: COMPUTED_COLUMNS_MAX }, (_, index) => `k${index}=1`).join(" ");
    const ready = readyOf([BY_BATCH], []);
    const deltas = together(ready, [frameOf(saying(many), 1), frameOf(saying("a=1"), 2)]);
    const { series } = shownOf(ready, deltas).find(({ name }) => name === "metric_0")!;
    expect(Math.max(...series[0]!.points.map(({ value }) => value!))).toBe(1);
  });

  it("are few or small", () => {
    const numbers = [1, COUNT_JOINED_FRAME_ROWS_MAX, COUNT_JOINED_FRAME_ROWS_MAX + 1, COUNT_JOIN_ROWS_MAX, 3, ...Array(9).fill(500)];
    const frames = numbers.map((rows, index) => {
      const times = new Float64Array(rows).fill(NOON_US);
      const columns = new Map([["service", dictColumn(Array.from({ length: rows }, (_, row) => `s${row % 7}`))]]);
      return packed(
        { rows, timestamp_us: times, ingest_us: times, columns, rest: null },
        { seq: index + 1, raw_bytes: rows, masked: null },
      );
    });
    const ready = readyOf(DECLARED, []);
    const found = shownOf(ready, together(ready, frames));
    expect(found).toEqual(shownOf(ready, eachAlone(ready, frames)));
    const total = numbers.reduce((sum, rows) => sum + rows, 0);
    expect(found.find(({ name }) => name === "metric_0")!.events).toBe(total);
  });
});

describe("batches", () => {
  const of = (values: readonly (number | string)[]) =>
    batchOf(
      values.map((took) => ({ timestamp_us: 1, ingest_us: 1, fields: {}, attributes: { took } })),
      () => (typeof values[0] === "number" ? "number" : "dict"),
    );

  it("are joined where their columns have one type; whole numbers and others are one", () => {
    const joined = new JoinedBatches();
    expect([of([1, 2]), of(["text"]), of([0.5]), of([3])].map((batch) => joined.take(batch))).toEqual([true, false, true, true]);
    const { rows, columns } = joined.joined();
    expect([rows, columns.get("attributes.took")]).toEqual([4, { kind: "double", values: Float64Array.of(1, 2, 0.5, 3), present: null }]);
  });
});

describe("an expression that makes too much text of a frame", () => {
  const text = "x".repeat(30_000);
  const long = `concat(${Array(2).fill("message").join(", ")})`;
  const events: PlainEvent[] = Array.from({ length: 580 }, (_, index) => ({
    timestamp_us: NOON_US,
    ingest_us: NOON_US,
    fields: { message: text + index },
    attributes: {},
  }));

  const frame = frameOf({ events, masked: [0, 579], raw_bytes: 1, storage: "dict" }, 1);

  it.each([
    ["a step", { query: `* | eval twice = ${long}`, aggregations: { n: "count(twice)" } }],
    ["a filter", { query: `expr(len(${long}) > 60000)`, aggregations: { n: "count()" } }],
    ["a condition", { aggregations: { n: `count() where (expr(len(${long}) > 60000))` } }],
  ])("as %s counts it all the same", (_, input) => {
    const ready = readyOf([{ ...input, window: WINDOW }], []);
    const metric = shownOf(ready, together(ready, [frame])).find(({ name }) => name === "metric_0")!;
    expect(metric.series[0]!.points.find(({ value }) => value !== 0)?.value).toBe(578);
  });
});
