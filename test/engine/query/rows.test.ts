import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareCells, parseQuery, planColumns, planQuery, reducerFor, type TableValue } from "../../../worker/engine/query/query.ts";
import { RowsState } from "../../../worker/engine/query/stats/rows-state.ts";
import { QUERY_ROWS_MAX, QUERY_ROWS_SIZE_BYTES_MAX } from "../../../worker/limits.ts";
import { event, storage } from "./arbitraries.ts";
import { ask } from "./ask.ts";
import { batchOf, expectedRecord, type PlainEvent } from "./batches.ts";

const NOON_US = Date.UTC(2026, 2, 1, 12) * 1000;

function plain(second: number, service: string, attributes: Record<string, unknown> = {}): PlainEvent {
  return { timestamp_us: NOON_US + second * 1e6, ingest_us: NOON_US, fields: { service }, attributes };
}

const EVENTS = [
  plain(0, "api", { size: 5, tags: ["a", "b"] }),
  plain(1, "web", { size: "12" }),
  plain(2, "api", { size: 40 }),
  plain(3, "db", { ok: true }),
  plain(4, "web", { size: 5 }),
];

describe("rows of events", () => {
  it.each([
    [
      "sort size | fields service, size",
      ["service", "size"],
      [
        ["db", null],
        ["web", 5],
        ["api", 5],
        ["api", 40],
        ["web", "12"],
      ],
    ],
    [
      "sort -size, service | limit 3 | fields service, size",
      ["service", "size"],
      [
        ["web", "12"],
        ["api", 40],
        ["api", 5],
      ],
    ],
    [
      "fields service, size | sort service desc | offset 1 | limit 2",
      ["service", "size"],
      [
        ["web", "12"],
        ["db", null],
      ],
    ],
    ["sort timestamp | limit 1 | fields timestamp", ["timestamp"], [["2026-03-01T12:00:00.000000Z"]]],
    [
      "limit 3 | stats count() by service",
      ["service", "count"],
      [
        ["api", 1],
        ["db", 1],
        ["web", 1],
      ],
    ],
    ["offset 1 | limit 2 | sort size | fields size", ["size"], [[null], [40]]],
    ["sort -timestamp | where size:5 tags:a | fields service", ["service"], [["api"]]],
    ["sort size | limit 0", [], []],
  ])("* | %s", (pipes, columns, rows) => {
    expect(ask(`* | ${pipes}`, EVENTS)).toMatchObject({ columns, rows, overflow: null });
  });

  it("are whole events where no fields are chosen", () => {
    const table = ask("service:api | sort size | limit 5", EVENTS);
    expect(table.columns).toEqual(["timestamp", "ingest_ts", "service", "size", "tags"]);
    expect(table.rows[0]).toEqual(["2026-03-01T12:00:00.000000Z", "2026-03-01T12:00:00.000000Z", "api", 5, '["a","b"]']);
    expect(table.records).toEqual([0, 2].map((index) => expectedRecord(EVENTS[index]!)));
  });

  it("read only what later pipes look at", () => {
    const columnsOf = (text: string) => planColumns(planQuery(parseQuery(text, { now_us: 0 })));
    expect(columnsOf("host:a | sort service | limit 3 | stats sum(size) by level")).toEqual({
      names: new Set(["host", "service", "level", "attributes.size", "attributes"]),
    });
    expect(columnsOf("host:a | sort service")).toBe("all");
    expect(columnsOf("host:a | where service:b | limit 5")).toEqual({ names: new Set(["host", "service"]) });
  });

  it("keeps as many as the pipes can show", () => {
    const limitOf = (text: string) => planQuery(parseQuery(text, { now_us: 0 })).reduce;
    expect(limitOf("* | sort a | offset 5 | limit 10")).toMatchObject({ limit: 15 });
    expect(limitOf("* | sort a | limit 10 | offset 5 | limit 7")).toMatchObject({ limit: 10 });
    expect(limitOf("* | sort a | where b:1 | limit 10")).toMatchObject({ limit: QUERY_ROWS_MAX });
  });

  it("says how many rows a bound left out", () => {
    const events = Array.from({ length: QUERY_ROWS_MAX + 3 }, (_, index) => plain(index, "api"));
    const table = ask("* | sort timestamp | fields timestamp", events);
    expect(table.rows.length).toBe(QUERY_ROWS_MAX);
    expect(table.overflow).toEqual({ events: 3 });
    expect(ask("* | sort timestamp | limit 2 | fields timestamp", events).overflow).toBe(null);
  });

  it("keeps no more bytes than the bound", () => {
    const state = new RowsState({ kind: "rows", columns: null, keys: [{ field: "timestamp", descending: false }], limit: 1000 });
    const text = "x".repeat(QUERY_ROWS_SIZE_BYTES_MAX / 16);
    for (let index = 0; index < 20; index++) state.add(batchOf([plain(index, text)]), Uint32Array.of(0));
    const { rows, overflow } = state.result();
    expect(rows.length).toBeLessThan(9);
    expect(rows.length).toBeGreaterThan(5);
    expect(overflow).toEqual({ events: 20 - rows.length });
  });

  it("are those of a plain sort, however they are stored, parted and merged", () => {
    const key = fc.record({
      field: fc.constantFrom("service", "timestamp", "message", "attributes.duration_ms", "attributes.path", "fingerprint"),
      descending: fc.boolean(),
    });
    const property = fc.property(
      fc.array(fc.tuple(event, fc.nat(2)), { maxLength: 15 }),
      fc.array(key, { maxLength: 2 }),
      fc.nat(8),
      storage,
      (placed, keys, limit, storageOf) => {
        const fields = ["service", "timestamp", "message", "attributes.duration_ms", "attributes.path", "fingerprint"];
        const reduction = { kind: "rows" as const, columns: fields.map((field) => ({ field, as: field })), keys, limit };
        const whole = reducerFor(reduction);
        for (const part of [1, 0, 2]) {
          const events = placed.filter(([, place]) => place === part).map(([each]) => each);
          const reducer = reducerFor(reduction);
          reducer.add(batchOf(events, storageOf), Uint32Array.from(events.keys()));
          whole.merge(structuredClone(reducer.serialize()));
        }
        const all = placed.map(([each]) => ({ each, cells: fields.map((field) => cellOf(each, field)) }));
        const sorted = all.sort((left, right) => {
          for (const { field, descending } of keys) {
            const at = fields.indexOf(field);
            const difference = compareCells(left.cells[at]!, right.cells[at]!);
            if (difference !== 0) return descending ? -difference : difference;
          }
          const newest = right.each.timestamp_us - left.each.timestamp_us || right.each.ingest_us - left.each.ingest_us;
          return newest || left.cells.map((cell, at) => compareCells(cell, right.cells[at]!)).find((difference) => difference !== 0) || 0;
        });
        expect(whole.result().rows.map((row) => row.map((cell) => (cell === 0 ? 0 : cell)))).toEqual(
          sorted.slice(0, limit).map(({ cells }) => cells),
        );
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });
});

function cellOf(each: PlainEvent, field: string): TableValue {
  const record = expectedRecord(each) as unknown as Record<string, unknown> & { attributes: Record<string, unknown> };
  const value = field.startsWith("attributes.") ? record.attributes[field.slice(11)] : record[field];
  if (value === 0) return 0;
  return typeof value === "object" ? JSON.stringify(value) : ((value as TableValue | undefined) ?? null);
}
