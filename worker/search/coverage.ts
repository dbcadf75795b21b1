/** What an answer does not cover, and why. */
import { formatTimestamp_us } from "../engine/batch/record.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { SearchContext, Spent } from "./context.ts";
import type { Order } from "./cursor.ts";
import { unavailable } from "./objects.ts";
import type { TimeRange } from "./time-range.ts";

/** A segment that could not be read, or not to its end. */
export interface LostSegment {
  segment_id: string;
  ts_min_us: number;
  ts_max_us: number;
  reason: "missing" | "damaged" | "unreadable";
}

/** How a scan ended. */
export interface ScanEnd {
  /** The budget was used up, and by what; null where everything was searched that had to be. */
  spent: Spent | null;
  /** The time, in the order of the scan, from which on events may not have been looked at; null where all were. */
  edge_us: number | null;
}

export const COMPLETE: ScanEnd = { spent: null, edge_us: null };

/** The earlier of two ends in the order of a scan. */
export function earlierEnd(a: ScanEnd, b: ScanEnd, order: Order): ScanEnd {
  if (a.edge_us === null) return b.spent ? b : a;
  if (b.edge_us === null) return a;
  const edge_us = order === "desc" ? Math.max(a.edge_us, b.edge_us) : Math.min(a.edge_us, b.edge_us);
  return { spent: a.spent, edge_us };
}

/** As answers show it. */
export interface Partial {
  reason: Spent | "segments";
  detail: string;
  /** Every event from here … */
  covered_from: string;
  /** … to before here was looked at, but for those of the segments below. */
  covered_to: string;
  segments: { segment_id: string; from: string; to: string; reason: LostSegment["reason"] }[];
}

/** The part of a range that a scan has covered. */
export function coveredRange(range: TimeRange, order: Order, { edge_us }: ScanEnd): TimeRange {
  if (edge_us === null) return range;
  if (order === "asc") return { from_us: range.from_us, to_us: Math.max(range.from_us, Math.min(range.to_us, edge_us)) };
  return { from_us: Math.min(range.to_us, Math.max(range.from_us, edge_us + 1)), to_us: range.to_us };
}

const DETAILS: Record<Partial["reason"], string> = {
  time: "The time that this search may take is over.",
  bytes: "The bytes that this search may read are used up.",
  segments: "Some segments could not be read.",
};

/** Why the answer covers less than was asked; null where it is whole. */
export function partialOf(context: SearchContext, range: TimeRange, order: Order, end: ScanEnd): Partial | null {
  const { lost } = context;
  if (!end.spent && lost.length === 0) return null;
  const reason = end.spent ?? "segments";
  const covered = coveredRange(range, order, end);
  return {
    reason,
    detail: DETAILS[reason],
    covered_from: formatTimestamp_us(covered.from_us),
    covered_to: formatTimestamp_us(covered.to_us),
    segments: lost.map(({ segment_id, ts_min_us, ts_max_us, reason }) => ({
      segment_id,
      from: formatTimestamp_us(ts_min_us),
      to: formatTimestamp_us(ts_max_us),
      reason,
    })),
  };
}

/** @throws Problem `unavailable` where segments were lost and nothing was read */
export function assertSomethingRead(context: SearchContext): void {
  const { lost, cost } = context;
  if (lost.length === 0 || cost.window_frames > 0 || cost.segments_read > 0) return;
  const names = lost.map(({ segment_id, reason }) => `${segment_id} (${reason})`).slice(0, 10);
  throw unavailable(`None of the segments of this range could be read: ${names.join(", ")}`, context.lost_cause);
}

export function lostSegment(row: SegmentRow, reason: LostSegment["reason"]): LostSegment {
  const { segment_id, ts_min_us, ts_max_us } = row;
  return { segment_id, ts_min_us, ts_max_us, reason };
}
