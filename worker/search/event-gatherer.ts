/** Gathers the first events in time order. */
import { timesOf } from "../engine/batch/pages.ts";
import { type EventStep, type Filter, filterHints } from "../engine/query/query.ts";
import type { SearchContext } from "./context.ts";
import type { Order, Position } from "./cursor.ts";
import { KnownRows, RowOf } from "./known-rows.ts";
import { narrowedRange } from "./plan.ts";
import type { Part, Scan } from "./scan.ts";
import { READ_SHARE } from "./spread.ts";
import { stepColumns } from "./step-columns.ts";
import type { TimeRange } from "./time-range.ts";
import { TopEvents, type TopResult, type TopState } from "./top-events.ts";

/** Plain data: it travels to other invocations. */
export interface EventQuestion {
  filter: Filter;
  steps: readonly EventStep[];
  range: TimeRange;
  order: Order;
  limit: number;
  after: Position | null;
  /** Bytes of events after which a page ends. */
  size_bytes_max: number;
}

const LAST_HASH: Record<Order, string> = { asc: "f".repeat(16), desc: "0".repeat(16) };

/** The last place of a moment: all its events have been passed. */
export function endOfMoment(timestamp_us: number, order: Order): Position {
  return { timestamp_us, hash: LAST_HASH[order], copies: 1 };
}

/** A range that leaves out what the position has passed; of a moment that is not at its end all stays, for identical times are told apart by hash. */
export function rangeAfter(range: TimeRange, order: Order, after: Position | null): TimeRange {
  if (!after) return range;
  const passed = after.hash === LAST_HASH[order];
  if (order === "asc") return { from_us: Math.max(range.from_us, after.timestamp_us + (passed ? 1 : 0)), to_us: range.to_us };
  return { from_us: range.from_us, to_us: Math.min(range.to_us, after.timestamp_us + (passed ? 0 : 1)) };
}

/** Segments that are searched before further invocations are asked: mostly they have enough events. */
const SEGMENTS_FIRST = 2;

export class EventGatherer {
  readonly scan: Scan;
  readonly #top: TopEvents;

  constructor(context: SearchContext, question: EventQuestion) {
    const { filter, steps, order, limit, after, size_bytes_max } = question;
    const top = new TopEvents({ order, limit, after, size_bytes_max });
    this.#top = top;
    this.scan = {
      filter,
      steps,
      names: stepColumns(filter, steps),
      range: narrowedRange(rangeAfter(question.range, order, after), filterHints(filter)),
      order,
      stops_early: true,
      wants: (ts_min_us, ts_max_us) => top.wants(ts_min_us, ts_max_us),
      take: (part: Part) => takeFirst(context, top, part),
      spread: {
        work: { kind: "events", ...question },
        read_share: READ_SHARE.messages,
        segments_first: SEGMENTS_FIRST,
        merge: (state) => top.merge(state as TopState),
      },
    };
  }

  serialize(): TopState {
    return this.#top.serialize();
  }

  result(): TopResult {
    return this.#top.result();
  }
}

async function takeFirst(context: SearchContext, top: TopEvents, part: Part): Promise<void> {
  const candidates = top.candidates(part.batch, part.rows);
  if (candidates.length === 0) return;
  const known = part.group_key === null ? null : new KnownRows(context.cache, part.group_key);
  if (known && known.unknown(candidates).length === 0) {
    top.add(candidates, timesOf(part.batch, candidates), (row) => known.get(row)!);
    return;
  }
  await context.heavy.run(async () => {
    // Others may have come in while this one waited: mostly it need not be read at all.
    const left = top.candidates(part.batch, candidates);
    const unknown = known?.unknown(left) ?? left;
    const full = unknown.length > 0 ? await part.full(unknown) : null;
    const made: [number, RowOf][] = [];
    top.add(left, timesOf(part.batch, left), (row) => {
      const before = known?.get(row);
      if (before) return before;
      const event = new RowOf(full!.stored, full!.shown, row);
      made.push([row, event]);
      return event;
    });
    if (!known) return;
    for (const [row, event] of made) if (event.is_known) known.add(row, event);
    known.keep();
  });
}
