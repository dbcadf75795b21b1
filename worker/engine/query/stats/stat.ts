import type { TableValue } from "../table.ts";
import type { GroupedRows } from "./grouped-rows.ts";

/** Group number of a row that no group has room for. */
export const NO_GROUP = 0xffffffff;

/** What the functions of `stats` show is taken from states; functions of one field may share one. */
export interface StatFunction {
  field: "none" | "optional" | "needed";
  /** Parameters beside the field: how many, where they stand, and which are valid. */
  parameters?: { place: "before" | "after"; optional: boolean; expected: string; valid(value: number): boolean };
  /** Whether times are refused as its field. */
  numbers_only?: boolean;
  /** What it shows where there is no event; null where it is missing. */
  empty?: 0;
  /** Whether it needs to know how long a group's time is. */
  per_second?: true;
  /** Whether it looks at the events' times, whatever its field is. */
  by_time?: true;
  /** Calls with one `state` and one field share the state. */
  state: StateKind;
  show(state: StatState, group: number, call: ShownCall): TableValue;
}

export interface ShownCall {
  field: string | null;
  parameters: readonly number[];
  /** How long a group's time is; undefined where it is not known. */
  seconds: number | undefined;
  /** How many groups there are. */
  groups: number;
}

export type StateKind = "count" | "sum" | "extremes" | "moments" | "numbers" | "distinct" | "first" | "last" | "any" | "values";

/** The partial result of a function for every group, by group number. Groups appear as they come. */
export interface StatState {
  add(rows: GroupedRows): void;
  /** Takes in what another state serialized: its group `i` is this one's `groups[i]`, or left out where that is NO_GROUP. */
  merge(serialized: unknown, groups: Uint32Array): void;
  /** Plain data and typed arrays, for the first `count` groups. The state must not be used further. */
  serialize(count: number): unknown;
}

/** Numbers by group, growing as groups appear. */
export class GroupNumbers {
  readonly #initial: number;
  values: Float64Array;

  /** @param initial what a group has before anything is added */
  constructor(initial = 0) {
    this.#initial = initial;
    this.values = new Float64Array(16).fill(initial);
  }

  /** Makes room for group numbers below `count`. */
  grow(count: number): void {
    if (count <= this.values.length) return;
    const grown = new Float64Array(Math.max(count, this.values.length * 2)).fill(this.#initial);
    grown.set(this.values);
    this.values = grown;
  }

  /** Makes room for these groups. */
  growTo(groups: Uint32Array): void {
    let count = 0;
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group !== NO_GROUP && group >= count) count = group + 1;
    }
    this.grow(count);
  }

  get(group: number): number {
    return this.values[group] ?? this.#initial;
  }

  /** The numbers of the first groups, as an array of their own. */
  take(count: number): Float64Array {
    this.grow(count);
    return this.values.slice(0, count);
  }
}
