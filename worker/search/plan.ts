/** Which segments and row groups a search reads, in which order, and why it leaves out the others. Pure: catalog rows and footers in, a plan out. */
import { LEVELS } from "../engine/batch/event-batch.ts";
import type { FilterHints } from "../engine/query/filters/hints.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { Order } from "./cursor.ts";
import type { TimeRange } from "./time-range.ts";

/** What an object said of its shard. */
export interface ShardState {
  shard: number;
  /** Everything up to here is in committed segments; what came later is in the window. */
  flushed_seq: number;
  recent: readonly SegmentRow[];
}

export interface CatalogState {
  alive: readonly SegmentRow[];
  /** Flushed segments that D1 knows as replaced or removed, those that an object may still show at least. */
  replaced_ids: ReadonlySet<string>;
}

export interface Chosen {
  rows: SegmentRow[];
  /** Rows that reach over what their shard's object called flushed: the object must be asked again. */
  straddling: SegmentRow[];
}

function overlaps(row: { ts_min_us: number; ts_max_us: number }, range: TimeRange): boolean {
  return row.ts_max_us >= range.from_us && row.ts_min_us < range.to_us;
}

/**
 * The committed side of a search: of each shard only rows wholly at or below what its object called flushed. Rows wholly above it are
 * ignored, for their events are in the window that the object showed.
 */
export function chooseRows(shards: readonly ShardState[], catalog: CatalogState, range: TimeRange): Chosen {
  const flushed_seqs = new Map(shards.map((state) => [state.shard, state.flushed_seq]));
  const recent = new Map<string, SegmentRow>();
  for (const state of shards)
    for (const row of state.recent) if (!catalog.replaced_ids.has(row.segment_id)) recent.set(row.segment_id, row);
  const chosen: Chosen = { rows: [], straddling: [] };
  const choose = (row: SegmentRow): void => {
    if (!overlaps(row, range)) return;
    const flushed_seq = flushed_seqs.get(row.shard);
    if (flushed_seq === undefined) chosen.straddling.push(row);
    else if (row.seq_max <= flushed_seq) chosen.rows.push(row);
    else if (row.seq_min <= flushed_seq) chosen.straddling.push(row);
  };
  for (const row of catalog.alive) {
    recent.delete(row.segment_id);
    choose(row);
  }
  for (const row of recent.values()) choose(row);
  return chosen;
}

/** The part of a range in which events can match. */
export function narrowedRange(range: TimeRange, hints: FilterHints): TimeRange {
  const from_us = Math.max(range.from_us, hints.time.min_us);
  // The hint's end belongs to it, the range's does not.
  const to_us = Math.min(range.to_us, hints.time.max_us + 1);
  return from_us <= to_us ? { from_us, to_us } : { from_us: range.from_us, to_us: range.from_us };
}

export type SkipReason = "time" | "level" | "service" | "filter";

const NO_LEVEL_BIT = 1 << LEVELS.length;

function levelMask(levels: readonly string[]): number {
  let mask = 0;
  for (const level of levels) {
    const index = (LEVELS as readonly string[]).indexOf(level);
    mask |= index < 0 ? NO_LEVEL_BIT : 1 << index;
  }
  return mask;
}

/** Why no event of this segment can match, or null where one may. */
export function skipSegment(row: SegmentRow, hints: FilterHints, range: TimeRange): SkipReason | null {
  if (!overlaps(row, range)) return "time";
  if (hints.levels && (row.level_mask & levelMask(hints.levels)) === 0) return "level";
  const { services } = row;
  if (hints.services && services && !hints.services.some((service) => services.includes(service))) return "service";
  return null;
}

/** What the plan needs of an open segment. */
export interface GroupIndex {
  groups: readonly { rows: number; ts_min_us: number; ts_max_us: number }[];
  mayContain(group: number, needed: FilterHints["needed"]): boolean;
}

/** Why no event of this row group can match, or null where one may. */
export function skipGroup(segment: GroupIndex, group: number, hints: FilterHints, range: TimeRange): SkipReason | null {
  const bounds = segment.groups[group];
  if (!bounds || bounds.rows === 0 || !overlaps(bounds, range)) return "time";
  return segment.mayContain(group, hints.needed) ? null : "filter";
}

/** Whether filters of row groups can tell anything of what is asked for. */
export function asksFilters({ needed }: FilterHints): boolean {
  return needed.every(({ words, values }) => words.length > 0 || Object.keys(values).length > 0);
}

/** Segments or groups in the order in which a search meets them: the end of time that it wants first comes first. */
export function compareBounds(
  a: { ts_min_us: number; ts_max_us: number },
  b: { ts_min_us: number; ts_max_us: number },
  order: Order,
): number {
  return order === "desc" ? b.ts_max_us - a.ts_max_us : a.ts_min_us - b.ts_min_us;
}
