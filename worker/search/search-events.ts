/** Pages of events in time order. */
import { type Filter, filterColumns, filterHints } from "../engine/query/query.ts";
import { SEARCH_PAGE_SIZE_BYTES_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import type { Order, Position } from "./cursor.ts";
import { narrowedRange } from "./plan.ts";
import { type Part, scanView } from "./scan.ts";
import type { TimeRange } from "./time-range.ts";
import { TopEvents, type TopResult } from "./top-events.ts";
import { withView } from "./view.ts";

export interface PageRequest {
  filter: Filter;
  range: TimeRange;
  order: Order;
  limit: number;
  after: Position | null;
}

export interface Page extends TopResult {
  shards: number;
}

/** A range that leaves out what the position has passed; its own moment stays, for identical times are told apart by hash. */
export function rangeAfter(range: TimeRange, order: Order, after: Position | null): TimeRange {
  if (!after) return range;
  if (order === "asc") return { from_us: Math.max(range.from_us, after.timestamp_us), to_us: range.to_us };
  return { from_us: range.from_us, to_us: Math.min(range.to_us, after.timestamp_us + 1) };
}

/** The columns that a filter reads; null for all. */
export function columnsFor(filter: Filter, ...others: readonly (ReadonlySet<string> | readonly string[])[]): ReadonlySet<string> | null {
  const columns = filterColumns(filter);
  return columns === "all" ? null : new Set([...columns.names, ...others.flatMap((names) => [...names])]);
}

/** One page. It may hold fewer events than the limit and still have more to follow, where the events are large. */
export async function searchEvents(context: SearchContext, request: PageRequest): Promise<Page> {
  const { filter, order, limit, after } = request;
  const range = narrowedRange(rangeAfter(request.range, order, after), filterHints(filter));
  const names = columnsFor(filter);
  return withView(context, range, async (view) => {
    const top = new TopEvents({ order, limit, after, size_bytes_max: SEARCH_PAGE_SIZE_BYTES_MAX });
    const scan = {
      filter,
      names,
      range,
      order,
      wants: (ts_min_us: number, ts_max_us: number) => top.wants(ts_min_us, ts_max_us),
      async take({ batch, rows, full }: Part) {
        const candidates = top.candidates(batch, rows);
        if (candidates.length === 0) return;
        await context.heavy.run(async () => {
          // Others may have come in while this one waited: mostly it need not be read at all.
          const left = top.candidates(batch, candidates);
          if (left.length > 0) top.add(await full(left), left);
        });
      },
    };
    await scanView(context, scan, view);
    return { ...top.result(), shards: view.shards };
  });
}
