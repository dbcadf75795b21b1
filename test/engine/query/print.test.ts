import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";
import { resolveField, shortName } from "../../../worker/engine/query/fields.ts";
import type { Pipe } from "../../../worker/engine/query/pipes/pipe.ts";
import type { EvalPipe } from "../../../worker/engine/query/pipes/pipe-eval.ts";
import { columnsAfter, PIPE_NAMES } from "../../../worker/engine/query/pipes/pipes.ts";
import { type GroupKey, parseQuery, printQuery, type Query, type StatsCall } from "../../../worker/engine/query/query.ts";
import { STATS_FUNCTIONS } from "../../../worker/engine/query/stats/stats-functions.ts";
import { computedField } from "../../../worker/engine/query/stats/stats-source.ts";
import { filter } from "./arbitraries.ts";

/** Queries of every construct, made as trees. */
const NAMES = [
  "a",
  "by",
  "desc",
  "as",
  "asc",
  "where",
  "count",
  "a b",
  "x-y",
  "p/q",
  "naïve",
  'q"t',
  "it's",
  "AND",
  "5x",
  "bucket",
  "host.name",
  "sum_a",
  "=x",
  "\\",
  "a,b",
  "in",
  "not",
  "a|b",
];
const FIELDS = [...NAMES.map((name) => resolveField(name)), "service", "level", "message", "timestamp", "attributes.level", "fingerprint"];
const EXPRESSIONS = [
  "a + 1",
  "a + b * 2 - c / 4",
  "(a + 1) * 2",
  "if(a > 1, 'x', b)",
  'lower(service) || "-" || host',
  "not a = 1 and b != 2 or c is null",
  "`by` + 1",
  "a in (1, 2, 3)",
  "date_trunc('hour', timestamp)",
  "-a",
  "length(`a b`) % 3",
  'message ~ "a|b"',
  "a between 1 and 2",
].map((text) => (parseQuery(`* | eval x = ${text}`, { now_us: 0 }).pipes[0] as EvalPipe).items[0]!.expression);

const name = fc.constantFrom(...NAMES);
const field = fc.constantFrom(...FIELDS);
const expression: fc.Arbitrary<Expression> = fc.constantFrom(...EXPRESSIONS);
const count = fc.oneof(fc.nat(30), fc.constantFrom(0, 999_999_999));
const size_us = fc.constantFrom(1, 1_500_000, 300e6, 3_600e6, 86_400e6, 7 * 86_400e6);
const zone_us = fc.constantFrom(0, 7_200e6, -19_800e6);

/** Names of columns that cannot be confused: each field once. */
function distinct<T extends { as: string }>(items: readonly T[], taken: readonly string[] = []): T[] {
  const seen = new Set(taken.map(resolveField));
  return items.filter(({ as }) => !seen.has(resolveField(as)) && seen.add(resolveField(as)));
}

const source = fc.oneof(
  { weight: 3, arbitrary: field.map((each) => ({ field: each })) },
  { weight: 1, arbitrary: expression.map((each) => ({ field: computedField(each), expression: each })) },
);
const key: fc.Arbitrary<GroupKey> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(source, name).map(([from, as]) => ({ kind: "field" as const, ...from, as })) },
  { weight: 1, arbitrary: field.map((each) => ({ kind: "field" as const, field: each, as: shortName(each) })) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("bucket" as const), size_us, zone_us, as: fc.constantFrom("bucket", "t") }) },
);
const call: fc.Arbitrary<StatsCall> = fc
  .tuple(
    fc.constantFrom(...Object.keys(STATS_FUNCTIONS)),
    source,
    name,
    fc.option(filter, { nil: undefined }),
    fc.boolean(),
    fc.constantFrom(0, 0.5, 0.999, 1),
  )
  .map(([own, from, as, where, plain, share]) => {
    const { field: needs, parameters, numbers_only } = STATS_FUNCTIONS[own]!;
    const made: StatsCall = { name: own, field: null, as };
    if (needs === "needed" || (needs === "optional" && plain))
      Object.assign(made, numbers_only && from.field === "timestamp" ? { field: "service" } : from);
    if (parameters && (!parameters.optional || plain)) made.parameters = [parameters.place === "before" ? share : 7];
    if (where) made.where = where;
    return made;
  });
const calls = fc.array(call, { minLength: 1, maxLength: 3 });
const keys = fc.array(key, { maxLength: 3 });

const onAnything: fc.Arbitrary<Pipe> = fc.oneof(
  fc.record({ kind: fc.constant("limit" as const), count }),
  fc.record({ kind: fc.constant("offset" as const), count }),
  fc.record({ kind: fc.constant("where" as const), filter }),
  fc
    .array(fc.tuple(name, fc.boolean()), { minLength: 1, maxLength: 3 })
    .map((list) => ({ kind: "sort" as const, keys: list.map(([column, descending]) => ({ column, descending })) })),
  fc.array(fc.tuple(name, expression), { minLength: 1, maxLength: 2 }).map((list) => ({
    kind: "eval" as const,
    items: list.map(([each, own]) => ({ field: resolveField(each === "AND" ? "a" : each), expression: own })),
  })),
  fc.constantFrom<Pipe>(
    { kind: "extract", from: "message", by: { kind: "pattern", pattern: 'user <user> "<x>"' } },
    { kind: "extract", from: "attributes.a b", by: { kind: "regex", pattern: '(?P<ms>\\d+) "ms' } },
    { kind: "extract", from: "attributes.payload", by: { kind: "json", prefix: "p." } },
    { kind: "extract", from: "message", by: { kind: "logfmt", prefix: null } },
  ),
);
const toTable: fc.Arbitrary<Pipe> = fc.oneof(
  fc.tuple(calls, keys).map(([functions, by]) => {
    const own = distinct(functions);
    return {
      kind: "stats" as const,
      functions: own,
      by: distinct(
        by,
        own.map(({ as }) => as),
      ),
    };
  }),
  fc.tuple(fc.option(fc.record({ size_us, zone_us }), { nil: null }), calls, keys).map(([step, functions, by]) => {
    const own = distinct(functions, ["bucket"]);
    return {
      kind: "timeseries" as const,
      step,
      functions: own.length > 0 ? own : [{ name: "count", field: null, as: "count" }],
      by: distinct(by, ["bucket", "count", ...own.map(({ as }) => as)]),
    };
  }),
  fc.tuple(count, fc.array(key, { minLength: 1, maxLength: 3 }), keys).map(([limit, own, by]) => {
    const ranked = distinct(own, ["count", "share"]);
    const shown = ranked.length > 0 ? ranked : [{ kind: "field" as const, field: "service", as: "service" }];
    return { kind: "top" as const, limit, keys: shown, by: distinct(by, ["count", "share", ...shown.map(({ as }) => as)]) };
  }),
  fc.tuple(fc.array(key, { minLength: 1, maxLength: 3 }), fc.boolean()).map(([own, counted]) => {
    const shown = distinct(own, ["count"]);
    return {
      kind: "uniq" as const,
      keys: shown.length > 0 ? shown : [{ kind: "field" as const, field: "service", as: "service" }],
      count: counted,
    };
  }),
  fc.tuple(count, keys).map(([limit, by]) => ({
    kind: "patterns" as const,
    limit,
    by: distinct(by, ["fingerprint", "level", "count", "first_seen", "last_seen", "sample"]),
  })),
);

/** Pipes on a table name its columns. */
function onTable(columns: readonly string[], chosen: readonly number[]): Pipe[] {
  const pick = (index: number) => columns[chosen[index]! % columns.length]!;
  const fields = distinct([{ as: pick(0) }, { as: pick(1) }]).map(({ as }) => resolveField(as));
  return [
    { kind: "sort", keys: [{ column: pick(2), descending: chosen[0]! % 2 === 0 }] },
    { kind: "where", filter: { kind: "exists", field: resolveField(pick(3)) } },
    { kind: "fields", fields },
    { kind: "stats", functions: [{ name: "sum", field: fields[0]!, as: "total" }], by: [] },
  ];
}

const query: fc.Arbitrary<Query> = fc
  .tuple(
    filter,
    fc.array(onAnything, { maxLength: 3 }),
    fc.option(toTable, { nil: null }),
    fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }),
  )
  .map(([own, before, table, chosen]) => {
    if (!table) return { filter: own, pipes: before };
    const columns = columnsAfter(table, null)!;
    return { filter: own, pipes: [...before, table, ...onTable(columns, chosen)] };
  });

describe("printQuery", () => {
  it("writes what parses to the same tree, of every construct", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(query, (tree) => {
        for (const { kind } of tree.pipes) seen.add(kind);
        const text = printQuery(tree);
        let parsed: Query;
        try {
          parsed = parseQuery(text, { now_us: 0 });
        } catch (error) {
          throw new Error(`${text}: ${error}`);
        }
        expect(parsed, text).toEqual(tree);
        expect(printQuery(parsed)).toBe(text);
      }),
      { numRuns: 3_000 },
    );
    expect([...seen].sort()).toEqual([...PIPE_NAMES].sort());
  });
});
