import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { printFilter } from "../../../../worker/engine/query/filters/filters.ts";
import { parseSql } from "../../../../worker/engine/query/sql/parse.ts";
import { planSql } from "../../../../worker/engine/query/sql/plan-sql.ts";
import { QuerySyntaxError } from "../../../../worker/engine/query/syntax-error.ts";
import { askDuckDB, EVENTS, loadDuckDB } from "./rows.ts";
import { NOW_US, runSql } from "./run.ts";

/** Takes any text: a plan, or an error that says where and what. */
function verdictOf(sql: string): "plan" | "error" {
  try {
    const plan = planSql(sql, { now_us: NOW_US, rows_max: 100 });
    expect(structuredClone(plan)).toEqual(plan);
    printFilter(plan.filter);
    return "plan";
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    expect(error.position).toBeGreaterThanOrEqual(0);
    expect(error.position).toBeLessThanOrEqual(sql.length);
    expect(error.message.length).toBeGreaterThan(3);
    expect(error.message).not.toMatch(/undefined|\bn\d+\b|kw_|token/);
    expect(error.expected).not.toBe("");
    return "error";
  }
}

const planOrError = (sql: string) => void verdictOf(sql);

const SOUP = fc.constantFrom(
  ..."SELECT select FROM from logs WHERE where GROUP BY HAVING ORDER LIMIT OFFSET DISTINCT AND OR NOT IN BETWEEN LIKE ILIKE SIMILAR TO IS NULL TRUE UNKNOWN CASE WHEN THEN ELSE END CAST AS ESCAPE FILTER WITHIN INTERVAL TIMESTAMP DATE AT TIME ZONE EXTRACT SUBSTRING TRIM POSITION FOR ASC NULLS FIRST FETCH ROWS ONLY ALL JOIN UNION WITH OVER".split(
    " ",
  ),
  ..."( ) ( ) , . * + - / % ^ = <> != < <= > >= || :: -> ->> ~ ~* !~ [ ] ; $1 ? @ : ' \" -- /* */ $$ E' \\".split(" "),
  ..."level service message timestamp \"http.status\" attributes.x status n retry count(*) sum(n) now() lower(message) 'a' 'ERROR' '1 hour' '%x%' 1 2.5 .5 1e3 'day' ü 日 \u0000 \ud800 \u0001".split(
    " ",
  ),
);

const STATEMENTS = [
  "SELECT level, count(*) AS n FROM logs WHERE timestamp >= now() - interval '1 hour' GROUP BY 1 HAVING count(*) > 3 ORDER BY n DESC NULLS LAST LIMIT 10 OFFSET 5",
  "SELECT DISTINCT lower(\"http.method\"), CASE WHEN status >= 500 THEN 'bad' ELSE 'good' END FROM logs l WHERE l.message NOT LIKE '%a!_%' ESCAPE '!' AND n IN (1, 2, NULL)",
  "SELECT time_bucket('5 minutes', timestamp) b, percentile_cont(0.9) WITHIN GROUP (ORDER BY ms) FILTER (WHERE retry IS NOT TRUE) FROM logs GROUP BY b ORDER BY b",
  "SELECT extract(hour FROM timestamp), substring(message FROM 1 FOR 3), trim(both 'x' FROM host), (a + b) * -c ^ 2, x::double precision FROM logs WHERE NOT (a BETWEEN 1 AND 2 OR b IS DISTINCT FROM 'c')",
];

describe("any text", () => {
  it("made of words and signs is planned, or refused with its place", () => {
    const soup = fc.array(SOUP, { maxLength: 40 }).map((words) => `SELECT ${words.join(" ")}`);
    fc.assert(fc.property(soup, planOrError), { numRuns: 1_000 });
  });

  it("of letters, too", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ unit: "grapheme", maxLength: 60 })), planOrError),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 40 }).map((text) => `SELECT ${text} FROM logs`),
        planOrError,
      ),
      { numRuns: 500 },
    );
  });

  it("that was a statement and was damaged", () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...STATEMENTS),
        fc.array(fc.tuple(fc.nat(400), fc.nat(6), fc.oneof(SOUP, fc.constant(""))), { minLength: 1, maxLength: 4 }),
      )
      .map(([sql, cuts]) =>
        cuts.reduce((text, [at, length, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + length), sql),
      );
    const verdicts = new Set<string>();
    fc.assert(
      fc.property(damaged, (sql) => void verdicts.add(verdictOf(sql))),
      { numRuns: 1_000 },
    );
    expect([...verdicts].sort()).toEqual(["error", "plan"]);
  });

  it("as deep or as long as it may be, and more", () => {
    for (const [open, close] of [
      ["(", ")"],
      ["lower(", ")"],
      ["NOT ", ""],
      ["- ", ""],
      ["NOT (", ")"],
      ["CASE WHEN a THEN ", " END"],
      ["CAST(", " AS text)"],
      ["coalesce(1, ", ")"],
      ["(a, ", ")"],
      ["a + ", ""],
      ["a AND ", ""],
      ["a = 1 OR NOT ", ""],
      ["a || ", ""],
      ["", "::text"],
      ["", " IS NULL"],
      ["", " AT TIME ZONE 'utc'"],
      ["", "->>'a'"],
      ["x.", ""],
      ["/*", "*/"],
      ["if(a, b, ", ")"],
      ["interval '1 h' + ", ""],
      ["a BETWEEN 1 AND 2 AND ", ""],
      ["a,", ""],
    ]) {
      for (const depth of [1, 12, 23, 24, 25, 99, 100, 101, 500, 2_000, 6_000]) {
        const inner = `${open!.repeat(depth)}a${close!.repeat(depth)}`;
        planOrError(`SELECT ${inner} FROM logs`);
        planOrError(`SELECT message FROM logs WHERE ${inner}`);
        planOrError(`SELECT ${open!.repeat(depth)}`);
      }
    }
  });
});

const CONDITION = fc.letrec<{ condition: string; leaf: string; value: string }>((tie) => ({
  value: fc.constantFrom(
    "status",
    "n",
    "duration_ms",
    "200",
    "500",
    "n * 5",
    "-0.5",
    "coalesce(status, 0)",
    "status + n",
    "CASE WHEN retry THEN n ELSE status END",
    "length(message)",
  ),
  leaf: fc.oneof(
    fc
      .tuple(tie("value"), fc.constantFrom("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"), tie("value"))
      .map((parts) => parts.join(" ")),
    fc
      .tuple(
        tie("value"),
        fc.constantFrom("IN", "NOT IN"),
        fc.array(fc.oneof(tie("value"), fc.constant("NULL")), { minLength: 1, maxLength: 3 }),
      )
      .map(([value, operator, items]) => `${value} ${operator} (${items.join(", ")})`),
    fc
      .tuple(tie("value"), fc.constantFrom("BETWEEN", "NOT BETWEEN"), tie("value"), fc.oneof(tie("value"), fc.constant("NULL")))
      .map(([value, operator, low, high]) => `(${value}) ${operator} (${low}) AND (${high})`),
    fc
      .tuple(
        fc.constantFrom("service", "host", "message", '"user"', "path", "lower(service)", "service || host"),
        fc.constantFrom("=", "<>", "<", ">=", "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE", "IS DISTINCT FROM"),
        fc.constantFrom("'api'", "'%e%'", "'web-1'", "'%RESET%'", "''", "'alice'", "host", "NULL", "'_pi'"),
      )
      .map((parts) => parts.join(" ")),
    fc.constantFrom(
      "retry",
      "cached",
      "NOT retry",
      "true",
      "false",
      "NULL",
      "retry = cached",
      "service IS NULL",
      "host IS NOT NULL",
      "service IN ('api', 'web', NULL)",
      "path NOT IN ('/health', 'x')",
    ),
    fc.constantFrom(
      "timestamp > '2026-03-01 09:10:00+00'",
      "timestamp BETWEEN '2026-03-01 00:00:00+00' AND '2026-03-01 09:05:00+00'",
      "timestamp <> '2026-03-01 09:00:00+00'",
    ),
  ),
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("leaf"),
    fc
      .tuple(tie("condition"), fc.constantFrom("AND", "OR"), tie("condition"))
      .map(([left, operator, right]) => `((${left}) ${operator} (${right}))`),
    tie("condition").map((inner) => `NOT (${inner})`),
    fc
      .tuple(tie("condition"), fc.constantFrom("IS NULL", "IS NOT NULL", "IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE"))
      .map(([inner, test]) => `((${inner}) ${test})`),
  ),
})).condition;

beforeAll(loadDuckDB);

describe("logic of three values", () => {
  it("is DuckDB's, in WHERE, under NOT and as a value", { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(CONDITION, async (condition) => {
      const { rows } = await askDuckDB(`SELECT n, (${condition}) FROM logs ORDER BY n`);
      const numbers = (wanted: unknown) => rows.filter(([, verdict]) => verdict === wanted).map(([n]) => [n]);
      const ask = (where: string) => runSql(`SELECT n FROM logs WHERE ${where} ORDER BY n`, EVENTS).rows;
      expect(ask(condition)).toEqual(numbers(true));
      expect(ask(`NOT (${condition})`)).toEqual(numbers(false));
      expect(ask(`(${condition}) IS NULL`)).toEqual(numbers(null));
      expect(runSql(`SELECT n, (${condition}) FROM logs ORDER BY n`, EVENTS).rows).toEqual(rows);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

describe("operators side by side", () => {
  const sum = fc
    .tuple(
      fc.constantFrom("n", "-n", "2"),
      fc.array(fc.tuple(fc.constantFrom("+", "-", "*", "%", "- -"), fc.constantFrom("n", "status", "3", "7")), { maxLength: 3 }),
    )
    .map(([first, rest]) => [first, ...rest.flat()].join(" "));
  const comparison = fc.oneof(
    fc.tuple(sum, fc.constantFrom("=", "<>", "<", ">="), sum).map((parts) => parts.join(" ")),
    fc.tuple(sum, fc.constantFrom("IN (2, 3)", "NOT IN (4)", "BETWEEN 2 AND 90", "IS NULL", "IS NOT NULL")).map((parts) => parts.join(" ")),
    fc.constantFrom("retry", "cached IS TRUE", "host || path LIKE '%e%'", "message LIKE '%' || 'e' || '%'"),
  );
  const conditions = fc
    .array(fc.tuple(fc.constantFrom("AND", "OR", "AND NOT", "OR NOT"), comparison), { minLength: 1, maxLength: 4 })
    .chain((rest) => comparison.map((first) => [first, ...rest.flat()].join(" ")));

  it("bind as DuckDB has them", { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(conditions, async (condition) => {
      const sql = `SELECT n, ${condition} FROM logs ORDER BY n`;
      expect(runSql(sql, EVENTS).rows).toEqual((await askDuckDB(sql)).rows);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it.each(["retry = cached IS NULL", "a = b = c", "a < b < c", "a = NOT b", "a LIKE b LIKE c", "NOT a IS NULL = b"])(
    "%s needs parentheses",
    (condition) => {
      expect(() => parseSql(`SELECT n FROM logs WHERE ${condition}`)).toThrow(/how these operators belong together|no place here/);
    },
  );
});
