/** Pages of events in time order. */
import type { EventStep, Filter } from "../engine/query/query.ts";
import { SEARCH_PAGE_SIZE_BYTES_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import { coveredRange, type Partial, partialOf, type ScanEnd } from "./coverage.ts";
import type { Order, Position } from "./cursor.ts";
import { EventGatherer, endOfMoment } from "./event-gatherer.ts";
import { scanView } from "./scan-view.ts";
import type { TimeRange } from "./time-range.ts";
import type { FoundEvent, TopResult } from "./top-events.ts";
import { withView } from "./view.ts";

export interface PageRequest {
  filter: Filter;
  /** What is computed of each event. */
  steps?: readonly EventStep[];
  range: TimeRange;
  order: Order;
  limit: number;
  after: Position | null;
}

export interface Page extends TopResult {
  shards: number;
  partial: Partial | null;
}

/** Of what was found only what nothing can come before any more; the next page begins where the search stopped. */
function coveredPart(found: TopResult, after: Position | null, range: TimeRange, order: Order, end: ScanEnd): TopResult {
  if (end.edge_us === null) return found;
  const covered = coveredRange(range, order, end);
  if (covered.from_us >= covered.to_us) return { events: [], more: true, last: after };
  const isCovered = ({ timestamp_us }: FoundEvent) => timestamp_us >= covered.from_us && timestamp_us < covered.to_us;
  const events = found.events.filter(isCovered);
  if (events.length > 0 && events.length === found.events.length && found.more) return found;
  const edge_us = order === "asc" ? covered.to_us - 1 : covered.from_us;
  return { events, more: true, last: endOfMoment(edge_us, order) };
}

/** One page. It may hold fewer events than the limit and still have more to follow, where the events are large or the budget is spent. */
export async function searchEvents(context: SearchContext, request: PageRequest): Promise<Page> {
  const question = { steps: [], ...request, size_bytes_max: SEARCH_PAGE_SIZE_BYTES_MAX };
  return withView(context, request.range, async (view) => {
    const gatherer = new EventGatherer(context, question);
    const { range, order } = gatherer.scan;
    context.intermediate = () => ({ events: gatherer.result().events.map(({ record }) => record) });
    const end = await scanView(context, gatherer.scan, view);
    const found = coveredPart(gatherer.result(), request.after, range, order, end);
    return { ...found, shards: view.shards, partial: partialOf(context, range, order, end) };
  });
}
