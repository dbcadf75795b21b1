/**
 * Counts of numbers in cells of equal relative width: a cell holds the numbers that agree in sign, exponent and the first bits of the
 * fraction, so that its number is a shift of the double's upper word and any two sets of cells add up. With b bits a cell is 2^-b wide relative
 * to its lower end; its middle is within 2^-(b+1) of every number in it.
 */
export const CELL_BITS_MAX = 7;
export const CELL_BITS_MIN = 2;
/** With these many all numbers of one sign are in one cell or two. */
export const CELL_BITS_LEAST = -10;

const FRACTION_BITS = 20;
/** Numbers below the normal ones in size count as 0. */
const NORMAL_MIN_HIGH = 0x00100000;
const NOT_FINITE_HIGH = 0x7ff00000;

export interface SerializedCells {
  bits: number;
  zeros: number;
  positive: { first: number; counts: Uint32Array };
  negative: { first: number; counts: Uint32Array };
}

const NO_COUNTS = new Uint32Array(0);

/** Counts of neighbouring cells, from the `first` on. */
class CellWindow {
  first = 0;
  counts = NO_COUNTS;

  /** @param octave cells of one power of two: the window grows by whole ones */
  add(cell: number, count: number, octave: number): void {
    let at = cell - this.first;
    if (at < 0 || at >= this.counts.length) {
      this.#include(cell, octave);
      at = cell - this.first;
    }
    this.counts[at]! += count;
  }

  /** Makes every `2 ** by` neighbours one. */
  fold(by: number): void {
    if (this.counts.length === 0) return;
    const first = this.first >> by;
    const counts = new Uint32Array(((this.first + this.counts.length - 1) >> by) - first + 1);
    for (let at = 0; at < this.counts.length; at++) counts[((this.first + at) >> by) - first]! += this.counts[at]!;
    this.first = first;
    this.counts = counts;
  }

  #include(cell: number, octave: number): void {
    const from = cell - (cell % octave);
    const first = this.counts.length === 0 ? from : Math.min(from, this.first);
    const end = this.counts.length === 0 ? from + octave : Math.max(from + octave, this.first + this.counts.length);
    const counts = new Uint32Array(end - first);
    counts.set(this.counts, this.counts.length === 0 ? 0 : this.first - first);
    this.first = first;
    this.counts = counts;
  }
}

const one = new Float64Array(1);
const one_words = new Uint32Array(one.buffer);

export class NumberCells {
  #bits: number;
  #zeros = 0;
  readonly #positive = new CellWindow();
  readonly #negative = new CellWindow();

  constructor(bits = CELL_BITS_MAX) {
    this.#bits = bits;
  }

  static deserialize({ bits, zeros, positive, negative }: SerializedCells): NumberCells {
    const cells = new NumberCells(bits);
    cells.#zeros = zeros;
    Object.assign(cells.#positive, positive);
    Object.assign(cells.#negative, negative);
    return cells;
  }

  serialize(): SerializedCells {
    const windowOf = ({ first, counts }: CellWindow) => ({ first, counts });
    return { bits: this.#bits, zeros: this.#zeros, positive: windowOf(this.#positive), negative: windowOf(this.#negative) };
  }

  get bits(): number {
    return this.#bits;
  }

  /** Memory in bytes. */
  get size_bytes(): number {
    return this.#positive.counts.byteLength + this.#negative.counts.byteLength;
  }

  add(value: number): void {
    one[0] = value;
    this.#addHigh(one_words[1]!, 1);
  }

  /**
   * Adds the numbers at some places; NaN counts for nothing.
   * @param words the numbers' memory, two words each
   * @returns how many were added
   */
  addAll(words: Uint32Array, order: Uint32Array, from: number, to: number): number {
    const shift = FRACTION_BITS - this.#bits;
    let { first, counts } = this.#positive;
    let added = 0;
    for (let at = from; at < to; at++) {
      const high = words[2 * order[at]! + 1]!;
      const cell = (high >>> shift) - first;
      if (cell >= 0 && cell < counts.length) {
        counts[cell]!++;
        added++;
      } else {
        if (this.#addHigh(high, 1)) added++;
        ({ first, counts } = this.#positive);
      }
    }
    return added;
  }

  /**
   * Adds numbers that occur several times each.
   * @param counts how often the number of each place occurs, from the place `from` on
   */
  addCounted(words: Uint32Array, counts: Uint32Array, from: number): void {
    const shift = FRACTION_BITS - this.#bits;
    let { first, counts: own } = this.#positive;
    for (let index = 0; 2 * index < words.length; index++) {
      const times = counts[from + index]!;
      if (times === 0) continue;
      const high = words[2 * index + 1]!;
      const cell = (high >>> shift) - first;
      if (cell >= 0 && cell < own.length) own[cell]! += times;
      else {
        this.#addHigh(high, times);
        ({ first, counts: own } = this.#positive);
      }
    }
  }

  merge(other: NumberCells): void {
    if (other.#bits < this.#bits) this.fold(other.#bits);
    this.#zeros += other.#zeros;
    const by = other.#bits - this.#bits;
    const octave = 2 ** this.#bits;
    for (const [own, theirs] of [
      [this.#positive, other.#positive],
      [this.#negative, other.#negative],
    ] as const) {
      for (let at = 0; at < theirs.counts.length; at++) {
        if (theirs.counts[at] !== 0) own.add((theirs.first + at) >> by, theirs.counts[at]!, octave);
      }
    }
  }

  /** Makes the cells wider. */
  fold(bits: number): void {
    this.#positive.fold(this.#bits - bits);
    this.#negative.fold(this.#bits - bits);
    this.#bits = bits;
  }

  /** The middle of the cell of the number with this rank, counted from 0. */
  at(rank: number): number {
    let left = rank;
    for (const { from, to, count } of this.ranges()) {
      if (left < count) return (from + to) / 2;
      left -= count;
    }
    return Number.NaN;
  }

  /** Cells that hold numbers, ascending: bounds, of which the one nearer to zero belongs to it, and how many. */
  *ranges(): Generator<{ from: number; to: number; count: number }> {
    const { first, counts } = this.#negative;
    for (let at = counts.length - 1; at >= 0; at--) {
      if (counts[at] !== 0) yield { from: -this.#bound(first + at + 1), to: -this.#bound(first + at), count: counts[at]! };
    }
    if (this.#zeros > 0) yield { from: 0, to: 0, count: this.#zeros };
    const above = this.#positive;
    for (let at = 0; at < above.counts.length; at++) {
      const count = above.counts[at]!;
      if (count !== 0) yield { from: this.#bound(above.first + at), to: this.#bound(above.first + at + 1), count };
    }
  }

  /** Whether the number was added. */
  #addHigh(high: number, times: number): boolean {
    const size = high & 0x7fffffff;
    if (size >= NOT_FINITE_HIGH) return false;
    if (size < NORMAL_MIN_HIGH) this.#zeros += times;
    else (high === size ? this.#positive : this.#negative).add(size >>> (FRACTION_BITS - this.#bits), times, 2 ** this.#bits);
    return true;
  }

  /** The least number of a cell; the greatest there is instead of what would be beyond it. */
  #bound(cell: number): number {
    const high = cell * 2 ** (FRACTION_BITS - this.#bits);
    if (high >= NOT_FINITE_HIGH) return Number.MAX_VALUE;
    one_words[0] = 0;
    one_words[1] = high;
    return one[0]!;
  }
}
