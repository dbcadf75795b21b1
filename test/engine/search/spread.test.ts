import { describe, expect, it } from "vitest";
import { ALL, parseQuery, planQuery } from "../../../worker/engine/query/query.ts";
import type { SegmentRow } from "../../../worker/engine/segment/segment-row.ts";
import { runPart } from "../../../worker/search/part.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";
import { searchTable } from "../../../worker/search/search-table.ts";
import { type Load, type SpreadBounds, shareOut } from "../../../worker/search/spread.ts";
import { filledHouse } from "../../support/search/filled-house.ts";

const START_US = Date.UTC(2026, 10, 20, 6, 3) * 1_000;
const ALL_TIME = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER };
const MB = 1024 * 1024;
const BOUNDS: SpreadBounds = { size_bytes_min: 16 * MB, part_size_bytes: 8 * MB, parts_max: 4 };

const loads = (...sizes_mb: number[]): Load[] =>
  sizes_mb.map((size, index) => ({ row: { segment_id: `s${index}` } as SegmentRow, size_bytes: size * MB }));

describe("shareOut", () => {
  it.each<[string, number[], string[], string[][]]>([
    ["nothing", [], [], []],
    ["little to read", [5, 5, 5], ["s0", "s1", "s2"], []],
    ["much, but of one segment", [100], ["s0"], []],
    ["all at hand", [0, 0, 0, 0], ["s0", "s1", "s2", "s3"], []],
    ["enough for one further invocation", [8, 8], ["s0"], [["s1"]]],
    ["what is at hand stays", [0, 8, 0, 8], ["s0", "s1", "s2"], [["s3"]]],
    [
      "more than there are invocations for",
      [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
      ["s0", "s5", "s10"],
      [
        ["s1", "s6"],
        ["s2", "s7"],
        ["s3", "s8"],
        ["s4", "s9"],
      ],
    ],
  ])("%s", (_name, sizes, own, parts) => {
    const shares = shareOut(loads(...sizes), BOUNDS);
    expect(shares.own.map((row) => row.segment_id)).toEqual(own);
    expect(shares.parts.map((part) => part.map((row) => row.segment_id))).toEqual(parts);
  });

  it("leaves out no segment, and bounds those of an invocation", () => {
    const many = loads(...Array.from({ length: 3_000 }, () => 1));
    const { own, parts } = shareOut(many, BOUNDS);
    expect(parts).toHaveLength(4);
    expect(Math.max(...parts.map((part) => part.length))).toBe(256);
    expect(new Set([...own, ...parts.flat()]).size).toBe(3_000);
  });
});

const TABLES = [
  "* | stats count()",
  "* | stats count() by level, bucket(1h)",
  "level:error OR status:500 | stats count() as n, sum(duration_ms), avg(status), min(timestamp) by service | sort -n",
  "connection | stats count_uniq(trace_id), p50(duration_ms), values(host) by level",
  "* | eval double = duration_ms * 2 | where double:>100 | stats max(double), count() by host",
  "status:* | top 3 status",
  "* | sort -duration_ms, host | limit 15 | fields duration_ms, host, level",
];

describe("further invocations find what one finds", { timeout: 60_000 }, () => {
  it.each(TABLES)("%s", async (q) => {
    for (const seed of [11, 12]) {
      const { house } = await filledHouse(START_US, seed, 600);
      const plan = planQuery(parseQuery(q, { now_us: START_US }));
      const alone = await searchTable(house.context(), plan, ALL_TIME);
      const context = house.spreadContext();
      const shared = await searchTable(context, plan, ALL_TIME);
      expect(shared).toEqual(alone);
      if (!q.startsWith("* | stats count()")) expect(context.cost.parts).toBeGreaterThan(0);
    }
  });

  it.each(["asc", "desc"] as const)("events, page by page (%s)", async (order) => {
    const { house, events } = await filledHouse(START_US, 13, 500);
    for (const limit of [3, 40, 1_000]) {
      const found: string[] = [];
      let after = null;
      let parts = 0;
      do {
        const context = house.spreadContext();
        const page = await searchEvents(context, { filter: ALL, range: ALL_TIME, order, limit, after });
        found.push(...page.events.map(({ record }) => record.event_id!));
        after = page.more ? page.last : null;
        parts += context.cost.parts;
      } while (after);
      expect(found).toHaveLength(events.length);
      expect(new Set(found).size).toBe(events.length);
      const alone = await searchEvents(house.context(), { filter: ALL, range: ALL_TIME, order, limit: 10_000, after: null });
      expect(found).toEqual(alone.events.map(({ record }) => record.event_id));
      expect(parts).toBeGreaterThan(0);
    }
  });

  it("a share that fails is done here", async () => {
    const { house, events } = await filledHouse(START_US, 14, 400);
    const plan = planQuery(parseQuery("* | stats count(status), count() by host", { now_us: START_US }));
    const context = house.spreadContext();
    let calls = 0;
    const { call } = context.sources.parts!;
    context.sources.parts!.call = async (...parameters) => {
      calls += 1;
      if (calls % 2 === 1) throw new Error("the invocation died");
      return call(...parameters);
    };
    const { table, partial } = await searchTable(context, plan, ALL_TIME);
    expect(partial).toBeNull();
    expect(table.rows.reduce((sum, row) => sum + Number(row.at(-1)), 0)).toBe(events.length);
    expect(calls).toBeGreaterThan(1);
  });

  it("a share that cannot read a segment names it", async () => {
    const { house } = await filledHouse(START_US, 15, 400);
    house.flush(100);
    house.exportRows();
    const failing = [...house.alive.values()].at(-1)!;
    house.failing.add(failing.object_key);
    const plan = planQuery(parseQuery("* | stats count(status)", { now_us: START_US }));
    const { partial } = await searchTable(house.spreadContext(), plan, ALL_TIME);
    expect(partial?.reason).toBe("segments");
    expect(partial?.segments.map(({ segment_id }) => segment_id)).toEqual([failing.segment_id]);
  });

  it("segments that vanish meanwhile make all of it begin again", async () => {
    const { house, events } = await filledHouse(START_US, 16, 400);
    house.flush(100);
    house.exportRows();
    const plan = planQuery(parseQuery("* | stats count(status), count() by host", { now_us: START_US }));
    const context = house.spreadContext();
    const { call } = context.sources.parts!;
    let merged = false;
    context.sources.parts!.call = async (...parameters) => {
      if (!merged) {
        merged = true;
        await house.compact([...house.alive.values()], true);
      }
      return call(...parameters);
    };
    const { table, partial } = await searchTable(context, plan, ALL_TIME);
    expect(partial).toBeNull();
    expect(table.rows.reduce((sum, row) => sum + Number(row.at(-1)), 0)).toBe(events.length);
  });

  it("refuses segments of another project than the one that it is asked for", async () => {
    const { house } = await filledHouse(START_US, 17, 100);
    house.flush(100);
    const { objects, now_us } = house.sources();
    const plan = planQuery(parseQuery("* | stats count()", { now_us: START_US }));
    const request = {
      project_id: "another",
      rows: house.recent,
      work: { kind: "table" as const, plan, range: ALL_TIME },
      budget: { time_ms: 1_000, size_bytes: 1_000_000 },
      missing: [],
    };
    expect(await runPart({ objects, shared: null, now_us }, request, house.cache)).toMatchObject({ status: "refused" });
    expect(house.reads).toBe(0);
  });
});
