/** Shares the segments of a scan with further invocations, and takes in what they found. */
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { count } from "../metrics.ts";
import { type Cost, emptyCost, type SearchContext } from "./context.ts";
import { COMPLETE, earlierEnd, type ScanEnd } from "./coverage.ts";
import { ObjectMissing } from "./objects.ts";
import type { PartAnswer, PartCaller, PartWork } from "./part.ts";
import { compareBounds } from "./plan.ts";
import type { Scan } from "./scan.ts";
import { scanSegments } from "./scan-segments.ts";
import { shareOut } from "./spread.ts";
import { isOpen } from "./stored-segment.ts";

/** How a scan's work is put to another invocation. */
export interface Spread {
  work: PartWork;
  /** What of a segment is read, as a share of its bytes. */
  read_share: number;
  /** So many segments are searched before others are asked for help: they may be enough. */
  segments_first: number;
  /** Takes in what the gatherer of another invocation serialized. */
  merge(state: unknown): void;
}

function addCost(cost: Cost, other: Cost): void {
  for (const name of Object.keys(other) as (keyof Cost)[]) cost[name] += other[name];
}

async function callPart(context: SearchContext, spread: Spread, caller: PartCaller, rows: SegmentRow[]): Promise<PartAnswer> {
  const { project_id } = context.sources;
  const request = { project_id, rows, work: spread.work, budget: context.left(), missing: [...context.missing] };
  return caller.call(request);
}

/** One share: by another invocation or, where that fails, here. */
async function runShare(context: SearchContext, scan: Scan, spread: Spread, caller: PartCaller, rows: SegmentRow[]): Promise<ScanEnd> {
  let answer: PartAnswer;
  try {
    answer = await callPart(context, spread, caller, rows);
  } catch (error) {
    context.checkAborted();
    count("ledge_search_parts_failed_total");
    console.error("a share of a search failed and is done again", error);
    return scanSegments(context, scan, rows);
  }
  if (answer.status === "refused") throw new Error("a share of a search named segments of another project");
  addCost(context.cost, { ...emptyCost(), ...answer.cost, parts: 1 });
  if (answer.status === "missing") throw new ObjectMissing(answer.key);
  spread.merge(answer.state);
  context.lost.push(...answer.lost);
  context.moved(rows.length);
  return answer.end;
}

/** Searches segments, with the help of other invocations where there is much to read. */
export async function scanSpread(context: SearchContext, scan: Scan, rows: readonly SegmentRow[]): Promise<ScanEnd> {
  const { spread, order } = scan;
  const { parts: caller } = context.sources;
  if (!spread || !caller) return scanSegments(context, scan, rows);
  const ordered = rows.toSorted((a, b) => compareBounds(a, b, order));
  const first = ordered.slice(0, spread.segments_first);
  const begun = first.length > 0 ? await scanSegments(context, scan, first) : COMPLETE;
  const loads = ordered.slice(first.length).map((row) => {
    const needed = scan.wants(row.ts_min_us, row.ts_max_us) && !isOpen(context, row);
    return { row, size_bytes: needed ? Math.ceil(row.size_bytes * spread.read_share) : 0 };
  });
  const { own, parts } = shareOut(loads, caller.bounds);
  // What others do begins first: it takes longest to come back.
  const shares = parts.map((part) => runShare(context, scan, spread, caller, part));
  const ends = await Promise.all([scanSegments(context, scan, own), ...shares]);
  return ends.reduce((end, other) => earlierEnd(end, other, order), begun);
}
