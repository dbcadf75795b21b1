/** The order of rows inside a compacted row group: service, fingerprint, time. Like stands by like, and compresses. */
import { type Column, NULL_CODE } from "../batch/event-batch.ts";
import { NumberTable } from "./number-dictionary.ts";

/** Row numbers fit into what a time within a day leaves of a double's 53 bits. */
const ROWS_PER_TIME = 65_536;

/**
 * Row numbers in order; rows that are equal stay in the order they came in.
 * @param times_us at most 65,536 of them, within 38 hours
 */
export function sortedRows(times_us: Float64Array, service: Column | null, fingerprint: Column | null): Uint32Array {
  const by_time = rowsByTime(times_us);
  const kinds = rankPairs(serviceRanks(service, times_us.length), fingerprintRanks(fingerprint, times_us.length));
  const starts = new Uint32Array(kinds.count + 1);
  for (const kind of kinds.ranks) starts[kind + 1] = starts[kind + 1]! + 1;
  for (let kind = 0; kind < kinds.count; kind++) starts[kind + 1] = starts[kind + 1]! + starts[kind]!;
  const order = new Uint32Array(times_us.length);
  for (const row of by_time) {
    const kind = kinds.ranks[row]!;
    order[starts[kind]!] = row;
    starts[kind] = starts[kind]! + 1;
  }
  return order;
}

function rowsByTime(times_us: Float64Array): Uint32Array {
  let first = Number.POSITIVE_INFINITY;
  for (const time of times_us) if (time < first) first = time;
  const keys = new Float64Array(times_us.length);
  for (let row = 0; row < keys.length; row++) keys[row] = (times_us[row]! - first) * ROWS_PER_TIME + row;
  keys.sort();
  const rows = new Uint32Array(keys.length);
  for (let index = 0; index < rows.length; index++) rows[index] = keys[index]! % ROWS_PER_TIME;
  return rows;
}

interface Ranks {
  ranks: Float64Array;
  count: number;
}

/** Events without a service come first. */
function serviceRanks(column: Column | null, rows: number): Ranks {
  const ranks = new Float64Array(rows);
  if (column === null || column.kind !== "dict") return { ranks, count: 1 };
  const order = [...column.values.keys()].sort((a, b) => (column.values[a]! < column.values[b]! ? -1 : 1));
  const rank_of = new Uint32Array(order.length);
  for (const [rank, code] of order.entries()) rank_of[code] = rank + 1;
  for (let row = 0; row < rows; row++) ranks[row] = column.codes[row] === NULL_CODE ? 0 : rank_of[column.codes[row]!]!;
  return { ranks, count: order.length + 1 };
}

function fingerprintRanks(column: Column | null, rows: number): Ranks {
  if (column === null || column.kind !== "int64") return { ranks: new Float64Array(rows), count: 1 };
  return ranksOf(column.values);
}

function rankPairs(first: Ranks, second: Ranks): Ranks {
  const pairs = new Float64Array(first.ranks.length);
  for (let row = 0; row < pairs.length; row++) pairs[row] = first.ranks[row]! * second.count + second.ranks[row]!;
  return ranksOf(pairs);
}

/** Replaces numbers by their places among the distinct ones. */
function ranksOf(values: Float64Array): Ranks {
  const table = new NumberTable(4096);
  const ranks = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) ranks[row] = table.codeOf(values[row]!);
  const distinct = table.distinct();
  const order = Uint32Array.from(distinct.keys()).sort((a, b) => distinct[a]! - distinct[b]!);
  const rank_of = new Uint32Array(order.length);
  for (const [rank, code] of order.entries()) rank_of[code] = rank;
  for (let row = 0; row < ranks.length; row++) ranks[row] = rank_of[ranks[row]!]!;
  return { ranks, count: distinct.length };
}
