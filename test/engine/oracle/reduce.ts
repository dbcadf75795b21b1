/** A query's table, from events in one of their forms. */

import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import {
  type Plan,
  parseQuery,
  planColumns,
  planQuery,
  type Reducer,
  readsTimes,
  reducerFor,
  runTable,
  type Table,
} from "../../../worker/engine/query/query.ts";
import { randomOf } from "../../support/random.ts";
import type { Part, Stored } from "./stored.ts";

/** The whole in one reducer, or each part in one of several whose states cross to another invocation. */
export function reduced(plan: Plan, parts: readonly Part[], random: () => number): Table {
  const reduction = plan.reduce!;
  const reducers: Reducer[] = Array.from({ length: random() < 0.5 ? 1 : 3 }, () => reducerFor(reduction));
  for (const { batch, rows } of parts) {
    const cut = random() < 0.5 ? rows.length : Math.floor(random() * (rows.length + 1));
    for (const piece of [rows.subarray(0, cut), rows.subarray(cut)]) reducers[Math.floor(random() * reducers.length)]!.add(batch, piece);
  }
  if (reducers.length === 1) return runTable(plan, reducers[0]!.result());
  const whole = reducerFor(reduction);
  for (const reducer of reducers) whole.merge(structuredClone(reducer.serialize()));
  return runTable(plan, whole.result());
}

export async function tableOf(
  stored: Stored,
  text: string,
  seed: number,
  range: { from_us: number; to_us: number } | null = null,
): Promise<Table> {
  const plan = planQuery(parseQuery(text, { now_us: 0 }), { range });
  const columns = planColumns(plan);
  const parts = await stored.parts(plan.filter, columns === "all" ? null : columns.names, readsTimes(plan));
  const stepped = parts.map(({ batch, rows }) => runSteps(plan.steps, batch, rows));
  return reduced(plan, stepped, randomOf(seed));
}
