import { QUANTILE_CELLS_SIZE_BYTES_MAX, QUANTILE_VALUES_MAX, QUANTILE_VALUES_MIN, QUANTILE_VALUES_TOTAL } from "../../../limits.ts";
import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import { CELL_BITS_LEAST, CELL_BITS_MAX, CELL_BITS_MIN, NumberCells, type SerializedCells } from "./number-cells.ts";
import type { NumberTally } from "./number-tally.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";
import { ValueLog } from "./value-log.ts";

interface SerializedNumbers {
  counts: Float64Array;
  /** All numbers of groups that still have them: those of group i are `values[offsets[i] .. offsets[i + 1]]`. */
  offsets: Uint32Array;
  values: Float64Array;
  cells: (SerializedCells | null)[];
}

/** Numbers of each group as they are, up to a bound that shrinks as groups grow in number; then counted in cells. */
export class NumbersState implements StatState {
  readonly #field: string;
  readonly #sharers: number;
  readonly #counts = new GroupNumbers();
  readonly #cells: (NumberCells | undefined)[] = [];
  #log = new ValueLog();
  /** Groups whose numbers in the log belong into their cells. */
  readonly #moving = new Set<number>();
  #bits = CELL_BITS_MAX;
  /** Groups met so far. */
  #groups = 0;
  readonly #values_max: number | null;

  /**
   * @param values_max numbers that a group may hold as they are, however many groups there are; null: as many as memory allows
   * @param sharers states that share that memory, itself included
   */
  constructor(field: string, values_max: number | null = null, sharers = 1) {
    this.#field = field;
    this.#values_max = values_max;
    this.#sharers = sharers;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    this.#expect(groupsEnd(groups));
    const tally = rows.tally(this.#field);
    const numbers = tally ? null : rows.numbers(this.#field);
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      if (tally) this.#addTally(group, tally, span * tally.width);
      else this.#addSpan(group, numbers!, order, starts[span]!, starts[span + 1]!);
    }
    this.#settle();
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { counts, offsets, values, cells } = serialized as SerializedNumbers;
    this.#expect(groupsEnd(groups));
    const places = Uint32Array.from(values.keys());
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP || counts[index] === 0) continue;
      const theirs = cells[index];
      if (theirs) {
        this.#cellsOf(group).merge(NumberCells.deserialize(theirs));
        this.#counts.values[group]! += counts[index]!;
      } else this.#addSpan(group, values, places, offsets[index]!, offsets[index + 1]!);
    }
    this.#settle();
  }

  serialize(count: number): SerializedNumbers {
    const { offsets, values } = this.#log.byGroup(count);
    const counts = this.#counts.take(count);
    return { counts, offsets, values, cells: Array.from(counts, (_, group) => this.#cells[group]?.serialize() ?? null) };
  }

  /**
   * The least number that at least this share of the numbers does not exceed; null without any.
   * @param groups how many there are in all
   */
  quantileOf(group: number, share: number, groups: number): number | null {
    const count = this.#counts.get(group);
    if (count === 0) return null;
    const rank = rankOf(share, count);
    const cells = this.#cells[group];
    if (cells) return cells.at(rank);
    const values = this.#log.sorted(group, this.#groups);
    if (count <= this.#valuesMax(groups)) return values[rank]! + 0;
    return cellsOf(values, this.#bits).at(rank);
  }

  /** The numbers counted in at most so many ranges, as narrow as that allows; of each range the end nearer to zero belongs to it. */
  histogramOf(group: number, ranges_max: number): { from: number; to: number; count: number }[] | null {
    if (this.#counts.get(group) === 0) return null;
    const cells = cellsOf(this.#log.sorted(group, this.#groups), this.#bits);
    if (this.#cells[group]) cells.merge(this.#cells[group]);
    for (let bits = this.#bits; ; bits--) {
      if (bits < this.#bits) cells.fold(bits);
      const ranges = [...cells.ranges()];
      if (ranges.length <= ranges_max || bits === CELL_BITS_LEAST) return ranges;
    }
  }

  #expect(groups: number): void {
    this.#groups = Math.max(this.#groups, groups);
    this.#counts.grow(groups);
  }

  #addSpan(group: number, numbers: Float64Array, order: Uint32Array, from: number, to: number): void {
    const counts = this.#counts.values;
    const full = this.#cells[group] !== undefined || counts[group]! + (to - from) > this.#valuesMax(this.#groups);
    const added = full && this.#isFull(group, numbers, order, from, to);
    if (added) counts[group]! += this.#cellsOf(group).addAll(wordsOf(numbers), order, from, to);
    else counts[group]! += this.#log.add(group, numbers, order, from, to);
  }

  /** @param from where the counts of the span begin */
  #addTally(group: number, { values, counts, width }: NumberTally, from: number): void {
    let added = 0;
    for (let code = 0; code < width - 1; code++) added += counts[from + code]!;
    if (added === 0) return;
    const known = this.#counts.values;
    const is_full = this.#cells[group] !== undefined || known[group]! + added > this.#valuesMax(this.#groups);
    if (is_full) this.#cellsOf(group).addCounted(wordsOf(values), counts, from);
    else this.#log.addTally(group, values, counts.subarray(from, from + width - 1));
    known[group]! += added;
  }

  /** Whether the group has, with these rows, more numbers than it may hold as they are; rows without one count for nothing. */
  #isFull(group: number, numbers: Float64Array, order: Uint32Array, from: number, to: number): boolean {
    if (this.#cells[group]) return true;
    const most = this.#valuesMax(this.#groups);
    let count = this.#counts.values[group]!;
    for (let at = from; at < to && count <= most; at++) if (!Number.isNaN(numbers[order[at]!]!)) count++;
    return count > most;
  }

  #cellsOf(group: number): NumberCells {
    let cells = this.#cells[group];
    if (!cells) {
      cells = new NumberCells(this.#bits);
      this.#cells[group] = cells;
      if (this.#counts.get(group) > 0) this.#moving.add(group);
    }
    return cells;
  }

  /** Numbers that each of so many groups may hold as they are. */
  #valuesMax(groups: number): number {
    if (this.#values_max !== null) return this.#values_max;
    const share = Math.floor(QUANTILE_VALUES_TOTAL / this.#sharers / Math.max(1, groups));
    return Math.max(QUANTILE_VALUES_MIN, Math.min(QUANTILE_VALUES_MAX, share));
  }

  /** Groups that held more while there were fewer of them. */
  #moveFull(): void {
    const most = this.#valuesMax(this.#groups);
    const counts = this.#counts.values;
    for (let group = 0; group < this.#groups; group++) if (!this.#cells[group] && counts[group]! > most) this.#cellsOf(group);
  }

  /** Numbers of groups with cells leave the log; cells become wider in every group, as long as all of them take too much memory. */
  #settle(): void {
    if (this.#log.count > QUANTILE_VALUES_TOTAL / this.#sharers) this.#moveFull();
    if (this.#moving.size > 0) {
      this.#log = this.#log.without(this.#moving, (group, value) => this.#cells[group]!.add(value));
      this.#moving.clear();
    }
    const size_bytes = () => this.#cells.reduce((sum, cells) => sum + (cells?.size_bytes ?? 0), 0);
    while (this.#bits > CELL_BITS_MIN && size_bytes() > QUANTILE_CELLS_SIZE_BYTES_MAX / this.#sharers) {
      this.#bits--;
      for (const cells of this.#cells) cells?.fold(this.#bits);
    }
  }
}

function wordsOf(numbers: Float64Array): Uint32Array {
  return new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2);
}

function cellsOf(values: Float64Array, bits: number): NumberCells {
  const cells = new NumberCells(bits);
  for (let index = 0; index < values.length; index++) cells.add(values[index]!);
  return cells;
}

/** Place from 0 of the least number that `share` of `count` numbers do not exceed; what rounding puts a hair above a whole number is that. */
function rankOf(share: number, count: number): number {
  const exact = share * count;
  const whole = Math.round(exact);
  const rank = Math.abs(exact - whole) <= 1e-12 * count ? whole : Math.ceil(exact);
  return Math.min(count, Math.max(1, rank)) - 1;
}
