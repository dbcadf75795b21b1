import type { EventBatch } from "../batch/event-batch.ts";
import { matchPresent } from "./field-match.ts";
import { GroupNumbers, NO_GROUP, type StatFunction, type StatState } from "./stat.ts";

/** `count()`: events; `count(field)`: events in which the field has a value. */
class CountState implements StatState {
  readonly #field: string | null;
  readonly #counts = new GroupNumbers();

  constructor(field: string | null) {
    this.#field = field;
  }

  add(batch: EventBatch, rows: Uint32Array, groups: Uint32Array): void {
    this.#counts.growTo(groups);
    const { values } = this.#counts;
    const present = this.#field === null ? null : presence(batch, this.#field);
    for (let index = 0; index < rows.length; index++) {
      const group = groups[index] as number;
      if (group !== NO_GROUP && (!present || present[rows[index] as number] === 1)) values[group] = (values[group] as number) + 1;
    }
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    this.#counts.growTo(groups);
    const counts = serialized as number[];
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index] as number;
      if (group !== NO_GROUP) this.#counts.values[group] = this.value(group) + (counts[index] ?? 0);
    }
  }

  serialize(count: number): number[] {
    this.#counts.grow(count);
    return Array.from(this.#counts.values.subarray(0, count));
  }

  value(group: number): number {
    return this.#counts.values[group] ?? 0;
  }
}

function presence(batch: EventBatch, field: string): Uint8Array {
  const mask = new Uint8Array(batch.rows).fill(1);
  matchPresent(batch, field, mask);
  return mask;
}

export const countFunction: StatFunction = { field: "optional", create: (field) => new CountState(field) };
