import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import type { NumberTally } from "./number-tally.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";

interface SerializedExtremes {
  least: Float64Array;
  most: Float64Array;
}

/** The least and the greatest number of each group; infinite where it has none. */
export class ExtremesState implements StatState {
  readonly #field: string;
  readonly #least = new GroupNumbers(Number.POSITIVE_INFINITY);
  readonly #most = new GroupNumbers(Number.NEGATIVE_INFINITY);

  constructor(field: string) {
    this.#field = field;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    const tally = rows.tally(this.#field);
    const numbers = tally ? null : rows.numbers(this.#field);
    const end = groupsEnd(groups);
    this.#least.grow(end);
    this.#most.grow(end);
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      if (tally) this.#addTally(group, tally, span * tally.width);
      else this.#addSpan(group, numbers!, order, starts[span]!, starts[span + 1]!);
    }
  }

  #addSpan(group: number, numbers: Float64Array, order: Uint32Array, from: number, to: number): void {
    let least = this.#least.values[group]!;
    let most = this.#most.values[group]!;
    for (let at = from; at < to; at++) {
      const value = numbers[order[at]!]!;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    this.#least.values[group] = least;
    this.#most.values[group] = most;
  }

  /** @param from where the counts of the span begin */
  #addTally(group: number, { values, counts, width }: NumberTally, from: number): void {
    let least = this.#least.values[group]!;
    let most = this.#most.values[group]!;
    for (let code = 0; code < width - 1; code++) {
      if (counts[from + code] === 0) continue;
      const value = values[code]!;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    this.#least.values[group] = least;
    this.#most.values[group] = most;
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { least, most } = serialized as SerializedExtremes;
    this.#least.growTo(groups);
    this.#most.growTo(groups);
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP) continue;
      if (least[index]! < this.#least.values[group]!) this.#least.values[group] = least[index]!;
      if (most[index]! > this.#most.values[group]!) this.#most.values[group] = most[index]!;
    }
  }

  serialize(count: number): SerializedExtremes {
    return { least: this.#least.take(count), most: this.#most.take(count) };
  }

  leastOf(group: number): number | null {
    return finite(this.#least.get(group));
  }

  mostOf(group: number): number | null {
    return finite(this.#most.get(group));
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value + 0 : null;
}
