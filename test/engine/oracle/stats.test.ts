/** `stats` and what follows it against DuckDB over the same events, whole and in parts whose states are merged. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  and,
  type Filter,
  type Pipe,
  type Plan,
  parseQuery,
  planColumns,
  planQuery,
  printQuery,
  type Reducer,
  reducerFor,
  runTable,
  type StatsPipe,
  type Table,
} from "../../../worker/engine/query/query.ts";
import { runSteps } from "../../../worker/engine/query/steps.ts";
import { randomOf } from "../../support/random.ts";
import { EventTable } from "./duckdb.ts";
import { dataset, eventsOf } from "./events.ts";
import { filterSql } from "./filter-sql.ts";
import { filter } from "./filters.ts";
import { after, stats } from "./pipes.ts";
import { expectedStats, orderedRows } from "./stats-sql.ts";
import { type Part, type Stored, storedForms } from "./stored.ts";

const RUNS = Number(process.env.ORACLE_RUNS ?? 40);
const QUERIES = 10;
/** A busy machine tries fewer. */
const TIME_MS = Number(process.env.ORACLE_MS ?? 14_000);
const SEED = process.env.ORACLE_SEED === undefined ? 20_260_302 : Number(process.env.ORACLE_SEED);

interface Asked {
  filter: Filter;
  where: Filter | null;
  stats: StatsPipe;
  after: Pipe[];
}

const asked: fc.Arbitrary<Asked> = stats.chain((pipe) =>
  fc.record({
    filter: fc.oneof({ weight: 2, arbitrary: fc.constant({ kind: "all" } as Filter) }, { weight: 1, arbitrary: filter }),
    where: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: filter }),
    stats: fc.constant(pipe),
    after: after(pipe),
  }),
);

function textOf({ filter, where, stats, after }: Asked): string {
  const conditions: Pipe[] = where ? [{ kind: "where", filter: where }] : [];
  return printQuery({ filter, pipes: [...conditions, stats, ...after] });
}

/** The whole in one reducer, or each part in one of several whose states cross to another invocation. */
function reduced(plan: Plan, parts: readonly Part[], random: () => number): Table {
  const reduction = plan.reduce!;
  const reducers: Reducer[] = Array.from({ length: random() < 0.5 ? 1 : 3 }, () => reducerFor(reduction));
  for (const { batch, rows } of parts) {
    const cut = Math.floor(random() * (rows.length + 1));
    for (const piece of [rows.subarray(0, cut), rows.subarray(cut)]) reducers[Math.floor(random() * reducers.length)]!.add(batch, piece);
  }
  if (reducers.length === 1) return runTable(plan, reducers[0]!.result());
  const whole = reducerFor(reduction);
  for (const reducer of reducers) whole.merge(structuredClone(reducer.serialize()));
  return runTable(plan, whole.result());
}

async function tableOf(stored: Stored, text: string, seed: number): Promise<Table> {
  const plan = planQuery(parseQuery(text, { now_us: 0 }));
  const columns = planColumns(plan);
  const parts = await stored.parts(plan.filter, columns === "all" ? null : columns.names);
  const stepped = parts.map(({ batch, rows }) => runSteps(plan.steps, batch, rows));
  return reduced(plan, stepped, randomOf(seed));
}

describe("stats", () => {
  it("makes the table that DuckDB makes, however the events are stored and parted", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, fc.array(asked, { minLength: 1, maxLength: QUERIES, size: "max" }), async (data, queries) => {
        const events = eventsOf(data);
        const table = await EventTable.load(events);
        const forms = await storedForms(events, data.seed);
        for (const query of queries) {
          const text = textOf(query);
          const condition = filterSql(and([query.filter, ...(query.where ? [query.where] : [])]), table);
          const expected = await expectedStats(query.stats, condition, table);
          const wanted = orderedRows(expected.rows, expected.columns, query.after);
          for (const stored of forms) {
            const found = await tableOf(stored, text, data.seed);
            const context = `${text} ${stored.form}`;
            expect(found.columns, context).toEqual(expected.columns);
            const right = found.rows.length === wanted.length && found.rows.every((cells, at) => expected.accepts(wanted[at]!, cells));
            if (!right) expect(found.rows, context).toEqual(wanted.map((at) => expected.rows[at]));
            if (!right) throw new Error(`${context}: a cell is not accepted`);
            expect(found.overflow, context).toBeNull();
          }
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS },
    );
  });
});
