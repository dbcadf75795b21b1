import type { EventBatch } from "../batch/event-batch.ts";
import type { TableValue } from "./table.ts";

/** Group number of a row that no group has room for. */
export const NO_GROUP = 0xffffffff;

/** What a function of `stats` offers: one file each, gathered in `stats-functions.ts`. */
export interface StatFunction {
  field: "none" | "optional" | "needed";
  create(field: string | null): StatState;
}

/** The partial result of one function for every group, by group number. */
export interface StatState {
  /** Takes in row `rows[i]` for group `groups[i]`, unless that is NO_GROUP. Groups beyond the known ones appear as they come. */
  add(batch: EventBatch, rows: Uint32Array, groups: Uint32Array): void;
  /** Takes in what another state serialized: its group `i` is this one's `groups[i]`, or left out where that is NO_GROUP. */
  merge(serialized: unknown, groups: Uint32Array): void;
  /** JSON-able; an entry a group for the first `count` groups. */
  serialize(count: number): unknown;
  value(group: number): TableValue;
}

/** Numbers by group, growing as groups appear. */
export class GroupNumbers {
  values = new Float64Array(16);

  /** Makes room for group numbers below `count`. */
  grow(count: number): void {
    if (count <= this.values.length) return;
    const grown = new Float64Array(Math.max(count, this.values.length * 2));
    grown.set(this.values);
    this.values = grown;
  }

  growTo(groups: Uint32Array): void {
    let most = -1;
    for (const group of groups) if (group !== NO_GROUP && group > most) most = group;
    this.grow(most + 1);
  }
}
