import type { TableValue } from "../table.ts";
import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import { shortened, textLengthMax } from "./shown-text.ts";
import { NO_GROUP, type StatState } from "./stat.ts";

/** One of the values of a field in each group, whichever is met first: the column is not looked at where every group has one. */
export class AnyState implements StatState {
  readonly #field: string;
  readonly #values: TableValue[] = [];

  constructor(field: string) {
    this.#field = field;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    const end = groupsEnd(groups);
    while (this.#values.length < end) this.#values.push(null);
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP || this.#values[group] !== null) continue;
      const cells = rows.cells(this.#field);
      for (let at = starts[span]!; at < starts[span + 1]! && this.#values[group] === null; at++) {
        this.#values[group] = shortened(cells.at(order[at]!), textLengthMax(this.#values.length));
      }
    }
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const values = serialized as TableValue[];
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group !== NO_GROUP && (this.#values[group] ?? null) === null) this.#values[group] = values[index] ?? null;
    }
  }

  serialize(count: number): TableValue[] {
    return Array.from({ length: count }, (_, group) => this.#values[group] ?? null);
  }

  /** @param groups how many there are in all */
  valueOf(group: number, groups: number): TableValue {
    return shortened(this.#values[group] ?? null, textLengthMax(groups));
  }
}
