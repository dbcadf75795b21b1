/** `stats` and what follows it against DuckDB over the same events, whole and in parts whose states are merged. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { and, type Filter, type Pipe, printQuery, type StatsPipe } from "../../../worker/engine/query/query.ts";
import { EventTable } from "./duckdb.ts";
import { dataset, eventsOf } from "./events.ts";
import { filterSql } from "./filter-sql.ts";
import { filter } from "./filters.ts";
import { after, stats } from "./pipes.ts";
import { tableOf } from "./reduce.ts";
import { expectedStats, orderedRows } from "./stats-sql.ts";
import { storedForms } from "./stored.ts";

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
