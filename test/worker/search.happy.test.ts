import { env } from "cloudflare:workers";
import { parquetReadObjects } from "hyparquet";
import { beforeAll, describe, expect, it } from "vitest";
import { compactNow, flushNow } from "../../worker/jobs/now.ts";
import { call, createProject, type TestProject } from "./support/api.ts";
import { get, putEvents, type SearchAnswer, type SentEvent, type ShownEvent, type ShownStats, someEvents } from "./support/search.ts";

const START_MS = Date.now() - 3 * 3_600_000;
const COUNT = 120;
const RANGE = { from: new Date(START_MS - 1_000).toISOString(), to: new Date(START_MS + 3_600_000).toISOString() };

let project: TestProject;
let sent: SentEvent[];

/** A third of the events lies in a merged segment, a third in flushed ones, a third in the window. */
beforeAll(async () => {
  project = await createProject();
  sent = someEvents(START_MS, COUNT);
  for (let from = 0; from < COUNT; from += 10) {
    await putEvents(project, sent.slice(from, from + 10));
    if (from % 20 === 10 && from < 80) await flushNow(env, project.project_id);
    if (from === 40) await compactNow(env, project.project_id);
  }
});

const messages = (events: readonly ShownEvent[]) => events.map(({ message }) => message);
const sorted = (texts: readonly unknown[]) => texts.map(String).sort();

describe("search", () => {
  it.each([
    ["servce:api", [{ field: "servce", suggestion: "service" }]],
    ["servce:api | stats count()", [{ field: "servce", suggestion: "service" }]],
    ["service:nobody", undefined],
    ["levle:x OR service:api", undefined],
  ])("%s, where nothing is found, is answered with hints", async (q, hints) => {
    expect((await get(project, "/api/v1/logs", { ...RANGE, q })).hints).toEqual(hints);
  });

  it.each(["/api/v1/logs", "/api/v1/logs/search", "/search"])(
    "%s finds every event, newest first, and tells what it cost",
    async (path) => {
      const { events, cursor, stats } = await get(project, path, { ...RANGE, limit: 1_000 });
      expect(sorted(messages(events))).toEqual(sorted(sent.map(({ message }) => message)));
      const times = events.map(({ timestamp }) => timestamp);
      expect(times).toEqual([...times].sort().reverse());
      expect(cursor).toBeNull();
      expect(stats.segments.considered).toBeGreaterThan(0);
      expect(stats.segments.read).toBe(stats.segments.considered);
      expect(stats.window_frames).toBeGreaterThan(0);
      expect(stats.rows_scanned).toBeGreaterThanOrEqual(COUNT);
    },
  );

  it.each<[Record<string, string>, (event: SentEvent) => boolean]>([
    [{ q: "level:error" }, ({ level }) => level === "ERROR"],
    [{ q: '"connection reset"' }, ({ message }) => message!.includes("connection reset")],
    [{ q: "status:>=500 -service:web" }, ({ status, service }) => status === 500 && service !== "web"],
    [{ q: "path:/items/3 | where level:(info, warn)" }, ({ path, level }) => path === "/items/3" && level !== "ERROR"],
    [{ service: "api" }, ({ service }) => service === "api"],
    [{ q: "", service: "api", level: "", text: "" }, ({ service }) => service === "api"],
    [{ service: "api,web", level: "error" }, ({ service, level }) => service !== "billing" && level === "ERROR"],
    [{ host: "host-2", text: "served" }, ({ host, message }) => host === "host-2" && message!.includes("served")],
    [{ level: "warn", q: "service:billing" }, ({ level, service }) => level === "WARN" && service === "billing"],
  ])("%j", async (parameters, matches) => {
    const { events } = await get(project, "/api/v1/logs/search", { ...RANGE, limit: 1_000, ...parameters });
    expect(sorted(messages(events))).toEqual(sorted(sent.filter(matches).map(({ message }) => message)));
    expect(events.length).toBeGreaterThan(0);
  });

  it("pages through everything in either order while events arrive and segments are made", async () => {
    const moving = await createProject();
    const first = someEvents(START_MS, 60);
    for (let from = 0; from < 60; from += 6) await putEvents(moving, first.slice(from, from + 6));
    for (const order of ["asc", "desc"]) {
      const found: ShownEvent[] = [];
      let cursor: string | null = null;
      let page = 0;
      do {
        const answer: SearchAnswer = await get(moving, "/api/v1/logs", { ...RANGE, order, limit: 7, ...(cursor ? { cursor } : {}) });
        found.push(...answer.events);
        cursor = answer.cursor;
        page += 1;
        if (page === 2 || page === 4) await flushNow(env, moving.project_id);
        if (page === 3) await putEvents(moving, someEvents(START_MS + 7_200_000, 3));
        if (page === 5) await compactNow(env, moving.project_id);
      } while (cursor);
      expect(sorted(messages(found))).toEqual(sorted(first.map(({ message }) => message)));
      expect(new Set(found.map(({ event_id }) => event_id)).size).toBe(found.length);
    }
  });

  it("takes relative times", async () => {
    const recent = await createProject();
    await putEvents(recent, [
      { timestamp: new Date(Date.now() - 60_000).toISOString(), message: "just now" },
      { timestamp: new Date(Date.now() - 7_200_000).toISOString(), message: "before" },
    ]);
    expect(messages((await get(recent, "/search", { from: "-15m" })).events)).toEqual(["just now"]);
    expect(messages((await get(recent, "/search", { from: "now-3h", to: "-1h" })).events)).toEqual(["before"]);
    expect(messages((await get(recent, "/search")).events)).toEqual(["just now", "before"]);
  });

  it("a limit in the query bounds all pages together, fields choose what is shown", async () => {
    const parameters = { ...RANGE, q: "* | fields service, status | limit 5", limit: 3 };
    const first = await get(project, "/api/v1/logs", parameters);
    const second = await get(project, "/api/v1/logs", { ...parameters, cursor: first.cursor! });
    expect([first.events.length, second.events.length, second.cursor]).toEqual([3, 2, null]);
    for (const event of [...first.events, ...second.events]) {
      expect(Object.keys(event).sort()).toEqual(["attributes", "event_id", "service"]);
      expect(Object.keys(event.attributes)).toEqual(["status"]);
    }
  });

  it("answers a query with stats as a table", async () => {
    const table = await get<{ columns: string[]; rows: unknown[][]; stats: ShownStats }>(project, "/api/v1/logs/search", {
      ...RANGE,
      q: "* | stats count() as n by service | sort -n",
    });
    expect(table.columns).toEqual(["service", "n"]);
    const expected = new Map<unknown, number>();
    for (const { service } of sent) expected.set(service, (expected.get(service) ?? 0) + 1);
    expect(Object.fromEntries(table.rows as [string, number][])).toEqual(Object.fromEntries(expected));
    expect(table.stats.segments.considered).toBeGreaterThan(0);
  });
});

describe("histogram", () => {
  interface Answer {
    times: string[];
    series: { value: string | null; total: number; counts: number[] }[];
    total: number;
    interval_us: number;
    stats: ShownStats;
  }

  it("counts by level", async () => {
    const answer = await get<Answer>(project, "/api/v1/logs/histogram", { ...RANGE, interval: "10s" });
    expect(answer.total).toBe(COUNT);
    expect(Object.fromEntries(answer.series.map(({ value, total }) => [value, total]))).toEqual({ INFO: 40, ERROR: 40, WARN: 40 });
    for (const { counts, total } of answer.series) {
      expect(counts).toHaveLength(answer.times.length);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
    }
  });

  it("chooses an interval, splits by any field or none, filters", async () => {
    const none = await get<Answer>(project, "/api/v1/logs/histogram", { ...RANGE, buckets: 12, by: "none", q: "level:error" });
    expect(none.times.length).toBeLessThanOrEqual(12);
    expect(none.series).toHaveLength(1);
    expect(none.total).toBe(40);
    const status = await get<Answer>(project, "/api/v1/logs/histogram", { ...RANGE, by: "status" });
    expect(Object.fromEntries(status.series.map(({ value, total }) => [value, total]))).toEqual({ 200: 96, 500: 24 });
  });
});

describe("fields", () => {
  it("are listed with types and counts", async () => {
    const { fields, partial } = await get<{ fields: { name: string; type: string; count: number }[]; partial: string | null }>(
      project,
      "/api/v1/fields",
      RANGE,
    );
    expect(partial).toBeNull();
    expect(fields).toContainEqual({ name: "service", type: "string", count: COUNT });
    expect(fields).toContainEqual({ name: "status", type: "number", count: COUNT });
    expect(fields).toContainEqual({ name: "timestamp", type: "time", count: COUNT });
  });

  it("have values with counts", async () => {
    const answer = await get<{ values: unknown[]; distinct: number }>(project, "/api/v1/fields/path/values", {
      ...RANGE,
      limit: 2,
      prefix: "/items",
    });
    expect(answer.values).toEqual([
      { value: "/items/0", count: 20 },
      { value: "/items/1", count: 20 },
    ]);
    expect(answer.distinct).toBe(6);
    const errors = await get<{ values: unknown[] }>(project, "/api/v1/fields/level/values", { ...RANGE, q: "status:500" });
    expect(errors.values).toHaveLength(3);
  });
});

describe("one event", () => {
  it("is found by its id, with what stands around it", async () => {
    const { events } = await get(project, "/api/v1/logs", { ...RANGE, order: "asc", limit: 1_000 });
    for (const index of [0, 17, 60, COUNT - 1]) {
      const event = events[index]!;
      const answer = await get<{ event: ShownEvent; before: ShownEvent[]; after: ShownEvent[] }>(
        project,
        `/api/v1/logs/${event.event_id}`,
        { context: 3 },
      );
      expect(answer.event).toEqual(event);
      expect(answer.before).toEqual(events.slice(Math.max(0, index - 3), index));
      expect(answer.after).toEqual(events.slice(index + 1, index + 4));
    }
  });

  it("is found by the id that its client gave", async () => {
    const own = await createProject();
    await putEvents(own, [{ timestamp: new Date(START_MS).toISOString(), message: "mine", event_id: "order/17" }]);
    const { event } = await get<{ event: ShownEvent }>(own, `/api/v1/logs/${encodeURIComponent("order/17")}`);
    expect(event).toMatchObject({ message: "mine", event_id: "order/17" });
  });
});

describe("export", () => {
  const path = (parameters: Record<string, string>) => `/api/v1/logs/export?${new URLSearchParams({ ...RANGE, ...parameters })}`;

  it("NDJSON is what a search shows, in its order", async () => {
    for (const order of ["asc", "desc"]) {
      const answer = await call(path({ order }), { key: project.key });
      expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
      expect(answer.headers.get("content-disposition")).toContain("logs.ndjson");
      const lines = (await answer.text()).trimEnd().split("\n");
      const { events } = await get(project, "/api/v1/logs", { ...RANGE, order, limit: 1_000 });
      expect(lines.map((line) => JSON.parse(line))).toEqual(events);
    }
  });

  it("CSV of chosen columns, harmless to spreadsheets", async () => {
    const own = await createProject();
    await putEvents(own, [
      { timestamp: new Date(START_MS).toISOString(), message: '=HYPERLINK("x")', service: "a,b", sum: -5 },
      { timestamp: new Date(START_MS + 1).toISOString(), message: "two\nlines", service: "@b" },
    ]);
    const answer = await call(path({ format: "csv", order: "asc", fields: "service,message,sum" }), { key: own.key });
    expect(await answer.text()).toBe('service,message,sum\r\n"a,b","\'=HYPERLINK(""x"")",-5\r\n\'@b,"two\nlines",\r\n');
  });

  it("Parquet holds every event", async () => {
    const answer = await call(path({ format: "parquet", order: "asc" }), { key: project.key });
    const file = await answer.arrayBuffer();
    const rows = await parquetReadObjects({ file });
    const { events } = await get(project, "/api/v1/logs", { ...RANGE, order: "asc", limit: 1_000 });
    expect(rows.map(({ event_id }) => event_id)).toEqual(events.map(({ event_id }) => event_id));
    expect(rows.map(({ message }) => message)).toEqual(messages(events));
    expect(rows.map(({ timestamp }) => (timestamp as Date).toISOString())).toEqual(
      events.map(({ timestamp }) => timestamp.replace(/\d{3}Z$/, "Z")),
    );
    expect(JSON.parse(rows[0]!.attributes as string)).toEqual(events[0]!.attributes);
  });

  it("of nothing is a valid file", async () => {
    const empty = { from: "2001-01-01", to: "2001-01-02" };
    expect(await (await call(path({ ...empty }), { key: project.key })).text()).toBe("");
    expect(await (await call(path({ ...empty, format: "csv", fields: "level" }), { key: project.key })).text()).toBe("level\r\n");
    const parquet = await (await call(path({ ...empty, format: "parquet" }), { key: project.key })).arrayBuffer();
    expect(await parquetReadObjects({ file: parquet })).toEqual([]);
  });
});
