/** Every kind of condition against DuckDB over the same events, in every form in which events are stored. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Filter, filterColumns, parseQuery, printFilter } from "../../../worker/engine/query/query.ts";
import { EventTable } from "./duckdb.ts";
import { dataset, eventsOf } from "./events.ts";
import { filterSql } from "./filter-sql.ts";
import { filter } from "./filters.ts";
import { type Stored, storedForms } from "./stored.ts";

const RUNS = Number(process.env.ORACLE_RUNS ?? 40);
const FILTERS = 24;
/** A busy machine tries fewer. */
const TIME_MS = Number(process.env.ORACLE_MS ?? 14_000);
const SEED = process.env.ORACLE_SEED === undefined ? 20_260_301 : Number(process.env.ORACLE_SEED);

/** For each condition the events that DuckDB finds. */
async function expectedIds(filters: readonly Filter[], table: EventTable): Promise<number[][]> {
  const columns = filters.map((each) => filterSql(each, table)).join(", ");
  const rows = await table.rows(`SELECT id, ${columns} FROM ${table.name} ORDER BY id`);
  return filters.map((_, at) => rows.filter((row) => row[at + 1] === true).map((row) => Number(row[0])));
}

async function foundIds(stored: Stored, condition: Filter): Promise<number[]> {
  const columns = filterColumns(condition);
  const parts = await stored.parts(condition, columns === "all" ? null : columns.names);
  return parts.flatMap(({ batch, rows }) => Array.from(rows, (row) => batch.ingest_us[row]!)).sort((left, right) => left - right);
}

describe("conditions", () => {
  it("hold for the events that DuckDB finds, however they are stored", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, fc.array(filter, { minLength: 1, maxLength: FILTERS, size: "max" }), async (data, filters) => {
        const events = eventsOf(data);
        const expected = await expectedIds(filters, await EventTable.load(events));
        for (const stored of await storedForms(events, data.seed)) {
          for (const [at, tree] of filters.entries()) {
            const text = printFilter(tree);
            const { filter: condition } = parseQuery(text, { now_us: 0 });
            expect(await foundIds(stored, condition), `${text} ${stored.form}`).toEqual(expected[at]);
          }
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS },
    );
  });
});
