/**
 * The whole way: events of several days, late ones and copies among them, go in over HTTP and lie in merged segments, flushed segments and the
 * window; every kind of query over HTTP gives what DuckDB gives over the same rows.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ATTRIBUTE_PREFIX } from "../../worker/engine/batch/event-batch.ts";
import { and, type Filter, parseQuery, type Query } from "../../worker/engine/query/query.ts";
import { EventTable } from "../engine/oracle/duckdb.ts";
import { filterSql } from "../engine/oracle/filter-sql.ts";
import { askDuckDB, comparable } from "../engine/oracle/sql-answers.ts";
import { eventOf, loadSqlRows, type SqlRow, sqlRow, sqlRows } from "../engine/oracle/sql-rows.ts";
import { expectedStats, orderedRows } from "../engine/oracle/stats-sql.ts";
import { randomOf } from "../support/random.ts";
import { EVENT_QUERIES, STATEMENTS, STATS_QUERIES } from "./support/oracle-queries.ts";
import { type Project, Service } from "./support/service.ts";

const EVENTS = 2_400;
const BATCHES = 12;
/** Of the batches: how many are merged, then how many more are flushed; the rest stays in the window. */
const MERGED = 8;
const FLUSHED = 2;
const DAY_US = 86_400_000_000;

/** Of each batch most events are of one day, the rest is late by up to four; one in twenty is sent twice. */
function makeRows(): SqlRow[][] {
  const random = randomOf(11);
  // An empty name of a host is taken for none on the way in.
  const pool = fc.sample(
    sqlRow.filter(({ host }) => host !== ""),
    { numRuns: 40, seed: 4 },
  );
  const today_us = Math.floor(Date.now() / 86_400_000) * DAY_US;
  const edges_us = [0, 1, 299_999_999, 300_000_000, 3_600_000_000, DAY_US - 1];
  const rows = sqlRows({ pool, count: EVENTS, seed: 9 }).map((row, at) => {
    const day = 1 + (random() < 0.8 ? 4 - Math.floor((at / EVENTS) * 5) : Math.floor(random() * 5));
    const within_us = random() < 0.2 ? edges_us[Math.floor(random() * edges_us.length)]! : Math.floor(random() * DAY_US);
    return { ...row, timestamp: today_us - day * DAY_US + within_us };
  });
  const size = EVENTS / BATCHES;
  return Array.from({ length: BATCHES }, (_, batch) => {
    const own = rows.slice(batch * size, (batch + 1) * size);
    return [...own, ...own.filter(() => random() < 0.05)];
  });
}

function line({ timestamp, ...values }: SqlRow): string {
  const [milliseconds, rest] = [Math.floor((timestamp as number) / 1000), (timestamp as number) % 1000];
  const time = `${new Date(milliseconds).toISOString().slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
  return JSON.stringify({ timestamp: time, ...values });
}

const RANGE = { from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" };

let service: Service;
let project: Project;
let table: EventTable;

async function runUntilDone(job: "flush" | "compact"): Promise<number> {
  for (let total = 0; ; ) {
    const { done } = await service.json<{ done: number }>(`/api/v1/admin/${job}`, { key: project.key, method: "POST" });
    if (done === 0) return total;
    total += done;
  }
}

async function send(rows: readonly SqlRow[]): Promise<void> {
  const body = rows.map(line).join("\n");
  const init = { key: project.key, method: "POST", body, headers: { "content-type": "application/x-ndjson" } };
  const { accepted } = await service.json<{ accepted: number }>("/api/v1/logs", init);
  expect(accepted).toBe(rows.length);
}

beforeAll(async () => {
  service = await Service.start();
  project = await service.createProject();
  const batches = makeRows();
  for (const [at, batch] of batches.entries()) {
    await send(batch);
    if (at < MERGED + FLUSHED) expect(await runUntilDone("flush")).toBeGreaterThan(0);
    if (at === MERGED - 1) expect(await runUntilDone("compact")).toBeGreaterThan(0);
  }
  const rows = batches.flat();
  await loadSqlRows(rows);
  table = await EventTable.load(rows.map((row, at) => ({ ...eventOf(row), ingest_us: at })));
}, 60_000);

afterAll(() => service?.stop());

function conditionOf({ filter, pipes }: Query): string {
  const filters: Filter[] = [filter, ...pipes.flatMap((pipe) => (pipe.kind === "where" ? [pipe.filter] : []))];
  return filterSql(and(filters), table);
}

interface Page {
  events: { timestamp: string; attributes: { n: number } }[];
  cursor: string | null;
  partial: unknown;
}

async function findAll(q: string): Promise<Page["events"]> {
  const events: Page["events"] = [];
  for (let cursor: string | null = null; ; ) {
    const query = new URLSearchParams({ q, ...RANGE, limit: "1000", ...(cursor ? { cursor } : {}) });
    const page: Page = await service.json(`/api/v1/logs?${query}`, { key: project.key });
    expect(page.partial).toBeNull();
    events.push(...page.events);
    if (!page.cursor) return events;
    cursor = page.cursor;
  }
}

describe("events", () => {
  it.each(EVENT_QUERIES)("%s", async (q) => {
    const rows = await table.rows(
      `SELECT (${table.field(`${ATTRIBUTE_PREFIX}n`).whole}).n FROM events WHERE ${conditionOf(parseQuery(q, { now_us: 0 }))}`,
    );
    const found = await findAll(q);
    const times = found.map(({ timestamp }) => timestamp);
    expect(times, "newest first").toEqual(times.toSorted().reverse());
    const byNumber = (left: number, right: number) => left - right;
    expect(found.map(({ attributes }) => attributes.n).sort(byNumber)).toEqual(rows.map(([n]) => Number(n)).sort(byNumber));
  });
});

describe("tables", () => {
  it.each(STATS_QUERIES)("%s", async (q) => {
    const query = parseQuery(q, { now_us: 0 });
    const at = query.pipes.findIndex(({ kind }) => kind === "stats");
    const pipe = query.pipes[at];
    if (pipe?.kind !== "stats") throw new Error("no stats");
    const expected = await expectedStats(pipe, conditionOf(query), table);
    const wanted = orderedRows(expected.rows, expected.columns, query.pipes.slice(at + 1));
    const parameters = new URLSearchParams({ q, ...RANGE });
    const answer = await service.json<{ columns: string[]; rows: never[][]; overflow: unknown; partial: unknown }>(
      `/api/v1/logs?${parameters}`,
      { key: project.key },
    );
    expect(answer).toMatchObject({ columns: expected.columns, overflow: null, partial: null });
    const right = answer.rows.length === wanted.length && answer.rows.every((cells, row) => expected.accepts(wanted[row]!, cells));
    if (!right) expect(answer.rows).toEqual(wanted.map((row) => expected.rows[row]));
    expect(right).toBe(true);
  });
});

describe("SQL", () => {
  it.each(STATEMENTS)("%s", async (sql) => {
    const ordered = / ORDER BY /.test(sql);
    const answer = await service.json<{ rows: unknown[][] }>("/api/v1/sql", { key: project.key, json: { sql, ...RANGE } });
    expect(comparable(answer.rows, ordered)).toEqual(comparable(await askDuckDB(sql), ordered));
  });
});

describe("counts in time", () => {
  it.each(["level", "service", "none"])("by %s", async (by) => {
    const days = await table.rows("SELECT min(ts), max(ts) FROM events");
    const [from, to] = [new Date(Number(days[0]![0]) / 1000), new Date(Number(days[0]![1]) / 1000 + 1)];
    const parameters = new URLSearchParams({ from: from.toISOString(), to: to.toISOString(), interval: "1h", by });
    const answer = await service.json<{ times: string[]; series: { value: string | null; counts: number[] }[]; total: number }>(
      `/api/v1/logs/histogram?${parameters}`,
      { key: project.key },
    );
    const value = by === "none" ? "CAST(NULL AS VARCHAR)" : `(${table.field(by).whole}).t`;
    const hour = "ts - ts % 3600000000";
    const rows = await table.rows(`SELECT ${hour}, ${value}, count(*) FROM events GROUP BY ALL`);
    const expected = new Map(rows.map(([start, series, count]) => [`${Number(start) / 1e6} ${series}`, Number(count)]));
    const found = new Map<string, number>();
    for (const { value: series, counts } of answer.series) {
      for (const [at, count] of counts.entries()) if (count > 0) found.set(`${Date.parse(answer.times[at]!) / 1000} ${series}`, count);
    }
    expect(found).toEqual(expected);
  });
});
