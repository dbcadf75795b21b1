import { beforeAll, describe, expect, it } from "vitest";
import { call, createProject, problemOf, type TestProject } from "./support/api.ts";

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
});

async function refused(init: Parameters<typeof call>[1], path = "/api/v1/sql") {
  const answer = await call(path, { method: "POST", key: project.key, ...init });
  return { status: answer.status, problem: await problemOf(answer) };
}

describe("POST /api/v1/sql refuses", () => {
  it.each<[string, number, RegExp, string]>([
    ["SELECT * FROM logs JOIN users ON true", 19, /JOIN is not possible/, "JOIN"],
    ["INSERT INTO logs VALUES (1)", 0, /INSERT is not possible/, "INSERT"],
    ["SELECT 1; DROP TABLE logs", 10, /several statements/, "DROP"],
    ["SELECT * FROM users", 14, /there is no table users/, "users"],
    ["SELECT cuont(*) FROM logs", 7, /did you mean count\?/, "cuont(*)"],
    ["SELECT count(*) FROM logs WHERE level = 'eror'", 40, /did you mean ERROR\?/, "'eror'"],
    ["", 0, /expected a SELECT statement/, ""],
  ])("%s", async (sql, position, message, found) => {
    const { status, problem } = await refused({ json: { sql } });
    expect(problem.detail).toMatch(message);
    expect(problem.errors?.[0]?.field).toBe("sql");
    if (sql === "") expect(status).toBe(422);
    else {
      expect(status).toBe(400);
      expect(problem).toMatchObject({ code: "bad_query", position, found, expected: expect.any(String) });
    }
  });

  it.each<[string, Parameters<typeof call>[1], number, string]>([
    ["no body", {}, 422, "invalid"],
    ["JSON that is none", { headers: { "content-type": "application/json" }, body: "{sql" }, 400, "bad_request"],
    ["a text that is no UTF-8", { headers: { "content-type": "text/plain" }, body: new Uint8Array([0x53, 0xff]) }, 400, "bad_request"],
    ["a body of another type", { headers: { "content-type": "application/xml" }, body: "<sql/>" }, 415, "unsupported_media_type"],
    ["a statement that is no text", { json: { sql: 1 } }, 422, "invalid"],
    ["a member that it does not know", { json: { sql: "SELECT 1", project_id: "other" } }, 422, "invalid"],
    ["a limit that is none", { json: { sql: "SELECT level FROM logs", limit: 0 } }, 422, "invalid"],
    ["a format that is none", { json: { sql: "SELECT level FROM logs", format: "xml" } }, 422, "invalid"],
    ["a time that is none", { json: { sql: "SELECT level FROM logs", from: "yesterday" } }, 422, "invalid"],
    ["a range that ends before it begins", { json: { sql: "SELECT level FROM logs", from: "now", to: "-1h" } }, 422, "invalid"],
    ["a statement that is too long", { json: { sql: `SELECT '${"x".repeat(20_000)}' FROM logs` } }, 422, "invalid"],
    [
      "a text that is too long",
      { headers: { "content-type": "text/plain" }, body: `SELECT '${"x".repeat(20_000)}' FROM logs` },
      400,
      "bad_query",
    ],
    ["a body that is too large", { headers: { "content-type": "text/plain" }, body: "x".repeat(200_000) }, 413, "too_large"],
  ])("%s", async (_name, init, status, code) => {
    const answer = await refused(init);
    expect([answer.status, answer.problem.code]).toEqual([status, code]);
  });
});
