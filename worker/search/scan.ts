/** What a scan looks for, and what it hands to whoever asked. */
import type { EventBatch } from "../engine/batch/event-batch.ts";
import { timesOf } from "../engine/batch/pages.ts";
import { runSteps } from "../engine/query/pipes/steps.ts";
import { type EventStep, type Filter, filterColumns } from "../engine/query/query.ts";
import type { Segment } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { Order } from "./cursor.ts";
import type { FactIndex } from "./fact-index.ts";
import type { Spread } from "./spread-segments.ts";
import type { TimeRange } from "./time-range.ts";

/** Rows of one frame or row group that match and that the steps left. */
export interface Part {
  /** With the columns that the scan asked for, and computed ones. */
  batch: EventBatch;
  rows: Uint32Array;
  /** Names the row group of a segment whose rows are shown as they are stored; null for others. */
  group_key: string | null;
  /**
   * With all columns, true in the given rows: much memory, so one at a time (`SearchContext.heavy`).
   * @param rows ascending
   */
  full(rows: Uint32Array): Promise<FullPart>;
}

export interface FullPart {
  /** As it was stored: events are identified by it. */
  stored: EventBatch;
  /** With what the steps computed: events are shown by it. */
  shown: EventBatch;
}

/** What an open segment says without a look at its rows. */
export interface OpenIndex {
  columns: Segment["columns"];
  facts(): FactIndex;
}

export interface Scan {
  filter: Filter;
  steps: readonly EventStep[];
  /** Columns that filter, steps and consumer need; null for all. */
  names: ReadonlySet<string> | null;
  /** False where filter, steps and consumer look at no time of an event: it is read only where the range ends within a row group. */
  times?: boolean;
  range: TimeRange;
  order: Order;
  /** Segments and row groups under way at once, at most. */
  width?: number;
  /** Whether `wants` may come to refuse everything that is left. */
  stops_early?: boolean;
  /** False where nothing within these times (both inclusive) can change the result; asked before each read. */
  wants(ts_min_us: number, ts_max_us: number): boolean;
  /** Answers what the row of the catalog says; true where that is everything. */
  takeRow?(row: SegmentRow, range: TimeRange): boolean;
  /**
   * Answers what it can of a segment from its index alone.
   * @returns the parts of the range whose rows must still be read (none, if the index said it all), or null for the whole range
   */
  takeIndex?(index: OpenIndex, row: SegmentRow, range: TimeRange): TimeRange[] | null;
  take(part: Part): Promise<void> | void;
  /** How further invocations do a share of the work; missing where they cannot. */
  spread?: Spread;
}

/** Rows whose time is in the range; the argument itself where all of them are. */
export function rowsInRange(batch: EventBatch, rows: Uint32Array, { from_us, to_us }: TimeRange): Uint32Array {
  const times = timesOf(batch, rows);
  const kept = new Uint32Array(rows.length);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    const time_us = times[index]!;
    if (time_us >= from_us && time_us < to_us) kept[count++] = rows[index]!;
  }
  return count === rows.length ? rows : kept.subarray(0, count);
}

/** The columns that the filter reads; null for all. */
export function decidingColumns(scan: Scan): ReadonlySet<string> | null {
  const columns = filterColumns(scan.filter);
  return columns === "all" ? null : columns.names;
}

/** Hands on what the steps leave of matching rows. @param full the events of these rows, as they were stored */
export async function takeRows(
  scan: Scan,
  batch: EventBatch,
  rows: Uint32Array,
  group_key: string | null,
  full: (rows: Uint32Array) => Promise<EventBatch>,
): Promise<void> {
  const { steps } = scan;
  const left = steps.length > 0 ? runSteps(steps, batch, rows) : { batch, rows };
  if (left.rows.length === 0) return;
  await scan.take({
    ...left,
    group_key: steps.length > 0 ? null : group_key,
    async full(wanted) {
      const stored = await full(wanted);
      return { stored, shown: steps.length > 0 ? runSteps(steps, stored, wanted).batch : stored };
    },
  });
}
