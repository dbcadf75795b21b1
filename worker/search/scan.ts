/**
 * Runs a filter over everything that a view shows: window frames first, then row groups of segments in the wanted order of time.
 * Each part is read in two steps: the columns that decide, then, only where the consumer asks, the columns that are shown.
 */
import type { EventBatch } from "../engine/batch/event-batch.ts";
import { ALL, type Filter, type FilterHints, filterHints, matchRows } from "../engine/query/query.ts";
import { unpackFrame } from "../engine/segment/frame.ts";
import type { Segment } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { SCAN_PARTS_IN_FLIGHT_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import type { Order } from "./cursor.ts";
import { drain } from "./gate.ts";
import { compareBounds, skipGroup, skipSegment } from "./plan.ts";
import { loadSegmentFilters, onBehalfOf, openStoredSegment } from "./stored-segment.ts";
import type { TimeRange } from "./time-range.ts";
import type { View, WindowFrame } from "./view.ts";

/** Rows of one frame or row group that match, with the columns that the scan asked for. */
export interface Part {
  batch: EventBatch;
  rows: Uint32Array;
  /**
   * The batch with all columns, true in the given rows: much memory, so one at a time (`SearchContext.heavy`).
   * @param rows ascending
   */
  full(rows: Uint32Array): Promise<EventBatch>;
}

export interface Scan {
  filter: Filter;
  /** Columns that filter and consumer need; null for all. */
  names: ReadonlySet<string> | null;
  range: TimeRange;
  order: Order;
  /** Segments and row groups under way at once. */
  width?: number;
  /** False where nothing within these times (both inclusive) can change the result; asked before each read. */
  wants(ts_min_us: number, ts_max_us: number): boolean;
  /**
   * Answers what it can of a segment from its index alone.
   * @returns the parts of the range whose rows must still be read (none, if the index said it all), or null for the whole range
   */
  takeIndex?(segment: Segment, range: TimeRange): TimeRange[] | null;
  take(part: Part): Promise<void> | void;
}

/** Rows whose time is in the range; the argument itself where all of them are. */
export function rowsInRange(batch: EventBatch, rows: Uint32Array, range: TimeRange): Uint32Array {
  const times = batch.timestamp_us;
  const { from_us, to_us } = range;
  let length = 0;
  let kept: Uint32Array | null = null;
  for (let index = 0; index < rows.length; index++) {
    const time = times[rows[index]!]!;
    const inside = time >= from_us && time < to_us;
    if (kept) {
      if (inside) kept[length++] = rows[index]!;
    } else if (!inside) {
      kept = new Uint32Array(rows.length);
      kept.set(rows.subarray(0, index));
      length = index;
    }
  }
  return kept ? kept.subarray(0, length) : rows;
}

/** Rows whose time is in one of several ranges that do not overlap. */
function rowsInRanges(batch: EventBatch, rows: Uint32Array, ranges: readonly TimeRange[]): Uint32Array {
  if (ranges.length === 1) return rowsInRange(batch, rows, ranges[0]!);
  const times = batch.timestamp_us;
  return rows.filter((row) => ranges.some(({ from_us, to_us }) => times[row]! >= from_us && times[row]! < to_us));
}

/** @param hidden ascending */
export function withoutRows(rows: Uint32Array, hidden: Uint32Array): Uint32Array {
  const kept = new Uint32Array(rows.length);
  let length = 0;
  let next = 0;
  for (const row of rows) {
    while (next < hidden.length && hidden[next]! < row) next++;
    if (hidden[next] !== row) kept[length++] = row;
  }
  return kept.subarray(0, length);
}

async function scanFrame(context: SearchContext, scan: Scan, frame: WindowFrame): Promise<void> {
  if (frame.ts_max_us < scan.range.from_us || frame.ts_min_us >= scan.range.to_us || !scan.wants(frame.ts_min_us, frame.ts_max_us)) return;
  const batch = unpackFrame(frame.bytes, scan.names);
  context.cost.rows_scanned += batch.rows;
  let rows = rowsInRange(batch, matchRows(scan.filter, batch), scan.range);
  if (frame.masked) rows = withoutRows(rows, frame.masked);
  if (rows.length === 0) return;
  await scan.take({ batch, rows, full: async () => (scan.names === null ? batch : unpackFrame(frame.bytes)) });
}

async function scanWindow(context: SearchContext, scan: Scan, view: View): Promise<void> {
  for await (const page of view.windowPages()) {
    context.cost.window_frames += page.length;
    page.sort((a, b) => compareBounds(a, b, scan.order));
    for (const frame of page) {
      context.checkAborted();
      await scanFrame(context, scan, frame);
    }
  }
}

interface GroupUnit {
  ts_min_us: number;
  ts_max_us: number;
  segment: Segment;
  group: number;
  /** Ascending and apart from each other. */
  ranges: readonly TimeRange[];
}

type Unit = { ts_min_us: number; ts_max_us: number; row: SegmentRow } | GroupUnit;

async function scanGroup(context: SearchContext, scan: Scan, words: readonly string[], unit: GroupUnit): Promise<void> {
  const { segment, group, ranges } = unit;
  // A row without one of the words its message must have does not match, whatever else is in it.
  const batch = await segment.readGroup(group, scan.names, { words });
  context.cost.rows_scanned += batch.rows;
  const rows = rowsInRanges(batch, matchRows(scan.filter, batch), ranges);
  if (rows.length === 0) return;
  await scan.take({
    batch,
    rows,
    full: async (wanted) => (scan.names === null ? batch : segment.readGroup(group, null, { rows: wanted })),
  });
}

/** Those of a filter that every event meets: a group's times alone decide. */
const NO_HINTS = filterHints(ALL);

/** Opens a segment and tells which of its groups are to be read. */
async function scanSegment(context: SearchContext, scan: Scan, hints: FilterHints, row: SegmentRow): Promise<GroupUnit[]> {
  const segment = await openStoredSegment(context, row);
  context.cost.segments_read += 1;
  const ranges = scan.takeIndex?.(segment, scan.range) ?? [scan.range];
  const in_time = [...segment.groups.keys()].filter((group) => ranges.some((range) => skipGroup(segment, group, NO_HINTS, range) === null));
  if (hints.tokens.length > 0 || Object.keys(hints.values).length > 0) await loadSegmentFilters(context, row, segment, in_time);
  const units: GroupUnit[] = [];
  for (const group of in_time) {
    const wanted = ranges.filter((range) => skipGroup(segment, group, hints, range) === null);
    if (wanted.length > 0) units.push({ ...segment.groups[group]!, segment, group, ranges: wanted });
  }
  return units;
}

/**
 * Segments and groups wait in one queue ordered by time, so that a segment is opened only when its time has come and a scan that has
 * enough never opens the rest.
 */
async function scanSegments(context: SearchContext, scan: Scan, rows: readonly SegmentRow[]): Promise<void> {
  const hints = filterHints(scan.filter);
  const waiting: Unit[] = [];
  for (const row of rows) {
    if (skipSegment(row, hints, scan.range) === null) waiting.push({ ts_min_us: row.ts_min_us, ts_max_us: row.ts_max_us, row });
    else context.cost.segments_skipped += 1;
  }
  // Last is next: taking from the end is cheap.
  const sort = () => waiting.sort((a, b) => compareBounds(b, a, scan.order));
  sort();
  // Whole row groups are large: one at a time.
  const width = scan.width ?? (scan.names === null ? 1 : SCAN_PARTS_IN_FLIGHT_MAX);
  await drain(waiting, width, async (unit) => {
    context.checkAborted();
    if (!scan.wants(unit.ts_min_us, unit.ts_max_us)) {
      if ("row" in unit) context.cost.segments_skipped += 1;
    } else if ("row" in unit) {
      waiting.push(...(await scanSegment(context, scan, hints, unit.row)));
      sort();
    } else await scanGroup(context, scan, hints.tokens, unit);
  });
}

/** Every part that matches reaches `scan.take`, unless `scan.wants` refused its times. */
export async function scanView(context: SearchContext, scan: Scan, view: View): Promise<void> {
  context.beginPlan(view.rows.length);
  await scanWindow(context, scan, view);
  await onBehalfOf(context, () => scanSegments(context, scan, view.rows));
}
