import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedSeries, type SeriesBounds, TooManyPoints } from "../../../worker/engine/windows/bounded-series.ts";
import type { CompiledMetric } from "../../../worker/engine/windows/compile-metric.ts";
import { EventCounter } from "../../../worker/engine/windows/count-events.ts";
import { type Pane, packDeltas, unpackDeltas } from "../../../worker/engine/windows/deltas.ts";
import { type MetricSeries, seriesKey, windowEnds, windowSeries } from "../../../worker/engine/windows/window-values.ts";
import { batchOf, type PlainEvent } from "../query/batches.ts";
import { compiled, MINUTE_US, NOON_US, SECOND_US, searched, shown } from "./support.ts";

/** Relative: half a cell of 7 bits. */
const QUANTILE_ERROR = 2 ** -8;

const event: fc.Arbitrary<PlainEvent> = fc.record({
  timestamp_us: fc.integer({ min: NOON_US, max: NOON_US + 10 * MINUTE_US }),
  ingest_us: fc.constant(NOON_US + 10 * MINUTE_US),
  fields: fc.record(
    { service: fc.constantFrom("api", "web", "5", "é"), level: fc.constantFrom("INFO", "ERROR"), host: fc.constantFrom("a", "b") },
    { requiredKeys: [] },
  ),
  attributes: fc.record(
    {
      took: fc.oneof(
        fc.integer({ min: -50, max: 5_000 }),
        fc.double({ min: 0.001, max: 1e9, noNaN: true }),
        fc.constantFrom("12.5", "fast", 0),
      ),
      user: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constantFrom("u1", "u2")),
    },
    { requiredKeys: [] },
  ),
});

const EXACT = compiled({
  query: "-host:b",
  aggregations: {
    n: "count()",
    errors: "count() where (level:ERROR)",
    total: "sum(took)",
    least: "min(took)",
    most: "max(took * 2)",
    mean: "avg(took)",
    users: "count_uniq(user)",
    per_s: "rate()",
  },
  value: "errors / n * 100",
  group_by: ["service"],
  window: { kind: "sliding", size: "3m", step: "20s" },
});
const NEAR = compiled({
  aggregations: { spread: "stddev(took)", half: "p50(took)", high: "p99(took)", tenth: "quantile(0.1, took)" },
  value: "high",
  group_by: ["service", "level"],
  window: { kind: "sliding", size: "5m", step: "1m" },
});

/** Counts events in some parts, and merges what was counted in the order of a shuffle. */
function panesOf(metric: CompiledMetric, parts: readonly (readonly PlainEvent[])[]): Pane[] {
  return parts.flatMap((part) => {
    const counter = new EventCounter([{ metric_id: 7, compiled: metric }], { leave_late: false });
    if (part.length > 0) counter.add(batchOf(part), null);
    return unpackDeltas(packDeltas(counter.deltas())).flatMap(({ panes }) => panes);
  });
}

const parts = fc.array(fc.array(event, { maxLength: 30 }), { maxLength: 8 });

describe("windows", () => {
  it("are what a search over their time computes, however events were parted", () => {
    fc.assert(
      fc.property(parts, (parts) => {
        const { size_us, step_us, definition } = EXACT;
        const ends_us = windowEnds(NOON_US - MINUTE_US, NOON_US + 14 * MINUTE_US, 7 * step_us);
        const series = windowSeries(EXACT, panesOf(EXACT, parts), step_us, { ends_us, window_us: size_us });
        for (const end_us of ends_us) {
          const expected = searched(definition, parts.flat(), end_us - size_us, end_us);
          const found = shown(series, end_us);
          for (const [labels, values] of found)
            expect(values, labels).toEqual(expected.get(labels) ?? [0, 0, null, null, null, null, 0, 0, null]);
          expect([...expected.keys()].filter((labels) => !found.has(labels))).toEqual([]);
        }
      }),
    );
  });

  it("hold quantiles within the stated error of the number of that rank, and deviations but for rounding", () => {
    fc.assert(
      fc.property(parts, (parts) => {
        const { size_us, step_us, definition } = NEAR;
        const ends_us = windowEnds(NOON_US, NOON_US + 14 * MINUTE_US, 4 * step_us);
        const series = windowSeries(NEAR, panesOf(NEAR, parts), step_us, { ends_us, window_us: size_us });
        for (const end_us of ends_us) {
          const expected = searched(definition, parts.flat(), end_us - size_us, end_us);
          for (const [labels, values] of shown(series, end_us)) {
            const exact = expected.get(labels) ?? [null, null, null, null, null];
            for (const [index, value] of values.entries()) {
              if (exact[index] === null) expect(value).toBeNull();
              else
                expect(Math.abs(value! - (exact[index] as number))).toBeLessThanOrEqual(
                  Math.abs(exact[index] as number) * (index === 0 ? 1e-6 : QUANTILE_ERROR) + 1e-6,
                );
            }
          }
        }
      }),
    );
  });

  it("count distinct values exactly up to their bound, beyond it within five standard errors", () => {
    const metric = compiled({ aggregations: { users: "count_uniq(user)" }, window: { kind: "sliding", size: "2m", step: "1m" } });
    const many = (from: number, to: number): PlainEvent[] =>
      Array.from({ length: to - from }, (_, index) => ({
        timestamp_us: NOON_US + (index % 120) * SECOND_US,
        ingest_us: NOON_US,
        fields: {},
        attributes: { user: `user-${from + index}` },
      }));
    const at_us = NOON_US + 2 * MINUTE_US;
    const users = (parts: PlainEvent[][]) =>
      windowSeries(metric, panesOf(metric, parts), metric.step_us, { ends_us: [at_us], window_us: metric.size_us })[0]!.points[0]!.value!;
    expect(users([many(0, 700), many(300, 1_024)])).toBe(1_024);
    const parted = users([many(0, 9_000), many(5_000, 20_000), many(0, 20_000)]);
    expect(parted).toBe(users([many(0, 20_000)]));
    expect(Math.abs(parted - 20_000)).toBeLessThan(5 * 20_000 * Math.sqrt(2 / 1_024));
  });
});

describe("series beyond the bound", () => {
  const metric = compiled({ aggregations: { n: "count()", total: "sum(took)" }, value: "n", group_by: ["host"], series_max: 5 });
  const from = (hosts: readonly number[]): PlainEvent[] =>
    hosts.map((host) => ({ timestamp_us: NOON_US, ingest_us: NOON_US, fields: { host: `h${host}` }, attributes: { took: host } }));

  it("are counted together, the same however events were parted, and those that are shown are complete", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), { maxLength: 6 }), (hosts) => {
        const events = hosts.map(from);
        const request = { ends_us: [NOON_US + MINUTE_US], window_us: MINUTE_US };
        const series = windowSeries(metric, panesOf(metric, events), MINUTE_US, request);
        expect(series).toEqual(windowSeries(metric, panesOf(metric, [events.flat()]), MINUTE_US, request));
        const expected = searched(metric.definition, events.flat(), NOON_US, NOON_US + MINUTE_US);
        expect(series.filter(({ overflow }) => !overflow)).toHaveLength(Math.min(5, expected.size));
        for (const { labels, overflow, points } of series) {
          if (!overflow) expect(points[0]!.value).toBe(expected.get(JSON.stringify([labels.host]))![0]);
        }
        const sum = series.reduce((sum, { points }) => sum + points[0]!.value!, 0);
        expect(sum).toBe(events.flat().length);
        expect(series.some(({ overflow }) => overflow)).toBe(expected.size > 5);
      }),
    );
  });

  it("are the same ones in all windows of an answer, which hold every event between them", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 }), { minLength: 1, maxLength: 8 }), (minutes) => {
        const events = minutes.map((hosts, minute) =>
          from(hosts).map((event) => ({ ...event, timestamp_us: NOON_US + minute * MINUTE_US })),
        );
        const ends_us = minutes.map((_, minute) => NOON_US + (minute + 1) * MINUTE_US);
        const panes = panesOf(metric, events);
        const series = windowSeries(metric, panes, MINUTE_US, { ends_us, window_us: MINUTE_US });
        const whole = windowSeries(metric, panes, MINUTE_US, { ends_us: ends_us.slice(-1), window_us: minutes.length * MINUTE_US });
        expect(series.map(seriesKey)).toEqual(whole.map(seriesKey));
        const total = ({ points }: MetricSeries) => points.reduce((sum, { value }) => sum + value!, 0);
        expect(series.map(total)).toEqual(whole.map(total));
        for (const [index, hosts] of minutes.entries())
          expect(series.reduce((sum, { points }) => sum + points[index]!.value!, 0)).toBe(hosts.length);
      }),
    );
  });

  it("are left out of an answer by their size in all of its time, or refused where the values are too many", () => {
    const minutes = [
      [1, 1, 1, 2],
      [2, 2, 2, 2, 3],
      [3, 1, 1],
    ].map((hosts, minute) => from(hosts).map((event) => ({ ...event, timestamp_us: NOON_US + minute * MINUTE_US })));
    const request = { ends_us: [1, 2, 3].map((minute) => NOON_US + minute * MINUTE_US), window_us: MINUTE_US };
    const of = (bounds: SeriesBounds) => boundedSeries(metric, panesOf(metric, minutes), MINUTE_US, { request, bounds });
    const all = windowSeries(metric, panesOf(metric, minutes), MINUTE_US, request);
    expect(of({ points_max: 9 })).toEqual({ series: all, left_out: 0 });
    expect(of({ series_max: 2, points_max: 6 })).toEqual({ series: all.slice(0, 2), left_out: 1 });
    expect(() => of({ series_max: 2, points_max: 5 })).toThrow(TooManyPoints);
    expect(() => of({ points_max: 8 })).toThrow("3 series of 3 values");
  });

  it("have labels too long to be told apart", () => {
    const long = (count: number): PlainEvent[] =>
      Array.from({ length: count }, (_, index) => ({
        timestamp_us: NOON_US,
        ingest_us: NOON_US,
        fields: { host: index === 0 ? "short" : "x".repeat(1_020 + index) },
        attributes: {},
      }));
    const series = windowSeries(metric, panesOf(metric, [long(3)]), MINUTE_US, { ends_us: [NOON_US + MINUTE_US], window_us: MINUTE_US });
    expect(series.map(({ labels, overflow, points }) => [labels.host, overflow, points[0]!.value])).toEqual([
      ["short", false, 1],
      [null, true, 2],
    ]);
  });
});

describe("late events", () => {
  it("are told by their own times: those within the lateness count, others are counted apart", () => {
    const metric = compiled({ lateness: "2m" });
    const at = (timestamp_us: number, ingest_us: number): PlainEvent => ({ timestamp_us, ingest_us, fields: {}, attributes: {} });
    const events = [
      at(NOON_US, NOON_US),
      at(NOON_US + 59 * SECOND_US, NOON_US + 3 * MINUTE_US - 1),
      at(NOON_US + 59 * SECOND_US, NOON_US + 3 * MINUTE_US),
      at(NOON_US + 60 * SECOND_US, NOON_US + 3 * MINUTE_US),
      at(NOON_US + 100 * MINUTE_US, NOON_US),
    ];
    const counter = new EventCounter([{ metric_id: 1, compiled: metric }], { leave_late: true });
    counter.add(batchOf(events), null);
    const [delta] = counter.deltas();
    expect(delta).toMatchObject({ metric_id: 1, events: 4, late: 1 });
    expect(delta!.panes.map(({ from_us }) => (from_us - NOON_US) / MINUTE_US)).toEqual([0, 1, 100]);
  });

  it("do not exist by the time of arrival", () => {
    const metric = compiled({ time: "ingest_ts", lateness: "0s" });
    const counter = new EventCounter([{ metric_id: 1, compiled: metric }], { leave_late: true });
    counter.add(batchOf([{ timestamp_us: 0, ingest_us: NOON_US, fields: {}, attributes: {} }]), null);
    expect(counter.deltas()).toMatchObject([{ events: 1, late: 0, panes: [{ from_us: NOON_US }] }]);
  });
});
