import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STRING_FIELDS } from "../../../worker/engine/batch/event-batch.ts";
import {
  matchRows,
  parseQuery,
  planQuery,
  printQuery,
  QuerySyntaxError,
  reducerFor,
  runTable,
} from "../../../worker/engine/query/query.ts";
import { runSteps } from "../../../worker/engine/query/steps.ts";
import { batchOf, type PlainEvent, type Storage } from "./batches.ts";
import { functionTables } from "./function-table.ts";

/** Every example of the guide, against the events that the guide itself shows. */
const guide = readFileSync(`${import.meta.dirname}/../../../docs/query-language.md`, "utf8");
const now_us = Date.UTC(2026, 2, 2, 12) * 1000;

function linesOf(language: string): string[] {
  const blocks = guide.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"));
  return [...blocks].flatMap(([, block = ""]) => block.split("\n").filter(Boolean));
}

function examples(language: string): [query: string, expected: string][] {
  return linesOf(language).map((line) => {
    const at = line.lastIndexOf(" # ");
    return [line.slice(0, at).trim(), line.slice(at + 3)];
  });
}

const events = linesOf("events").map((line): PlainEvent => {
  const { timestamp, ...others } = JSON.parse(line) as Record<string, unknown>;
  const own = (name: string) => (STRING_FIELDS as readonly string[]).includes(name);
  const entries = Object.entries(others);
  return {
    timestamp_us: Date.parse(timestamp as string) * 1000,
    ingest_us: now_us,
    fields: Object.fromEntries(entries.filter(([name]) => own(name))),
    attributes: Object.fromEntries(entries.filter(([name]) => !own(name))),
  };
});

function countOf(text: string, storage: Storage): number {
  const query = parseQuery(text, { now_us });
  expect(parseQuery(printQuery(query), { now_us })).toEqual(query);
  const plan = planQuery(query);
  const batch = batchOf(events, () => storage);
  const stepped = runSteps(plan.steps, batch, matchRows(plan.filter, batch));
  if (!plan.reduce) return stepped.rows.length;
  const reducer = reducerFor(plan.reduce);
  reducer.add(stepped.batch, stepped.rows);
  return runTable(plan, reducer.result()).rows.length;
}

describe("docs/query-language.md", () => {
  it.each(examples("query"))("%s gives %s", (text, expected) => {
    for (const storage of ["dict", "bytes", "rest"] as const) expect(countOf(text, storage)).toBe(Number(expected));
  });

  it.each(examples("error"))("%s fails at %s", (text, expected) => {
    const [, position, message = ""] = /^(\d+): (.*)$/.exec(expected) ?? [];
    try {
      parseQuery(text, { now_us });
      expect.unreachable("the query was taken");
    } catch (error) {
      if (!(error instanceof QuerySyntaxError)) throw error;
      expect(error.position).toBe(Number(position));
      expect(error.message).toContain(message);
    }
  });

  it("has the table of every function as its entry says it", () => {
    expect(guide).toContain(functionTables());
  });

  it("has an example for each kind of filter and pipe", () => {
    const kinds = new Set<string>();
    const visit = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      if ("kind" in node) kinds.add(String(node.kind));
      Object.values(node).forEach(visit);
    };
    for (const [text] of examples("query")) visit(parseQuery(text, { now_us }));
    const all = [
      "all",
      "and",
      "or",
      "not",
      "phrase",
      "equal",
      "in",
      "wildcard",
      "contains",
      "icase",
      "regex",
      "compare",
      "range",
      "exists",
      "expression",
    ];
    expect([...kinds]).toEqual(expect.arrayContaining([...all, "stats", "sort", "limit", "fields", "where", "eval", "extract", "bucket"]));
  });
});
