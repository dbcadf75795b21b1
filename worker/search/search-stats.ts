/** The table of a query with `| stats …`: partial states of all parts, merged. */
import {
  applyPipes,
  filterHints,
  type Query,
  queryColumns,
  type StatsPipe,
  statsFor,
  type Table,
  wholeFilter,
} from "../engine/query/query.ts";
import type { SearchContext } from "./context.ts";
import { type FactBatch, factColumns, repeatedRows, takeFacts } from "./facts.ts";
import { narrowedRange } from "./plan.ts";
import { type Part, scanView } from "./scan.ts";
import type { TimeRange } from "./time-range.ts";
import { withView } from "./view.ts";

/** The query's `stats`, if it has one: then it answers a table. */
export function statsPipe(query: Query): StatsPipe | null {
  return query.pipes.find((pipe) => pipe.kind === "stats") ?? null;
}

/** @param pipe the query's own `stats` */
export async function searchStats(context: SearchContext, query: Query, pipe: StatsPipe, range: TimeRange): Promise<Table> {
  const columns = queryColumns(query);
  const names = columns === "all" ? null : columns.names;
  const filter = wholeFilter(query);
  const scanned = narrowedRange(range, filterHints(filter));
  return withView(context, scanned, async (view) => {
    const state = statsFor(pipe);
    const columns = factColumns(pipe);
    const addFacts = (facts: FactBatch) => {
      for (const repeated of repeatedRows(facts)) state.add(facts.batch, repeated);
    };
    const scan = {
      filter,
      names,
      range: scanned,
      order: "desc" as const,
      wants: () => true,
      takeIndex: (columns && takeFacts(filter, columns, addFacts)) ?? undefined,
      take: ({ batch, rows }: Part) => state.add(batch, rows),
    };
    await scanView(context, scan, view);
    return applyPipes(state.result(), query.pipes);
  });
}
