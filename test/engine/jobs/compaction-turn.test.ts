import { describe, expect, it } from "vitest";
import { compactionTurn } from "../../../worker/jobs/compaction-turn.ts";
import { COMPACT_AGE_MS, COMPACT_INPUTS_MIN, COMPACT_INPUTS_RUSH_MAX, COMPACT_RUSH_MS } from "../../../worker/limits.ts";

const NOW_US = Date.UTC(2026, 0, 10) * 1000;
const ago = (ms: number) => NOW_US - ms * 1000;

describe("the turn of a compaction", () => {
  it.each([
    ["nothing is flushed", 0, null, null, "none", "none"],
    ["few are flushed", COMPACT_INPUTS_MIN - 1, ago(60_000), ago(30_000), "none", "none"],
    ["one is old", 1, ago(COMPACT_AGE_MS), ago(COMPACT_AGE_MS), "now", "now"],
    ["enough are flushed and it is calm", COMPACT_INPUTS_MIN, ago(60_000), ago(COMPACT_RUSH_MS), "now", "now"],
    ["enough are flushed in a rush", COMPACT_INPUTS_MIN, ago(60_000), ago(COMPACT_RUSH_MS - 1), "now", "later"],
    ["too many have gathered in a rush", COMPACT_INPUTS_RUSH_MAX, ago(60_000), ago(0), "now", "now"],
  ] as const)("%s", (_, count, oldest_us, newest_us, beside, one_thread) => {
    expect(compactionTurn({ count, oldest_us, newest_us }, NOW_US, false)).toBe(beside);
    expect(compactionTurn({ count, oldest_us, newest_us }, NOW_US, true)).toBe(one_thread);
  });
});
