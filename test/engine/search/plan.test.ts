import { describe, expect, it } from "vitest";
import { ALL, type Filter, type FilterHints, filterHints, parseQuery } from "../../../worker/engine/query/query.ts";
import type { SegmentRow } from "../../../worker/engine/segment/segment-row.ts";
import { chooseRows, compareBounds, narrowedRange, skipGroup, skipSegment } from "../../../worker/search/plan.ts";

const RANGE = { from_us: 1_000, to_us: 2_000 };

function row(values: Partial<SegmentRow>): SegmentRow {
  return {
    segment_id: "s",
    project_id: "p",
    shard: 0,
    level: 0,
    seq_min: 1,
    seq_max: 10,
    day: null,
    ts_min_us: 1_000,
    ts_max_us: 1_999,
    rows: 1,
    size_bytes: 1,
    raw_bytes: 1,
    object_key: "k",
    tail_size_bytes: 1,
    created_us: 0,
    swap_id: null,
    level_mask: 0b1111111,
    services: null,
    ...values,
  };
}

const ids = (rows: readonly SegmentRow[]) => rows.map(({ segment_id }) => segment_id).sort();

describe("chooseRows", () => {
  const nothing_replaced = new Set<string>();

  it("takes rows at or below the flushed number, ignores rows above it, reports rows across it", () => {
    const alive = [
      row({ segment_id: "below", seq_min: 1, seq_max: 10 }),
      row({ segment_id: "above", seq_min: 11, seq_max: 20 }),
      row({ segment_id: "across", seq_min: 5, seq_max: 15 }),
    ];
    const chosen = chooseRows([{ shard: 0, flushed_seq: 10, recent: [] }], { alive, replaced_ids: nothing_replaced }, RANGE);
    expect(ids(chosen.rows)).toEqual(["below"]);
    expect(ids(chosen.straddling)).toEqual(["across"]);
  });

  it("uses a recent row that the catalog lacks, once, and none that the catalog replaced", () => {
    const recent = [row({ segment_id: "new", seq_min: 8, seq_max: 10 }), row({ segment_id: "both" }), row({ segment_id: "replaced" })];
    const catalog = { alive: [row({ segment_id: "both" })], replaced_ids: new Set(["replaced"]) };
    const chosen = chooseRows([{ shard: 0, flushed_seq: 10, recent }], catalog, RANGE);
    expect(ids(chosen.rows)).toEqual(["both", "new"]);
  });

  it("judges each shard by its own number, and asks again about a shard that the object did not name", () => {
    const alive = [
      row({ segment_id: "a", shard: 0, seq_max: 10 }),
      row({ segment_id: "b", shard: 1, seq_max: 10 }),
      row({ segment_id: "c", shard: 2 }),
    ];
    const shards = [
      { shard: 0, flushed_seq: 10, recent: [] },
      { shard: 1, flushed_seq: 0, recent: [] },
    ];
    const chosen = chooseRows(shards, { alive, replaced_ids: nothing_replaced }, RANGE);
    expect(ids(chosen.rows)).toEqual(["a"]);
    expect(ids(chosen.straddling)).toEqual(["c"]);
  });

  it.each([
    [999, 999, false],
    [0, 1_000, true],
    [1_999, 5_000, true],
    [2_000, 5_000, false],
  ])("range: events from %i to %i", (ts_min_us, ts_max_us, taken) => {
    const catalog = { alive: [row({ ts_min_us, ts_max_us })], replaced_ids: nothing_replaced };
    expect(chooseRows([{ shard: 0, flushed_seq: 10, recent: [] }], catalog, RANGE).rows).toHaveLength(taken ? 1 : 0);
  });
});

describe("skipSegment", () => {
  const hints = (q: string) => filterHints(parseQuery(q, { now_us: 0 }).filter);
  it.each<[string, Partial<SegmentRow>, string | null]>([
    ["*", {}, null],
    ["*", { ts_max_us: 10 }, "time"],
    ["level:error", { level_mask: 0b0000100 }, "level"],
    ["level:error", { level_mask: 0b0010100 }, null],
    ["service:api", { services: ["web", ""] }, "service"],
    ["service:api", { services: ["web", "api"] }, null],
    ["service:api", { services: null }, null],
    ["service:api OR service:web", { services: ["web"] }, null],
    ["-service:api", { services: ["api"] }, null],
  ])("%s", (q, values, reason) => {
    expect(skipSegment(row(values), hints(q), RANGE)).toBe(reason);
  });
});

describe("skipGroup", () => {
  const words = new Set(["connection", "reset"]);
  const segment = {
    groups: [
      { rows: 5, ts_min_us: 1_000, ts_max_us: 1_500 },
      { rows: 5, ts_min_us: 2_000, ts_max_us: 2_500 },
      { rows: 0, ts_min_us: 1_000, ts_max_us: 1_000 },
    ],
    mayContain: (_group: number, needed: FilterHints["needed"]) =>
      needed.some(
        (one) => one.words.every((word) => words.has(word)) && Object.values(one.values).every((values) => values.includes("t1")),
      ),
  };
  const check = (filter: Filter, group: number) => skipGroup(segment, group, filterHints(filter), RANGE);
  const parse = (q: string) => parseQuery(q, { now_us: 0 }).filter;
  it.each<[string, Filter, number, string | null]>([
    ["in range", ALL, 0, null],
    ["after the range", ALL, 1, "time"],
    ["no rows", ALL, 2, "time"],
    ["words that may be there", parse('"connection reset"'), 0, null],
    ["a word that is not", parse('"connection refused"'), 0, "filter"],
    ["a value that may be there", parse("trace_id:t1"), 0, null],
    ["a value that is not", parse("trace_id:t2"), 0, "filter"],
    ["one of several values", parse("trace_id:(t1, t2)"), 0, null],
    ["one side of an OR", parse("refused OR reset"), 0, null],
    ["neither side of an OR", parse("refused OR trace_id:t2"), 0, "filter"],
  ])("%s", (_name, filter, group, reason) => {
    expect(check(filter, group)).toBe(reason);
  });
});

describe("order and range", () => {
  it("meets the wanted end of time first", () => {
    const bounds = [
      { ts_min_us: 1, ts_max_us: 9 },
      { ts_min_us: 2, ts_max_us: 5 },
    ];
    expect(compareBounds(bounds[0]!, bounds[1]!, "desc")).toBeLessThan(0);
    expect(compareBounds(bounds[0]!, bounds[1]!, "asc")).toBeLessThan(0);
  });

  it("narrows a range by the times that a query names", () => {
    const hints = { ...filterHints(ALL), time: { min_us: 1_200, max_us: 1_300 } };
    expect(narrowedRange(RANGE, hints)).toEqual({ from_us: 1_200, to_us: 1_301 });
    const empty = narrowedRange(RANGE, { ...hints, time: { min_us: 5_000, max_us: 6_000 } });
    expect(empty.to_us - empty.from_us).toBe(0);
  });
});
