import type { EventBatch } from "../batch/event-batch.ts";
import { formatTimestamp_us } from "../batch/record.ts";
import { isTimeField } from "./fields.ts";
import { forEachNumber } from "./number-values.ts";
import { NO_GROUP, type StatState } from "./stat.ts";

/** The least or greatest number by group; what `min` and `max` share. */
export class ExtremeState implements StatState {
  readonly #field: string;
  readonly #sign: 1 | -1;
  /** Undefined where a group has no number. */
  readonly #values: (number | undefined)[] = [];

  /** @param sign 1 for the greatest, -1 for the least */
  constructor(field: string, sign: 1 | -1) {
    this.#field = field;
    this.#sign = sign;
  }

  add(batch: EventBatch, rows: Uint32Array, groups: Uint32Array): void {
    forEachNumber(batch, this.#field, rows, groups, (group, value) => this.#take(group, value));
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    (serialized as (number | null)[]).forEach((value, index) => {
      const group = groups[index] as number;
      if (group !== NO_GROUP && value !== null) this.#take(group, value);
    });
  }

  serialize(count: number): (number | null)[] {
    return Array.from({ length: count }, (_, group) => this.#values[group] ?? null);
  }

  value(group: number): number | string | null {
    const value = this.#values[group];
    if (value === undefined) return null;
    return isTimeField(this.#field) ? formatTimestamp_us(value) : value;
  }

  #take(group: number, value: number): void {
    const known = this.#values[group];
    if (known === undefined || (value - known) * this.#sign > 0) this.#values[group] = value;
  }
}
