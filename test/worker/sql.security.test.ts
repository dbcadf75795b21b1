import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { flushNow } from "../../worker/jobs/now.ts";
import { call, createKey, createProject, type TestProject } from "./support/api.ts";
import { putEvents } from "./support/search.ts";

let project: TestProject;
let other: TestProject;

beforeAll(async () => {
  [project, other] = [await createProject(), await createProject()];
  const timestamp = new Date(Date.now() - 60_000).toISOString();
  await putEvents(project, [{ timestamp, level: "INFO", service: "own", message: "mine", note: "x' OR '1'='1" }]);
  await putEvents(other, [{ timestamp, level: "INFO", service: "foreign", message: "theirs" }]);
  for (const { project_id } of [project, other]) await flushNow(env, project_id);
});

async function rows(sql: string, key = project.key): Promise<unknown[][]> {
  const answer = await call("/api/v1/sql", { key, json: { sql } });
  if (answer.status !== 200) throw new Error(`${sql} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json<{ rows: unknown[][] }>()).rows;
}

describe("SQL", () => {
  it("sees the project of its key alone", async () => {
    expect(await rows("SELECT service FROM logs")).toEqual([["own"]]);
    expect(await rows("SELECT service FROM logs WHERE true OR project_id = 'x' OR 1 = 1")).toEqual([["own"]]);
    expect(await rows("SELECT service FROM logs", other.key)).toEqual([["foreign"]]);
  });

  it.each([
    `SELECT service FROM "${"x"}".logs`,
    "SELECT service FROM logs, logs",
    "SELECT * FROM read_parquet('segments/*')",
    "SELECT * FROM segments",
    "SELECT * FROM sqlite_master",
    'SELECT "\u0001o0" FROM logs',
    "ATTACH 'x' AS y",
    "PRAGMA table_info(logs)",
    "COPY logs TO 'x'",
    "SELECT pg_sleep(100) FROM logs",
    "SELECT service FROM logs UNION SELECT token FROM api_keys",
    "SELECT (SELECT name FROM projects) FROM logs",
  ])("refuses %s", async (sql) => {
    const answer = await call("/api/v1/sql", { key: project.key, json: { sql } });
    expect(answer.status).toBe(400);
  });

  it("takes what is in quotes for text, whatever it is", async () => {
    for (const text of ["x' OR '1'='1", "'; DROP TABLE logs; --", "\\'; SELECT 1 --", '"', "/*", "$1", "\u0001o0", "\u0000"]) {
      const literal = `'${text.replaceAll("'", "''")}'`;
      expect(await rows(`SELECT ${literal} AS said FROM logs`)).toEqual([[text]]);
      expect(await rows(`SELECT service FROM logs WHERE note = ${literal}`)).toEqual(text.startsWith("x'") ? [["own"]] : []);
    }
  });

  it("takes what is in double quotes for a name, whatever it is", async () => {
    for (const name of ["n0", "0", '" FROM logs; --', "__proto__", "constructor"]) {
      expect(await rows(`SELECT "${name.replaceAll('"', '""')}" AS held, service FROM logs`)).toEqual([[null, "own"]]);
    }
  });

  it("needs a key that may read", async () => {
    const writer = await createKey(project, ["ingest"]);
    const ask = (key: string | undefined) => call("/api/v1/sql", { key, json: { sql: "SELECT service FROM logs" } });
    expect((await ask(writer.key)).status).toBe(403);
    expect((await ask(undefined)).status).toBe(401);
    const reader = await createKey(project, ["read"]);
    expect((await ask(reader.key)).status).toBe(200);
  });
});
