import { withLength } from "./key-values.ts";

/** From so many numbers on the arrays grow in smaller steps. */
const LARGE = 65_536;

/** Numbers with the group of each, as they came: no memory of its own for a group. */
export class ValueLog {
  #groups = new Uint32Array(64);
  #values = new Float64Array(64);
  #count = 0;
  #by_group: { offsets: Uint32Array; values: Float64Array } | null = null;

  get count(): number {
    return this.#count;
  }

  /** @returns how many of the places hold a number */
  add(group: number, numbers: Float64Array, order: Uint32Array, from: number, to: number): number {
    const before = this.#count;
    this.#makeRoom(before + to - from);
    const values = this.#values;
    const groups = this.#groups;
    let count = before;
    for (let at = from; at < to; at++) {
      const value = numbers[order[at]!]!;
      if (Number.isNaN(value)) continue;
      values[count] = value;
      groups[count++] = group;
    }
    this.#count = count;
    this.#by_group = null;
    return count - before;
  }

  /** @param counts how often each value comes */
  addTally(group: number, values: Float64Array, counts: Uint32Array): void {
    let count = this.#count;
    for (let index = 0; index < counts.length; index++) {
      const times = counts[index]!;
      if (times === 0) continue;
      this.#makeRoom(count + times);
      this.#values.fill(values[index]!, count, count + times);
      this.#groups.fill(group, count, count + times);
      count += times;
    }
    this.#count = count;
    this.#by_group = null;
  }

  /** A log without some of the groups, whose numbers go elsewhere. */
  without(left_out: ReadonlySet<number>, take: (group: number, value: number) => void): ValueLog {
    const log = new ValueLog();
    log.#makeRoom(this.#count);
    for (let index = 0; index < this.#count; index++) {
      const group = this.#groups[index]!;
      if (left_out.has(group)) take(group, this.#values[index]!);
      else {
        log.#groups[log.#count] = group;
        log.#values[log.#count++] = this.#values[index]!;
      }
    }
    return log;
  }

  /** The numbers of the first `groups` groups: those of group i are `values[offsets[i] .. offsets[i + 1]]`. */
  byGroup(groups: number): { offsets: Uint32Array; values: Float64Array } {
    if (this.#by_group && this.#by_group.offsets.length > groups) return this.#by_group;
    const offsets = new Uint32Array(groups + 1);
    for (let index = 0; index < this.#count; index++) offsets[this.#groups[index]! + 1]!++;
    for (let group = 0; group < groups; group++) offsets[group + 1]! += offsets[group]!;
    const next = offsets.slice();
    const values = new Float64Array(this.#count);
    for (let index = 0; index < this.#count; index++) values[next[this.#groups[index]!]!++] = this.#values[index]!;
    this.#by_group = { offsets, values };
    return this.#by_group;
  }

  /** The numbers of a group, ascending. @param groups more than any group's number */
  sorted(group: number, groups: number): Float64Array {
    const { offsets, values } = this.byGroup(groups);
    return values.subarray(offsets[group] ?? 0, offsets[group + 1] ?? 0).sort();
  }

  #makeRoom(count: number): void {
    if (count <= this.#values.length) return;
    const length = Math.max(count, Math.ceil(this.#values.length * (this.#values.length < LARGE ? 2 : 1.25)));
    this.#groups = withLength(this.#groups, length);
    this.#values = withLength(this.#values, length);
  }
}
