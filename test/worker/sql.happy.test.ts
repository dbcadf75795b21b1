import { env } from "cloudflare:workers";
import { tableFromIPC } from "@uwdata/flechette";
import { beforeAll, describe, expect, it } from "vitest";
import { compactNow, flushNow } from "../../worker/jobs/now.ts";
import { call, createProject, type TestProject } from "./support/api.ts";
import { putEvents, type SentEvent, someEvents } from "./support/search.ts";

const START_MS = Date.now() - 3 * 3_600_000;
const COUNT = 120;

interface SqlAnswer {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  from: string;
  to: string;
  truncated: string | null;
  overflow: unknown;
  partial: unknown;
  stats: { rows_scanned: number };
}

let project: TestProject;
let sent: SentEvent[];

/** A third of the events lies in a merged segment, a third in flushed ones, a third in the window. */
beforeAll(async () => {
  project = await createProject();
  sent = someEvents(START_MS, COUNT);
  for (let from = 0; from < COUNT; from += 20) {
    await putEvents(project, sent.slice(from, from + 20));
    if (from < 80) await flushNow(env, project.project_id);
    if (from === 40) await compactNow(env, project.project_id);
  }
});

async function ask(sql: string, more: Record<string, unknown> = {}): Promise<SqlAnswer> {
  const answer = await call("/api/v1/sql", { key: project.key, json: { sql, ...more } });
  if (answer.status !== 200) throw new Error(`${sql} answered ${answer.status}: ${await answer.text()}`);
  return answer.json<SqlAnswer>();
}

function countBy(key: (event: SentEvent) => unknown): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const event of sent) counts.set(key(event), (counts.get(key(event)) ?? 0) + 1);
  return counts;
}

describe("POST /api/v1/sql", () => {
  it("answers groups with the types of their columns, and what it cost", async () => {
    const answer = await ask("SELECT service, count(*) AS n, max(timestamp) FROM logs GROUP BY service ORDER BY service");
    expect(answer.columns).toEqual([
      { name: "service", type: "text" },
      { name: "n", type: "number" },
      { name: "max", type: "timestamp" },
    ]);
    const counts = countBy(({ service }) => service);
    expect(answer.rows.map(([service, n]) => [service, n])).toEqual([...counts].sort());
    expect(answer).toMatchObject({ truncated: null, overflow: null, partial: null });
    expect(Date.parse(answer.to) - Date.parse(answer.from)).toBeGreaterThan(86_400_000);
    expect(answer.stats).toHaveProperty("took_ms");
  });

  it("answers rows with expressions, newest first", async () => {
    const { rows } = await ask("SELECT message, upper(host) AS h, status / 100 FROM logs WHERE status >= 500 LIMIT 5");
    const expected = sent
      .filter(({ status }) => status === 500)
      .reverse()
      .slice(0, 5);
    expect(rows.map(([, host, hundreds]) => [host, hundreds])).toEqual(expected.map(({ host }) => [host!.toUpperCase(), 5]));
  });

  it("answers whole events", async () => {
    const { columns, rows } = await ask("SELECT * FROM logs ORDER BY timestamp LIMIT 3");
    const names = columns.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["timestamp", "level", "service", "host", "message", "status", "path"]));
    const at = names.indexOf("message");
    const first = sent.slice(0, 3).map(({ message }) => message);
    expect(rows.map((row) => row[at]).sort()).toEqual([...first].sort());
  });

  it("answers whole events in an order that is computed, without what it computed", async () => {
    const { columns, rows } = await ask("SELECT * FROM logs ORDER BY length(message) DESC, upper(message) LIMIT 2 OFFSET 1");
    const names = columns.map(({ name }) => name);
    expect(names.filter((name) => !/^[a-z_]+$/.test(name))).toEqual([]);
    const messages = sent.map(({ message }) => message!).sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
    expect(rows.map((row) => row[names.indexOf("message")])).toEqual(messages.slice(1, 3));
  });

  it("takes the range from WHERE, else from the request", async () => {
    const begin = new Date(START_MS + 10_000).toISOString();
    const in_where = await ask(`SELECT count(*) FROM logs WHERE timestamp >= '${begin}' AND timestamp < now() - interval '1 hour'`);
    const asked = await ask("SELECT count(*) FROM logs", { from: begin, to: "-1h" });
    expect(in_where.rows).toEqual(asked.rows);
    expect(in_where.rows).toEqual([[COUNT - 30]]);
    expect(Date.parse(in_where.from)).toBe(Date.parse(begin));
    expect((await ask("SELECT count(*) FROM logs WHERE timestamp < '2020-01-01'")).rows).toEqual([[0]]);
    expect((await ask("SELECT count(*) FROM logs WHERE 1 = 2")).rows).toEqual([[0]]);
  });

  it("says where rows are cut", async () => {
    const all = await ask("SELECT message FROM logs");
    expect(all.rows).toHaveLength(COUNT);
    const cut = await ask("SELECT message FROM logs", { limit: 7 });
    expect(cut.rows).toEqual(all.rows.slice(0, 7));
    expect(cut.truncated).toMatch(/more rows than these 7/);
    expect((await ask("SELECT message FROM logs LIMIT 7", { limit: 7 })).truncated).toBeNull();
    expect((await ask("SELECT host, path FROM logs GROUP BY host, path", { limit: 2 })).truncated).not.toBeNull();
  });

  it.each(["text/plain", "application/sql", "text/plain; charset=utf-8"])(
    "takes the statement as %s, with parameters in the address",
    async (type) => {
      const answer = await call("/api/v1/sql?limit=2&format=csv", {
        key: project.key,
        headers: { "content-type": type },
        body: "SELECT DISTINCT service FROM logs ORDER BY 1 DESC",
      });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8; header=present"]);
      expect(answer.headers.get("x-ledge-truncated")).toBe("2 rows");
      expect(await answer.text()).toBe("service\r\nweb\r\nbilling\r\n");
    },
  );

  it("answers lines of JSON", async () => {
    const answer = await call("/api/v1/sql", {
      key: project.key,
      headers: { accept: "application/x-ndjson" },
      json: { sql: "SELECT level, count(*) FROM logs GROUP BY level ORDER BY level" },
    });
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    const lines = (await answer.text()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      [...countBy(({ level }) => level)].sort().map(([level, count]) => ({ level, count })),
    );
  });

  it("answers an Arrow stream", async () => {
    const sql = "SELECT date_trunc('hour', timestamp) AS h, count(*) AS n FROM logs GROUP BY h ORDER BY h";
    const answer = await call("/api/v1/sql", {
      key: project.key,
      headers: { accept: "application/vnd.apache.arrow.stream" },
      json: { sql },
    });
    expect(answer.headers.get("content-type")).toBe("application/vnd.apache.arrow.stream");
    const table = tableFromIPC(new Uint8Array(await answer.arrayBuffer()));
    const hours = countBy(({ timestamp }) => Date.parse(timestamp) - (Date.parse(timestamp) % 3_600_000));
    expect(Array.from({ length: table.numRows }, (_, row) => [table.getChild("h").at(row), Number(table.getChild("n").at(row))])).toEqual([
      ...hours,
    ]);
  });

  it("is described with its formats", async () => {
    const { paths } = await (await call("/openapi.json")).json<{
      paths: Record<string, Record<string, { requestBody: { content: object }; responses: Record<string, { content: object }> }>>;
    }>();
    const { requestBody, responses } = paths["/api/v1/sql"]!.post!;
    expect(Object.keys(requestBody.content)).toEqual(["application/json", "application/sql", "text/plain"]);
    expect(Object.keys(responses["200"]!.content)).toEqual([
      "application/json",
      "application/x-ndjson",
      "text/csv",
      "application/vnd.apache.arrow.stream",
    ]);
  });
});
