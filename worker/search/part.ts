/** A share of a search that a further invocation of the same Worker does: what it is asked, and what it answers. Both travel as structured clones. */
import type { Plan } from "../engine/query/query.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { SPREAD_PART_WIDTH } from "../limits.ts";
import type { ByteCache } from "./byte-cache.ts";
import { type Budget, type Cost, emptyCost, SearchContext, type SearchSources } from "./context.ts";
import type { LostSegment, ScanEnd } from "./coverage.ts";
import { EventGatherer, type EventQuestion } from "./event-gatherer.ts";
import { ObjectMissing } from "./objects.ts";
import { scanSegments } from "./scan-segments.ts";
import type { SpreadBounds } from "./spread.ts";
import { TableGatherer } from "./table-gatherer.ts";
import type { TimeRange } from "./time-range.ts";

export type PartWork = { kind: "table"; plan: Plan; range: TimeRange } | ({ kind: "events" } & EventQuestion);

export interface PartRequest {
  /** Of the request that was authenticated. */
  project_id: string;
  rows: SegmentRow[];
  work: PartWork;
  budget: Budget;
  /** Objects that were missing in an earlier plan. */
  missing: string[];
}

export type PartAnswer =
  | { status: "done"; state: unknown; end: ScanEnd; cost: Cost; lost: LostSegment[] }
  /** The plan must be made again. */
  | { status: "missing"; key: string; cost: Cost }
  /** Segments of another project than that of the request are not searched. */
  | { status: "refused"; cost: Cost };

/** Further invocations. One whose caller ends, since its client is gone, is ended with it. */
export interface PartCaller {
  call(request: PartRequest): Promise<PartAnswer>;
  bounds: SpreadBounds;
}

/** What an invocation needs for its share. */
export type PartSources = Pick<SearchSources, "objects" | "shared" | "now_us">;

function noSource(): never {
  throw new Error("a share of a search reads segments only");
}

/** Does a share of a search. */
export async function runPart(sources: PartSources, request: PartRequest, cache: ByteCache): Promise<PartAnswer> {
  const { project_id, rows, work, budget, missing } = request;
  if (rows.some((row) => row.project_id !== project_id)) return { status: "refused", cost: emptyCost() };
  const whole: SearchSources = {
    ...sources,
    project_id,
    stream: noSource,
    segments: noSource,
    changes: () => 0,
    parts: null,
    signal: null,
  };
  const context = new SearchContext(whole, cache, budget);
  for (const key of missing) context.missing.add(key);
  const gatherer = work.kind === "table" ? new TableGatherer(context, work.plan, work.range) : new EventGatherer(context, work);
  try {
    const end = await scanSegments(context, { ...gatherer.scan, width: SPREAD_PART_WIDTH }, rows);
    return { status: "done", state: gatherer.serialize(), end, cost: context.cost, lost: context.lost };
  } catch (error) {
    if (error instanceof ObjectMissing) return { status: "missing", key: error.key, cost: context.cost };
    throw error;
  }
}
