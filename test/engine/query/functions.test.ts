import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuery, type StatsPipe, statsFor, type Table } from "../../../worker/engine/query/query.ts";
import { event, shadow, storage } from "./arbitraries.ts";
import { ask } from "./ask.ts";
import { batchOf, type PlainEvent } from "./batches.ts";
import { withCheapForms } from "./cheap-forms.ts";
import { distinctOf, edgeOf, numbersOf, quantileOf, rawValue, shownValue, varianceOf } from "./naive.ts";

const NOON_US = Date.UTC(2026, 2, 1, 12) * 1000;

function pipeOf(text: string): StatsPipe {
  return parseQuery(`* | ${text}`, { now_us: NOON_US }).pipes[0] as StatsPipe;
}

function plain(second: number, service: string, attributes: Record<string, unknown> = {}): PlainEvent {
  return { timestamp_us: NOON_US + second * 1e6, ingest_us: NOON_US, fields: { service }, attributes };
}

const EVENTS = [
  plain(0, "api", { ms: 10, user: "a", ok: true }),
  plain(1, "api", { ms: "20", user: "b" }),
  plain(2, "api", { ms: 30.5, user: "a", ok: false }),
  plain(60, "api", { ms: -4, user: 7, ok: true }),
  plain(61, "api", { user: "7", tags: ["x"] }),
  plain(62, "web", { ms: 0 }),
];

describe("functions of stats", () => {
  it.each([
    ["count_uniq(user)", 3],
    ["count_uniq(timestamp)", 6],
    ["count_uniq(service)", 2],
    ["count_uniq(none)", 0],
    ["stddev(ms)", Math.sqrt(varianceOf([10, 20, 30.5, -4, 0])!)],
    ["variance(ms)", varianceOf([10, 20, 30.5, -4, 0])],
    ["stddev(none)", null],
    ["median(ms)", 10],
    ["p50(ms)", 10],
    ["p75(ms)", 20],
    ["p99(ms)", 30.5],
    ["p999(ms)", 30.5],
    ["quantile(0, ms)", -4],
    ["quantile(1, ms)", 30.5],
    ["quantile(.4, ms)", 0],
    ["p50(none)", null],
    ["first(user)", "a"],
    ["last(user)", "7"],
    ["first(timestamp)", "2026-03-01T12:00:00.000000Z"],
    ["last(tags)", '["x"]'],
    ["values(user)", '["7","a","b"]'],
    ["values(ok)", "[false,true]"],
    ["values(none)", "[]"],
    ["any(tags)", '["x"]'],
    ["histogram(ms, 3)", '[{"from":-8,"to":-2,"count":1},{"from":0,"to":0,"count":1},{"from":8,"to":32,"count":3}]'],
    [
      "histogram(ms, 9)",
      '[{"from":-4.03125,"to":-4,"count":1},{"from":0,"to":0,"count":1},{"from":10,"to":10.0625,"count":1},{"from":20,"to":20.125,"count":1},{"from":30.5,"to":30.625,"count":1}]',
    ],
    ["count() where (service:api)", 5],
    ["sum(ms) where (service:api -user:b)", 36.5],
    ["count_uniq(user) where (ms:>0)", 2],
    ["sum(ms * 2)", 113],
    ["max(length(service))", 3],
    ["rate()", 0.05],
    ["rate_sum(ms)", 56.5 / 120],
  ])("%s is %s", (call, expected) => {
    const table = ask(`* | stats ${call} as x`, EVENTS, { range: { from_us: NOON_US, to_us: NOON_US + 120e6 } });
    if (typeof expected === "number" && !Number.isInteger(expected)) expect(table.rows[0]![0]).toBeCloseTo(expected, 12);
    else expect(table.rows).toEqual([[expected]]);
  });

  it("takes the time of a rate from the piece of time", () => {
    expect(ask("* | stats rate() by bucket(1m)", EVENTS).rows.map((row) => row[1])).toEqual([0.05, 0.05]);
    expect(ask("* | stats rate()", EVENTS).rows).toEqual([[null]]);
    expect(ask("timestamp:[2026-03-01T12:00 TO 2026-03-01T12:01:40} | stats rate()", EVENTS).rows).toEqual([[6 / 100.000001]]);
  });

  it("groups by what an expression makes", () => {
    expect(ask("* | stats count() by upper(service) as s, length(user)", EVENTS)).toMatchObject({
      columns: ["s", "length(user)", "count"],
      rows: [
        ["API", 1, 5],
        ["WEB", null, 1],
      ],
    });
  });
});

const CALLS = [
  "count()",
  "count(path)",
  "count_uniq(path)",
  "count_uniq(duration_ms)",
  "count_uniq(message)",
  "p50(duration_ms)",
  "quantile(0.9, duration_ms)",
  "min(duration_ms)",
  "max(duration_ms)",
  "first(path)",
  "last(path)",
  "last(message)",
  "values(tags)",
  "count() where (service:* path:*)",
];
const BY = [[], ["service"], ["service", "path"], ["level", "bucket(10us)", "duration_ms"], ["message"], ["tags", "service"]];

describe("partial states", () => {
  it("merge into what plain computing over all events says, whatever the columns' form", () => {
    const placed = fc.array(fc.tuple(event, fc.nat(2)), { maxLength: 14 });
    const property = fc.property(placed, fc.constantFrom(...BY), storage, shadow, fc.boolean(), (events, by, storageOf, below, cheap) => {
      const pipe = pipeOf(
        `stats ${CALLS.map((call, index) => `${call} as f${index}`).join(", ")}${by.length > 0 ? ` by ${by.join(", ")}` : ""}`,
      );
      const whole = statsFor(pipe);
      for (const part of [2, 0, 1]) {
        const own = events.filter(([, place]) => place === part).map(([each]) => each);
        const batch = batchOf(own, storageOf, below);
        const state = statsFor(pipe);
        state.add(cheap ? withCheapForms(batch) : batch, Uint32Array.from(own.keys()));
        whole.merge(structuredClone(state.serialize()));
      }
      expect(byKeys(whole.result(), by.length)).toEqual(
        naive(
          events.map(([each]) => each),
          by,
        ),
      );
    });
    fc.assert(property, { numRuns: 1500 });
  });

  it("do not depend on the form of columns where rows are few among many", () => {
    const property = fc.property(
      fc.array(event, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(...BY),
      fc.infiniteStream(fc.boolean()),
      fc.constantFrom(1, 40),
      (events, by, chosen, step) => {
        const repeated = Array.from({ length: 100 }, () => events)
          .flat()
          .sort((a, b) => ((a.fields.service ?? "") < (b.fields.service ?? "") ? -1 : 1));
        const rows = Uint32Array.from(repeated.keys()).filter((row) => row % step === 0 && chosen.next().value === true);
        const pipe = pipeOf(
          `stats ${CALLS.map((call, index) => `${call} as f${index}`).join(", ")}${by.length > 0 ? ` by ${by.join(", ")}` : ""}`,
        );
        const tables = [batchOf(repeated), withCheapForms(batchOf(repeated))].map((batch) => {
          const state = statsFor(pipe);
          state.add(batch, rows);
          return byKeys(state.result(), by.length);
        });
        expect(tables[1]).toEqual(tables[0]);
        expect(tables[0]).toEqual(
          naive(
            [...rows].map((row) => repeated[row]!),
            by,
          ),
        );
      },
    );
    fc.assert(property, { numRuns: 40 });
  });
});

function byKeys(table: Table, keys: number): Map<string, unknown> {
  return new Map(
    table.rows.map((row) => [JSON.stringify(row.slice(0, keys).map((cell) => (cell === null ? null : String(cell)))), row.slice(keys)]),
  );
}

function naive(events: readonly PlainEvent[], by: readonly string[]): Map<string, unknown> {
  const groups = new Map<string, PlainEvent[]>(by.length === 0 ? [["[]", []]] : []);
  for (const each of events) {
    const key = JSON.stringify(by.map((name) => keyText(each, name)));
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return new Map([...groups].map(([key, own]) => [key, CALLS.map((call) => naiveCall(call, own))]));
}

function keyText(each: PlainEvent, name: string): string | null {
  if (name === "bucket(10us)") {
    const start_us = Number((BigInt(each.timestamp_us) / 10n - (each.timestamp_us < 0 && each.timestamp_us % 10 !== 0 ? 1n : 0n)) * 10n);
    return String(rawValue({ ...each, timestamp_us: start_us }, "timestamp"));
  }
  const value = shownValue(rawValue(each, name));
  return value === null ? null : String(value);
}

function naiveCall(call: string, events: readonly PlainEvent[]): unknown {
  const name = /\((?:0\.9, )?(\w*)\)/.exec(call)?.[1] ?? "";
  const has = (field: string) => (each: PlainEvent) => rawValue(each, field) !== undefined;
  const numbers = numbersOf(events, name);
  if (call.includes("where")) return events.filter(has("service")).filter(has("path")).length;
  if (call === "count()") return events.length;
  if (call.startsWith("count(")) return events.filter(has(name)).length;
  if (call.startsWith("count_uniq")) return distinctOf(events, name).length;
  if (call.startsWith("p50")) return quantileOf(numbers, 0.5);
  if (call.startsWith("quantile")) return quantileOf(numbers, 0.9);
  if (call.startsWith("min")) return numbers.length === 0 ? null : Math.min(...numbers) + 0;
  if (call.startsWith("max")) return numbers.length === 0 ? null : Math.max(...numbers) + 0;
  if (call.startsWith("values")) return JSON.stringify(distinctOf(events, name));
  return edgeOf(events, name, call.startsWith("last") ? 1 : -1);
}
