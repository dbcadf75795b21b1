/** Segments of a scan: which row groups are read, in which order, and what happens where one of them cannot be. */
import type { EventBatch } from "../engine/batch/event-batch.ts";
import { timesOf } from "../engine/batch/pages.ts";
import { ALL, type FilterHints, filterHints, matchRows } from "../engine/query/query.ts";
import { type Segment, SegmentError } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { SCAN_PARTS_IN_FLIGHT_MAX, SCAN_ROWS_PER_BREATH } from "../limits.ts";
import { count } from "../metrics.ts";
import type { SearchContext, Spent } from "./context.ts";
import { lostSegment, type ScanEnd } from "./coverage.ts";
import { drain } from "./gate.ts";
import { ObjectMissing, StoreFault } from "./objects.ts";
import { asksFilters, compareBounds, skipGroup, skipSegment } from "./plan.ts";
import { decidingColumns, rowsInRange, type Scan, takeRows } from "./scan.ts";
import { factsOf, loadSegmentFilters, onBehalfOf, openStoredSegment } from "./stored-segment.ts";
import type { TimeRange } from "./time-range.ts";

interface Bounds {
  ts_min_us: number;
  ts_max_us: number;
}

/** A segment that waits to be opened. */
interface SegmentUnit extends Bounds {
  row: SegmentRow;
}

interface GroupUnit extends Bounds {
  row: SegmentRow;
  segment: Segment;
  group: number;
  /** Parts of the range in which the group's rows are looked for. */
  ranges: TimeRange[];
}

type Unit = SegmentUnit | GroupUnit;

/** Those of a filter that every event meets: a group's times alone decide. */
const NO_HINTS = filterHints(ALL);

/** An error and what caused it, in one line. */
function whyOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${whyOf(error.cause)}` : "";
  return String(error) + cause;
}

/** A scan may use up its budget so many times where it would have covered nothing otherwise. */
const OVERDRAFT = 4;

/** One thing after another at first: a scan that has enough after the first needs no others. */
function ramp(width: number): (begun: number) => number {
  return (begun) => Math.min(width, 1 + (begun >> 2));
}

/** One scan over the segments of one invocation. */
class SegmentScan {
  readonly #context: SearchContext;
  readonly #scan: Scan;
  readonly #hints: FilterHints;
  readonly #deciding: ReadonlySet<string> | null;
  /** Whether matching rows need columns besides those that decide. */
  readonly #needs_more: boolean;
  /** Parts of each segment that are not done with. */
  readonly #open = new Map<SegmentRow, number>();
  readonly #failed = new Set<SegmentRow>();
  #rows_since_breath = 0;
  #begin_us = 0;
  #spent: Spent | null = null;
  #edge_us: number | null = null;

  constructor(context: SearchContext, scan: Scan) {
    this.#context = context;
    this.#scan = scan;
    this.#hints = filterHints(scan.filter);
    const { names } = scan;
    const deciding = decidingColumns(scan);
    // Where every event matches, all columns are read at once.
    this.#deciding = scan.filter.kind === "all" ? names : deciding;
    this.#needs_more = this.#deciding !== null && (names === null || [...names].some((name) => !this.#deciding!.has(name)));
  }

  /**
   * Segments and groups wait in one queue ordered by time, so that a segment is opened only when its time has come and a scan that has
   * enough never opens the rest.
   */
  async run(rows: readonly SegmentRow[]): Promise<ScanEnd> {
    const { range, order } = this.#scan;
    const waiting: Unit[] = [];
    for (const row of rows) {
      if (skipSegment(row, this.#hints, range) !== null || this.#scan.takeRow?.(row, range)) this.#skip();
      else waiting.push({ ts_min_us: row.ts_min_us, ts_max_us: row.ts_max_us, row });
    }
    // Last is next: taking from the end is cheap.
    const sort = () => waiting.sort((a, b) => compareBounds(b, a, order));
    sort();
    if (waiting.length > 0) this.#begin_us = this.#beginOf(waiting.at(-1)!);
    // Whole row groups are large: one at a time.
    const width = this.#scan.width ?? (this.#scan.names === null ? 1 : SCAN_PARTS_IN_FLIGHT_MAX);
    await drain(waiting, this.#scan.stops_early ? ramp(width) : () => width, async (unit) => {
      const found = await this.#visit(unit);
      if (found.length === 0) return;
      waiting.push(...found);
      sort();
    });
    return { spent: this.#spent, edge_us: this.#edge_us };
  }

  /** @returns the row groups of a segment that are to be read */
  async #visit(unit: Unit): Promise<GroupUnit[]> {
    this.#context.checkAborted();
    const { row } = unit;
    if (!this.#scan.wants(unit.ts_min_us, unit.ts_max_us) || this.#failed.has(row)) {
      if ("segment" in unit) this.#groupDone(row);
      else this.#skip();
      return [];
    }
    const spent = this.#context.spent(this.#comesFurther(unit) ? 1 : OVERDRAFT);
    if (spent) {
      this.#leave(unit, spent);
      return [];
    }
    try {
      if (!("segment" in unit)) return await this.#openSegment(row);
      await this.#scanGroup(unit);
      this.#groupDone(row);
    } catch (error) {
      this.#fail(row, error);
    }
    return [];
  }

  #skip(): void {
    this.#context.cost.segments_skipped += 1;
    this.#context.moved(1);
  }

  /** The time within the range at which a unit begins, in the order of the scan. */
  #beginOf({ ts_min_us, ts_max_us }: Bounds): number {
    const { range, order } = this.#scan;
    return order === "desc" ? Math.min(ts_max_us, range.to_us - 1) : Math.max(ts_min_us, range.from_us);
  }

  /** Whether a scan that stops before this unit has covered some time: whoever goes on from its answer must come further. */
  #comesFurther(unit: Unit): boolean {
    const at_us = this.#beginOf(unit);
    return this.#scan.order === "desc" ? at_us < this.#begin_us : at_us > this.#begin_us;
  }

  #groupDone(row: SegmentRow): void {
    const left = this.#open.get(row)! - 1;
    this.#open.set(row, left);
    this.#context.moved(left === 0 ? 1 : 0);
  }

  #leave({ ts_min_us, ts_max_us }: Bounds, spent: Spent): void {
    this.#spent ??= spent;
    const at_us = this.#scan.order === "desc" ? ts_max_us : ts_min_us;
    const edge_us = this.#edge_us ?? at_us;
    this.#edge_us = this.#scan.order === "desc" ? Math.max(edge_us, at_us) : Math.min(edge_us, at_us);
  }

  /**
   * A segment that is missing may have been replaced: the plan is made again, once. One that stays away, or whose bytes are damaged or not to be
   * had, is left out and named in the answer.
   */
  #fail(row: SegmentRow, error: unknown): void {
    const { missing, lost } = this.#context;
    let reason: "missing" | "damaged" | "unreadable";
    if (error instanceof ObjectMissing) {
      if (!missing.has(error.key)) throw error;
      reason = "missing";
    } else if (error instanceof SegmentError) reason = "damaged";
    else if (error instanceof StoreFault) reason = "unreadable";
    else throw error;
    if (this.#failed.has(row)) return;
    this.#failed.add(row);
    if (this.#open.has(row)) this.#context.cost.segments_read -= 1;
    lost.push(lostSegment(row, reason));
    this.#context.lost_cause = error;
    count("ledge_segments_lost_total", { reason });
    console.error(`a search goes on without a segment: ${row.object_key}: ${whyOf(error)}`);
    this.#context.moved(1);
  }

  /** Opens a segment, answers from its index what it says, and tells which of its groups are to be read. */
  async #openSegment(row: SegmentRow): Promise<GroupUnit[]> {
    const context = this.#context;
    const { range, takeIndex } = this.#scan;
    const opened = await openStoredSegment(context, row);
    const { segment } = opened;
    const index = { columns: segment.columns, facts: () => factsOf(context, row, opened) };
    const ranges = takeIndex?.(index, row, range) ?? [range];
    context.cost.segments_read += 1;
    const in_time = [...segment.groups.keys()].filter((group) =>
      ranges.some((range) => skipGroup(segment, group, NO_HINTS, range) === null),
    );
    if (in_time.length > 0 && asksFilters(this.#hints)) await loadSegmentFilters(context, row, opened, in_time);
    const units: GroupUnit[] = [];
    for (const group of in_time) {
      const wanted = ranges.filter((range) => skipGroup(segment, group, this.#hints, range) === null);
      if (wanted.length > 0) units.push({ ...segment.groups[group]!, row, segment, group, ranges: wanted });
    }
    this.#open.set(row, units.length);
    if (units.length === 0) context.moved(1);
    return units;
  }

  async #scanGroup({ row, segment, group, ranges }: GroupUnit): Promise<void> {
    const { filter, names } = this.#scan;
    const { needed } = this.#hints;
    const context = this.#context;
    const bounds = segment.groups[group]!;
    const times = this.#scan.times !== false || !isWithin(bounds, ranges);
    const decided = await segment.readGroup(group, this.#deciding, { needed, times });
    context.cost.rows_scanned += decided.rows;
    await this.#breathe(decided.rows);
    const rows = rowsInRanges(decided, matchRows(filter, decided), ranges, bounds);
    if (rows.length === 0) return;
    const batch = this.#needs_more ? await segment.readGroup(group, names, { rows, known: decided, times }) : decided;
    await takeRows(this.#scan, batch, rows, `${row.object_key}/${group}`, async (wanted) =>
      names === null ? batch : segment.readGroup(group, null, { rows: wanted, known: batch }),
    );
  }

  /** Now and then others get their turn: a client's leave is noticed, the clock goes on. */
  async #breathe(rows: number): Promise<void> {
    this.#rows_since_breath += rows;
    if (this.#rows_since_breath < SCAN_ROWS_PER_BREATH) return;
    this.#rows_since_breath = 0;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#context.checkAborted();
  }
}

/** Whether all of a group's times are in one of the ranges. */
function isWithin({ ts_min_us, ts_max_us }: Bounds, ranges: readonly TimeRange[]): boolean {
  return ranges.some(({ from_us, to_us }) => ts_min_us >= from_us && ts_max_us < to_us);
}

/** Rows whose time is in one of the ranges, which do not overlap. Times are not looked at where all of the group's are. */
function rowsInRanges(batch: EventBatch, rows: Uint32Array, ranges: readonly TimeRange[], bounds: Bounds): Uint32Array {
  if (isWithin(bounds, ranges)) return rows;
  const [first] = ranges;
  if (ranges.length === 1 && first) return rowsInRange(batch, rows, first);
  const times = timesOf(batch, rows);
  return rows.filter((_row, index) => ranges.some(({ from_us, to_us }) => times[index]! >= from_us && times[index]! < to_us));
}

export function scanSegments(context: SearchContext, scan: Scan, rows: readonly SegmentRow[]): Promise<ScanEnd> {
  return onBehalfOf(context, () => new SegmentScan(context, scan).run(rows));
}
