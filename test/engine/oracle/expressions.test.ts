/** What `eval` computes and `expr(…)` finds against DuckDB over the same events, however they are stored. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellAt } from "../../../worker/engine/batch/record.ts";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";
import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import { ALL, and, filterColumns, parseQuery, printQuery } from "../../../worker/engine/query/query.ts";
import { EventTable } from "./duckdb.ts";
import { dataset, eventsOf } from "./events.ts";
import { ExpressionSql } from "./expression-sql.ts";
import { call, conditions, literal, numbers, texts, times } from "./expressions.ts";
import { type Stored, storedForms } from "./stored.ts";

const RUNS = Number(process.env.ORACLE_RUNS ?? 40);
const SEED = process.env.ORACLE_SEED === undefined ? 20_260_303 : Number(process.env.ORACLE_SEED);
/** A busy machine tries fewer. */
const TIME_MS = Number(process.env.ORACLE_MS ?? 14_000);

type Value = string | number | boolean | null;

interface Asked {
  type: "number" | "text" | "bool" | "time";
  expression: Expression;
}

const asked: fc.Arbitrary<Asked> = fc.oneof(
  { weight: 4, arbitrary: numbers.map((x) => ({ type: "number" as const, expression: call("+", x, literal(0)) })) },
  { weight: 4, arbitrary: texts.map((value) => ({ type: "text" as const, expression: call("to_string", value) })) },
  { weight: 4, arbitrary: conditions.map((expression) => ({ type: "bool" as const, expression })) },
  { weight: 1, arbitrary: times.map((expression) => ({ type: "time" as const, expression })) },
);

function sqlOf({ type, expression }: Asked, sql: ExpressionSql): string {
  return type === "time" ? `strftime(${sql.time(expression)}, '%Y-%m-%dT%H:%M:%S.%fZ')` : sql[type](expression);
}

/** Of the last digits of powers and logarithms libraries are not of one mind. */
function sameValue(left: Value, right: Value): boolean {
  if (left === right) return true;
  return (
    typeof left === "number" && typeof right === "number" && Math.abs(left - right) <= 1e-12 * Math.max(Math.abs(left), Math.abs(right))
  );
}

/** By event the value that the column has, null where it has none. */
async function computed(stored: Stored, items: readonly Asked[]): Promise<Map<number, Value[]>> {
  const pipe = { kind: "eval" as const, items: items.map(({ expression }, at) => ({ field: `attributes.x${at}`, expression })) };
  const { filter, pipes } = parseQuery(printQuery({ filter: ALL, pipes: [pipe] }), { now_us: 0 });
  const steps = pipes.flatMap((each) => (each.kind === "eval" ? each.items : [])).map((item) => ({ kind: "eval" as const, ...item }));
  const columns = filterColumns(and(steps.map(({ expression }) => ({ kind: "expression", expression }))));
  const found = new Map<number, Value[]>();
  for (const part of await stored.parts(filter, columns === "all" ? null : columns.names)) {
    const { batch, rows } = runSteps(steps, part.batch, part.rows);
    const made = items.map((_, at) => batch.columns.get(`attributes.x${at}`));
    for (const row of rows)
      found.set(
        batch.ingest_us[row]!,
        made.map((column) => (column ? cellAt(column, row) : null)),
      );
  }
  return found;
}

async function matching(stored: Stored, expression: Expression): Promise<number[]> {
  const { filter } = parseQuery(printQuery({ filter: { kind: "expression", expression }, pipes: [] }), { now_us: 0 });
  const parts = await stored.parts(filter, null);
  return parts.flatMap(({ batch, rows }) => Array.from(rows, (row) => batch.ingest_us[row]!)).sort((left, right) => left - right);
}

describe("expressions", () => {
  it("have the values that DuckDB computes, however events are stored", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, fc.array(asked, { minLength: 1, maxLength: 12, size: "max" }), async (data, items) => {
        const events = eventsOf(data);
        const table = await EventTable.load(events);
        const sql = new ExpressionSql(table);
        const expected = await table.rows(`SELECT id, ${items.map((item) => sqlOf(item, sql)).join(", ")} FROM ${table.name} ORDER BY id`);
        for (const stored of await storedForms(events, data.seed)) {
          const found = await computed(stored, items);
          for (const [id, ...values] of expected) {
            const own = found.get(Number(id)) ?? [];
            const wrong = values.findIndex((value, at) => !sameValue(own[at] ?? null, value as Value));
            if (wrong < 0) continue;
            const context = `${printQuery({ filter: { kind: "expression", expression: items[wrong]!.expression }, pipes: [] })} ${stored.form}`;
            expect(own[wrong], context).toEqual(values[wrong]);
          }
          for (const [at, { type, expression }] of items.entries()) {
            if (type !== "bool") continue;
            const wanted = expected.filter((row) => row[at + 1] === true).map(([id]) => Number(id));
            expect(await matching(stored, expression), `${JSON.stringify(expression)} ${stored.form}`).toEqual(wanted);
          }
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS },
    );
  });
});
