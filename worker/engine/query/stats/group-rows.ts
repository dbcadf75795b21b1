import type { EventBatch } from "../../batch/event-batch.ts";
import { isEveryRow } from "../filters/mask.ts";
import type { GroupKey } from "../pipes/pipe-stats.ts";
import { combinedCodes, combinedRuns } from "./combined-codes.ts";
import type { GroupTable } from "./group-table.ts";
import { type KeyCodes, keyCodes } from "./key-codes.ts";
import { LEFT_OUT } from "./key-values.ts";
import { countAll } from "./short-codes.ts";
import { NO_GROUP } from "./stat.ts";

/** Groups that occur among some rows of a batch; those that the table has no room for are NO_GROUP. */
export interface RowGroups {
  groups: Uint32Array;
  /** How many of the rows each one has; 0 for rows that are left out. */
  counts: Uint32Array;
  /** The rows by group. */
  spans(): Spans;
}

/** Row numbers by group: those of span i are `order[starts[i] .. starts[i + 1]]`. A group may have several spans. */
export interface Spans {
  order: Uint32Array;
  starts: Uint32Array;
  /** NO_GROUP: the rows are left out. */
  groups: Uint32Array;
}

/** Codes up to this many pairs are counted as pairs, without numbering those that occur. */
const PAIRS_MAX = 1 << 16;
/** Rows to a run from which runs are worth more than codes. */
const RUN_ROWS_MIN = 4;

/** @param rows ascending; a row may repeat */
export function groupRows(batch: EventBatch, rows: Uint32Array, by: readonly GroupKey[], table: GroupTable): RowGroups {
  const keys = by.map((key, depth) => keyCodes(batch, rows, key, table.keys[depth]!));
  if (keys.length === 0) return oneGroup(rows);
  const prefixOf = (depth: number) => (left: number, right: number) => table.prefix(depth, left, right);
  const groupOf = (left: number, right: number) => table.group(left, right);
  const room = () => table.room;
  const last = keys.length - 1;
  if (keys.every(({ runs }) => runs && runs.starts.length * RUN_ROWS_MIN < rows.length)) {
    const runs = keys
      .slice(1)
      .reduce((left, right, index) => combinedRuns(left, right, index + 1 < last ? prefixOf(index + 1) : groupOf, room), keys[0]!);
    const groupOfRun =
      last === 0 ? (code: number) => table.group(0, runs.valueAt(code, table.room)) : (code: number) => runs.valueAt(code, table.room);
    return groupRuns(runs, rows, groupOfRun);
  }
  const left = keys.slice(1, last).reduce((prefix, key, index) => combinedCodes(prefix, key, rows, prefixOf(index + 1), room), keys[0]!);
  const right = keys[last]!;
  if (last === 0) return groupCodes(left, rows, (code) => table.group(0, left.valueAt(code, table.room)));
  if (left.count * right.count <= PAIRS_MAX) {
    return groupPairs(left, right, rows, (a, b) => table.group(left.valueAt(a, table.room), right.valueAt(b, table.room)));
  }
  const both = combinedCodes(left, right, rows, groupOf, room);
  return groupCodes(both, rows, (code) => both.valueAt(code, table.room));
}

function oneGroup(rows: Uint32Array): RowGroups {
  const groups = new Uint32Array(1);
  return { groups, counts: Uint32Array.of(rows.length), spans: () => ({ order: rows, starts: Uint32Array.of(0, rows.length), groups }) };
}

function groupCodes(keys: KeyCodes, rows: Uint32Array, groupOf: (code: number) => number): RowGroups {
  const short = keys.short();
  if (short) return groupShort(short, keys.count, rows, groupOf);
  const { codes, count } = keys;
  const none = count - 1;
  const counts = new Uint32Array(count);
  for (let index = 0; index < rows.length; index++) {
    let code = codes[rows[index]!]!;
    if (code > none) code = none;
    counts[code]!++;
  }
  const found = occurring(counts, groupOf);
  const spans = (): Spans => {
    const order = new Uint32Array(rows.length);
    const next = found.places(count);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      let code = codes[row]!;
      if (code > none) code = none;
      order[next[code]!++] = row;
    }
    return { order, starts: found.starts, groups: found.groups };
  };
  return { groups: found.groups, counts: found.counts, spans };
}

/** As `groupCodes`; loops of their own, for one over arrays of several kinds would be slow for all. */
function groupShort(codes: Uint16Array, count: number, rows: Uint32Array, groupOf: (code: number) => number): RowGroups {
  const counts = new Uint32Array(count);
  if (isEveryRow(rows, codes.length)) countAll(codes, counts);
  else for (let index = 0; index < rows.length; index++) counts[codes[rows[index]!]!]!++;
  const found = occurring(counts, groupOf);
  const spans = (): Spans => {
    const order = new Uint32Array(rows.length);
    const next = found.places(count);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      order[next[codes[row]!]!++] = row;
    }
    return { order, starts: found.starts, groups: found.groups };
  };
  return { groups: found.groups, counts: found.counts, spans };
}

function groupPairs(left: KeyCodes, right: KeyCodes, rows: Uint32Array, groupOf: (left: number, right: number) => number): RowGroups {
  const left_codes = left.short();
  const right_codes = right.short();
  if (left_codes && right_codes) {
    const width = right.count;
    const pairs = new Uint16Array(left_codes.length);
    for (let row = 0; row < pairs.length; row++) pairs[row] = left_codes[row]! * width + right_codes[row]!;
    return groupShort(pairs, left.count * width, rows, (pair) => groupOf(Math.floor(pair / width), pair % width));
  }
  return groupWidePairs(left, right, rows, groupOf);
}

function groupWidePairs(left: KeyCodes, right: KeyCodes, rows: Uint32Array, groupOf: (left: number, right: number) => number): RowGroups {
  const width = right.count;
  const left_none = left.count - 1;
  const right_none = width - 1;
  const { codes: lefts } = left;
  const { codes: rights } = right;
  const counts = new Uint32Array(left.count * width);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    let a = lefts[row]!;
    let b = rights[row]!;
    if (a > left_none) a = left_none;
    if (b > right_none) b = right_none;
    counts[a * width + b]!++;
  }
  const found = occurring(counts, (pair) => groupOf(Math.floor(pair / width), pair % width));
  const spans = (): Spans => {
    const order = new Uint32Array(rows.length);
    const next = found.places(counts.length);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      let a = lefts[row]!;
      let b = rights[row]!;
      if (a > left_none) a = left_none;
      if (b > right_none) b = right_none;
      order[next[a * width + b]!++] = row;
    }
    return { order, starts: found.starts, groups: found.groups };
  };
  return { groups: found.groups, counts: found.counts, spans };
}

/** The codes that occur, their groups, and where the rows of each begin. */
function occurring(counts_by_code: Uint32Array, groupOf: (code: number) => number) {
  let occurring = 0;
  for (let code = 0; code < counts_by_code.length; code++) if (counts_by_code[code] !== 0) occurring++;
  const codes = new Uint32Array(occurring);
  const groups = new Uint32Array(occurring);
  const counts = new Uint32Array(occurring);
  const starts = new Uint32Array(occurring + 1);
  let at = 0;
  for (let code = 0; code < counts_by_code.length; code++) {
    const count = counts_by_code[code]!;
    if (count === 0) continue;
    const group = groupOf(code);
    codes[at] = code;
    groups[at] = group < 0 ? NO_GROUP : group;
    counts[at] = group === LEFT_OUT ? 0 : count;
    starts[at + 1] = starts[at]! + count;
    at++;
  }
  const places = (codes_count: number): Uint32Array => {
    const next = new Uint32Array(codes_count);
    for (let index = 0; index < occurring; index++) next[codes[index]!] = starts[index]!;
    return next;
  };
  return { groups, counts, starts, places };
}

function groupRuns({ runs, count }: KeyCodes, rows: Uint32Array, groupOf: (code: number) => number): RowGroups {
  const { starts: run_starts, codes } = runs!;
  const starts = new Uint32Array(codes.length + 1);
  const counts_by_code = new Uint32Array(count);
  const none = count - 1;
  let at = 0;
  for (let run = 0; run < codes.length; run++) {
    starts[run] = at;
    at = run + 1 < codes.length ? firstAtLeast(rows, run_starts[run + 1]!, at) : rows.length;
    const code = codes[run]!;
    counts_by_code[Math.min(code, none)]! += at - starts[run]!;
  }
  starts[codes.length] = rows.length;
  const group_by_code = new Uint32Array(count);
  for (let code = 0; code < count; code++) {
    const group = counts_by_code[code] === 0 ? -1 : groupOf(code);
    group_by_code[code] = group < 0 ? NO_GROUP : group;
    if (group === LEFT_OUT) counts_by_code[code] = 0;
  }
  const spans = (): Spans => ({ order: rows, starts, groups: codes.map((code) => group_by_code[Math.min(code, none)]!) });
  return { groups: group_by_code, counts: counts_by_code, spans };
}

/** Place of the first of the ascending numbers that is at least `least`, from a place on: in doubling steps, then by halves. */
function firstAtLeast(rows: Uint32Array, least: number, from: number): number {
  let step = 1;
  let low = from;
  let high = from;
  while (high < rows.length && rows[high]! < least) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  high = Math.min(high, rows.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
