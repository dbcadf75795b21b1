import { NULL_CODE } from "../../batch/event-batch.ts";
import type { RowCells } from "./field-cells.ts";
import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";

/** How many rows each group has, or how many in which a field has a value. */
export class CountState implements StatState {
  readonly #field: string | null;
  readonly #counts = new GroupNumbers();

  constructor(field: string | null) {
    this.#field = field;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    this.#counts.grow(groupsEnd(groups));
    const { values } = this.#counts;
    const has = this.#field === null ? null : presence(rows.cells(this.#field));
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      let count = starts[span + 1]! - starts[span]!;
      if (has) for (let at = starts[span]!; at < starts[span + 1]!; at++) if (!has(order[at]!)) count--;
      values[group]! += count;
    }
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    this.#counts.growTo(groups);
    const counts = serialized as Float64Array;
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group !== NO_GROUP) this.#counts.values[group]! += counts[index]!;
    }
  }

  serialize(count: number): Float64Array {
    return this.#counts.take(count);
  }

  countOf(group: number): number {
    return this.#counts.get(group);
  }
}

function presence(cells: RowCells): (row: number) => boolean {
  const dictionary = cells.dictionary();
  if (!dictionary) return (row) => cells.has(row);
  const { codes } = dictionary;
  return (row) => codes[row] !== NULL_CODE;
}
