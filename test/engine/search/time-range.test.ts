import { describe, expect, it } from "vitest";
import { Problem } from "../../../worker/errors.ts";
import { openEnd_us, readTime_us, resolveRange } from "../../../worker/search/time-range.ts";

const NOW_US = Date.UTC(2026, 10, 20, 12, 0, 0) * 1_000;
const MINUTE_US = 60_000_000;

describe("readTime_us", () => {
  it.each([
    ["now", NOW_US],
    ["-15m", NOW_US - 15 * MINUTE_US],
    ["now-1h", NOW_US - 60 * MINUTE_US],
    ["now+1h", NOW_US + 60 * MINUTE_US],
    ["now 1h", NOW_US + 60 * MINUTE_US],
    ["2026-11-20T12:00:00Z", NOW_US],
    ["2026-11-20T14:00:00+02:00", NOW_US],
    ["2026-11-20T14:00:00 02:00", NOW_US],
    ["2026-11-20T12:00:00.000001Z", NOW_US + 1],
    ["1700000000", 1_700_000_000_000_000],
    ["1700000000123", 1_700_000_000_123_000],
    ["1700000000123456", 1_700_000_000_123_456],
    ["1700000000123456789", 1_700_000_000_123_456.8],
    ["yesterday", null],
    ["-1", null],
    ["2026-02-30", null],
    ["", null],
  ])("%s", (text, expected) => {
    const time_us = readTime_us(text, NOW_US);
    if (expected === null) expect(time_us).toBeNull();
    else expect(Math.abs(time_us! - expected)).toBeLessThan(1);
  });
});

describe("resolveRange", () => {
  it("takes a day before the end where nothing is given", () => {
    const range = resolveRange(undefined, undefined, NOW_US, openEnd_us(NOW_US));
    expect(range.from_us).toBe(NOW_US - 86_400_000_000);
    expect(range.to_us).toBeGreaterThan(NOW_US);
  });

  it.each([
    ["from", "soon", undefined],
    ["to", undefined, "later"],
    ["from", "now", "-1h"],
  ])("names the field %s that is wrong", (field, from, to) => {
    try {
      resolveRange(from, to, NOW_US, NOW_US);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(Problem);
      expect((error as Problem).status).toBe(422);
      expect((error as Problem).details.errors?.[0]?.field).toBe(field);
    }
  });

  it("allows a range of nothing", () => {
    expect(resolveRange("now", "now", NOW_US, NOW_US)).toEqual({ from_us: NOW_US, to_us: NOW_US });
  });
});
