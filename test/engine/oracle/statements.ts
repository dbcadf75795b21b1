/** Random SELECT statements over the rows of `sql-rows.ts`, such that DuckDB and the documentation mean the same by them. */
import fc from "fast-check";
import { sqlText } from "./duckdb.ts";
import { text } from "./sql-rows.ts";

interface Trees {
  number: string;
  text: string;
  bool: string;
  time: string;
}

const literal = text.filter((value) => !value.includes("\0")).map(sqlText);
const likePattern = fc
  .array(fc.oneof(fc.constantFrom("%", "_", "%e%", "time", "é", "Err", "/api", "x"), text), { minLength: 1, maxLength: 3 })
  .map((parts) => sqlText(parts.join("")));
const PATTERNS = ["time(d )?out", "^e", "[0-9]+$", "^/api/v[0-9]/", "(?i)error", "^$", "é|É", "^.$"].map(sqlText);
const INSTANTS = ["2026-03-01 00:00:00+00", "2026-03-02 00:05:00+00", "2026-02-28 23:59:59.999999+00", "1970-01-01 00:00:00+00"];
const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
const PARTS = ["year", "quarter", "month", "day", "hour", "minute", "dow", "doy"];
const INTERVALS = ["1 hour", "90 minutes", "1 day", "7 days", "15 seconds"];
const COMPARISONS = ["=", "<>", "<", "<=", ">", ">="];

const trees = fc.letrec<Trees>((tie) => {
  const size = { maxDepth: 3, depthSize: "small" } as const;
  const both = (type: keyof Trees) => fc.tuple(tie(type), tie(type));
  const branches = (type: keyof Trees) =>
    fc
      .tuple(tie("bool"), tie(type), fc.option(tie(type), { nil: null }))
      .map(([condition, value, other]) => `CASE WHEN ${condition} THEN ${value}${other === null ? "" : ` ELSE ${other}`} END`);
  return {
    number: fc.oneof(
      size,
      { weight: 5, arbitrary: fc.constantFrom("n", "status", "duration_ms") },
      { weight: 2, arbitrary: fc.constantFrom("0", "1", "2", "-1", "0.5", "100", "500") },
      { weight: 3, arbitrary: fc.tuple(fc.constantFrom("+", "-", "*"), both("number")).map(([name, [x, y]]) => `(${x} ${name} ${y})`) },
      { weight: 1, arbitrary: both("number").map(([x, y]) => `(${x} / nullif(${y}, 0))`) },
      { weight: 1, arbitrary: fc.tuple(tie("number"), fc.constantFrom("2", "7", "100")).map(([x, y]) => `(${x} % ${y})`) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom("abs", "floor", "ceil"), tie("number")).map(([name, x]) => `${name}(${x})`) },
      { weight: 1, arbitrary: tie("text").map((value) => `length(${value})`) },
      { weight: 1, arbitrary: fc.tuple(tie("text"), literal).map(([value, search]) => `strpos(${value}, ${search})`) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...PARTS), tie("time")).map(([part, time]) => `extract(${part} FROM ${time})`) },
      { weight: 1, arbitrary: both("number").map(([x, y]) => `coalesce(${x}, ${y})`) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom("greatest", "least"), both("number")).map(([name, [x, y]]) => `${name}(${x}, ${y})`),
      },
      { weight: 1, arbitrary: branches("number") },
    ),
    text: fc.oneof(
      size,
      { weight: 6, arbitrary: fc.constantFrom("service", "host", "message", "path") },
      { weight: 2, arbitrary: literal },
      { weight: 1, arbitrary: tie("text").map((value) => `lower(${value})`) },
      { weight: 1, arbitrary: fc.constantFrom("upper(service)", "upper(path)") },
      { weight: 1, arbitrary: both("text").map(([left, right]) => `(${left} || ${right})`) },
      { weight: 1, arbitrary: both("text").map(([left, right]) => `concat(${left}, ${right})`) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom("left", "right"), tie("text"), fc.nat(5))
          .map(([name, value, size]) => `${name}(${value}, ${size})`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tie("text"), fc.integer({ min: 1, max: 5 }), fc.nat(4))
          .map(([value, from, size]) => `substring(${value}, ${from}, ${size})`),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(tie("text"), fc.constantFrom("'e'", "'time'", "'/'"), literal).map((args) => `replace(${args.join(", ")})`),
      },
      { weight: 1, arbitrary: both("text").map(([x, y]) => `coalesce(${x}, ${y})`) },
      { weight: 1, arbitrary: both("text").map(([x, y]) => `nullif(${x}, ${y})`) },
      { weight: 1, arbitrary: branches("text") },
    ),
    time: fc.oneof(
      size,
      { weight: 4, arbitrary: fc.constant("timestamp") },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...UNITS), tie("time")).map(([unit, time]) => `date_trunc('${unit}', ${time})`) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tie("time"), fc.constantFrom("+", "-"), fc.constantFrom(...INTERVALS))
          .map(([time, sign, interval]) => `(${time} ${sign} INTERVAL '${interval}')`),
      },
    ),
    bool: fc.oneof(
      size,
      { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...COMPARISONS), both("number")).map(([name, [x, y]]) => `${x} ${name} ${y}`) },
      {
        weight: 4,
        arbitrary: fc
          .tuple(fc.constantFrom(...COMPARISONS), tie("text"), fc.oneof(literal, tie("text")))
          .map(([name, x, y]) => `${x} ${name} ${y}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom(...COMPARISONS), tie("time"), fc.constantFrom(...INSTANTS))
          .map(([name, x, y]) => `${x} ${name} TIMESTAMPTZ '${y}'`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom(...INSTANTS), fc.constantFrom(...INSTANTS))
          .map(([low, high]) => `timestamp BETWEEN '${low}' AND '${high}'`),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom("retry", "retry IS TRUE", "retry IS NOT FALSE", "retry IS UNKNOWN", "NULL", "true", "false"),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.oneof(tie("number"), tie("text")), fc.constantFrom("IS NULL", "IS NOT NULL"))
          .map(([x, test]) => `(${x}) ${test}`),
      },
      {
        weight: 2,
        arbitrary: fc.tuple(tie("text"), fc.constantFrom("LIKE", "NOT LIKE", "ILIKE"), likePattern).map((parts) => parts.join(" ")),
      },
      { weight: 1, arbitrary: fc.tuple(tie("text"), fc.constantFrom(...PATTERNS)).map((args) => `regexp_matches(${args.join(", ")})`) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom("starts_with", "contains"), tie("text"), literal).map(([name, x, y]) => `${name}(${x}, ${y})`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(tie("text"), fc.constantFrom("IN", "NOT IN"), fc.array(literal, { minLength: 1, maxLength: 3 }))
          .map(([x, test, list]) => `${x} ${test} (${list.join(", ")})`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tie("number"), fc.constantFrom("IN", "NOT IN"), fc.constantFrom("200, 500", "200, NULL", "0", "n, 404"))
          .map(([x, test, list]) => `${x} ${test} (${list})`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tie("number"), fc.constantFrom("BETWEEN", "NOT BETWEEN"), both("number"))
          .map(([x, test, [low, high]]) => `${x} ${test} ${low} AND ${high}`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(both("text"), fc.constantFrom("IS DISTINCT FROM", "IS NOT DISTINCT FROM"))
          .map(([[x, y], test]) => `${x} ${test} ${y}`),
      },
      { weight: 3, arbitrary: fc.tuple(fc.constantFrom("AND", "OR"), both("bool")).map(([name, [x, y]]) => `(${x} ${name} ${y})`) },
      { weight: 2, arbitrary: tie("bool").map((x) => `NOT (${x})`) },
    ),
  };
});
const { number, text: texts, bool, time } = trees;

const value = fc.oneof(
  { weight: 3, arbitrary: number },
  { weight: 3, arbitrary: texts },
  time,
  bool.map((x) => `(${x})`),
);
const where = fc.oneof({ weight: 1, arbitrary: fc.constant("") }, { weight: 3, arbitrary: bool.map((x) => ` WHERE ${x}`) });
const limit = fc.oneof(fc.constant(""), fc.constantFrom(" LIMIT 5", " LIMIT 3 OFFSET 2", " OFFSET 4", " LIMIT 0"));
const direction = fc.constantFrom("", " DESC", " NULLS FIRST", " DESC NULLS LAST", " ASC NULLS LAST", " DESC NULLS FIRST");

/** A number after ORDER BY would mean a column of the answer. */
const notPlace = (sql: string) => (/^-?[\d.]+$/.test(sql) ? `${sql} + n` : sql);

/** Chosen columns of events, in an order that leaves no two alike. */
const rows = fc
  .tuple(fc.array(value, { minLength: 1, maxLength: 3 }), where, fc.tuple(value.map(notPlace), direction), limit)
  .map(
    ([columns, condition, [key, order], cut]) => `SELECT n, ${columns.join(", ")} FROM logs${condition} ORDER BY ${key}${order}, n${cut}`,
  );

const distinct = fc
  .tuple(fc.array(value, { minLength: 1, maxLength: 2 }), where)
  .map(([columns, condition]) => `SELECT DISTINCT ${columns.join(", ")} FROM logs${condition}`);

const filtered = fc.oneof({ weight: 3, arbitrary: fc.constant("") }, { weight: 1, arbitrary: bool.map((x) => ` FILTER (WHERE ${x})`) });
const aggregate = fc.oneof(
  { weight: 2, arbitrary: filtered.map((only) => `count(*)${only}`) },
  fc
    .tuple(fc.constantFrom("count", "sum", "avg", "min", "max", "stddev", "variance"), number, filtered)
    .map(([name, x, only]) => `${name}(${x})${only}`),
  fc.tuple(fc.oneof(texts, number), filtered).map(([x, only]) => `count(DISTINCT ${x})${only}`),
  fc
    .tuple(fc.constantFrom("0.5", "0.9", "0", "1", "0.25"), number, filtered)
    .map(([share, x, only]) => `quantile_disc(${x}, ${share})${only}`),
  fc.constantFrom("min(timestamp)", "max(timestamp)"),
  fc.tuple(fc.constantFrom("count(*)", "sum(n)", "max(status)"), fc.constantFrom("+ 1", "* 2", "/ 3")).map((parts) => parts.join(" ")),
);
const having = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(" HAVING count(*) > 1", " HAVING max(n) > 3 OR count(*) = 1", " HAVING NOT (avg(status) > 300)"),
  },
);

/** Groups in the order of all their keys. */
const groups = fc
  .tuple(fc.array(value, { maxLength: 2 }), fc.array(aggregate, { minLength: 1, maxLength: 3 }), where, having, limit, direction)
  .map(([keys, calls, condition, kept, cut, order]) => {
    const named = keys.map((key, at) => `${key} AS k${at}`);
    const selected = [...named, ...calls].join(", ");
    if (keys.length === 0) return `SELECT ${selected} FROM logs${condition}`;
    const names = keys.map((_, at) => `k${at}`);
    return `SELECT ${selected} FROM logs${condition} GROUP BY ${names.join(", ")}${kept} ORDER BY ${names.join(`${order}, `)}${order}${cut}`;
  });

export const statement: fc.Arbitrary<string> = fc.oneof(rows, distinct, { weight: 2, arbitrary: groups });
