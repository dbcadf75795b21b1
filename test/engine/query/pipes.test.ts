import { describe, expect, it } from "vitest";
import { parseQuery, planColumns, planQuery } from "../../../worker/engine/query/query.ts";
import { TIMESERIES_ROWS_MAX } from "../../../worker/limits.ts";
import { ask } from "./ask.ts";
import type { PlainEvent } from "./batches.ts";

const NOON_US = Date.UTC(2026, 2, 1, 12) * 1000;
const MINUTE_US = 60e6;

function plain(minute: number, service: string, attributes: Record<string, unknown> = {}, message = "m", fingerprint = 1): PlainEvent {
  return {
    timestamp_us: NOON_US + minute * MINUTE_US,
    ingest_us: NOON_US,
    fingerprint,
    fields: { service, message, level: "INFO" },
    attributes,
  };
}

const EVENTS = [
  plain(0, "api", { path: "/a", ms: 10 }),
  plain(1, "api", { path: "/b", ms: 20 }),
  plain(2, "api", { path: "/b", ms: 30 }, "n", 2),
  plain(11, "web", { path: "/a", ms: 40 }, "n", 2),
  plain(12, "web", { path: "/c", ms: 50 }, "n", 2),
  plain(13, "db", { ms: 60 }, "n", 2),
];
const time = (minute: number) => `2026-03-01T12:${String(minute).padStart(2, "0")}:00.000000Z`;

describe("pipes that make tables", () => {
  it.each([
    [
      "top 2 path",
      ["path", "count", "share"],
      [
        ["/a", 2, 1 / 3],
        ["/b", 2, 1 / 3],
      ],
    ],
    [
      "top 1 path by service",
      ["service", "path", "count", "share"],
      [
        ["api", "/b", 2, 2 / 3],
        ["db", null, 1, 1],
        ["web", "/a", 1, 0.5],
      ],
    ],
    ["top 1 service, path as p", ["service", "p", "count", "share"], [["api", "/b", 2, 1 / 3]]],
    [
      "top length(path)",
      ["length(path)", "count", "share"],
      [
        [2, 5, 5 / 6],
        [null, 1, 1 / 6],
      ],
    ],
    ["uniq service", ["service"], [["api"], ["db"], ["web"]]],
    [
      "uniq count service",
      ["service", "count"],
      [
        ["api", 3],
        ["db", 1],
        ["web", 2],
      ],
    ],
    [
      "uniq path, service",
      ["path", "service"],
      [
        [null, "db"],
        ["/a", "api"],
        ["/a", "web"],
        ["/b", "api"],
        ["/c", "web"],
      ],
    ],
    ["eval count = ms | uniq count | limit 1", ["count"], [[10]]],
    [
      "patterns 1",
      ["fingerprint", "level", "count", "first_seen", "last_seen", "sample"],
      [["00000000000002", "INFO", 4, time(2), time(13), "n"]],
    ],
    [
      "patterns by service | fields service, count",
      ["service", "count"],
      [
        ["api", 2],
        ["web", 2],
        ["api", 1],
        ["db", 1],
      ],
    ],
    [
      "timeseries 5m count()",
      ["bucket", "count"],
      [
        [time(0), 3],
        [time(5), 0],
        [time(10), 3],
      ],
    ],
    [
      "timeseries 10m max(ms), rate() as r by service | where service:(api, db)",
      ["bucket", "service", "max_ms", "r"],
      [
        [time(0), "api", 30, 3 / 600],
        [time(0), "db", null, 0],
        [time(10), "api", null, 0],
        [time(10), "db", 60, 1 / 600],
      ],
    ],
  ])("* | %s", (pipes, columns, rows) => {
    const table = ask(`* | ${pipes}`, EVENTS);
    expect(table).toEqual({ columns, rows, overflow: null });
    expect(ask(`* | ${pipes}`, EVENTS, { partOf: (index) => index % 3 })).toEqual(table);
  });

  it("fills all of the range that is asked about", () => {
    const range = { from_us: NOON_US - 1, to_us: NOON_US + 30 * MINUTE_US };
    expect(ask("* | timeseries 10m count()", EVENTS, { range }).rows.map((row) => row[1])).toEqual([0, 3, 3, 0]);
    expect(ask("timestamp:<2026-03-01T12:10 | timeseries 10m", EVENTS, { range }).rows.map((row) => row[1])).toEqual([0, 3, 0]);
    expect(ask("nothing | timeseries 10m", EVENTS, { range }).rows.map((row) => row[1])).toEqual([0, 0, 0, 0]);
    expect(ask("nothing | timeseries 10m by service", EVENTS, { range }).rows).toEqual([]);
  });

  it("cuts weeks and days where the offset says", () => {
    const table = ask('* | timeseries bucket(1d, "+02:00")', EVENTS, { range: { from_us: NOON_US, to_us: NOON_US + 86_400e6 } });
    expect(table.rows).toEqual([
      ["2026-02-28T22:00:00.000000Z", 6],
      ["2026-03-01T22:00:00.000000Z", 0],
    ]);
  });

  it.each([
    [60e6, 500_000],
    [3_600e6, 30e6],
    [86_400e6, 900e6],
    [7 * 86_400e6, 7_200e6],
    [400 * 86_400e6, 604_800e6],
    [200 * 365 * 86_400e6, 87 * 604_800e6],
  ])("chooses for %i us a step of %i us", (span_us, step_us) => {
    const plan = planQuery(parseQuery("* | timeseries", { now_us: 0 }), { range: { from_us: 0, to_us: span_us } });
    expect(plan.table).toMatchObject([{ kind: "fill", size_us: step_us }]);
  });

  it("leaves pieces without events out where there would be too many rows", () => {
    const range = { from_us: NOON_US, to_us: NOON_US + TIMESERIES_ROWS_MAX * 1e6 + 1e6 };
    expect(ask("* | timeseries 1s", EVENTS, { range }).rows.length).toBe(6);
    expect(ask("* | timeseries 1s", EVENTS, { range: { ...range, to_us: range.to_us - 1e6 } }).rows.length).toBe(TIMESERIES_ROWS_MAX);
  });
});

describe("pipes compose", () => {
  it.each([
    [
      "stats count() as n by service | where n:>1 | eval share = n / 10 | sort -share | limit 1",
      ["service", "n", "share"],
      [["api", 3, 0.3]],
    ],
    [
      "stats count() as n by service, path | stats count() as paths, sum(n) as n by service | where paths:>1",
      ["service", "paths", "n"],
      [
        ["api", 2, 3],
        ["web", 2, 2],
      ],
    ],
    ["eval slow = ms > 25 | where slow:true | stats count() by slow", ["slow", "count"], [[true, 4]]],
    ["eval slow = ms > 25 | where service:api | fields slow, ms | sort -ms | limit 1", ["slow", "ms"], [[true, 30]]],
    [
      'extract "/<name>" from path | stats count() by name',
      ["name", "count"],
      [
        [null, 1],
        ["a", 2],
        ["b", 2],
        ["c", 1],
      ],
    ],
    ['stats count() by path | extract "/<name>" from path | where name:b', ["path", "count", "name"], [["/b", 2, "b"]]],
    [
      "stats max(timestamp) as timestamp by service | where timestamp:>=2026-03-01T12:12 | sort -timestamp | fields service",
      ["service"],
      [["db"], ["web"]],
    ],
    [
      "stats max(timestamp) as timestamp by service | stats count() by bucket(10m)",
      ["bucket", "count"],
      [
        [time(0), 1],
        [time(10), 2],
      ],
    ],
    ["uniq service | stats count() as services", ["services"], [[3]]],
    ["top 2 path | stats sum(share) as covered", ["covered"], [[2 / 3]]],
    ["stats values(path) as paths by service | where service:web", ["service", "paths"], [["web", '["/a","/c"]']]],
    ["stats first(ms) as f, last(ms) as l by service | stats first(f) as first, last(l) as last", ["first", "last"], [[10, 50]]],
    ["sort -ms | limit 2 | stats avg(ms) as mean", ["mean"], [[55]]],
    ["limit 2 | stats count() by service | top 1 service", ["service", "count", "share"], [["db", 1, 0.5]]],
    ["stats count() as n by fingerprint | where fingerprint:00000000000002", ["fingerprint", "n"], [["00000000000002", 4]]],
    ["head 1 | fields ms | order by ms", ["ms"], [[60]]],
  ])("* | %s", (pipes, columns, rows) => {
    expect(ask(`* | ${pipes}`, EVENTS)).toEqual({ columns, rows, overflow: null });
  });

  it.each([
    ['where timestamp:contains("x")', []],
    ["where timestamp:>2020-01-01", []],
    ["eval day = date_trunc('day', timestamp) | stats count() by day, timestamp, bucket(1d)", [[null, null, null, 1]]],
    ["sort timestamp", [[null]]],
  ])("take a time that is missing: %s", (pipes, rows) => {
    expect(ask(`nothing | stats max(timestamp) as timestamp | ${pipes}`, EVENTS).rows).toEqual(rows);
  });

  it("put conditions on what is stored into the filter, others after what they need", () => {
    const plan = planQuery(parseQuery("a | eval x = b | where c:1 | where x:1 d:2 | stats sum(e * 2) by upper(service)", { now_us: 0 }));
    expect(plan.filter).toMatchObject({ kind: "and", filters: [{ kind: "phrase" }, { kind: "equal", field: "attributes.c" }] });
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["eval", "where", "eval", "eval"]);
    const attributes = ["b", "c", "d", "e"].map((name) => `attributes.${name}`);
    expect(planColumns(plan)).toEqual({ names: new Set(["message", "service", "attributes", ...attributes]) });
  });
});
