import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STRING_FIELDS } from "../../../../worker/engine/batch/event-batch.ts";
import type { SqlTable } from "../../../../worker/engine/query/sql/output.ts";
import { planSql } from "../../../../worker/engine/query/sql/plan-sql.ts";
import { QuerySyntaxError } from "../../../../worker/engine/query/syntax-error.ts";
import type { PlainEvent, Storage } from "../batches.ts";
import { NOW_US, runSql } from "./run.ts";

/** Every statement of the guide, with the answer or the error that stands below or beside it. */
const docs = `${import.meta.dirname}/../../../../docs`;
const guide = readFileSync(`${docs}/sql.md`, "utf8");

const events = /^```events\n([\s\S]*?)^```$/m
  .exec(readFileSync(`${docs}/query-language.md`, "utf8"))![1]!
  .trim()
  .split("\n")
  .map((line): PlainEvent => {
    const { timestamp, ...others } = JSON.parse(line) as Record<string, unknown>;
    const own = (name: string) => (STRING_FIELDS as readonly string[]).includes(name);
    return {
      timestamp_us: Date.parse(timestamp as string) * 1000,
      ingest_us: NOW_US,
      fields: Object.fromEntries(Object.entries(others).filter(([name]) => own(name))),
      attributes: Object.fromEntries(Object.entries(others).filter(([name]) => !own(name))),
    };
  });

const statements = [...guide.matchAll(/^```sql\n([\s\S]*?)^```\n(?:\n```answer\n([\s\S]*?)^```$)?/gm)].map(
  ([, sql = "", answer = ""]) => [sql.trim(), answer] as const,
);
const errors = /^```error\n([\s\S]*?)^```$/m
  .exec(guide)![1]!
  .trim()
  .split("\n")
  .map((line) => /^(.*?)\s+-- (\d+): (.*)$/.exec(line)!.slice(1) as [string, string, string]);

/** Columns side by side, as the guide shows them; empty cells are null. */
export function shown({ columns, rows }: SqlTable): string {
  const cells = [
    columns.map(({ name }) => name),
    ...rows.map((row) => row.map((cell) => (cell === null ? "" : String(cell).replace(".000000Z", "Z")))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]!.length)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index]!))
          .join(" | ")
          .trimEnd()}\n`,
    )
    .join("");
}

describe("docs/sql.md", () => {
  it.each(statements)("%s", (sql, answer) => {
    for (const storage of ["dict", "bytes", "rest", "number"] satisfies Storage[])
      expect(shown(runSql(sql, events, () => storage))).toBe(answer);
  });

  it.each(errors)("%s fails at %s: %s", (sql, position, message) => {
    try {
      planSql(sql, { now_us: NOW_US, rows_max: 100 });
      expect.unreachable("the statement was taken");
    } catch (error) {
      if (!(error instanceof QuerySyntaxError)) throw error;
      expect([error.position, error.message]).toEqual([Number(position), expect.stringContaining(message)]);
    }
  });

  it("has an answer to each statement", () => {
    expect(statements.length).toBeGreaterThan(25);
    expect(statements.filter(([, answer]) => answer === "")).toEqual([]);
  });
});
