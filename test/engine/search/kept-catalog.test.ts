import { describe, expect, it } from "vitest";
import type { SegmentRow } from "../../../worker/engine/segment/segment-row.ts";
import { CATALOG_KEPT_MS } from "../../../worker/limits.ts";
import { isTrue, keepCatalog, replacedAfter } from "../../../worker/search/kept-catalog.ts";
import type { ShardState } from "../../../worker/search/plan.ts";

const NOW_US = 1_000_000_000_000;
const RANGE = { from_us: 0, to_us: 2_000 };

function row(seq_min: number, seq_max: number): SegmentRow {
  return { segment_id: `s${seq_min}-${seq_max}`, seq_min, seq_max, shard: 0, level: 0 } as SegmentRow;
}

const shard = (flushed_seq: number, ...recent: SegmentRow[]): ShardState => ({ shard: 0, flushed_seq, recent });

interface Case {
  name: string;
  /** What the object said before D1 was asked, what D1 knew, and what the object says now. */
  before: ShardState;
  alive: SegmentRow[];
  replaced?: string[];
  now: ShardState;
  age_us?: number;
  changes?: number;
  range?: typeof RANGE;
  holds: boolean;
}

const CASES: Case[] = [
  { name: "nothing happened", before: shard(20), alive: [row(1, 20)], now: shard(20), holds: true },
  { name: "a flush since, still shown", before: shard(20), alive: [row(1, 20)], now: shard(30, row(21, 30)), holds: true },
  { name: "a flush since, no longer shown", before: shard(20), alive: [row(1, 20)], now: shard(30), holds: false },
  {
    name: "two flushes since, the older one no longer shown",
    before: shard(20),
    alive: [row(1, 20)],
    now: shard(40, row(31, 40)),
    holds: false,
  },
  {
    name: "a row that D1 lacked, still shown",
    before: shard(20, row(11, 20)),
    alive: [row(1, 10)],
    now: shard(20, row(11, 20)),
    holds: true,
  },
  { name: "a row that D1 lacked, no longer shown", before: shard(20, row(11, 20)), alive: [row(1, 10)], now: shard(20), holds: false },
  {
    name: "a row that D1 had and the object showed, no longer shown",
    before: shard(20, row(11, 20)),
    alive: [row(1, 10), row(11, 20)],
    now: shard(20),
    holds: true,
  },
  {
    name: "a row that D1 knew as replaced, no longer shown",
    before: shard(20, row(11, 20)),
    alive: [row(1, 20)],
    replaced: ["s11-20"],
    now: shard(20),
    holds: true,
  },
  {
    name: "a row that the object did not show then and shows now",
    before: shard(30, row(21, 30)),
    alive: [row(1, 20), row(21, 30)],
    now: shard(30, row(11, 20), row(21, 30)),
    holds: false,
  },
  {
    name: "a row older than all that it shows, while D1 was asked from the next on",
    before: shard(20),
    alive: [],
    now: shard(20, row(11, 20)),
    holds: false,
  },
  { name: "too old", before: shard(20), alive: [], now: shard(20), age_us: CATALOG_KEPT_MS * 1_000 + 1, holds: false },
  { name: "of the future", before: shard(20), alive: [], now: shard(20), age_us: -1, holds: false },
  { name: "written to by this isolate", before: shard(20), alive: [], now: shard(20), changes: 8, holds: false },
  { name: "asked for less time", before: shard(20), alive: [], now: shard(20), range: { from_us: 0, to_us: 2_001 }, holds: false },
];

describe("a kept catalog is a true view", () => {
  it.each(CASES)("$holds: $name", ({ before, alive, replaced = [], now, age_us = 5, changes = 7, range = RANGE, holds }) => {
    const when = { range: RANGE, loaded_us: NOW_US - age_us, changes: 7 };
    const kept = keepCatalog({ alive, replaced_ids: new Set(replaced) }, [before], when);
    expect(isTrue(kept, { states: [now], range, now_us: NOW_US, changes })).toBe(holds);
  });

  it("only of as many shards as were asked", () => {
    const kept = keepCatalog({ alive: [], replaced_ids: new Set() }, [shard(1)], { range: RANGE, loaded_us: NOW_US, changes: 0 });
    expect(isTrue(kept, { states: [shard(1), { ...shard(0), shard: 1 }], range: RANGE, now_us: NOW_US, changes: 0 })).toBe(false);
  });
});

describe("replaced segments", () => {
  it("are asked for from the oldest row that an object shows", () => {
    expect(replacedAfter([shard(50, row(31, 40), row(21, 30)), { ...shard(9), shard: 1 }])).toEqual([20, 9]);
  });
});
