import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import { matchRows, parseQuery, planQuery, type Reducer, reducerFor, runTable, type Table } from "../../../worker/engine/query/query.ts";
import { batchOf, type PlainEvent, type Storage } from "./batches.ts";

export interface AskOptions {
  now_us?: number;
  range?: { from_us: number; to_us: number };
  storageOf?: (name: string) => Storage;
  /** Where each event goes; the partial results of the parts are merged. */
  partOf?: (index: number) => number;
}

/** The table that a query makes of these events. */
export function ask(text: string, events: readonly PlainEvent[], options: AskOptions = {}): Table {
  const { now_us = 0, range = null, partOf } = options;
  const plan = planQuery(parseQuery(text, { now_us }), { range });
  if (!plan.reduce) throw new Error(`${text} answers events`);
  const reducerOf = (part: readonly PlainEvent[]): Reducer => {
    const reducer = reducerFor(plan.reduce!);
    const batch = batchOf(part, options.storageOf);
    const stepped = runSteps(plan.steps, batch, matchRows(plan.filter, batch));
    reducer.add(stepped.batch, stepped.rows);
    return reducer;
  };
  if (!partOf) return runTable(plan, reducerOf(events).result());
  const whole = reducerFor(plan.reduce);
  for (const part of new Set(events.map((_, index) => partOf(index)))) {
    whole.merge(structuredClone(reducerOf(events.filter((_, index) => partOf(index) === part)).serialize()));
  }
  return runTable(plan, whole.result());
}
