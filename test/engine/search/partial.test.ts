import { describe, expect, it } from "vitest";
import { ALL, parseQuery, planQuery } from "../../../worker/engine/query/query.ts";
import { Problem } from "../../../worker/errors.ts";
import type { Position } from "../../../worker/search/cursor.ts";
import { exportEvents } from "../../../worker/search/export-slices.ts";
import { findEvent } from "../../../worker/search/one-event.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";
import { searchTable } from "../../../worker/search/search-table.ts";
import { randomOf } from "../../support/random.ts";
import { randomEvents } from "../../support/search/events.ts";
import { filledHouse } from "../../support/search/filled-house.ts";
import { SearchHouse } from "../../support/search/house.ts";

const START_US = Date.UTC(2026, 10, 20, 6, 3) * 1_000;
const ALL_TIME = { from_us: 0, to_us: START_US * 2 };
const PAGE = { filter: ALL, range: ALL_TIME, order: "desc" as const, limit: 10_000, after: null };
const COUNTS = planQuery(parseQuery("* | stats count(), count(status) by host", { now_us: START_US }));

async function flushedHouse(seed: number): Promise<{ house: SearchHouse; count: number }> {
  const { house, events } = await filledHouse(START_US, seed, 500);
  house.flush(1_000);
  house.exportRows();
  return { house, count: events.length };
}

/** Many segments, one for each batch of events. */
function manySegments(seed: number): { house: SearchHouse; count: number } {
  const random = randomOf(seed);
  const house = new SearchHouse(START_US);
  for (let batch = 0; batch < 24; batch++) {
    house.now_us += 1_800_000_000;
    house.append(randomEvents(random, 20, house.now_us));
    house.flush(1);
  }
  house.exportRows();
  return { house, count: 24 * 20 };
}

const total = (rows: readonly (readonly unknown[])[]): number => rows.reduce((sum, row) => sum + Number(row[1]), 0);

describe("a search whose time is over", () => {
  it.each(["asc", "desc"] as const)("shows what it covers, and its cursor leads through everything once (%s)", async (order) => {
    const { house, count } = manySegments(21);
    const found: string[] = [];
    let after: Position | null = null;
    let partials = 0;
    let now_us = house.now_us;
    for (let page = 0; page < 2_000; page++) {
      house.now_us = now_us;
      const context = house.context({ time_ms: 15, size_bytes: Number.POSITIVE_INFINITY });
      // Every look at the clock finds it a millisecond later.
      context.sources.now_us = () => (now_us += 1_000);
      const answer = await searchEvents(context, { filter: ALL, range: ALL_TIME, order, limit: 300, after });
      found.push(...answer.events.map(({ record }) => record.event_id!));
      if (answer.partial) {
        partials += 1;
        expect(answer.partial.reason).toBe("time");
        const covered = answer.events.every(
          ({ record }) => record.timestamp >= answer.partial!.covered_from && record.timestamp < answer.partial!.covered_to,
        );
        expect(covered).toBe(true);
      }
      after = answer.more ? answer.last : null;
      if (!after) break;
    }
    expect(found).toHaveLength(count);
    expect(new Set(found).size).toBe(count);
    const times = (await searchEvents(house.context(), { ...PAGE, order })).events.map(({ record }) => record.event_id);
    expect(found).toEqual(times);
    expect(partials).toBeGreaterThan(0);
  });

  it("stays where it was if it covers nothing", async () => {
    const { house } = await flushedHouse(28);
    const after = { timestamp_us: START_US, hash: "8".repeat(16), copies: 1 };
    const context = house.context({ time_ms: -1, size_bytes: Number.POSITIVE_INFINITY });
    const answer = await searchEvents(context, { ...PAGE, limit: 5, after });
    expect(answer).toMatchObject({ events: [], more: true, last: after });
    expect(answer.partial?.covered_from).toBe(answer.partial?.covered_to);
  });

  it("tables say from when on they are whole", async () => {
    const { house, count } = await flushedHouse(22);
    let now_us = house.now_us;
    const context = house.context({ time_ms: 4, size_bytes: Number.POSITIVE_INFINITY });
    context.sources.now_us = () => (now_us += 1_000);
    const { table, partial } = await searchTable(context, COUNTS, ALL_TIME);
    expect(partial?.reason).toBe("time");
    expect(total(table.rows)).toBeLessThan(count);
    const { covered_from } = partial!;
    const covered = { from_us: Date.parse(covered_from) * 1_000 + Number(covered_from.slice(-4, -1)), to_us: ALL_TIME.to_us };
    const whole = await searchTable(house.context(), COUNTS, covered);
    expect(total(table.rows)).toBeGreaterThanOrEqual(total(whole.table.rows));
  });

  it("bytes are a bound of their own", async () => {
    const { house } = await flushedHouse(23);
    const context = house.context({ time_ms: Number.POSITIVE_INFINITY, size_bytes: 2_000 });
    const { partial } = await searchTable(context, COUNTS, ALL_TIME);
    expect(partial?.reason).toBe("bytes");
    expect(context.cost.segments_read).toBeGreaterThan(0);
    expect(context.cost.segments_read).toBeLessThan(context.cost.segments_considered);
  });
});

type Harm = (house: SearchHouse, key: string) => void;
const HARMS: [string, Harm][] = [
  ["missing", (house, key) => house.objects.delete(key)],
  ["unreadable", (house, key) => house.failing.add(key)],
  ["damaged", (house, key) => house.objects.set(key, house.objects.get(key)!.slice().fill(7))],
];

describe.each(HARMS)("a segment that is %s", (reason, harm) => {
  it("is named, and the others are searched", async () => {
    const { house, count } = await flushedHouse(24);
    const [row] = [...house.alive.values()];
    harm(house, row!.object_key);
    const page = await searchEvents(house.context(), PAGE);
    expect(page.events).toHaveLength(count - row!.rows);
    expect(page.partial).toMatchObject({ reason: "segments", segments: [{ segment_id: row!.segment_id, reason }] });
    const { table, partial } = await searchTable(house.context(), COUNTS, ALL_TIME);
    expect(total(table.rows)).toBe(count - row!.rows);
    expect(partial?.segments).toHaveLength(1);
  });

  it("fails a search that could read nothing, an export, and the look for an event that may be in it", async () => {
    const { house } = await flushedHouse(25);
    for (const row of house.alive.values()) harm(house, row.object_key);
    await expect(searchEvents(house.context(), PAGE)).rejects.toMatchObject({ code: "unavailable" });
    const other = await flushedHouse(26);
    const [row] = [...other.house.alive.values()];
    harm(other.house, row!.object_key);
    const exporting = async () => {
      for await (const events of exportEvents(other.house.context(), { filter: ALL, range: ALL_TIME, order: "asc" }))
        expect(events).toBeTruthy();
    };
    await expect(exporting()).rejects.toBeInstanceOf(Problem);
    await expect(findEvent(other.house.context(), "order/99", ALL_TIME)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a store that stumbles once", () => {
  it("is asked again", async () => {
    const { house, count } = await flushedHouse(27);
    const context = house.context();
    const { objects } = context.sources;
    const asked = new Set<string>();
    context.sources.objects = {
      get: (key, options) => {
        const name = `${key} ${options.range.offset}`;
        if (asked.has(name)) return objects.get(key, options);
        asked.add(name);
        return Promise.reject(new Error("internal error"));
      },
    };
    const page = await searchEvents(context, PAGE);
    expect(page.partial).toBeNull();
    expect(page.events).toHaveLength(count);
    expect(asked.size).toBeGreaterThan(1);
  });
});
