/**
 * Events in the order of their arrival, out of flushed segments. These hold the rows of their frames one after another, so that with the number of
 * rows of each frame a place in the stream is a row. The newest events count: reading begins at the end.
 */
import type {
  FlushedFrames,
  TailHistoryAnswer,
  TailHistoryLine,
  TailHistoryRequest,
  TailPosition,
} from "../../durable-objects/project-stream/types.ts";
import type { EventBatch } from "../engine/batch/event-batch.ts";
import {
  countRows,
  type FilterHints,
  filterHints,
  lineOf,
  matchRows,
  noCounts,
  type Plan,
  parseQuery,
  planQuery,
  runSteps,
} from "../engine/query/query.ts";
import { type Segment, SegmentError } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { TAIL_BACK_FILL_LINES_MAX, TAIL_BACK_FILL_SIZE_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import { ObjectMissing, StoreFault } from "./objects.ts";
import { asksFilters, skipGroup, skipSegment } from "./plan.ts";
import { stepColumns } from "./step-columns.ts";
import { loadSegmentFilters, onBehalfOf, openStoredSegment } from "./stored-segment.ts";
import type { TimeRange } from "./time-range.ts";

/** All times: what counts is when events arrived. */
const ALL_TIMES: TimeRange = { from_us: Number.NEGATIVE_INFINITY, to_us: Number.POSITIVE_INFINITY };

/** Rows of a flushed segment as places in the stream. */
class Places {
  readonly #flush: FlushedFrames;
  /** Of each frame the row of the segment at which it begins, then the number of rows. */
  readonly #starts: Uint32Array;

  constructor(flush: FlushedFrames) {
    this.#flush = flush;
    this.#starts = new Uint32Array(flush.rows.length + 1);
    for (const [index, rows] of flush.rows.entries()) this.#starts[index + 1] = this.#starts[index]! + rows;
  }

  /** The first row that a reader at this place does not have. */
  rowAfter({ seq, rows }: TailPosition): number {
    const { seq_min, seq_max } = this.#flush;
    if (seq < seq_min - 1) return 0;
    if (seq >= seq_max) return this.#starts.at(-1)!;
    return this.#starts[seq + 1 - seq_min]! + rows;
  }

  /** The place of a reader who has everything before this row. */
  before(row: number): TailPosition {
    let low = 0;
    let high = this.#flush.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return { seq: this.#flush.seq_min + low - 1, rows: row - this.#starts[low]!, accepted_ms: this.#flush.accepted_ms[low] ?? 0 };
  }

  get end(): TailPosition {
    return { seq: this.#flush.seq_max, rows: 0, accepted_ms: this.#flush.accepted_ms.at(-1) ?? 0 };
  }
}

/** The newest matching events of the flushes, within bounds. @throws Error where a segment is of another project */
export async function readArrivals(context: SearchContext, request: TailHistoryRequest): Promise<TailHistoryAnswer> {
  if (request.flushes.some(({ segment }) => segment && segment.project_id !== request.project_id)) {
    throw new Error("a segment of another project");
  }
  return onBehalfOf(context, () => new Arrivals(context, request).read());
}

class Arrivals {
  readonly #context: SearchContext;
  readonly #request: TailHistoryRequest;
  readonly #plan: Plan;
  readonly #hints: FilterHints;
  /** Columns that decide, and the level; null for all. */
  readonly #deciding: ReadonlySet<string> | null;
  readonly #answer: TailHistoryAnswer;
  /** Newest first. */
  readonly #lines: TailHistoryLine[] = [];
  #size = 0;

  constructor(context: SearchContext, request: TailHistoryRequest) {
    this.#context = context;
    this.#request = request;
    this.#plan = planQuery(parseQuery(request.query, { now_us: 0 }));
    this.#hints = filterHints(this.#plan.filter);
    this.#deciding = stepColumns(this.#plan.filter, [], ["level"]);
    this.#answer = { lines: [], ...noCounts(), from: request.after, cut: null };
  }

  async read(): Promise<TailHistoryAnswer> {
    for (const flush of this.#request.flushes.toReversed()) {
      const { segment } = flush;
      if (!segment || skipSegment(segment, this.#hints, ALL_TIMES) !== null) continue;
      const places = new Places(flush);
      try {
        await this.#readSegment(segment, places);
      } catch (error) {
        if (!(error instanceof ObjectMissing || error instanceof SegmentError || error instanceof StoreFault)) throw error;
        console.error("a live tail goes on after a segment", segment.object_key, error);
        this.#stop("unreadable", places.end);
      }
      if (this.#answer.cut) break;
    }
    return { ...this.#answer, lines: this.#lines.reverse() };
  }

  #stop(cut: "limit" | "unreadable", from: TailPosition): void {
    this.#answer.cut = cut;
    this.#answer.from = from;
  }

  async #readSegment(row: SegmentRow, places: Places): Promise<void> {
    const first = places.rowAfter(this.#request.after);
    const opened = await openStoredSegment(this.#context, row);
    const { segment } = opened;
    const starts = groupStarts(segment);
    const groups = [...segment.groups.keys()].filter((group) => starts[group + 1]! > first);
    if (groups.length > 0 && asksFilters(this.#hints)) await loadSegmentFilters(this.#context, row, opened, groups);
    for (const group of groups.toReversed()) {
      if (this.#answer.cut) return;
      if (skipGroup(segment, group, this.#hints, ALL_TIMES) !== null) continue;
      if (this.#context.spent()) {
        this.#stop("limit", places.before(starts[group + 1]!));
        return;
      }
      await this.#readGroup(segment, group, Math.max(0, first - starts[group]!), (row_in_group) =>
        places.before(starts[group]! + row_in_group),
      );
    }
  }

  async #readGroup(segment: Segment, group: number, first: number, before: (row: number) => TailPosition): Promise<void> {
    const { plan, needed } = { plan: this.#plan, needed: this.#hints.needed };
    const decided = await segment.readGroup(group, this.#deciding, { needed });
    const matching = matchRows(plan.filter, decided).filter((row) => row >= first);
    if (matching.length === 0) return;
    // Steps may drop rows, which must not be counted; without them only what can be shown is read whole.
    const wanted = plan.steps.length > 0 ? matching : matching.slice(-(TAIL_BACK_FILL_LINES_MAX - this.#lines.length + 1));
    const stored = await segment.readGroup(group, null, { rows: wanted, known: decided });
    const { batch: shown, rows } = plan.steps.length > 0 ? runSteps(plan.steps, stored, wanted) : { batch: stored, rows: wanted };
    countRows(this.#answer, decided, plan.steps.length > 0 ? rows : matching);
    this.#take(stored, shown, rows, before);
  }

  #take(stored: EventBatch, shown: EventBatch, rows: Uint32Array, before: (row: number) => TailPosition): void {
    for (const row of rows.toReversed()) {
      const place = before(row);
      const json = lineOf(this.#plan, stored, shown, row);
      const is_full = this.#lines.length >= TAIL_BACK_FILL_LINES_MAX || this.#size + json.length > TAIL_BACK_FILL_SIZE_MAX;
      if (is_full) {
        this.#stop("limit", { ...place, rows: place.rows + 1 });
        return;
      }
      this.#lines.push({ json, position: { ...place, rows: place.rows + 1 } });
      this.#size += json.length;
    }
  }
}

/** Of each row group the row of the segment at which it begins, then the number of rows. */
function groupStarts(segment: Segment): number[] {
  const starts = [0];
  for (const { rows } of segment.groups) starts.push(starts.at(-1)! + rows);
  return starts;
}
