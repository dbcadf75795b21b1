import { describe, expect, it } from "vitest";
import { printFilter } from "../../../../worker/engine/query/filters/filters.ts";
import { filterHints } from "../../../../worker/engine/query/filters/hints.ts";
import { planColumns } from "../../../../worker/engine/query/plan-columns.ts";
import { planSql, type SqlPlan } from "../../../../worker/engine/query/sql/plan-sql.ts";
import { QuerySyntaxError } from "../../../../worker/engine/query/syntax-error.ts";
import { NOW_US } from "./run.ts";

function plan(sql: string, rows_max = 1_000): SqlPlan {
  return planSql(sql, { now_us: NOW_US, rows_max });
}

function where(condition: string): SqlPlan["filter"] {
  return plan(`SELECT message FROM logs WHERE ${condition}`).filter;
}

/** Hidden columns by their numbers. */
function readable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll("\\u0001", "#"));
}

describe("conditions become filters", () => {
  it.each([
    ["service = 'api'", "service:api"],
    ["'api' = service", "service:api"],
    ["Service = 'api' AND LEVEL = 'error'", "service:api level:ERROR"],
    ["service <> 'api'", "service:* NOT service:api"],
    ["NOT service = 'api'", "service:* NOT service:api"],
    ["NOT NOT service = 'api'", "service:api"],
    ["level >= 'warn'", "level:>=WARN"],
    ["NOT level >= 'warn'", "level:<WARN"],
    ["'warn' < level", "level:>WARN"],
    ["level IN ('error', 'FATAL')", "level:(ERROR, FATAL)"],
    ["level BETWEEN 'debug' AND 'warn'", "level:[DEBUG TO WARN]"],
    ["status = 500", "status:=500"],
    ["status <> 500", "status:* NOT status:=500"],
    ["status = '500'", "status:500"],
    ["id = 12345678901234567890 AND id > -12345678901234567890", "id:=12345678901234567890 id:>-12345678901234567890"],
    ["status > -5 AND status <= 1e3", "status:>-5 status:<=1e3"],
    ["NOT (status > 5 AND status <= 10)", "status:<=5 OR status:>10"],
    ["NOT (status > 5 OR status <= 10)", "status:<=5 status:>10"],
    ["status BETWEEN 500 AND 599", "status:[500 TO 599]"],
    ["status NOT BETWEEN 500 AND 599", "status:<500 OR status:>599"],
    ["status IN (500)", "status:=500"],
    ["status IN (500, 502)", "status:=500 OR status:=502"],
    ["status NOT IN (500, 502)", "status:* NOT (status:=500 OR status:=502)"],
    ["path IN ('/a', '/b', 5)", "path:(/a, /b) OR path:=5"],
    ["message IN ('a', 'b c')", 'message:="a" OR message:="b c"'],
    ["host IS NULL", "NOT host:*"],
    ["NOT host IS NULL", "host:*"],
    ["timestamp IS NOT NULL", "*"],
    ["host IS DISTINCT FROM 'a'", "NOT host:a"],
    ["host IS NOT DISTINCT FROM 'a'", "host:a"],
    ["retry", "retry:true"],
    ["NOT retry", "retry:false"],
    ["retry IS NOT TRUE", "NOT retry:true"],
    ["retry IS FALSE", "retry:false"],
    ["(service = 'api' AND status = 1) IS NOT FALSE", "NOT (service:* NOT service:api OR status:* NOT status:=1)"],
    ["message LIKE '%reset%'", 'message:contains("reset")'],
    ["message NOT LIKE '%reset%'", 'message:* NOT message:contains("reset")'],
    ["message LIKE '%50\\%%'", 'message:contains("50%")'],
    ["message LIKE '%50!%%' ESCAPE '!'", 'message:contains("50%")'],
    ["message LIKE 'GET %completed%'", 'message:contains("completed") message:"GET *completed*"'],
    ["path LIKE '/api/%'", "path:/api/*"],
    ["path LIKE '%'", "path:*"],
    ["host LIKE 'web-1'", "host:web-1"],
    ["message ILIKE '%Reset%'", "*Reset*"],
    ["host ILIKE 'WEB'", 'host:icase("WEB")'],
    ["message ~ 'time(d )?out'", 'message:~"time(d )?out"'],
    ["message ~* 'x'", 'message:~"(?i)x"'],
    ["message !~ 'x'", 'message:* NOT message:~"x"'],
    ["host SIMILAR TO 'web-[0-9]+%'", 'host:~"(?s)^(?:web-[0-9]+.*)$"'],
    ["timestamp >= '2026-03-01'", "timestamp:>=2026-03-01T00:00:00.000000Z"],
    ["timestamp < now() - interval '1 hour'", "timestamp:<2026-03-02T11:00:00.000000Z"],
    ["timestamp > date_trunc('day', now())", "timestamp:>2026-03-02T00:00:00.000000Z"],
    ["timestamp >= current_date - interval '1 month'", "timestamp:>=2026-02-02T00:00:00.000000Z"],
    ["timestamp >= 1772409600", "timestamp:>=2026-03-02T00:00:00.000000Z"],
    ["timestamp BETWEEN '2026-03-01' AND '2026-03-02'", "timestamp:[2026-03-01T00:00:00.000000Z TO 2026-03-02T00:00:00.000000Z]"],
    [
      "a.b.c = 'x' AND attributes.d = 'x' AND attributes->>'e f' = 'x' AND attributes['g'] = 'x' AND h->'i'->>'j' = 'x'",
      'a.b.c:x d:x "e f":x g:x h.i.j:x',
    ],
    ["log.level = 'info' AND \"service.name\" = 'api'", "level:INFO service:api"],
    ["true", "*"],
    ["1 < 2 AND service = 'api'", "service:api"],
    ["1 > 2 OR service = 'api'", "service:api"],
    ["NULL OR service = 'api'", "service:api"],
    ["lower('API') = 'api' AND service = lower('API')", "service:api"],
    ["status + 1 > n", "expr(status + 1 > n)"],
    ["NOT status + 1 > n", "expr(not status + 1 > n)"],
  ])("%s: %s", (condition, filter) => {
    expect(printFilter(where(condition))).toBe(filter);
  });

  it.each([
    "1 = 2",
    "NULL",
    "service = NULL",
    "NOT service = NULL",
    "status NOT IN (1, NULL)",
    "service = 'api' AND false",
    "NOT (true OR service = 'x')",
  ])("%s is never true, and reads nothing", (condition) => {
    const { time } = filterHints(where(condition));
    expect(time.max_us).toBeLessThan(Date.UTC(1700, 0) * 1000);
  });

  it("tells what prunes", () => {
    const filter = where(
      "timestamp > '2026-03-01' AND (service = 'a' OR service IN ('b', 'c')) AND level > 'warn' AND message LIKE '%connection reset by%' AND trace_id = 't'",
    );
    const hints = filterHints(filter);
    expect(hints.time.min_us).toBe(Date.UTC(2026, 2, 1) * 1000);
    expect(JSON.stringify(hints)).toMatch(/"a","b","c"/);
    expect(JSON.stringify(hints)).toMatch(/"ERROR","FATAL"/);
    expect(JSON.stringify(hints)).toMatch(/reset/);
    expect(JSON.stringify(hints)).toMatch(/"t"/);
  });
});

describe("statements become plans", () => {
  it("of rows: columns, what is computed, the order, and no more rows than are asked for", () => {
    const { steps, reduce, table, output } = plan("SELECT service, n * 2 AS twice FROM logs ORDER BY n * 2 DESC, host LIMIT 10 OFFSET 5");
    expect(readable({ steps, reduce, table, output })).toEqual({
      steps: [
        {
          kind: "eval",
          field: "attributes.#0",
          expression: {
            kind: "call",
            name: "*",
            args: [
              { kind: "field", field: "attributes.n" },
              { kind: "literal", value: 2 },
            ],
          },
        },
        { kind: "eval", field: "attributes.#1", expression: { kind: "call", name: "isnull", args: [{ kind: "field", field: "host" }] } },
      ],
      reduce: {
        kind: "rows",
        columns: [
          { field: "service", as: "#o0" },
          { field: "attributes.#0", as: "#o1" },
        ],
        keys: [
          { field: "attributes.#0", descending: true },
          { field: "attributes.#1", descending: false },
          { field: "host", descending: false },
        ],
        limit: 15,
      },
      table: [
        { kind: "offset", count: 5 },
        { kind: "limit", count: 10 },
      ],
      output: [
        { column: "#o0", as: "service", type: "text" },
        { column: "#o1", as: "twice", type: "number" },
      ],
    });
  });

  it("of the newest rows where no order is said", () => {
    expect(plan("SELECT message FROM logs LIMIT 3").reduce).toMatchObject({ keys: [{ field: "timestamp", descending: true }], limit: 3 });
    expect(plan("SELECT message FROM logs", 7).reduce).toMatchObject({ limit: 8 });
    expect(plan("SELECT * FROM logs").reduce).toMatchObject({ columns: null });
  });

  it("of groups: keys as stats has them, each aggregate once, expressions over both", () => {
    const { steps, reduce, table, output } = plan(
      "SELECT date_trunc('minute', timestamp, '+02:00') AS at, service, count(*), sum(ms) / count(*) AS mean FROM logs GROUP BY at, service HAVING count(*) > 1 ORDER BY mean DESC",
    );
    expect(steps).toEqual([]);
    expect(readable(reduce)).toEqual({
      kind: "stats",
      functions: [
        { name: "count", field: null, as: "#2" },
        { name: "sum", field: "attributes.ms", as: "#3" },
      ],
      by: [
        { kind: "bucket", size_us: 60_000_000, zone_us: 7_200_000_000, as: "#0" },
        { kind: "field", field: "service", as: "#1" },
      ],
    });
    expect(table.map(({ kind }) => kind)).toEqual(["where", "eval", "sort", "limit"]);
    expect(readable(output)).toEqual([
      { column: "#0", as: "at", type: "time" },
      { column: "#1", as: "service", type: "text" },
      { column: "#2", as: "count", type: "number" },
      { column: "#4", as: "mean", type: "number" },
    ]);
  });

  it("with FILTER as a condition of the function", () => {
    const { reduce } = plan(
      "SELECT count(*) FILTER (WHERE level = 'error'), p99(ms) FILTER (WHERE NOT retry), count_if(status > 5) FROM logs",
    );
    expect(reduce).toMatchObject({
      functions: [
        { name: "count", where: { kind: "equal", field: "level", value: "ERROR" } },
        { name: "p99", field: "attributes.ms", where: { kind: "equal", field: "attributes.retry", value: "false" } },
        { name: "count", field: null, where: { kind: "compare", operator: ">" } },
      ],
    });
  });

  it.each([
    ["SELECT count(*) FROM logs WHERE service = 'a'", ["service"]],
    ["SELECT lower(host) FROM logs ORDER BY n", ["host", "attributes.n", "attributes"]],
    ["SELECT service, max(timestamp) FROM logs GROUP BY service HAVING count(DISTINCT trace_id) > 1", ["service", "trace_id"]],
  ])("%s reads %j", (sql, names) => {
    const columns = planColumns(plan(sql));
    expect(columns === "all" ? columns : [...columns.names].sort()).toEqual(names.sort());
  });

  it.each([
    ["SELECT count(*), count(*) FROM logs", ["count", "count_1"]],
    ["SELECT level, level AS b, lower(level), level || 'x', b FROM logs", ["level", "b", "lower", "level || 'x'", "b_1"]],
    [
      'SELECT http.status, "a b", logs.host, CASE WHEN true THEN 1 END, n::text, extract(hour FROM timestamp), 1 +\n 2 FROM logs',
      ["http.status", "a b", "host", "case", "n", "date_part", "1 + 2"],
    ],
  ])("%s names its columns %j", (sql, names) => {
    expect(plan(sql).output?.map(({ as }) => as)).toEqual(names);
  });

  it("is plain data", () => {
    const made = plan("SELECT service, count(*) FILTER (WHERE n > 1) FROM logs WHERE a + 1 > b GROUP BY service ORDER BY 2");
    expect(structuredClone(made)).toEqual(made);
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });
});

describe("statements are refused", () => {
  it.each<[string, number, RegExp]>([
    ["", 0, /empty/],
    ["  -- nothing\n", 0, /empty/],
    ["SELECT", 6, /FROM is missing/],
    ["SELECT level", 12, /FROM is missing/],
    ["SELECT FROM logs", 6, /nothing is selected/],
    ["SELECT *, level FROM logs", 7, /\* stands alone/],
    ["SELECT level FROM logs, logs", 24, /several tables/],
    ["SELECT level FROM generate_series(1, 2)", 18, /only the table logs/],
    ["SELECT level FROM logs AS l(a)", 18, /names of columns/],
    ["SELECT x.* FROM logs", 7, /no table x/],
    ["SELECT level FROM logs WHERE count(*) > 1", 29, /an aggregate is not possible here/],
    ["SELECT sum(count(*)) FROM logs", 11, /an aggregate is not possible here/],
    ["SELECT level FROM logs GROUP BY count(*)", 32, /an aggregate is not possible here/],
    ["SELECT count(*) AS n FROM logs GROUP BY n", 40, /an aggregate cannot be grouped by/],
    ["SELECT * FROM logs GROUP BY level", 0, /\* is not possible with GROUP BY/],
    ["SELECT level FROM logs ORDER BY 2", 32, /there is no column 2/],
    ["SELECT level, count(*) FROM logs GROUP BY 5", 42, /there is no column 5/],
    ["SELECT DISTINCT level FROM logs ORDER BY host", 41, /columns that are selected/],
    ["SELECT DISTINCT ON (level) host FROM logs", 7, /DISTINCT ON is not possible/],
    ["SELECT level FROM logs WHERE (level, host) IN ((1, 2))", 30, /a list is possible only after IN/],
    ["SELECT level FROM logs WHERE level IN (SELECT 1)", 39, /subquery/],
    ["SELECT level FROM logs WHERE EXISTS (SELECT 1)", 37, /subquery/],
    ["SELECT level FROM logs WHERE level = ANY(ARRAY['a'])", 37, /ANY is not possible/],
    ["SELECT a[1] FROM logs", 8, /\[ is not possible/],
    ["SELECT level FROM logs FOR UPDATE", 23, /FOR UPDATE/],
    ["SELECT level INTO x FROM logs", 13, /SELECT INTO/],
    ["SELECT level FROM logs LIMIT 1.5", 29, /whole number/],
    ["SELECT level FROM logs LIMIT -1", 29, /whole number/],
    ["SELECT level FROM logs LIMIT 10 OFFSET 9999", 43, /reach 10000 rows/],
    ["SELECT level FROM logs HAVING level = 'INFO'", 23, /no place here/],
    ["SELECT percentile_cont(0.5) FROM logs", 7, /needs WITHIN GROUP/],
    ["SELECT percentile_cont(2) WITHIN GROUP (ORDER BY a) FROM logs", 23, /share/],
    ["SELECT quantile(a, b) FROM logs", 19, /no possible number/],
    ["SELECT sum(DISTINCT a) FROM logs", 7, /DISTINCT/],
    ["SELECT lower(DISTINCT a) FROM logs", 7, /not an aggregate/],
    ["SELECT lower(a) FILTER (WHERE b) FROM logs", 7, /not an aggregate/],
    ["SELECT string_agg(a, ',' ORDER BY b) FROM logs", 7, /no function string_agg/],
    ["SELECT avg(timestamp) FROM logs", 7, /takes numbers/],
    ["SELECT min(service) FROM logs", 7, /not texts/],
    ["SELECT lower(a, b) FROM logs", 7, /cannot be called like this/],
    ["SELECT round(1, 2, 3) FROM logs", 7, /cannot be called like this/],
    ["SELECT date_trunc('fortnight', timestamp) FROM logs", 18, /no such unit/],
    ["SELECT date_trunc('day', timestamp, 'Europe/Berlin') FROM logs", 36, /offset/],
    ["SELECT timestamp AT TIME ZONE 'Europe/Berlin' FROM logs", 30, /UTC/],
    ["SELECT time_bucket('soon', timestamp) FROM logs", 19, /no interval/],
    ["SELECT time_bucket('2 months', timestamp) FROM logs", 19, /months/],
    ["SELECT interval '1 day' FROM logs", 7, /interval alone/],
    ["SELECT timestamp + interval '1 month' FROM logs", 7, /months/],
    ["SELECT timestamp + 5 FROM logs", 7, /time goes with an interval/],
    ["SELECT timestamp * 2 FROM logs", 7, /time goes with an interval/],
    ["SELECT -timestamp FROM logs", 7, /no sign/],
    ["SELECT CAST(a AS uuid) FROM logs", 7, /no type uuid/],
    ["SELECT a::int[] FROM logs", 13, /\[/],
    ["SELECT timestamp::integer FROM logs", 7, /no number/],
    ["SELECT count(*) FROM logs WHERE status", 0, /^$/],
    ["SELECT count(*) FROM logs WHERE status + 1", 32, /no condition/],
    ["SELECT count(*) FROM logs WHERE NOT length(message)", 36, /no condition/],
    ["SELECT count(*) FROM logs WHERE a SIMILAR TO b", 45, /written out/],
    ["SELECT count(*) FROM logs WHERE a LIKE 'x' ESCAPE 'ab'", 50, /one character/],
    ["SELECT count(*) FROM logs WHERE a = = 1", 36, /no place here/],
    ["SELECT count(*) FROM logs WHERE a = 1 adn b = 2", 38, /did you mean AND/],
    ["SELECT 'open FROM logs", 7, /not closed/],
    ['SELECT "open FROM logs', 7, /not closed/],
    ["SELECT 1 /* open FROM logs", 9, /not closed/],
    ["SELECT (1 FROM logs", 19, /not closed/],
    ["SELECT 1) FROM logs", 8, /no parenthesis open/],
    ["SELECT (1] FROM logs", 9, /no parenthesis open/],
    ['SELECT "" FROM logs', 7, /at least one letter/],
    ["SELECT 1e400 FROM logs", 7, /too large/],
    ["SELECT 1a FROM logs", 8, /letter right after a number/],
    ["SELECT @timestamp FROM logs", 7, /no meaning/],
    ["SELECT X'00' FROM logs", 7, /plain texts/],
    ["SELECT :a FROM logs", 7, /parameters/],
    ["SELECT attributes FROM logs", 7, /one by one/],
    ["SELECT _any FROM logs", 7, /not a column/],
  ])("%s", (sql, position, message) => {
    if (message.source === "^$") return expect(plan(sql)).toBeDefined();
    try {
      plan(sql);
    } catch (error) {
      if (!(error instanceof QuerySyntaxError)) throw error;
      expect(error.message).toMatch(message);
      expect([error.position, error.expected]).toEqual([position, expect.stringMatching(/./)]);
      return;
    }
    expect.unreachable("the statement was taken");
  });
});
