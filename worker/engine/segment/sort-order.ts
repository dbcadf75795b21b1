/**
 * The order of rows inside a compacted row group: by service, then kind of message (fingerprint), the most frequent kind of a service first, then time:
 * ascending in one kind, descending in the next. Like stands by like, and compresses; times go on where the kind before ended.
 */
import { type Column, NULL_CODE } from "../batch/event-batch.ts";
import { NumberTable } from "./number-dictionary.ts";

/** Row numbers fit into what a time within a day leaves of a double's 53 bits. */
const ROWS_PER_TIME = 65_536;
/** Longer stretches of rows that are out of order are not sorted by insertion. */
const SHIFTS_PER_ROW_MAX = 16;
/** Tables of pairs up to this size are indexed, larger ones looked up. */
const PAIRS_INDEXED_MAX = 4 * ROWS_PER_TIME;

export interface SortedRows {
  /** Row numbers in order. */
  order: Uint32Array;
  /** Rows of each service, in their order; "" stands for none. */
  service_runs: { service: string; rows: number }[];
}

/**
 * @param times_us at most 65,536 of them, within 38 hours
 * @param kinds_of_message null where messages have none
 */
export function sortedRows(times_us: Float64Array, service: Column | null, kinds_of_message: Numbered | null): SortedRows {
  const rows = times_us.length;
  const services = serviceRanks(service, rows);
  const kinds = numberPairs(services, kinds_of_message ?? { of: new Uint32Array(rows), count: 1 });
  const counts = new Uint32Array(kinds.count);
  for (let row = 0; row < rows; row++) counts[kinds.of[row]!] = counts[kinds.of[row]!]! + 1;
  const ranked = rankKinds(kinds, services, counts);
  const starts = new Uint32Array(kinds.count + 1);
  for (let place = 0; place < kinds.count; place++) starts[place + 1] = starts[place]! + counts[ranked[place]!]!;
  const next = new Uint32Array(kinds.count);
  for (let place = 0; place < kinds.count; place++) next[ranked[place]!] = starts[place]!;
  const order = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const kind = kinds.of[row]!;
    order[next[kind]!] = row;
    next[kind] = next[kind]! + 1;
  }
  for (let place = 0; place < kinds.count; place++) {
    const part = order.subarray(starts[place]!, starts[place + 1]!);
    sortByTime(part, times_us);
    if (place % 2 === 1) part.reverse();
  }
  return { order, service_runs: serviceRuns(services, order) };
}

/** For each row a number below `count`. */
export interface Numbered {
  of: Uint32Array;
  count: number;
}

type Services = Numbered & { names: string[] };

/** Ranks of services by UTF-16 code units; events without one come first. */
function serviceRanks(column: Column | null, rows: number): Services {
  const of = new Uint32Array(rows);
  if (column === null || column.kind !== "dict") return { of, count: 1, names: [""] };
  const order = [...column.values.keys()].sort((a, b) => (column.values[a]! < column.values[b]! ? -1 : 1));
  const rank_of = new Uint32Array(order.length);
  for (const [rank, code] of order.entries()) rank_of[code] = rank + 1;
  for (let row = 0; row < rows; row++) of[row] = column.codes[row] === NULL_CODE ? 0 : rank_of[column.codes[row]!]!;
  return { of, count: order.length + 1, names: ["", ...order.map((code) => column.values[code]!)] };
}

function serviceRuns(services: Services, order: Uint32Array): SortedRows["service_runs"] {
  const runs: SortedRows["service_runs"] = [];
  for (let start = 0, end = 0; start < order.length; start = end) {
    const rank = services.of[order[start]!]!;
    while (end < order.length && services.of[order[end]!] === rank) end++;
    runs.push({ service: services.names[rank]!, rows: end - start });
  }
  return runs;
}

/** Numbers pairs of a service and a kind as they come. */
function numberPairs(services: Numbered, kinds: Numbered): Numbered {
  const rows = kinds.of.length;
  if (services.count === 1) return kinds;
  const of = new Uint32Array(rows);
  if (services.count * kinds.count > PAIRS_INDEXED_MAX) {
    const table = new NumberTable(4096);
    for (let row = 0; row < rows; row++) of[row] = table.codeOf(services.of[row]! * kinds.count + kinds.of[row]!);
    return { of, count: table.count };
  }
  const known = new Uint32Array(services.count * kinds.count);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const pair = services.of[row]! * kinds.count + kinds.of[row]!;
    let number = known[pair]!;
    if (number === 0) {
      number = ++count;
      known[pair] = number;
    }
    of[row] = number - 1;
  }
  return { of, count };
}

/** Kinds by service, the most frequent first, those of one frequency as they came. */
function rankKinds(kinds: Numbered, services: Services, counts: Uint32Array): Uint32Array {
  const service_of = new Uint32Array(kinds.count);
  for (let row = 0; row < kinds.of.length; row++) service_of[kinds.of[row]!] = services.of[row]!;
  const keys = new Float64Array(kinds.count);
  for (let kind = 0; kind < keys.length; kind++) {
    keys[kind] = (service_of[kind]! * (ROWS_PER_TIME + 1) + ROWS_PER_TIME - counts[kind]!) * ROWS_PER_TIME + kind;
  }
  keys.sort();
  return Uint32Array.from(keys, (key) => key % ROWS_PER_TIME);
}

/** Rows come nearly in order of time: they are sorted by insertion, unless that shows them to be otherwise. */
function sortByTime(rows: Uint32Array, times_us: Float64Array): void {
  let shifts_left = rows.length * SHIFTS_PER_ROW_MAX;
  for (let next = 1; next < rows.length; next++) {
    const row = rows[next]!;
    const time = times_us[row]!;
    let at = next;
    while (at > 0 && times_us[rows[at - 1]!]! > time) {
      rows[at] = rows[at - 1]!;
      at--;
    }
    rows[at] = row;
    shifts_left -= next - at;
    if (shifts_left < 0) {
      sortAsNumbers(rows, times_us);
      return;
    }
  }
}

function sortAsNumbers(rows: Uint32Array, times_us: Float64Array): void {
  let first = Number.POSITIVE_INFINITY;
  for (const row of rows) if (times_us[row]! < first) first = times_us[row]!;
  const keys = new Float64Array(rows.length);
  for (let index = 0; index < keys.length; index++) keys[index] = (times_us[rows[index]!]! - first) * ROWS_PER_TIME + rows[index]!;
  keys.sort();
  for (let index = 0; index < keys.length; index++) rows[index] = keys[index]! % ROWS_PER_TIME;
}
