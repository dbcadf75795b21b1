import { STATS_GROUPS_MAX } from "../../limits.ts";
import type { EventBatch } from "../batch/event-batch.ts";
import { BOOLEAN, type GroupCodes, type GroupValue, groupCodes, NUMBER } from "./group-codes.ts";
import type { StatsPipe } from "./pipe-stats.ts";
import type { Reducer } from "./reducer.ts";
import { NO_GROUP, type StatState } from "./stat.ts";
import { STATS_FUNCTIONS } from "./stats-functions.ts";
import { compareCells, type Table, type TableValue } from "./table.ts";

/** A state as JSON: what one invocation hands to another. */
export interface SerializedStats {
  /** Texts of each group's keys. */
  keys: (string | null)[][];
  types: number[][];
  /** Matching events of each group. */
  events: number[];
  functions: unknown[];
  overflow_events: number;
}

/** Combinations of key values up to this many are numbered in a table, more in a map. */
const COMBINATIONS_TABLE_MAX = 1 << 18;

/**
 * The partial result of a `stats` pipe. States over different rows merge into what one state over all of them would be,
 * as long as the groups are at most STATS_GROUPS_MAX; events of groups beyond that are counted as overflow.
 */
export class StatsState implements Reducer {
  readonly #pipe: StatsPipe;
  readonly #groups_max: number;
  readonly #functions: StatState[];
  readonly #group_of = new Map<string, number>();
  readonly #keys: (string | null)[][] = [];
  readonly #types: number[][] = [];
  readonly #events: number[] = [];
  #overflow_events = 0;

  constructor(pipe: StatsPipe, groups_max: number = STATS_GROUPS_MAX) {
    this.#pipe = pipe;
    this.#groups_max = groups_max;
    this.#functions = pipe.functions.map(({ name, field }) => {
      const known = STATS_FUNCTIONS[name];
      if (!known) throw new Error(`stats has no function ${name}`);
      return known.create(field);
    });
    if (pipe.by.length === 0) this.#group([], []);
  }

  /** Takes in these rows of a batch. */
  add(batch: EventBatch, rows: Uint32Array): void {
    const groups = this.#groupsOf(batch, rows);
    for (const group of groups) {
      if (group === NO_GROUP) this.#overflow_events++;
      else this.#events[group] = (this.#events[group] ?? 0) + 1;
    }
    for (const state of this.#functions) state.add(batch, rows, groups);
  }

  merge(serialized: unknown): void {
    this.#take(serialized as SerializedStats);
  }

  serialize(): SerializedStats {
    return {
      keys: this.#keys,
      types: this.#types,
      events: this.#events,
      functions: this.#functions.map((state) => state.serialize(this.#keys.length)),
      overflow_events: this.#overflow_events,
    };
  }

  /** One row a group, keys first, ordered by the keys. Without `by` there is always one row. */
  result(): Table {
    const { by, functions } = this.#pipe;
    const rows = this.#keys.map((texts, group) => [
      ...texts.map((text, key) => shownValue(text, this.#types[group]?.[key] ?? 0)),
      ...this.#functions.map((state) => state.value(group)),
    ]);
    rows.sort((left, right) => compareRows(left, right, by.length));
    const overflow = this.#overflow_events > 0 ? { events: this.#overflow_events } : null;
    return { columns: [...by, ...functions].map(({ as }) => as), rows, overflow };
  }

  #take(serialized: SerializedStats): void {
    const groups = new Uint32Array(serialized.keys.length);
    serialized.keys.forEach((texts, index) => {
      const group = this.#group(texts, serialized.types[index] ?? []);
      const events = serialized.events[index] ?? 0;
      groups[index] = group;
      if (group === NO_GROUP) this.#overflow_events += events;
      else this.#events[group] = (this.#events[group] ?? 0) + events;
    });
    this.#overflow_events += serialized.overflow_events;
    this.#functions.forEach((state, index) => {
      state.merge(serialized.functions[index], groups);
    });
  }

  /** Number of the group with these keys, made if there is room. */
  #group(texts: (string | null)[], types: readonly number[]): number {
    const id = groupId(texts);
    const known = this.#group_of.get(id);
    if (known !== undefined) {
      const seen = this.#types[known] as number[];
      for (let key = 0; key < seen.length; key++) seen[key] = (seen[key] as number) | (types[key] ?? 0);
      return known;
    }
    const group = this.#keys.length;
    if (group >= this.#groups_max) return NO_GROUP;
    this.#group_of.set(id, group);
    this.#keys.push(texts);
    this.#types.push([...types]);
    this.#events.push(0);
    return group;
  }

  /** The group of each row. Each combination of values that occurs is looked up once. */
  #groupsOf(batch: EventBatch, rows: Uint32Array): Uint32Array {
    const keys = this.#pipe.by.map((key) => groupCodes(batch, rows, key));
    const groups = new Uint32Array(rows.length);
    const [first] = keys;
    if (!first) return groups;
    const combined = keys.slice(1).reduce(combine, { codes: first.codes, values: first.values.map((value) => [value]) });
    const group_of = new Float64Array(combined.values.length).fill(-1);
    for (let index = 0; index < rows.length; index++) {
      const code = combined.codes[index] as number;
      if ((group_of[code] as number) < 0) {
        const values = combined.values[code] as GroupValue[];
        const group = this.#group(
          values.map(({ text }) => text),
          values.map(({ type }) => type),
        );
        group_of[code] = group;
      }
      groups[index] = group_of[code] as number;
    }
    return groups;
  }
}

/** One text for a group's keys: each with its length before it, so that no two groups have the same. */
function groupId(texts: readonly (string | null)[]): string {
  let id = "";
  for (const text of texts) id += text === null ? "~" : `${text.length}:${text}`;
  return id;
}

/** A fresh state for the pipe. */
export function statsFor(pipe: StatsPipe): StatsState {
  return new StatsState(pipe);
}

interface CombinedCodes {
  codes: Uint32Array;
  values: GroupValue[][];
}

/** Codes of pairs of codes, numbered as they occur. */
function combine(left: CombinedCodes, right: GroupCodes): CombinedCodes {
  const width = right.values.length;
  const combinations = left.values.length * width;
  const table = combinations <= COMBINATIONS_TABLE_MAX ? new Int32Array(combinations).fill(-1) : null;
  const map = new Map<number, number>();
  const codes = new Uint32Array(left.codes.length);
  const values: GroupValue[][] = [];
  for (let index = 0; index < codes.length; index++) {
    const left_code = left.codes[index] as number;
    const right_code = right.codes[index] as number;
    const pair = left_code * width + right_code;
    let code = table ? (table[pair] as number) : (map.get(pair) ?? -1);
    if (code < 0) {
      code = values.push([...(left.values[left_code] as GroupValue[]), right.values[right_code] as GroupValue]) - 1;
      if (table) table[pair] = code;
      else map.set(pair, code);
    }
    codes[index] = code;
  }
  return { codes, values };
}

function shownValue(text: string | null, types: number): TableValue {
  if (text === null || types === 0) return null;
  if (types === NUMBER) return Number(text);
  return types === BOOLEAN ? text === "true" : text;
}

function compareRows(left: TableValue[], right: TableValue[], keys: number): number {
  for (let key = 0; key < keys; key++) {
    const difference = compareCells(left[key] ?? null, right[key] ?? null);
    if (difference !== 0) return difference;
  }
  return 0;
}
