import { QUANTILE_CELLS_SIZE_BYTES_MAX, QUANTILE_VALUES_MAX, QUANTILE_VALUES_MIN, QUANTILE_VALUES_TOTAL } from "../../limits.ts";
import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import { withLength } from "./key-values.ts";
import { CELL_BITS_LEAST, CELL_BITS_MAX, CELL_BITS_MIN, NumberCells, type SerializedCells } from "./number-cells.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";

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
  readonly #counts = new GroupNumbers();
  readonly #values: (Float64Array | undefined)[] = [];
  readonly #cells: (NumberCells | undefined)[] = [];
  #bits = CELL_BITS_MAX;
  /** Groups met so far. */
  #groups = 0;

  constructor(field: string) {
    this.#field = field;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    const numbers = rows.numbers(this.#field);
    const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2);
    this.#expect(groupsEnd(groups));
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      const cells = this.#cells[group];
      if (cells) this.#counts.values[group]! += cells.addAll(words, order, starts[span]!, starts[span + 1]!);
      else this.#addValues(group, numbers, order, starts[span]!, starts[span + 1]!);
    }
    this.#boundCells();
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { counts, offsets, values, cells } = serialized as SerializedNumbers;
    this.#expect(groupsEnd(groups));
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP || counts[index] === 0) continue;
      const theirs = cells[index];
      if (theirs) {
        this.#cellsOf(group).merge(NumberCells.deserialize(theirs));
        this.#counts.values[group]! += counts[index]!;
      } else {
        const own = values.subarray(offsets[index]!, offsets[index + 1]!);
        this.#addValues(group, own, Uint32Array.from(own.keys()), 0, own.length);
      }
    }
    this.#boundCells();
  }

  serialize(count: number): SerializedNumbers {
    const counts = this.#counts.take(count);
    const offsets = new Uint32Array(count + 1);
    for (let group = 0; group < count; group++) offsets[group + 1] = offsets[group]! + (this.#cells[group] ? 0 : counts[group]!);
    const values = new Float64Array(offsets[count]!);
    for (let group = 0; group < count; group++) {
      if (!this.#cells[group] && counts[group]! > 0) values.set(this.#values[group]!.subarray(0, counts[group]!), offsets[group]);
    }
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
    if (count > valuesMax(groups)) return this.#cellsOf(group).at(rank);
    return this.#values[group]!.subarray(0, count).sort()[rank]! + 0;
  }

  /** The numbers counted in at most so many ranges, as narrow as that allows; of each range the end nearer to zero belongs to it. */
  histogramOf(group: number, ranges_max: number): { from: number; to: number; count: number }[] | null {
    const count = this.#counts.get(group);
    if (count === 0) return null;
    const cells = new NumberCells(this.#bits);
    if (this.#cells[group]) cells.merge(this.#cells[group]);
    else for (const value of this.#values[group]!.subarray(0, count)) cells.add(value);
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

  #addValues(group: number, numbers: Float64Array, order: Uint32Array, from: number, to: number): void {
    const counts = this.#counts.values;
    const most = valuesMax(this.#groups);
    let values = this.#values[group] ?? new Float64Array(Math.min(8, to - from));
    let count = counts[group]!;
    for (let at = from; at < to; at++) {
      const value = numbers[order[at]!]!;
      if (Number.isNaN(value)) continue;
      if (count === values.length) {
        values = withLength(values, Math.max(8, count * 2));
        if (count >= most) {
          const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2);
          this.#values[group] = values;
          counts[group] = count;
          counts[group]! += this.#cellsOf(group).addAll(words, order, at, to);
          return;
        }
      }
      values[count++] = value;
    }
    this.#values[group] = values;
    counts[group] = count;
  }

  /** The group's cells; its numbers go into them where they were still held as they are. */
  #cellsOf(group: number): NumberCells {
    let cells = this.#cells[group];
    if (!cells) {
      cells = new NumberCells(this.#bits);
      const values = this.#values[group];
      for (let index = 0; values && index < this.#counts.values[group]!; index++) cells.add(values[index]!);
      this.#values[group] = undefined;
      this.#cells[group] = cells;
    }
    return cells;
  }

  /** Wider cells in every group, as long as all of them take too much memory. */
  #boundCells(): void {
    const size_bytes = () => this.#cells.reduce((sum, cells) => sum + (cells?.size_bytes ?? 0), 0);
    while (this.#bits > CELL_BITS_MIN && size_bytes() > QUANTILE_CELLS_SIZE_BYTES_MAX) {
      this.#bits--;
      for (const cells of this.#cells) cells?.fold(this.#bits);
    }
  }
}

/** Numbers that each of so many groups may hold as they are. */
function valuesMax(groups: number): number {
  return Math.max(QUANTILE_VALUES_MIN, Math.min(QUANTILE_VALUES_MAX, Math.floor(QUANTILE_VALUES_TOTAL / Math.max(1, groups))));
}

/** Place from 0 of the least number that `share` of `count` numbers do not exceed; what rounding puts a hair above a whole number is that. */
function rankOf(share: number, count: number): number {
  const exact = share * count;
  const whole = Math.round(exact);
  const rank = Math.abs(exact - whole) <= 1e-12 * count ? whole : Math.ceil(exact);
  return Math.min(count, Math.max(1, rank)) - 1;
}
