import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";

interface SerializedMoments {
  counts: Float64Array;
  means: Float64Array;
  squares: Float64Array;
}

/**
 * Count, mean and sum of squared distances from the mean by group; parts merge as Chan, Golub and LeVeque have it ("Updating formulae and a
 * pairwise algorithm for computing sample variances", 1979).
 */
export class MomentsState implements StatState {
  readonly #field: string;
  readonly #counts = new GroupNumbers();
  readonly #means = new GroupNumbers();
  readonly #squares = new GroupNumbers();

  constructor(field: string) {
    this.#field = field;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    const numbers = rows.numbers(this.#field);
    this.#grow(groupsEnd(groups));
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      let count = 0;
      let sum = 0;
      for (let at = starts[span]!; at < starts[span + 1]!; at++) {
        const value = numbers[order[at]!]!;
        if (Number.isNaN(value)) continue;
        count++;
        sum += value;
      }
      if (count === 0) continue;
      const mean = sum / count;
      let squares = 0;
      for (let at = starts[span]!; at < starts[span + 1]!; at++) {
        const distance = numbers[order[at]!]! - mean;
        if (!Number.isNaN(distance)) squares += distance * distance;
      }
      this.#join(group, count, mean, squares);
    }
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { counts, means, squares } = serialized as SerializedMoments;
    let end = 0;
    for (const group of groups) if (group !== NO_GROUP) end = Math.max(end, group + 1);
    this.#grow(end);
    for (let index = 0; index < groups.length; index++) {
      if (groups[index] !== NO_GROUP && counts[index]! > 0) this.#join(groups[index]!, counts[index]!, means[index]!, squares[index]!);
    }
  }

  serialize(count: number): SerializedMoments {
    return { counts: this.#counts.take(count), means: this.#means.take(count), squares: this.#squares.take(count) };
  }

  /** Of a sample: the squares divided by one less than the count. Null for fewer than two numbers, and beyond the range of numbers. */
  varianceOf(group: number): number | null {
    const count = this.#counts.get(group);
    const variance = this.#squares.get(group) / (count - 1);
    return count < 2 || !Number.isFinite(variance) ? null : variance;
  }

  #grow(count: number): void {
    this.#counts.grow(count);
    this.#means.grow(count);
    this.#squares.grow(count);
  }

  #join(group: number, count: number, mean: number, squares: number): void {
    const counts = this.#counts.values;
    const before = counts[group]!;
    const distance = mean - this.#means.values[group]!;
    const total = before + count;
    counts[group] = total;
    this.#means.values[group]! += distance * (count / total);
    this.#squares.values[group]! += squares + (before === 0 ? 0 : distance * distance * (before * (count / total)));
  }
}
