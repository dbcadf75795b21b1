import { ExactSum } from "./exact-sum.ts";
import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import type { NumberTally } from "./number-tally.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";

interface SerializedSums {
  counts: Float64Array;
  /** Numbers whose exact sum is a group's: those of group i are `parts[offsets[i] .. offsets[i + 1]]`. */
  offsets: Uint32Array;
  parts: Float64Array;
}

/** Exact sums by group, with how many numbers each is of. */
export class SumState implements StatState {
  readonly #field: string;
  readonly #sums: (ExactSum | undefined)[] = [];
  readonly #counts = new GroupNumbers();

  constructor(field: string) {
    this.#field = field;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    const counted = rows.tally(this.#field);
    const tally = counted && sumsExactly(counted, rows.rows.length) ? counted : null;
    const numbers = tally ? null : rows.numbers(this.#field);
    this.#counts.grow(groupsEnd(groups));
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      const sum = this.#sumOf(group);
      const count = tally ? addTally(sum, tally, span * tally.width) : addSpan(sum, numbers!, order, starts[span]!, starts[span + 1]!);
      this.#counts.values[group]! += count;
    }
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { counts, offsets, parts } = serialized as SerializedSums;
    this.#counts.growTo(groups);
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP || counts[index] === 0) continue;
      this.#counts.values[group]! += counts[index]!;
      for (let at = offsets[index]!; at < offsets[index + 1]!; at++) this.#sumOf(group).add(parts[at]!);
    }
  }

  serialize(count: number): SerializedSums {
    const offsets = new Uint32Array(count + 1);
    const parts: number[] = [];
    for (let group = 0; group < count; group++) {
      for (const part of this.#sums[group]?.parts ?? []) parts.push(part);
      offsets[group + 1] = parts.length;
    }
    return { counts: this.#counts.take(count), offsets, parts: Float64Array.from(parts) };
  }

  countOf(group: number): number {
    return this.#counts.get(group);
  }

  /** Null without any number, and where the sum is beyond the range of numbers. */
  sumOf(group: number): number | null {
    const sum = this.#sums[group]?.value;
    return sum === undefined || this.countOf(group) === 0 || !Number.isFinite(sum) ? null : sum + 0;
  }

  #sumOf(group: number): ExactSum {
    let sum = this.#sums[group];
    if (!sum) {
      sum = new ExactSum();
      this.#sums[group] = sum;
    }
    return sum;
  }
}

/** Whether sums of so many of these numbers are whole and small enough to be exact. */
function sumsExactly({ values }: NumberTally, rows: number): boolean {
  const most = Number.MAX_SAFE_INTEGER / Math.max(1, rows);
  for (let code = 0; code < values.length; code++) {
    const value = values[code]!;
    if (Math.floor(value) !== value || value > most || value < -most) return false;
  }
  return true;
}

/** @returns how many numbers there were */
function addTally(sum: ExactSum, { values, counts, width }: NumberTally, from: number): number {
  let count = 0;
  let total = 0;
  for (let code = 0; code < width - 1; code++) {
    const times = counts[from + code]!;
    count += times;
    total += values[code]! * times;
  }
  if (count > 0) sum.add(total);
  return count;
}

/**
 * Adds the numbers of some rows. Two running numbers hold the sum without error as long as what rounds off the first one fits the second (Knuth's
 * two-sum, twice); what does not goes to the exact sum at once.
 * @returns how many numbers there were
 */
function addSpan(sum: ExactSum, numbers: Float64Array, order: Uint32Array, from: number, to: number): number {
  let high = 0;
  let low = 0;
  let count = 0;
  const spilled: number[] = [];
  for (let at = from; at < to; at++) {
    const value = numbers[order[at]!]!;
    if (Number.isNaN(value)) continue;
    count++;
    const next = high + value;
    const virtual = next - high;
    const error = high - (next - virtual) + (value - virtual);
    high = next;
    if (error === 0) continue;
    const next_low = low + error;
    const virtual_low = next_low - low;
    const lost = low - (next_low - virtual_low) + (error - virtual_low);
    low = next_low;
    if (lost === 0) continue;
    if (Number.isNaN(lost)) return addOneByOne(sum, numbers, order, from, to);
    spilled.push(lost);
  }
  if (!Number.isFinite(high)) return addOneByOne(sum, numbers, order, from, to);
  if (count === 0) return 0;
  sum.add(high);
  if (low !== 0) sum.add(low);
  for (const lost of spilled) sum.add(lost);
  return count;
}

function addOneByOne(sum: ExactSum, numbers: Float64Array, order: Uint32Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    const value = numbers[order[at]!]!;
    if (Number.isNaN(value)) continue;
    count++;
    sum.add(value);
  }
  return count;
}
