import { describe, expect, it } from "vitest";
import { parseQuery, planQuery, type Table } from "../../../worker/engine/query/query.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";
import { searchTable } from "../../../worker/search/search-table.ts";
import { randomOf } from "../../support/random.ts";
import { filledHouse } from "../../support/search/filled-house.ts";
import { SearchHouse } from "../../support/search/house.ts";

const START_US = Date.UTC(2026, 10, 20, 6, 3) * 1_000;
const MINUTE_US = 60_000_000;
const ALL_TIME = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER };

const plan = (q: string) => planQuery(parseQuery(q, { now_us: START_US }));

async function ask(house: SearchHouse, q: string, range = ALL_TIME): Promise<{ table: Table; rows_scanned: number }> {
  const context = house.context();
  const { table, partial } = await searchTable(context, plan(q), range);
  expect(partial).toBeNull();
  return { table, rows_scanned: context.cost.rows_scanned };
}

const FILTERS = ["*", "level:error", "level:>=warn -service:web", "service:(api, billing)", "-service:*", "-level:* OR service:auth"];
const GROUPS = [
  "",
  "by level",
  "by service",
  "by service, level",
  "by bucket(1h), level",
  "by level, bucket(5m)",
  "by bucket(1w)",
  'by bucket(1d, "+05:30"), service',
];

describe("facts answer what reading answers", { timeout: 60_000 }, () => {
  it.each(FILTERS)("%s", async (filter) => {
    const { house } = await filledHouse(START_US, 31, 700);
    const random = randomOf(5);
    const cut = () => START_US + Math.floor((random() * 1_200 - 300) * MINUTE_US);
    const ranges = [
      ALL_TIME,
      ...Array.from({ length: 3 }, () => [cut(), cut()].sort((a, b) => a - b)).map(([from_us, to_us]) => ({
        from_us: from_us!,
        to_us: to_us!,
      })),
    ];
    for (const range of ranges) {
      for (const group of GROUPS) {
        const by_facts = await ask(house, `${filter} | stats count() as n, count() as again ${group}`, range);
        // A computed column makes facts useless.
        const by_rows = await ask(house, `${filter} | eval one = 1 | stats count() as n, count(one) as again ${group}`, range);
        expect(by_facts.table).toEqual(by_rows.table);
        expect(by_facts.rows_scanned).toBeLessThanOrEqual(by_rows.rows_scanned);
      }
    }
  });

  it("without a look at any row of a segment, where pieces of time are whole", async () => {
    const { house, events } = await filledHouse(START_US, 32, 300);
    house.flush(1_000);
    house.exportRows();
    for (const q of [
      "* | stats count()",
      "* | stats count() by level",
      "service:api | stats count() by bucket(1h)",
      "level:error | stats count() by bucket(5m)",
    ]) {
      expect((await ask(house, q)).rows_scanned).toBe(0);
    }
    const context = house.context();
    const { table } = await searchTable(context, plan("* | stats count()"), ALL_TIME);
    expect(table.rows).toEqual([[events.length]]);
    expect(context.cost.segments_read).toBe(0);
  });

  it("tells an empty name of a service from none", async () => {
    const house = new SearchHouse(START_US);
    const event = (service: string | undefined) => ({ timestamp_us: START_US, ingest_us: START_US, service, attributes: {} });
    house.append([event(""), event(""), event(undefined), event("api")]);
    house.flush(1);
    house.exportRows();
    const { table, rows_scanned } = await ask(house, "* | stats count() by service");
    expect(table.rows).toEqual([
      [null, 1],
      ["", 2],
      ["api", 1],
    ]);
    expect(rows_scanned).toBe(4);
    expect((await ask(house, "* | stats count() by level")).rows_scanned).toBe(0);
  });
});

describe("whole events in an order of their own", { timeout: 60_000 }, () => {
  it.each<[string, (a: Record<string, unknown>, b: Record<string, unknown>) => number]>([
    ["* | sort -duration_ms | limit 20", (a, b) => order(b.duration_ms, a.duration_ms)],
    ["level:error | sort status, -duration_ms | limit 9", (a, b) => order(a.status, b.status) || order(b.duration_ms, a.duration_ms)],
    ["* | eval half = duration_ms / 2 | sort half | limit 400", (a, b) => order(a.half, b.half)],
    ["* | sort timestamp | limit 30", () => 0],
  ])("%s", async (q, compare) => {
    const { house } = await filledHouse(START_US, 33, 600);
    const context = house.context();
    const { table } = await searchTable(context, plan(q), ALL_TIME);
    const shown = table.records!;
    const [head] = q.split("| sort");
    const everything = await searchEvents(house.context(), {
      ...plan(head!),
      range: ALL_TIME,
      order: q.includes("sort timestamp") ? "asc" : "desc",
      limit: 10_000,
      after: null,
    });
    const sorted = everything.events.map(({ record }) => record).sort((a, b) => compare(a.attributes, b.attributes));
    expect(shown).toHaveLength(Math.min(sorted.length, Number(/limit (\d+)/.exec(q)![1])));
    expect(shown.map(({ attributes }) => attributes)).toEqual(sorted.slice(0, shown.length).map(({ attributes }) => attributes));
    const known = new Map(sorted.map((record) => [record.event_id, record]));
    for (const record of shown) expect(record).toEqual(known.get(record.event_id));
    expect(new Set(shown.map(({ event_id }) => event_id)).size).toBe(shown.length);
  });

  it("reads only those whole that can be among the first", async () => {
    const { house } = await filledHouse(START_US, 34, 900);
    house.flush(1_000);
    house.exportRows();
    const whole = house.context();
    await searchTable(whole, plan("* | sort -duration_ms | limit 1000"), ALL_TIME);
    house.cache.clear();
    const few = house.context();
    await searchTable(few, plan("* | sort -duration_ms | limit 1"), ALL_TIME);
    expect(few.cost.bytes_read).toBeLessThan(whole.cost.bytes_read);
  });
});

/** As cells are ordered: nothing first, then numbers, then texts. */
function order(left: unknown, right: unknown): number {
  const rank = (value: unknown) => (value === undefined || value === null ? 0 : typeof value === "number" ? 1 : 2);
  return rank(left) - rank(right) || (left === right ? 0 : (left as number) < (right as number) ? -1 : 1);
}

describe("what steps compute", { timeout: 60_000 }, () => {
  it("is shown in events, decides which are shown, and does not change who they are", async () => {
    const { house } = await filledHouse(START_US, 35, 400);
    const page = { range: ALL_TIME, order: "desc" as const, limit: 10_000, after: null };
    const plain = await searchEvents(house.context(), { ...plan("status:500"), ...page });
    const computed = await searchEvents(house.context(), { ...plan("status:* | eval code = status + 1 | where code:501"), ...page });
    expect(computed.events.length).toBeGreaterThan(0);
    expect(computed.events.map(({ record }) => record.event_id)).toEqual(plain.events.map(({ record }) => record.event_id));
    expect(computed.events.every(({ record }) => record.attributes.code === 501)).toBe(true);
    expect(plain.events.every(({ record }) => record.attributes.code === undefined)).toBe(true);
  });
});
