/** Whether the segments of a search are shared with further invocations, and how. Pure. */
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { SPREAD_PART_SEGMENTS_MAX, SPREAD_PART_SIZE_BYTES, SPREAD_PARTS_MAX, SPREAD_SIZE_BYTES_MIN } from "../limits.ts";

/** A segment and what it takes to search it here. */
export interface Load {
  row: SegmentRow;
  /** Stored bytes that must be fetched, by an estimate; 0 where they are at hand. */
  size_bytes: number;
}

export interface Shares {
  /** Searched by the invocation that asks. */
  own: SegmentRow[];
  /** By further invocation. */
  parts: SegmentRow[][];
}

/** From when on it pays to ask further invocations, and how many of them. */
export interface SpreadBounds {
  size_bytes_min: number;
  part_size_bytes: number;
  parts_max: number;
}

export const SPREAD_BOUNDS: SpreadBounds = {
  size_bytes_min: SPREAD_SIZE_BYTES_MIN,
  part_size_bytes: SPREAD_PART_SIZE_BYTES,
  parts_max: SPREAD_PARTS_MAX,
};

/** However little there is to read: for trying it out. */
export const SPREAD_ALWAYS: SpreadBounds = { size_bytes_min: 1, part_size_bytes: 1, parts_max: SPREAD_PARTS_MAX };

/**
 * Shares out segments in the order in which a scan would meet them, so that whoever is first done with the earliest can tell that the latest are
 * not needed. What is at hand stays here, with a share of the rest.
 */
export function shareOut(loads: readonly Load[], { size_bytes_min, part_size_bytes, parts_max }: SpreadBounds = SPREAD_BOUNDS): Shares {
  const all = loads.map(({ row }) => row);
  const cold = loads.filter(({ size_bytes }) => size_bytes > 0);
  const total_bytes = cold.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  const wanted = Math.min(parts_max, cold.length - 1, Math.floor(total_bytes / part_size_bytes));
  if (total_bytes < size_bytes_min || wanted < 1) return { own: all, parts: [] };
  const own = new Set(loads.filter(({ size_bytes }) => size_bytes === 0).map(({ row }) => row));
  const parts: SegmentRow[][] = Array.from({ length: wanted }, () => []);
  for (const [index, { row }] of cold.entries()) {
    const turn = index % (wanted + 1);
    const part = parts[turn - 1];
    if (part && part.length < SPREAD_PART_SEGMENTS_MAX) part.push(row);
    else own.add(row);
  }
  return { own: all.filter((row) => own.has(row)), parts };
}

/** What of a segment a question reads, roughly, as a share of its bytes. */
export const READ_SHARE = {
  /** Whole events. */
  events: 1,
  /** Conditions on messages. */
  messages: 0.5,
  /** A few columns. */
  columns: 0.15,
} as const;
