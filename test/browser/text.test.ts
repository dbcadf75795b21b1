import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bestChart, lineSeries, shapeOf, tableCsv } from "../../app/src/lib/charts/read-table.ts";
import { bytes, count, dollars, duration, figure } from "../../app/src/lib/format/number.ts";
import { timeTicks } from "../../app/src/lib/format/ticks.ts";
import { ansiRuns } from "../../app/src/lib/lines/ansi.ts";
import { lineParts } from "../../app/src/lib/lines/line-parts.ts";
import { markFinder } from "../../app/src/lib/lines/marks.ts";
import { conditionOf, filterPart, quoteValue, withCondition, withoutCondition, withPipe } from "../../app/src/lib/query/filters.ts";
import { matchRows, parseQuery } from "../../worker/engine/query/query.ts";
import { batchOf } from "../support/search/events.ts";

const NOW = { now_us: 1_750_000_000_000_000 };

describe("marks of time", () => {
  const now_ms = Date.parse("2026-11-28T15:00:00Z");
  const marks = (from: string, to: string, count_max: number, offset_h = 0) =>
    timeTicks(Date.parse(from), Date.parse(to), count_max, offset_h * 3_600_000, now_ms).map(({ text }) => text);

  it.each([
    ["2026-11-28T14:05:10Z", "2026-11-28T14:20:10Z", 6, 0, ["14:10", "14:15", "14:20"]],
    ["2026-11-28T14:05:10Z", "2026-11-28T14:05:50Z", 5, 0, ["14:05:10", "14:05:20", "14:05:30", "14:05:40", "14:05:50"]],
    ["2026-11-27T15:00:00Z", "2026-11-28T15:00:00Z", 5, 0, ["11-27 18:00", "11-28", "06:00", "12:00"]],
    ["2026-11-27T15:00:00Z", "2026-11-28T15:00:00Z", 5, -5, ["11-27 12:00", "18:00", "11-28", "06:00"]],
    ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", 6, 0, ["10-01", "10-08", "10-15", "10-22", "10-29"]],
  ])("from %s to %s, %i at most, %i hours ahead: %j", (from, to, count_max, offset_h, expected) =>
    expect(marks(from, to, count_max, offset_h)).toEqual(expected),
  );

  it("are never more than there is room for, each in the range", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 1, max: 3e10 }),
        fc.integer({ min: 1, max: 30 }),
        (from_ms, span_ms, count_max) => {
          const ticks = timeTicks(from_ms, from_ms + span_ms, count_max, 3_600_000);
          expect(ticks.length).toBeLessThanOrEqual(count_max + 1);
          for (const { at_ms } of ticks) expect(at_ms >= from_ms && at_ms <= from_ms + span_ms).toBe(true);
        },
      ),
    );
  });
});

describe("text of lines", () => {
  const shown = (text: string, options = {}) =>
    lineParts(text, options).map((part) => (part.kind === "text" ? part.text : `<${part.text}>`));

  it.each([
    ["plain", ["plain"]],
    ["\u001b[2Jcleared", ["<ESC>", "[2Jcleared"]],
    ["a\u202eb", ["a", "<U+202E>", "b"]],
    ["one\ntwo", ["one", "<↵>", "two"]],
    ["tab\tstays", ["tab\tstays"]],
    ["zero\u200bwidth\ufeff", ["zero", "<U+200B>", "width", "<U+FEFF>"]],
    ["שלום 👋🏽 👩‍👩‍👧", ["שלום 👋🏽 👩‍👩‍👧"]],
    ["", []],
  ])("%j is shown as %j", (text, parts) => expect(shown(text)).toEqual(parts));

  it("keeps line ends where asked, and says what it left out", () => {
    expect(shown("one\ntwo", { keep_lines: true })).toEqual(["one\ntwo"]);
    expect(shown("abcdef", { length_max: 2 })).toEqual(["ab", "<… 4 more characters>"]);
  });

  it("never lets a control or a turning mark through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(shown(text).join("").replaceAll("\t", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });

  it("takes colours of terminals for looks, and the finest for the nearest", () => {
    const looks = (text: string) => ansiRuns(text)?.map(({ text: own, look }) => [own, look?.colour ?? null, look?.bold ?? false]);
    expect(looks("a \u001b[1;31mred\u001b[0m b")).toEqual([
      ["a ", null, false],
      ["red", "red", true],
      [" b", null, false],
    ]);
    expect(looks("\u001b[38;2;10;200;30mg\u001b[38;5;196mr\u001b[39;22mn")).toEqual([
      ["g", "green", false],
      ["r", "red", false],
      ["n", null, false],
    ]);
    expect(ansiRuns("no colours")).toBeNull();
  });

  it("marks what a query looks for, across colours", async () => {
    const text = { kind: "text" as const, field: "message", word_start: true, word_end: true, any_case: true };
    const find = await markFinder([
      { ...text, text: "time out" },
      { kind: "regex", field: "message", pattern: "\\d+ ms" },
    ]);
    const marked = lineParts("Time \u001b[31mout\u001b[0m after 30 ms, no timeouts", { find }).filter((part) => part.marked);
    expect(marked.map((part) => part.text)).toEqual(["Time ", "out", "30 ms"]);
    expect(find("service", "time out")).toEqual([]);
  });
});

describe("conditions of clicked values", () => {
  it.each([
    ["", "service", "api", false, "service:api"],
    ["level:error", "host", "web 1", false, 'level:error host:"web 1"'],
    ["a OR b", "host", "x", true, "(a OR b) -host:x"],
    ['"a | b" | stats count()', "host", "x", false, '"a | b" host:x | stats count()'],
    ["service:api", "service", "api", false, "service:api"],
    ["-service:api b", "service", "api", false, "b service:api"],
    ["* | limit 5", "a b", 5, false, '"a b":5 | limit 5'],
    ["", "x", null, true, "x:*"],
    ["", "tags", ["a", "b c"], false, 'tags:(a, "b c")'],
  ])("%j and %s=%s (out: %s) is %j", (query, field, value, exclude, expected) => {
    expect(withCondition(query, conditionOf(field, value, exclude) ?? "")).toBe(expected);
  });

  it("are taken back", () => {
    expect(withoutCondition("a service:api | limit 5", "service:api")).toBe("a | limit 5");
    expect(withoutCondition("service:api | limit 5", "service:api")).toBe("* | limit 5");
  });

  it("find the event that was clicked, whatever its value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }), fc.boolean(), (text, exclude) => {
        const value = text.toWellFormed();
        const { filter } = parseQuery(withCondition("", conditionOf("note", value, exclude) ?? ""), NOW);
        const batch = batchOf([{ timestamp_us: 1, ingest_us: 1, attributes: { note: value } }], ["note"]);
        expect(matchRows(filter, batch).length).toBe(exclude ? 0 : 1);
      }),
    );
  });

  it.each(["and", "OR", "not", "a*b", ">5", "[1", "~x", "-a", '"', "\\", "a b", "a|b", "(x", "x)"])(
    "quote %j, which would mean something",
    (value) => {
      expect(quoteValue(value)).toMatch(/^".*"$/);
    },
  );

  it("leave the pipes behind for a histogram, but for conditions", () => {
    expect(filterPart('a "b | c" | stats count()')).toBe('a "b | c"');
    expect(filterPart("a | where b:1 | stats count() | where count:>1")).toBe("a | where b:1");
    expect(filterPart("a")).toBe("a");
    expect(withPipe("a | stats count()", "top 5 x")).toBe("a | top 5 x");
  });
});

describe("tables", () => {
  const time = (minute: number) => `2026-11-28T14:0${minute}:00.000000Z`;
  const series = {
    columns: ["bucket", "level", "count"],
    rows: [
      [time(0), "ERROR", 1],
      [time(0), "INFO", 5],
      [time(1), "INFO", 7],
    ],
  };

  it.each<[string, { columns: string[]; rows: unknown[][] }, string]>([
    ["a time and numbers", series, "line"],
    [
      "a group and numbers",
      {
        columns: ["service", "count"],
        rows: [
          ["api", 1],
          ["web", 2],
        ],
      },
      "bar",
    ],
    ["one row of numbers", { columns: ["count", "p99"], rows: [[1, 2.5]] }, "number"],
    ["texts alone", { columns: ["service", "host"], rows: [["api", "a"]] }, "table"],
    ["no rows", { columns: ["service", "count"], rows: [] }, "table"],
    ["patterns", { columns: ["sample", "count", "first_seen"], rows: [["x".repeat(90), 2, time(0)]] }, "table"],
  ])("of %s are drawn well", (_, table, kind) => expect(bestChart(table)).toBe(kind));

  it("become a line for each group, with holes where there is nothing", () => {
    const { times_s, series: lines, left_out } = lineSeries(series, shapeOf(series), 10);
    expect(times_s).toHaveLength(2);
    expect(lines).toEqual([
      { label: "INFO", values: [5, 7] },
      { label: "ERROR", values: [1, null] },
    ]);
    expect(left_out).toBe(0);
  });

  it("are CSV that a spreadsheet does not run", () => {
    expect(
      tableCsv({
        columns: ["a", "b"],
        rows: [
          ["=1+1", -5],
          ['say "hi"', null],
          ["@x", 1.5],
        ],
      }),
    ).toBe(["a,b", "'=1+1,-5", '"say ""hi""",', "'@x,1.5", ""].join("\r\n"));
  });
});

describe("numbers", () => {
  it.each([
    [bytes(0), "0 B"],
    [bytes(999), "999 B"],
    [bytes(1_100_000), "1.1 MB"],
    [bytes(812_000), "812 KB"],
    [duration(38.4), "38 ms"],
    [duration(1_234), "1.2 s"],
    [duration(184_000), "3 min 4 s"],
    [count(18_204), "18,204"],
    [figure(0.123456), "0.1235"],
    [figure(12_345.678), "12,345.7"],
    [dollars(0.0000021), "$0.0000021"],
  ])("%s is %s", (shown, expected) => expect(shown).toBe(expected));
});
