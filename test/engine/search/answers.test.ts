import { describe, expect, it } from "vitest";
import { ALL, type Filter, parseQuery, planQuery } from "../../../worker/engine/query/query.ts";
import { Problem } from "../../../worker/errors.ts";
import { exportEvents } from "../../../worker/search/export-slices.ts";
import { listFields, topValues } from "../../../worker/search/fields.ts";
import { histogram, niceInterval_us } from "../../../worker/search/histogram.ts";
import { findEvent, neighbours } from "../../../worker/search/one-event.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";
import { searchTable } from "../../../worker/search/search-table.ts";
import { randomOf } from "../../support/random.ts";
import { canonical, type PlainEvent } from "../../support/search/events.ts";
import { filledHouse } from "../../support/search/filled-house.ts";
import { SearchHouse } from "../../support/search/house.ts";

const START_US = Date.UTC(2026, 10, 20, 6, 3) * 1_000;
const MINUTE_US = 60_000_000;
const ALL_TIME = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER };

const filterOf = (q: string): Filter => parseQuery(q, { now_us: START_US }).filter;
const within = (event: PlainEvent, range: { from_us: number; to_us: number }) =>
  event.timestamp_us >= range.from_us && event.timestamp_us < range.to_us;

/** The plain-JavaScript meaning of the filters that these tests use. */
const FILTERS: [string, (event: PlainEvent) => boolean][] = [
  ["*", () => true],
  ["level:error", (event) => event.level === "ERROR"],
  ["service:api", (event) => event.service === "api"],
  ["level:(error, warn) -service:web", (event) => ["ERROR", "WARN"].includes(event.level ?? "") && event.service !== "web"],
  ["status:500", (event) => event.attributes.status === 500],
  ["connection", (event) => event.message?.includes("connection") ?? false],
];

const RANGES = [
  ALL_TIME,
  { from_us: START_US - 7 * MINUTE_US - 123, to_us: START_US + 600 * MINUTE_US + 77 },
  { from_us: START_US + 57 * MINUTE_US, to_us: START_US + 417 * MINUTE_US },
  { from_us: START_US + 60 * MINUTE_US + 1, to_us: START_US + 62 * MINUTE_US },
];

describe("histogram", { timeout: 30_000 }, () => {
  it.each(FILTERS)("counts exactly, as plain counting and as stats do: %s", async (q, matches) => {
    const { house, events } = await filledHouse(START_US, 1);
    for (const bounds of RANGES) {
      const range = bounds === ALL_TIME ? { from_us: START_US - 4 * 1_440 * MINUTE_US, to_us: START_US + 4 * 1_440 * MINUTE_US } : bounds;
      for (const [by, interval] of [
        ["level", 60],
        ["service", 5],
        [null, 7],
        ["attributes.status", 30],
        ["level", 15],
      ] as const) {
        const interval_us = interval * MINUTE_US;
        if ((range.to_us - range.from_us) / interval_us > 1_900) continue;
        const result = await histogram(house.context(), { filter: filterOf(q), range, interval_us, by });
        const expected = new Map<string, number>();
        const chosen = events.filter((event) => matches(event) && within(event, range));
        for (const event of chosen) {
          const value = by === null ? null : by === "attributes.status" ? (event.attributes.status ?? null) : (event[by] ?? null);
          const key = JSON.stringify([value === null ? null : String(value), Math.floor(event.timestamp_us / interval_us) * interval_us]);
          expected.set(key, (expected.get(key) ?? 0) + 1);
        }
        const counted = new Map<string, number>();
        for (const { value, counts } of result.series) {
          for (const [index, count] of counts.entries()) if (count > 0) counted.set(JSON.stringify([value, result.times_us[index]]), count);
        }
        expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(expected));
        expect(result.total).toBe(chosen.length);
        const query = parseQuery(`${q} | stats count() as n by ${by === null ? "" : `${by}, `}bucket(${interval}m)`, { now_us: START_US });
        const { table } = await searchTable(house.context(), planQuery(query), range);
        expect(table.rows.reduce((sum, cells) => sum + Number(cells.at(-1)), 0)).toBe(chosen.length);
        expect(table.rows).toHaveLength(expected.size);
      }
    }
  });

  it("edges of a range that cut through five minutes are read row by row", async () => {
    const random = randomOf(77);
    const house = new SearchHouse(START_US);
    const events = Array.from(
      { length: 4_000 },
      (): PlainEvent => ({
        timestamp_us: START_US + Math.floor(random() * 40 * MINUTE_US),
        ingest_us: START_US,
        service: random() < 0.5 ? "api" : "web",
        level: random() < 0.3 ? "ERROR" : "INFO",
        attributes: {},
      }),
    );
    for (let from = 0; from < events.length; from += 500) house.append(events.slice(from, from + 500));
    house.flush(4);
    house.flush(4);
    house.exportRows();
    for (let run = 0; run < 40; run++) {
      const [a, b] = [random(), random()].map((place) => START_US + Math.floor(place * 44 * MINUTE_US) - 2 * MINUTE_US);
      const range = { from_us: Math.min(a!, b!), to_us: Math.max(a!, b!) };
      const expected = events.filter((event) => within(event, range) && event.level === "ERROR").length;
      const context = house.context();
      const counted = await histogram(context, { filter: filterOf("level:error"), range, interval_us: 10 * MINUTE_US, by: "service" });
      expect(counted.total).toBe(expected);
      expect(context.cost.rows_scanned).toBeLessThanOrEqual(4_000);
      const query = parseQuery("level:error | stats count() as n by service, bucket(15m)", { now_us: START_US });
      const { table } = await searchTable(house.context(), planQuery(query), range);
      expect(table.rows.reduce((sum, cells) => sum + Number(cells.at(-1)), 0)).toBe(expected);
    }
  });

  it("reads no rows where the facts of the index say it all", async () => {
    const { house } = await filledHouse(START_US, 2);
    house.flush(1_000);
    house.exportRows();
    const context = house.context();
    const range = { from_us: START_US - 5 * 1_440 * MINUTE_US, to_us: house.now_us + 1 };
    const has_every_service = filterOf("level:error");
    const result = await histogram(context, { filter: has_every_service, range, interval_us: 60 * MINUTE_US, by: "level" });
    expect(result.total).toBeGreaterThan(0);
    expect(context.cost.rows_scanned).toBe(0);
    expect(context.cost.segments_read).toBeGreaterThan(0);
  });

  it("refuses more buckets than it counts", async () => {
    const { house } = await filledHouse(START_US, 3, 50);
    const range = { from_us: 0, to_us: START_US };
    await expect(histogram(house.context(), { filter: ALL, range, interval_us: 1_000, by: null })).rejects.toBeInstanceOf(Problem);
  });

  it.each([1, 10, 60, 500])("a handy interval needs at most %i buckets", (buckets) => {
    for (const length_us of [1_000, MINUTE_US, 1_440 * MINUTE_US, 90 * 1_440 * MINUTE_US, 20 * 365 * 1_440 * MINUTE_US]) {
      // A range that begins inside of a bucket touches one more.
      const range = { from_us: START_US + 1, to_us: START_US + length_us };
      const interval_us = niceInterval_us(range, buckets);
      const touched = Math.floor((range.to_us - 1) / interval_us) - Math.floor(range.from_us / interval_us) + 1;
      expect(touched).toBeLessThanOrEqual(buckets);
    }
  });
});

describe("fields and values", { timeout: 30_000 }, () => {
  it.each(FILTERS)("names and counts of fields: %s", async (q, matches) => {
    const { house, events } = await filledHouse(START_US, 4);
    for (const range of RANGES) {
      const expected = new Map<string, number>();
      const chosen = events.filter((event) => matches(event) && within(event, range));
      const add = (name: string) => expected.set(name, (expected.get(name) ?? 0) + 1);
      for (const event of chosen) {
        for (const name of ["level", "service", "host", "message", "trace_id"] as const) if (event[name] !== undefined) add(name);
        for (const name of Object.keys(event.attributes)) add(name);
        add("timestamp");
        add("ingest_ts");
      }
      const list = await listFields(house.context(), filterOf(q), range);
      expect(list.events).toBe(chosen.length);
      expect(list.partial).toBeNull();
      expect(Object.fromEntries(list.fields.map(({ name, count }) => [name, count]))).toEqual(Object.fromEntries(expected));
    }
  });

  it("types of fields", async () => {
    const { house } = await filledHouse(START_US, 4);
    const { fields } = await listFields(house.context(), ALL, ALL_TIME);
    const types = Object.fromEntries(fields.map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({
      timestamp: "time",
      level: "string",
      duration_ms: "number",
      retried: "boolean",
      tags: "array",
      status: "mixed",
    });
  });

  it.each(FILTERS)("values with counts: %s", async (q, matches) => {
    const { house, events } = await filledHouse(START_US, 5);
    for (const [field, read] of [
      ["level", (event: PlainEvent) => event.level],
      ["service", (event: PlainEvent) => event.service],
      ["attributes.status", (event: PlainEvent) => event.attributes.status],
      ["trace_id", (event: PlainEvent) => event.trace_id],
      ["attributes.tags", (event: PlainEvent) => event.attributes.tags && JSON.stringify(event.attributes.tags)],
    ] as const) {
      for (const range of RANGES.slice(0, 3)) {
        const expected = new Map<string, number>();
        for (const event of events) {
          const value = read(event);
          if (value !== undefined && matches(event) && within(event, range))
            expected.set(String(value), (expected.get(String(value)) ?? 0) + 1);
        }
        const list = await topValues(house.context(), { filter: filterOf(q), range, field, prefix: "", limit: 1_000 });
        expect(Object.fromEntries(list.values.map(({ value, count }) => [value, count]))).toEqual(Object.fromEntries(expected));
        expect(list.distinct).toBe(expected.size);
        const counts = list.values.map(({ count }) => count);
        expect(counts).toEqual([...counts].sort((a, b) => b - a));
      }
    }
  });

  it("only values that begin with the prefix, at most so many", async () => {
    const { house, events } = await filledHouse(START_US, 5);
    const list = await topValues(house.context(), { filter: ALL, range: ALL_TIME, field: "host", prefix: "host-", limit: 2 });
    expect(list.values).toHaveLength(2);
    expect(list.events).toBe(events.filter(({ host }) => host !== undefined).length);
    const none = await topValues(house.context(), { filter: ALL, range: ALL_TIME, field: "host", prefix: "hosts", limit: 2 });
    expect(none.values).toEqual([]);
  });
});

describe("one event", () => {
  it("every id that a search shows leads to its event, wherever it moved meanwhile", async () => {
    const { house } = await filledHouse(START_US, 6, 500);
    const { events } = await searchEvents(house.context(), { filter: ALL, range: ALL_TIME, order: "desc", limit: 10_000, after: null });
    house.flush(1_000);
    house.exportRows();
    await house.compact(
      [...house.alive.values()].filter(({ level }) => level === 0),
      true,
    );
    for (let index = 0; index < events.length; index += 13) {
      const found = await findEvent(house.context(), events[index]!.record.event_id!, ALL_TIME);
      expect(found?.event.record).toEqual(events[index]!.record);
    }
  });

  it("an id that a client sent, and ids of nothing", async () => {
    const { house, events } = await filledHouse(START_US, 6, 300);
    const own: PlainEvent = { ...events[5]!, event_id: "order, 17*", attributes: {} };
    house.append([own]);
    const found = await findEvent(house.context(), "order, 17*", ALL_TIME);
    expect(canonical(found!.event.record)).toBe(canonical(own));
    expect(await findEvent(house.context(), "order, 18*", ALL_TIME)).toBeNull();
    expect(await findEvent(house.context(), "0".repeat(24), ALL_TIME)).toBeNull();
  });

  it("neighbours are what stands before and after it in a search", async () => {
    const { house } = await filledHouse(START_US, 8, 400);
    const { events } = await searchEvents(house.context(), { filter: ALL, range: ALL_TIME, order: "asc", limit: 10_000, after: null });
    for (let index = 3; index < events.length; index += 29) {
      const event = events[index]!;
      const found = (await findEvent(house.context(), event.record.event_id!, ALL_TIME))!;
      const near = await neighbours(house.context(), found, 4, []);
      const reach = (other: (typeof events)[number]) => Math.abs(other.timestamp_us - event.timestamp_us) < 86_400_000_000;
      const before = events
        .slice(Math.max(0, index - 4), index)
        .filter(reach)
        .reverse();
      const after = events.slice(index + 1, index + 5).filter(reach);
      // Copies of the event are told apart by their counters only, and those before it may be shown in any order.
      expect(near.before.map(({ record }) => canonical(record))).toEqual(before.map(({ record }) => canonical(record)));
      expect(near.after.map(({ record }) => canonical(record))).toEqual(after.map(({ record }) => canonical(record)));
      const same = await neighbours(house.context(), found, 4, ["service"]);
      for (const { record } of [...same.before, ...same.after]) {
        if (event.record.service !== undefined) expect(record.service).toBe(event.record.service);
      }
    }
  });
});

describe("export", { timeout: 30_000 }, () => {
  it.each([
    ["asc", "*"],
    ["desc", "*"],
    ["desc", "level:error"],
  ] as const)("everything once, in order %s, with the ids that a search shows: %s", async (order, q) => {
    const { house } = await filledHouse(START_US, 9, 500);
    const filter = filterOf(q);
    const page = await searchEvents(house.context(), { filter, range: ALL_TIME, order, limit: 10_000, after: null });
    for (const slice_size_bytes of [3_000, 40_000, 1e9]) {
      const exported = [];
      const bounds = { slice_size_bytes, page_events: 17 };
      for await (const list of exportEvents(house.context(), { filter, range: ALL_TIME, order }, bounds)) {
        expect(list.length).toBeLessThanOrEqual(17);
        exported.push(...list);
      }
      expect(exported).toEqual(page.events.map(({ record }) => record));
    }
  });

  it("goes on over flushes and compactions, and through a moment with more events than a slice holds", async () => {
    const { house, events } = await filledHouse(START_US, 10);
    const burst = Array.from(
      { length: 300 },
      (_, index): PlainEvent => ({ timestamp_us: START_US, ingest_us: START_US, message: `burst ${index % 150}`, attributes: {} }),
    );
    for (let from = 0; from < burst.length; from += 30) house.append(burst.slice(from, from + 30));
    const exported: string[] = [];
    let lists = 0;
    for await (const list of exportEvents(
      house.context(),
      { filter: ALL, range: ALL_TIME, order: "desc" },
      { slice_size_bytes: 2_000, page_events: 20 },
    )) {
      exported.push(...list.map(canonical));
      lists += 1;
      if (lists % 7 === 3) house.flush(2);
      if (lists % 7 === 5) house.exportRows();
      if (lists % 11 === 0)
        await house.compact(
          [...house.alive.values()].filter(({ level }) => level === 0),
          true,
        );
    }
    expect([...exported].sort()).toEqual([...events, ...burst].map(canonical).sort());
  });
});
