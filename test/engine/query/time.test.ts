import { describe, expect, it } from "vitest";
import { formatDuration_us, parseDuration_us, parseTime_us } from "../../../worker/engine/query/query.ts";

const now_us = Date.UTC(2026, 2, 1, 12) * 1000 + 7;

describe("parseTime_us", () => {
  it.each([
    ["now", now_us],
    ["-15m", now_us - 900_000_000],
    ["now-1.5h", now_us - 5_400_000_000],
    ["+1s", now_us + 1_000_000],
    ["2026-03-01", Date.UTC(2026, 2, 1) * 1000],
    ["2026-03-01T10:30", Date.UTC(2026, 2, 1, 10, 30) * 1000],
    ["2026-03-01 10:30:15Z", Date.UTC(2026, 2, 1, 10, 30, 15) * 1000],
    ["2026-03-01T10:30:15.1234567Z", Date.UTC(2026, 2, 1, 10, 30, 15) * 1000 + 123_456],
    ["2026-03-01T10:30:15+02:30", Date.UTC(2026, 2, 1, 8, 0, 15) * 1000],
    ["1969-12-31T23:59:59.999999Z", -1],
    ["1700-01-01", Date.parse("1700-01-01") * 1000],
    ["0050-01-01", null],
    ["1772366400", 1_772_366_400_000_000],
    ["1772366400.5", 1_772_366_400_500_000],
    ["1772366400123", 1_772_366_400_123_000],
    ["1772366400123456", 1_772_366_400_123_456],
    ["1772366400123456789", 1_772_366_400_123_456],
    ["2026-02-29", null],
    ["2024-02-29", Date.UTC(2024, 1, 29) * 1000],
    ["2026-13-01", null],
    ["2026-03-01T24:00", null],
    ["2026-03-01T10:30:15+99:00", null],
    ["-15", -15_000_000],
    ["-15x", null],
    ["yesterday", null],
    ["", null],
  ])("%s is %j", (text, time_us) => {
    expect(parseTime_us(text, now_us)).toBe(time_us);
  });
});

describe("durations", () => {
  it.each([
    ["5m", 300_000_000, "5m"],
    ["90s", 90_000_000, "90s"],
    ["1.5h", 5_400_000_000, "90m"],
    ["7d", 604_800_000_000, "1w"],
    ["250ms", 250_000, "250ms"],
    ["3us", 3, "3us"],
  ])("%s is %i microseconds, printed %s", (text, duration_us, printed) => {
    expect(parseDuration_us(text)).toBe(duration_us);
    expect(formatDuration_us(duration_us)).toBe(printed);
    expect(parseDuration_us(printed)).toBe(duration_us);
  });

  it.each(["", "5", "m", "-5m", "5x", "0.5us", "99999999999w"])("%j is none", (text) => {
    expect(parseDuration_us(text)).toBeNull();
  });
});
