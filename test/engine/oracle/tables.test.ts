/** `top`, `uniq`, `timeseries`, rates and `sort` of events against DuckDB over the same events, however they are stored and parted. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  and,
  type Filter,
  type GroupKey,
  type Pipe,
  printQuery,
  type StatsCall,
  type TableValue,
} from "../../../worker/engine/query/query.ts";
import { EventTable } from "./duckdb.ts";
import { dataset, eventsOf, MIDNIGHT_US } from "./events.ts";
import { filterSql } from "./filter-sql.ts";
import { filter } from "./filters.ts";
import { key } from "./pipes.ts";
import { tableOf } from "./reduce.ts";
import { compareRows, expectedStats, sameCell } from "./stats-sql.ts";
import { storedForms } from "./stored.ts";

const RUNS = Number(process.env.ORACLE_RUNS ?? 40);
/** A busy machine tries fewer. */
const TIME_MS = Number(process.env.ORACLE_MS ?? 14_000);
const SEED = process.env.ORACLE_SEED === undefined ? 20_260_306 : Number(process.env.ORACLE_SEED);

const HOUR_US = 3_600_000_000;
const RANGE = { from_us: MIDNIGHT_US - 2 * HOUR_US, to_us: MIDNIGHT_US + 30 * HOUR_US + 1 };

interface Asked {
  /** As a pipe, and what its table must be. */
  pipe: Pipe;
  range: typeof RANGE | null;
  expected(condition: string, table: EventTable): Promise<TableValue[][]>;
}

const COUNT: StatsCall = { name: "count", field: null, as: "count" };
const named = (prefix: string, most: number) =>
  fc.array(key, { minLength: 1, maxLength: most }).map((keys) => keys.map((each, at) => ({ ...each, as: `${prefix}${at}` })));

async function counts(by: GroupKey[], condition: string, table: EventTable): Promise<TableValue[][]> {
  return (await expectedStats({ kind: "stats", functions: [COUNT], by }, condition, table)).rows;
}

/** The most frequent in each group, equally frequent ones in their order. */
const top: fc.Arbitrary<Asked> = fc
  .tuple(fc.constantFrom(1, 2, 10), named("k", 2), fc.oneof(fc.constant<GroupKey[]>([]), named("g", 1)))
  .map(([limit, keys, by]) => ({
    pipe: { kind: "top", limit, keys, by },
    range: null,
    async expected(condition, table) {
      const groups = new Map<string, TableValue[][]>();
      for (const row of await counts([...by, ...keys], condition, table)) {
        const id = JSON.stringify(row.slice(0, by.length));
        groups.set(id, [...(groups.get(id) ?? []), row]);
      }
      return [...groups.values()].flatMap((rows) => {
        const total = rows.reduce((sum, row) => sum + (row.at(-1) as number), 0);
        const ranked = rows.toSorted((left, right) => (right.at(-1) as number) - (left.at(-1) as number));
        return ranked.slice(0, limit).map((row) => [...row, (row.at(-1) as number) / total]);
      });
    },
  }));

const uniq: fc.Arbitrary<Asked> = fc.tuple(named("k", 2), fc.boolean()).map(([keys, count]) => ({
  pipe: { kind: "uniq", keys, count },
  range: null,
  async expected(condition, table) {
    const rows = await counts(keys, condition, table);
    return count ? rows : rows.map((row) => row.slice(0, -1));
  },
}));

/** Every piece of the range for every series that occurs in it. */
const timeseries: fc.Arbitrary<Asked> = fc
  .tuple(
    fc.constantFrom(HOUR_US, 6 * HOUR_US, 300_000_000),
    fc.oneof(fc.constant<GroupKey[]>([]), named("s", 1)),
    fc.constantFrom(0, -5.5 * HOUR_US),
  )
  .map(([size_us, by, zone_us]) => ({
    pipe: {
      kind: "timeseries",
      step: { size_us, zone_us },
      by,
      functions: [COUNT, { name: "sum", field: "attributes.stats", as: "sum" }, { name: "rate", field: null, as: "rate" }],
    },
    range: RANGE,
    async expected(condition, table) {
      const bucket: GroupKey = { kind: "bucket", size_us, zone_us, as: "bucket" };
      const sum: StatsCall = { name: "sum", field: "attributes.stats", as: "sum" };
      const { rows } = await expectedStats({ kind: "stats", functions: [COUNT, sum], by: [bucket, ...by] }, condition, table);
      const known = new Map(rows.map((row) => [JSON.stringify(row.slice(0, 1 + by.length)), row]));
      const series = [...new Map(rows.map((row) => [JSON.stringify(row.slice(1, 1 + by.length)), row.slice(1, 1 + by.length)])).values()];
      const order = by.map((_, at) => ({ at, descending: false }));
      series.sort((left, right) => compareRows(left, right, order));
      const filled: TableValue[][] = [];
      const first_us = Math.floor((RANGE.from_us + zone_us) / size_us) * size_us - zone_us;
      for (let start_us = first_us; start_us < RANGE.to_us; start_us += size_us) {
        const start = `${new Date(start_us / 1000).toISOString().slice(0, -1)}000Z`;
        for (const cells of by.length === 0 ? [[]] : series) {
          const row = known.get(JSON.stringify([start, ...cells])) ?? [start, ...cells, 0, null];
          filled.push([...row, (row[1 + by.length] as number) / (size_us / 1e6)]);
        }
      }
      return filled;
    },
  }));

const FIELDS = ["attributes.duration_ms", "attributes.stats", "host", "level", "attributes.user.name", "timestamp", "attributes.naïve"];

/** Chosen fields of events in the order of some; the arrival, which no two share, is the last key. */
const sorted: fc.Arbitrary<{ pipes: Pipe[] } & Omit<Asked, "pipe">> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...FIELDS), { minLength: 1, maxLength: 2 }),
    fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    fc.constantFrom(0, 1, 7, 100),
    fc.constantFrom(0, 2),
  )
  .map(([fields, descending, limit, offset]) => {
    const all = [...fields, "ingest_ts"];
    const names = all.map((field) => field.replace("attributes.", ""));
    const keys = names.map((column, at) => ({ column: column === "level" ? "level" : column, descending: descending[at] ?? false }));
    return {
      pipes: [
        { kind: "sort", keys },
        { kind: "offset", count: offset },
        { kind: "limit", count: limit },
        { kind: "fields", fields: all },
      ],
      range: null,
      async expected(condition, table) {
        const cells = all.map((field) => `(${table.field(field).whole}).k, (${table.field(field).whole}).t`);
        const rows = (await table.rows(`SELECT ${cells.join(", ")} FROM events WHERE ${condition}`)).map((row) =>
          all.map((_, at) => shown(row[2 * at] as string | null, row[2 * at + 1] as string)),
        );
        rows.sort((left, right) =>
          compareRows(
            left,
            right,
            keys.map((each, at) => ({ at, descending: each.descending })),
          ),
        );
        return rows.slice(offset, offset + limit);
      },
    };
  });

function shown(kind: string | null, text: string): TableValue {
  if (kind === null) return null;
  return kind === "number" ? Number(text) : kind === "boolean" ? text === "true" : text;
}

const asked = fc.record({
  filter: fc.oneof({ weight: 2, arbitrary: fc.constant({ kind: "all" } as Filter) }, { weight: 1, arbitrary: filter }),
  query: fc.oneof(
    top.map(({ pipe, ...rest }) => ({ pipes: [pipe], ...rest })),
    uniq.map(({ pipe, ...rest }) => ({ pipes: [pipe], ...rest })),
    timeseries.map(({ pipe, ...rest }) => ({ pipes: [pipe], ...rest })),
    sorted,
  ),
});

function inRange(range: typeof RANGE): Filter {
  const bound = (time_us: number, inclusive: boolean) => ({ operand: { kind: "time" as const, time_us }, inclusive });
  return { kind: "range", field: "timestamp", min: bound(range.from_us, true), max: bound(range.to_us, false) };
}

describe("tables", () => {
  it("are those that DuckDB makes", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, fc.array(asked, { minLength: 1, maxLength: 8, size: "max" }), async (data, queries) => {
        const events = eventsOf(data);
        const table = await EventTable.load(events);
        const forms = await storedForms(events, data.seed);
        for (const { filter, query } of queries) {
          const { pipes, range, expected } = query;
          const condition = range ? and([filter, inRange(range)]) : filter;
          const text = printQuery({ filter: condition, pipes });
          const wanted = await expected(filterSql(condition, table), table);
          for (const stored of forms) {
            const { rows } = await tableOf(stored, text, data.seed, range);
            const right =
              rows.length === wanted.length && rows.every((row, at) => row.every((cell, each) => sameCell(cell, wanted[at]![each]!)));
            if (!right) expect(rows, `${text} ${stored.form}`).toEqual(wanted);
          }
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS },
    );
  });
});
