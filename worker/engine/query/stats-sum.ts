import type { EventBatch } from "../batch/event-batch.ts";
import { ExactSum } from "./exact-sum.ts";
import { forEachNumber } from "./number-values.ts";
import { NO_GROUP, type StatFunction, type StatState } from "./stat.ts";

/** Sums by group with how many numbers each is of; what `sum` and `avg` share. */
export class SumState implements StatState {
  readonly #field: string;
  readonly #show: (sum: number, count: number) => number;
  readonly #sums: ExactSum[] = [];
  readonly #counts: number[] = [];

  constructor(field: string, show: (sum: number, count: number) => number) {
    this.#field = field;
    this.#show = show;
  }

  add(batch: EventBatch, rows: Uint32Array, groups: Uint32Array): void {
    forEachNumber(batch, this.#field, rows, groups, (group, value) => {
      this.#sumOf(group).add(value);
      this.#counts[group] = (this.#counts[group] ?? 0) + 1;
    });
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const entries = serialized as [count: number, ...parts: number[]][];
    entries.forEach(([count, ...parts], index) => {
      const group = groups[index] as number;
      if (group === NO_GROUP || count === 0) return;
      for (const part of parts) this.#sumOf(group).add(part);
      this.#counts[group] = (this.#counts[group] ?? 0) + count;
    });
  }

  serialize(count: number): [count: number, ...parts: number[]][] {
    return Array.from({ length: count }, (_, group) => [this.#counts[group] ?? 0, ...(this.#sums[group]?.parts ?? [])]);
  }

  /** Null without any number, and where the sum is beyond the range of numbers. */
  value(group: number): number | null {
    const count = this.#counts[group] ?? 0;
    const sum = this.#sums[group]?.value;
    return sum === undefined || count === 0 || !Number.isFinite(sum) ? null : this.#show(sum, count);
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

/** `sum(field)`: of the numbers, and of the texts that spell one; exact, rounded once. */
export const sumFunction: StatFunction = { field: "needed", create: (field) => new SumState(field as string, (sum) => sum) };
