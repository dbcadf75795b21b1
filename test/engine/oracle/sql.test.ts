/** Random statements word for word in DuckDB and in Ledge, over the same rows, however they are stored. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import { planColumns, reducerFor, runTable } from "../../../worker/engine/query/query.ts";
import { sqlTable } from "../../../worker/engine/query/sql/output.ts";
import { planSql } from "../../../worker/engine/query/sql/plan-sql.ts";
import { askDuckDB, comparable } from "./sql-answers.ts";
import { eventOf, loadSqlRows, sqlDataset, sqlRows } from "./sql-rows.ts";
import { statement } from "./statements.ts";
import { type Stored, storedForms } from "./stored.ts";

const RUNS = Number(process.env.ORACLE_RUNS ?? 40);
const SEED = process.env.ORACLE_SEED === undefined ? 20_260_305 : Number(process.env.ORACLE_SEED);
/** A busy machine tries fewer. */
const TIME_MS = Number(process.env.ORACLE_MS ?? 14_000);
const ROWS_MAX = 5_000;

async function ask(sql: string, stored: Stored): Promise<unknown[][]> {
  const plan = structuredClone(planSql(sql, { now_us: 0, rows_max: ROWS_MAX }));
  const columns = planColumns(plan);
  const whole = reducerFor(plan.reduce!);
  for (const part of await stored.parts(plan.filter, columns === "all" ? null : columns.names)) {
    const reducer = reducerFor(plan.reduce!);
    const { batch, rows } = runSteps(plan.steps, part.batch, part.rows);
    reducer.add(batch, rows);
    whole.merge(structuredClone(reducer.serialize()));
  }
  return sqlTable(plan, runTable(plan, whole.result())).rows;
}

describe("SQL", () => {
  it("answers what DuckDB answers", async () => {
    await fc.assert(
      fc.asyncProperty(sqlDataset, fc.array(statement, { minLength: 1, maxLength: 12, size: "max" }), async (data, statements) => {
        const rows = sqlRows(data);
        await loadSqlRows(rows);
        const forms = await storedForms(rows.map(eventOf), data.seed);
        for (const sql of statements) {
          const ordered = / ORDER BY /.test(sql);
          const expected = comparable(await askDuckDB(sql), ordered);
          for (const stored of forms) expect(comparable(await ask(sql, stored), ordered), `${sql} ${stored.form}`).toEqual(expected);
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS },
    );
  });
});
