/** SQL over plain events, from its text to the answer. */

import { matchRows } from "../../../../worker/engine/query/filters/filters.ts";
import { filterHints } from "../../../../worker/engine/query/filters/hints.ts";
import { runTable } from "../../../../worker/engine/query/pipes/run-table.ts";
import { runSteps } from "../../../../worker/engine/query/pipes/steps.ts";
import { type SqlTable, sqlTable } from "../../../../worker/engine/query/sql/output.ts";
import { planSql } from "../../../../worker/engine/query/sql/plan-sql.ts";
import { reducerFor } from "../../../../worker/engine/query/stats/reducer.ts";
import { batchOf, type PlainEvent, type Storage } from "../batches.ts";

export const NOW_US = Date.UTC(2026, 2, 2, 12) * 1000;

/** The events lie in two batches, of which two partial results are made and merged. */
export function runSql(sql: string, events: readonly PlainEvent[], storageOf?: (name: string) => Storage): SqlTable {
  const plan = structuredClone(planSql(sql, { now_us: NOW_US, rows_max: 1_000 }));
  const whole = reducerFor(plan.reduce!);
  const half = Math.ceil(events.length / 2);
  for (const part of [events.slice(0, half), events.slice(half)]) {
    const batch = batchOf(part, storageOf);
    const reducer = reducerFor(plan.reduce!);
    const { batch: made, rows } = runSteps(plan.steps, batch, matchRows(plan.filter, batch));
    reducer.add(made, rows);
    whole.merge(structuredClone(reducer.serialize()));
  }
  filterHints(plan.filter);
  return sqlTable(plan, runTable(plan, whole.result()));
}
