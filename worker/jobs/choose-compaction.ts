import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { COMPACT_AGE_MS, COMPACT_INPUTS_MAX, COMPACT_INPUTS_MIN, COMPACT_OUTPUT_ROWS_MAX, COMPACT_ROWS_MAX } from "../limits.ts";

/**
 * Which segments to merge next; null where none need it. First flushed ones, oldest first: enough of them, or old enough. Then small ones
 * of one day, so that a day ends as few large segments. Pure: the same rows give the same choice.
 * @param force merge whatever is not yet sorted, and small ones even if they are few
 */
export function chooseCompaction(rows: readonly SegmentRow[], now_us: number, force: boolean): SegmentRow[] | null {
  return chooseFlushed(rows, now_us, force) ?? chooseDay(rows, force);
}

function chooseFlushed(rows: readonly SegmentRow[], now_us: number, force: boolean): SegmentRow[] | null {
  const flushed = rows.filter((row) => row.level === 0).sort((a, b) => a.shard - b.shard || a.seq_min - b.seq_min);
  const oldest = flushed[0];
  if (!oldest) return null;
  const total = flushed.reduce((sum, row) => sum + row.rows, 0);
  const aged = now_us - Math.min(...flushed.map((row) => row.created_us)) >= COMPACT_AGE_MS * 1000;
  const many = flushed.length >= COMPACT_INPUTS_MIN && (total >= COMPACT_OUTPUT_ROWS_MAX / 2 || flushed.length >= COMPACT_INPUTS_MAX);
  if (!force && !aged && !many) return null;
  return withinBounds(flushed.filter((row) => row.shard === oldest.shard));
}

function chooseDay(rows: readonly SegmentRow[], force: boolean): SegmentRow[] | null {
  const days = new Map<string, SegmentRow[]>();
  for (const row of rows) {
    if (row.level === 0 || row.rows >= COMPACT_OUTPUT_ROWS_MAX / 2) continue;
    const name = `${row.shard}/${row.day}`;
    const day = days.get(name);
    if (day) day.push(row);
    else days.set(name, [row]);
  }
  for (const name of [...days.keys()].sort()) {
    const day = days.get(name)!.sort((a, b) => a.ts_min_us - b.ts_min_us || (a.segment_id < b.segment_id ? -1 : 1));
    const chosen = withinBounds(day);
    if (chosen.length >= (force ? 2 : COMPACT_INPUTS_MIN)) return chosen;
  }
  return null;
}

function withinBounds(candidates: readonly SegmentRow[]): SegmentRow[] {
  const chosen: SegmentRow[] = [];
  let rows = 0;
  for (const candidate of candidates) {
    if (chosen.length === COMPACT_INPUTS_MAX || (chosen.length > 0 && rows + candidate.rows > COMPACT_ROWS_MAX)) break;
    chosen.push(candidate);
    rows += candidate.rows;
  }
  return chosen;
}
