import { NULL_CODE } from "../batch/event-batch.ts";
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
    const cells = this.#field === null ? null : rows.cells(this.#field);
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      values[group]! += cells ? presentRows(cells, order, starts[span]!, starts[span + 1]!) : starts[span + 1]! - starts[span]!;
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

function presentRows(cells: RowCells, order: Uint32Array, from: number, to: number): number {
  let count = 0;
  if (cells.dictionary) {
    const { codes } = cells.dictionary;
    for (let at = from; at < to; at++) if (codes[order[at]!] !== NULL_CODE) count++;
  } else for (let at = from; at < to; at++) if (cells.has(order[at]!)) count++;
  return count;
}
