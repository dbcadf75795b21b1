/** What `extract` takes out of texts, however they are stored: by expressions as DuckDB does, by patterns as their description says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellAt } from "../../../worker/engine/batch/record.ts";
import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import { ALL, type EventStep, parseQuery, printQuery } from "../../../worker/engine/query/query.ts";
import { EventTable, sqlText } from "./duckdb.ts";
import { dataset, eventsOf } from "./events.ts";
import { type Stored, storedForms } from "./stored.ts";

const RUNS = Number(process.env.ORACLE_RUNS ?? 30);
/** A busy machine tries fewer. */
const TIME_MS = Number(process.env.ORACLE_MS ?? 10_000);
const SEED = process.env.ORACLE_SEED === undefined ? 20_260_307 : Number(process.env.ORACLE_SEED);

/** Groups that take part in every match. */
const EXPRESSIONS = [
  "(?P<one>\\w+) (?P<two>\\S+)",
  "(?P<one>t.)",
  "^(?P<one>.)(?P<two>.*)$",
  "(?P<one>[[:alpha:]]+)[-./](?P<two>.?)",
  "(?i)(?P<one>k)",
  "(?s)(?P<one>.)(?P<two>[^a-z]+)",
];
/** Texts and named places in turn, a text first. */
const PATTERNS = [
  ["", "one", " ", "two"],
  ["t", "one", "e", "two", "o"],
  ["", "one", "-", "two", "."],
  [" ", "one"],
  ["e", "one", ""],
  ["", "one"],
];
const SOURCES = ["message", "attributes.path", "host", "attributes.user.name", "request_id"];

type Found = (string | null)[];

/** By event what the fields `one` and `two` hold afterwards. */
async function extracted(stored: Stored, step: EventStep): Promise<Map<number, Found>> {
  if (step.kind !== "extract") throw new Error("no extract");
  const { pipes } = parseQuery(printQuery({ filter: ALL, pipes: [step] }), { now_us: 0 });
  const found = new Map<number, Found>();
  for (const part of await stored.parts(ALL, new Set([step.from, "attributes"]))) {
    const { batch, rows } = runSteps(pipes as EventStep[], part.batch, part.rows);
    const columns = ["attributes.one", "attributes.two"].map((name) => batch.columns.get(name));
    for (const row of rows)
      found.set(
        batch.ingest_us[row]!,
        columns.map((column) => (column ? (cellAt(column, row) as string | null) : null)),
      );
  }
  return found;
}

/** It begins where its first text first occurs; each place reaches to the next occurrence of the text after it, the last one to the end. */
function byPattern(text: string | null, pattern: readonly string[]): Found {
  const values: Record<string, string> = {};
  let from = text === null ? -1 : text.indexOf(pattern[0]!);
  if (from < 0) return [null, null];
  from += pattern[0]!.length;
  for (let at = 1; at < pattern.length; at += 2) {
    const after = pattern[at + 1] ?? "";
    const end = after === "" ? text!.length : text!.indexOf(after, from);
    if (end < 0) return [null, null];
    values[pattern[at]!] = text!.slice(from, end);
    from = end + after.length;
  }
  return [values.one ?? null, values.two ?? null];
}

describe("extract", () => {
  it("finds by expressions what DuckDB finds", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, fc.constantFrom(...EXPRESSIONS), fc.constantFrom(...SOURCES), async (data, pattern, from) => {
        const events = eventsOf(data);
        const table = await EventTable.load(events);
        const text = `(${table.field(from).whole}).t`;
        const groups = [...pattern.matchAll(/\?P<(\w+)>/g)].length;
        const plain = sqlText(pattern.replaceAll(/\?P<\w+>/g, ""));
        const group = (at: number) =>
          at > groups ? "NULL" : `CASE WHEN regexp_matches(${text}, ${plain}) THEN regexp_extract(${text}, ${plain}, ${at}) END`;
        const expected = await table.rows(`SELECT id, ${group(1)}, ${group(2)} FROM events`);
        for (const stored of await storedForms(events, data.seed)) {
          const found = await extracted(stored, { kind: "extract", from, by: { kind: "regex", pattern } });
          for (const [id, ...values] of expected) expect(found.get(Number(id)), `${pattern} ${stored.form}`).toEqual(values);
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS / 2 },
    );
  });

  it("finds by patterns what stands between their texts", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, fc.constantFrom(...PATTERNS), fc.constantFrom(...SOURCES), async (data, pattern, from) => {
        const events = eventsOf(data);
        const table = await EventTable.load(events);
        const texts = await table.rows(`SELECT id, (${table.field(from).whole}).t FROM events`);
        const written = pattern.map((part, at) => (at % 2 === 0 ? part : `<${part}>`)).join("");
        for (const stored of await storedForms(events, data.seed)) {
          const found = await extracted(stored, { kind: "extract", from, by: { kind: "pattern", pattern: written } });
          for (const [id, text] of texts) {
            expect(found.get(Number(id)), `${written} ${stored.form}`).toEqual(byPattern(text as string | null, pattern));
          }
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS / 2 },
    );
  });
});
