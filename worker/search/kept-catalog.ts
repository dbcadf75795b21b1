/**
 * The catalog as D1 told it some seconds ago. Rows of segments never change, and replaced objects stay for longer than any search runs, so that an
 * old answer together with what the project's object says now is a true view, as long as nothing fell between the two:
 * each event that the object calls flushed is either in a row that the object still shows, or was in D1 when it was asked.
 */
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { CATALOG_KEPT_MS, CATALOG_ROW_SIZE_BYTES } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import type { CatalogState, ShardState } from "./plan.ts";
import type { TimeRange } from "./time-range.ts";

export interface KeptCatalog extends CatalogState {
  range: TimeRange;
  loaded_us: number;
  /** The isolate's count of its own writes when D1 was asked (`changesOf`). */
  changes: number;
  /** By shard: up to here every flushed event was in D1. */
  known_seq: readonly number[];
  /** By shard: replaced segments that begin after this are named. */
  replaced_after_seq: readonly number[];
}

/** The highest flushed sequence number that is in none of the rows shown by the object; 0 where there is none. Conservative where plans left no segment. */
function lastUnseen({ flushed_seq, recent }: ShardState): number {
  let unseen = flushed_seq;
  for (const row of [...recent].sort((a, b) => b.seq_max - a.seq_max)) {
    if (row.seq_max < unseen) break;
    unseen = Math.min(unseen, row.seq_min - 1);
  }
  return unseen;
}

function firstSeq(rows: readonly SegmentRow[], otherwise: number): number {
  return rows.reduce((least, row) => Math.min(least, row.seq_min), otherwise);
}

/** From where on D1 must name replaced segments, so that the object's rows, these and later ones, are recognised. */
export function replacedAfter(states: readonly ShardState[]): number[] {
  return states.map(({ recent, flushed_seq }) => firstSeq(recent, flushed_seq + 1) - 1);
}

/** Puts together what D1 answered and what the objects had said before it was asked. */
export function keepCatalog(
  state: CatalogState,
  states: readonly ShardState[],
  when: { range: TimeRange; loaded_us: number; changes: number },
): KeptCatalog {
  const alive = new Set(state.alive.map((row) => row.segment_id));
  const known_seq = states.map(({ recent, flushed_seq }) => {
    const pending = recent.filter((row) => !alive.has(row.segment_id) && !state.replaced_ids.has(row.segment_id));
    return firstSeq(pending, flushed_seq + 1) - 1;
  });
  return { ...state, ...when, known_seq, replaced_after_seq: replacedAfter(states) };
}

export interface Asked {
  states: readonly ShardState[];
  range: TimeRange;
  now_us: number;
  changes: number;
}

/** Whether a kept catalog and what the objects say now are a view of every flushed event, once. */
export function isTrue(kept: KeptCatalog, { states, range, now_us, changes }: Asked): boolean {
  const age_us = now_us - kept.loaded_us;
  if (kept.changes !== changes || age_us < 0 || age_us > CATALOG_KEPT_MS * 1_000) return false;
  if (range.from_us < kept.range.from_us || range.to_us > kept.range.to_us) return false;
  return (
    states.length === kept.known_seq.length &&
    states.every(
      (state, shard) =>
        lastUnseen(state) <= kept.known_seq[shard]! && state.recent.every((row) => row.seq_min > kept.replaced_after_seq[shard]!),
    )
  );
}

const DAY_US = 86_400_000_000;

/** What is asked of D1 for a search: whole days, and up to the end of time, since most searches end now. */
function widened(range: TimeRange, now_us: number): TimeRange {
  const from_us = Math.max(0, Math.floor(range.from_us / DAY_US) * DAY_US);
  const to_us = range.to_us < now_us - DAY_US ? Math.ceil(range.to_us / DAY_US) * DAY_US : Number.MAX_SAFE_INTEGER;
  return { from_us: Math.min(from_us, range.from_us), to_us };
}

function cacheKey(context: SearchContext): string {
  return `catalog/${context.sources.project_id}`;
}

/** The kept catalog, where it is true. */
export function keptCatalog(context: SearchContext, states: readonly ShardState[], range: TimeRange): KeptCatalog | null {
  const kept = context.cache.get<KeptCatalog>(cacheKey(context));
  const asked = { states, range, now_us: context.sources.now_us(), changes: context.sources.changes() };
  return kept && isTrue(kept, asked) ? kept : null;
}

/** Asks D1. What the objects said must be from before. */
export async function loadCatalog(context: SearchContext, states: readonly ShardState[], range: TimeRange): Promise<KeptCatalog> {
  const { sources, cache } = context;
  const [loaded_us, changes] = [sources.now_us(), sources.changes()];
  const wide = widened(range, loaded_us);
  const answer = await sources.segments({ ...wide, replaced_after_seq: replacedAfter(states) });
  const kept = keepCatalog(answer, states, { range: wide, loaded_us, changes });
  cache.set(cacheKey(context), kept, (answer.alive.length + answer.replaced_ids.size + 1) * CATALOG_ROW_SIZE_BYTES);
  return kept;
}

/** After a surprise: the next search asks D1. */
export function dropCatalog(context: SearchContext): void {
  context.cache.delete(cacheKey(context));
}
