import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STRING_FIELDS } from "../../../worker/engine/batch/event-batch.ts";
import { fingerprint } from "../../../worker/engine/patterns/fingerprint.ts";
import { PIPE_NAMES } from "../../../worker/engine/query/pipes/pipes.ts";
import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import {
  eventWindow,
  matchRows,
  parseQuery,
  planQuery,
  printQuery,
  QuerySyntaxError,
  reducerFor,
  runTable,
  type Table,
} from "../../../worker/engine/query/query.ts";
import { STATS_FUNCTIONS } from "../../../worker/engine/query/stats/stats-functions.ts";
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

function fingerprintOf(message: string): number {
  const bytes = new TextEncoder().encode(message);
  return fingerprint(bytes, 0, bytes.length);
}

const events = linesOf("events").map((line): PlainEvent => {
  const { timestamp, ...others } = JSON.parse(line) as Record<string, unknown>;
  const own = (name: string) => (STRING_FIELDS as readonly string[]).includes(name);
  const entries = Object.entries(others);
  return {
    timestamp_us: Date.parse(timestamp as string) * 1000,
    ingest_us: now_us,
    fingerprint: fingerprintOf(others.message as string),
    fields: Object.fromEntries(entries.filter(([name]) => own(name))),
    attributes: Object.fromEntries(entries.filter(([name]) => !own(name))),
  };
});

/** The range that the guide's examples are asked about. */
const range = { from_us: Date.UTC(2026, 2, 1) * 1000, to_us: now_us };

/** The table of a query, or the events that it shows as one. */
function answerOf(text: string, storage: Storage): Pick<Table, "columns" | "rows"> {
  const query = parseQuery(text, { now_us });
  expect(parseQuery(printQuery(query), { now_us })).toEqual(query);
  const plan = planQuery(query, { range });
  const batch = batchOf(events, () => storage);
  const stepped = runSteps(plan.steps, batch, matchRows(plan.filter, batch));
  if (!plan.reduce) {
    const { skip, count } = eventWindow(plan);
    return { columns: [], rows: [...stepped.rows].slice(skip, skip + count).map((row) => [row]) };
  }
  const reducer = reducerFor(plan.reduce);
  reducer.add(stepped.batch, stepped.rows);
  return runTable(plan, reducer.result());
}

/** Queries with the tables that they make: columns and rows, their cells between bars. */
function tables(): [query: string, lines: string[]][] {
  const blocks = guide.matchAll(/^```table\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, block = ""]) => {
    const [query = "", ...lines] = block.trimEnd().split("\n");
    return [query, lines];
  });
}

describe("docs/query-language.md", () => {
  it.each(examples("query"))("%s gives %s", (text, expected) => {
    for (const storage of ["dict", "bytes", "rest"] as const) expect(answerOf(text, storage).rows.length).toBe(Number(expected));
  });

  it.each(tables())("%s makes its table", (text, lines) => {
    for (const storage of ["dict", "bytes", "rest"] as const) {
      const { columns, rows } = answerOf(text, storage);
      expect([columns, ...rows].map((cells) => cells.map(String).join(" | "))).toEqual(lines);
    }
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

  it("has a grammar that defines what it uses, once", () => {
    const grammar = /^```ebnf\n([\s\S]*?)^```$/m.exec(guide)?.[1] ?? "";
    const productions = grammar.replace(/\(\*.*?\*\)/g, "").matchAll(/^(\w+)\s*=((?:"[^"]*"|'[^']*'|[^;"'])*);/gm);
    const defined = ["character", "letter", "digit"];
    const used = new Set<string>();
    for (const [, name = "", body = ""] of productions) {
      expect(defined).not.toContain(name);
      defined.push(name);
      for (const [word] of body.replace(/"[^"]*"|'[^']*'/g, "").matchAll(/\w+/g)) used.add(word);
    }
    expect([...used].sort()).toEqual(defined.filter((name) => name !== "query").sort());
    for (const name of [...PIPE_NAMES, ...Object.keys(STATS_FUNCTIONS)]) expect(grammar).toContain(`"${name}"`);
  });

  it("has an example of each function of stats", () => {
    const texts = [...examples("query"), ...tables()].map(([text]) => text).join("\n");
    for (const name of Object.keys(STATS_FUNCTIONS)) expect(texts).toContain(`${name}(`);
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
    for (const [text] of [...examples("query"), ...tables()]) visit(parseQuery(text, { now_us }));
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
    expect([...kinds]).toEqual(expect.arrayContaining([...all, ...PIPE_NAMES, "bucket"]));
  });
});
