import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Column, type EventBatch, NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";
import { cellAt, recordAt } from "../../../worker/engine/batch/record.ts";
import { withColumns } from "../../../worker/engine/query/pipes/computed-batch.ts";
import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import { planQuery } from "../../../worker/engine/query/plan-query.ts";
import { matchRows, parseQuery, printQuery } from "../../../worker/engine/query/query.ts";
import { event, filter, shadow, storage } from "./arbitraries.ts";
import { batchOf, dictColumn, type PlainEvent, type Storage } from "./batches.ts";

const now_us = Date.UTC(2026, 2, 2, 12) * 1000;

function plain(message: string, attributes: Record<string, unknown> = {}, fields: PlainEvent["fields"] = {}): PlainEvent {
  return { timestamp_us: now_us, ingest_us: now_us, fields: { message, ...fields }, attributes };
}

/** What the pipes make of events: message left out, attributes beside the fields. */
function after(pipes: string, events: PlainEvent[], stored: Storage): Record<string, unknown>[] {
  const query = parseQuery(`* | ${pipes}`, { now_us });
  expect(parseQuery(printQuery(query), { now_us })).toEqual(query);
  const { filter: condition, steps } = planQuery(query);
  const batch = batchOf(events, () => stored);
  const done = runSteps(steps, batch, matchRows(condition, batch));
  return Array.from(done.rows, (row) => {
    const { timestamp, ingest_ts, message, attributes, ...fields } = recordAt(done.batch, row);
    return { ...fields, ...attributes };
  });
}

const STORED = ["dict", "bytes", "number", "rest"] as const;

describe.each(STORED)("from %s columns", (stored) => {
  it.each<[string, PlainEvent[], Record<string, unknown>[]]>([
    ['extract "user <user> from <ip>:<_>"', [plain("a user bob from 10.0.0.1:80")], [{ user: "bob", ip: "10.0.0.1" }]],
    [
      'extract "<method> <path> took <ms> ms"',
      [plain("GET /a b took 5 ms"), plain("nothing")],
      [{ method: "GET", path: "/a b", ms: "5" }, {}],
    ],
    ['extract "took <rest>"', [plain("it took 5 ms and more")], [{ rest: "5 ms and more" }]],
    ['extract "\\<<tag>>"', [plain("x <b> y")], [{ tag: "b" }]],
    ['extract "id=<id> "', [plain("id=7 "), plain("id=")], [{ id: "7" }, {}]],
    [
      'extract "id=<id>"',
      [plain("id=7", { id: 1 }), plain("none", { id: 1 })],
      [{ id: "7" }, { id: stored === "number" ? "1" : expect.anything() }],
    ],
    [
      'extract ~"(?P<ms>\\d+) ms(?: in (?P<where>\\w+))?"',
      [plain("12 ms"), plain("7 ms in db"), plain("")],
      [{ ms: "12" }, { ms: "7", where: "db" }, {}],
    ],
    ['extract ~"(?P<name>ö\\w+)"', [plain("größe ölig")], [{ name: "ölig" }]],
    ['extract "<a>-<b>" from note', [plain("", { note: "x-y" }), plain("p-q")], [{ note: "x-y", a: "x", b: "y" }, {}]],
    [
      "extract json",
      [plain('{"a":{"b":1,"c":[1,{"d":2}]},"t":true,"n":null,"s":"x"}'), plain("{broken"), plain("[1]")],
      [{ "a.b": 1, "a.c": '[1,{"d":2}]', t: true, s: "x" }, {}, {}],
    ],
    [
      "extract json",
      [plain('{"level":"warning","service":"x","timestamp":"5","id":12345678901234567890}')],
      [{ level: "WARN", service: "x", timestamp: "5", id: "12345678901234567890" }],
    ],
    ['extract json prefix "p."', [plain('{"level":"x","a":1}')], [{ "p.level": "x", "p.a": 1 }]],
    ["extract json", [plain('{"v":1}'), plain('{"v":"x"}')], [{ v: "1" }, { v: "x" }]],
    [
      "extract logfmt",
      [plain('at=info path="/a \\"b\\"\\n" n=5 flag = x= "q=r"')],
      [{ at: "info", path: '/a "b"\n', n: "5", x: "", ...{ q: 'r"' } }],
    ],
    ['extract logfmt from note prefix "l_"', [plain("", { note: "a=1 level=err" })], [{ note: "a=1 level=err", l_a: "1", l_level: "err" }]],
    ["eval a = 1 + 1, b = a * 2, c = missing", [plain("x")], [{ a: 2, b: 4 }]],
    [
      "eval service = upper(service), level = 'critical'",
      [plain("x", {}, { service: "api", level: "INFO" })],
      [{ service: "API", level: "FATAL" }],
    ],
    ["eval level = 'nonsense'", [plain("x", {}, { level: "INFO" })], [{}]],
    ["eval h = date_trunc('hour', timestamp), us = to_number(timestamp)", [plain("x")], [{ h: "2026-03-02T12:00:00.000000Z", us: now_us }]],
    ["eval n = null", [plain("x", { n: 5, m: "6" })], [{ m: "6" }]],
    ["eval n = n + 1 | where n:>5", [plain("x", { n: 5 }), plain("x", { n: 4 })], [{ n: 6 }]],
    ["eval n = 7 | where expr(n = 7) | eval n = n + 1", [plain("x", { n: "1" })], [{ n: 8 }]],
    ['extract "n=<n>" | where n:1 | eval m = n + 1', [plain("n=1"), plain("n=2")], [{ n: "1", m: 2 }]],
    ["eval t = 'needle' | where _any:needle", [plain("x"), plain("y")], [{ t: "needle" }, { t: "needle" }]],
  ])("%s", (pipes, events, wanted) => {
    expect(after(pipes, events, stored)).toEqual(wanted);
  });
});

describe("computed columns", () => {
  it("hide what was stored under their name, whatever filter looks at them", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 6 }), storage, shadow, filter, (events, storageOf, shadowed, condition) => {
        const computed = events.map((_, row) => (row % 3 === 0 ? null : `error ${row}`));
        const name = "attributes.path";
        const batch = withColumns(batchOf(events, storageOf, shadowed), new Map<string, Column>([[name, dictColumn(computed)]]));
        const same = events.map((each, row) => {
          const { path: _path, ...others } = each.attributes;
          const own = computed[row];
          return { ...each, attributes: own === null ? others : { ...others, path: own } };
        });
        const expected = batchOf(same, (each) => (each === name ? "dict" : storageOf(each)), shadowed);
        expect([...matchRows(condition, batch)]).toEqual([...matchRows(condition, expected)]);
        for (let row = 0; row < events.length; row++) expect(recordAt(batch, row)).toEqual(recordAt(expected, row));
      }),
      { numRuns: 1500 },
    );
  });

  it("read of the batch only what is asked for", () => {
    const touched: string[] = [];
    const stored = batchOf([plain("user bob", { n: 1, m: 2 }), plain("user eve", { n: 3, m: 4 })], () => "number");
    const columns = new Map<string, Column>();
    columns.get = (name) => {
      touched.push(name);
      return stored.columns.get(name);
    };
    columns.has = (name) => stored.columns.has(name);
    columns.keys = () => stored.columns.keys();
    const batch: EventBatch = {
      rows: 2,
      columns,
      rest: null,
      get timestamp_us(): Float64Array {
        throw new Error("times were read");
      },
      get ingest_us(): Float64Array {
        throw new Error("times were read");
      },
    };
    const { steps } = planQuery(parseQuery('* | extract "user <user>" | eval k = n + 1 | where k:>2', { now_us }));
    const done = runSteps(steps, batch, Uint32Array.of(0, 1));
    expect([...done.rows]).toEqual([1]);
    expect(cellAt(done.batch.columns.get("attributes.user")!, 1)).toBe("eve");
    expect(new Set(touched)).toEqual(new Set(["message", "attributes.user", "attributes.n"]));
  });

  it("are columns like others: dictionaries where the field's always is one, null where no row was asked for", () => {
    const events = Array.from({ length: 6_000 }, (_, row) => plain(`m${row}`));
    const batch = batchOf(events, () => "bytes");
    const { steps } = planQuery(parseQuery("* | eval host = message, copy = message", { now_us }));
    const rows = Uint32Array.from(events.keys()).filter((row) => row > 10);
    const done = runSteps(steps, batch, rows);
    const host = done.batch.columns.get("host")!;
    const copy = done.batch.columns.get("attributes.copy")!;
    expect([host.kind, copy.kind]).toEqual(["dict", "bytes"]);
    expect(host.kind === "dict" && host.codes[3]).toBe(NULL_CODE);
    expect([cellAt(copy, 3), cellAt(copy, 5_999), cellAt(host, 11)]).toEqual([null, "m5999", "m11"]);
  });
});

describe("pipes that are refused", () => {
  it.each([
    ["* | eval timestamp = 1", "timestamp cannot be computed"],
    ["* | eval a", "= and an expression after the name a"],
    ["* | eval a = 1 b = 2", "expected"],
    ["* | eval = 2", "a name for what is computed"],
    ["* | extract", "json or logfmt"],
    ['* | extract "no places"', "names at least one place"],
    ['* | extract "<a><b>"', "need a text between them"],
    ['* | extract "<a> <a>"', "two places are called a"],
    ['* | extract "<a b>"', "a b is not a name"],
    ['* | extract "<timestamp>"', "timestamp cannot be computed"],
    ['* | extract ~"(\\d+)"', "no named groups"],
    ['* | extract ~"("', "missing closing )"],
    ["* | extract json from _any", "the name of one field"],
  ])("%s: %s", (text, message) => {
    expect(() => parseQuery(text, { now_us })).toThrow(message);
  });
});
