/** Which rows of a merge's inputs go to which output and row group: by event time alone, from the times alone. */
import { COMPACT_OUTPUT_ROWS_MAX, COMPACT_OUTPUT_SIZE_BYTES_MAX, ROW_GROUP_RAW_SIZE_BYTES_MAX, ROW_GROUP_ROWS_MAX } from "../../limits.ts";
import type { SegmentRow } from "./segment-row.ts";

const DAY_US = 86_400_000_000;

export interface MergeOutput {
  /** UTC day as YYYY-MM-DD. */
  day: string;
  /** Of the outputs of that day. */
  ordinal: number;
  /** Row groups of the output; they are numbered through all outputs. */
  groups: number;
  rows: number;
}

export interface MergePlan {
  outputs: MergeOutput[];
  /** Number of the row group of each input row. */
  group_of: Uint32Array;
  /** Rows of each row group. */
  group_rows: Uint32Array;
}

export interface MergeBounds {
  group_rows_max: number;
  output_rows_max: number;
}

/** Rows of groups and outputs, so that what is held of them in memory is bounded however large events are. */
export function mergeBounds(inputs: readonly Pick<SegmentRow, "rows" | "raw_bytes" | "size_bytes">[]): MergeBounds {
  const per_row = (size: (row: (typeof inputs)[number]) => number): number =>
    inputs.reduce((most, row) => Math.max(most, size(row) / Math.max(1, row.rows)), 1);
  const group_rows_max = Math.ceil(Math.min(ROW_GROUP_ROWS_MAX, ROW_GROUP_RAW_SIZE_BYTES_MAX / per_row((row) => row.raw_bytes)));
  const rows = Math.ceil(Math.min(COMPACT_OUTPUT_ROWS_MAX, COMPACT_OUTPUT_SIZE_BYTES_MAX / per_row((row) => row.size_bytes)));
  return { group_rows_max, output_rows_max: Math.max(group_rows_max, rows - (rows % group_rows_max)) };
}

/**
 * Outputs of one UTC day, in row groups that follow in time. Rows of the same microsecond are taken in the order of the inputs.
 * @param times_us of all input rows
 */
export function planMerge(times_us: Float64Array, { group_rows_max, output_rows_max }: MergeBounds): MergePlan {
  const ordered = times_us.slice().sort();
  const outputs: MergeOutput[] = [];
  const starts: number[] = [];
  for (let start = 0; start < ordered.length; ) {
    const day = Math.floor(ordered[start]! / DAY_US);
    const day_end = lowerBound(ordered, (day + 1) * DAY_US, start);
    for (let ordinal = 0; start < day_end; ordinal++) {
      const end = Math.min(day_end, start + output_rows_max);
      const first_group = starts.length;
      for (let group = start; group < end; group += group_rows_max) starts.push(group);
      outputs.push({ day: dayText(day), ordinal, groups: starts.length - first_group, rows: end - start });
      start = end;
    }
  }
  const group_rows = Uint32Array.from(starts, (start, group) => (starts[group + 1] ?? ordered.length) - start);
  return { outputs, group_of: assignGroups(times_us, ordered, starts), group_rows };
}

function dayText(day: number): string {
  return new Date(day * (DAY_US / 1000)).toISOString().slice(0, 10);
}

/** @param starts rank of each group's first row */
function assignGroups(times_us: Float64Array, ordered: Float64Array, starts: readonly number[]): Uint32Array {
  const first_times = Float64Array.from(starts, (start) => ordered[start]!);
  /** Of the times at which a group begins: the rank of the next row with that time. */
  const next_rank = new Map<number, number>();
  for (const time of first_times) if (!next_rank.has(time)) next_rank.set(time, lowerBound(ordered, time, 0));
  const ranks = Float64Array.from(starts);
  const group_of = new Uint32Array(times_us.length);
  for (let row = 0; row < times_us.length; row++) {
    const time = times_us[row]!;
    let group = upperBound(first_times, time) - 1;
    if (group >= 0 && first_times[group] !== time) {
      group_of[row] = group;
      continue;
    }
    const rank = next_rank.get(time)!;
    next_rank.set(time, rank + 1);
    group = upperBound(ranks, rank) - 1;
    group_of[row] = group;
  }
  return group_of;
}

/** First place of a value that is not below `value`. */
function lowerBound(values: Float64Array, value: number, from: number): number {
  let low = from;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First place of a value above `value`. */
function upperBound(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
