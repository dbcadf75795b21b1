/** The table of a plan with a reduction, whichever language it was written in. */
import type { Plan, Table } from "../engine/query/query.ts";
import type { SearchContext } from "./context.ts";
import { type Partial, partialOf } from "./coverage.ts";
import { scanView } from "./scan-view.ts";
import { TableGatherer } from "./table-gatherer.ts";
import type { TimeRange } from "./time-range.ts";
import { withView } from "./view.ts";

export interface TableAnswer {
  table: Table;
  /** Why the table covers less than was asked; null where it is whole. */
  partial: Partial | null;
}

/**
 * @param plan one with a reduction
 * @param range half open, microseconds
 * @throws Problem; QueryLimitError where the query makes more than it may
 */
export async function searchTable(context: SearchContext, plan: Plan, range: TimeRange): Promise<TableAnswer> {
  return withView(context, range, async (view) => {
    const gatherer = new TableGatherer(context, plan, range);
    context.intermediate = () => ({ table: gatherer.table() });
    const end = await scanView(context, gatherer.scan, view);
    return { table: gatherer.table(), partial: partialOf(context, gatherer.scan.range, gatherer.scan.order, end) };
  });
}
