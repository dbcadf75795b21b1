import { STATS_GROUPS_MAX } from "../../../limits.ts";
import type { EventBatch } from "../../batch/event-batch.ts";
import { filterFields } from "../filters/filters.ts";
import type { GroupKey, StatsCall, StatsPipe } from "../pipes/pipe-stats.ts";
import { compareCells, type Table, type TableValue } from "../table.ts";
import { CountState } from "./count-state.ts";
import { denseRows } from "./dense-rows.ts";
import { groupRows } from "./group-rows.ts";
import { GroupTable, type SerializedGroups } from "./group-table.ts";
import { GroupedRows } from "./grouped-rows.ts";
import type { Reducer } from "./reducer.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";
import { createState, groupsMax, STATS_FUNCTIONS, type StateBounds } from "./stats-functions.ts";

/** What one invocation hands to another. */
export interface SerializedStats {
  groups: SerializedGroups;
  /** Matching events of each group. */
  events: Float64Array;
  states: unknown[];
  overflow_events: number;
}

/** A state, and which events it is of. */
interface FilteredState {
  state: StatState;
  where: StatsCall["where"];
}

/**
 * The partial result of a `stats` pipe. States over different rows merge into what one state over all of them would be,
 * as long as the groups are at most STATS_GROUPS_MAX, fewer where the functions hold much of each; events of groups beyond that are counted as overflow.
 */
export class StatsState implements Reducer {
  readonly #pipe: StatsPipe;
  readonly #table: GroupTable;
  /** All that is read. */
  readonly #fields: readonly string[];
  readonly #states: readonly FilteredState[];
  /** By function the place of its state; -1 for the count of a group's events, which is kept anyway. */
  readonly #state_of: number[];
  readonly #events = new GroupNumbers();
  #overflow_events = 0;

  constructor(pipe: StatsPipe, groups_max: number = STATS_GROUPS_MAX, bounds: StateBounds | null = null) {
    this.#pipe = pipe;
    this.#fields = [...new Set([...pipe.functions.flatMap(callColumns), ...pipe.by.flatMap(keyColumns)])];
    const calls: StatsCall[] = [];
    const known = new Map<string, number>();
    this.#state_of = pipe.functions.map((call) => {
      const { state } = functionOf(call);
      if (state === "count" && call.field === null && !call.where) return -1;
      const id = JSON.stringify([state, call.field, call.where ?? null]);
      const place = known.get(id) ?? calls.push(call) - 1;
      known.set(id, place);
      return place;
    });
    const kinds = calls.map((call) => functionOf(call).state);
    // Whoever bounds what a group holds knows how many there may be.
    this.#table = new GroupTable(pipe.by, bounds === null ? Math.min(groups_max, groupsMax(kinds)) : groups_max);
    this.#states = calls.map(({ field, where }, place) => {
      const kind = kinds[place]!;
      return { state: createState(kind, field, bounds, kinds.filter((other) => other === kind).length), where };
    });
  }

  add(batch: EventBatch, rows: Uint32Array): void {
    if (rows.length === 0) return;
    const few = denseRows(batch, rows, this.#fields);
    this.#addRows(few.batch, few.rows);
  }

  #addRows(batch: EventBatch, rows: Uint32Array): void {
    const { groups, counts, spans } = groupRows(batch, rows, this.#pipe.by, this.#table);
    this.#addEvents(groups, counts);
    if (this.#states.length === 0) return;
    const grouped = new GroupedRows(batch, rows, spans());
    const filtered = new Map<string, GroupedRows>();
    for (const { state, where } of this.#states) {
      if (!where) {
        state.add(grouped);
        continue;
      }
      const id = JSON.stringify(where);
      const met = filtered.get(id) ?? grouped.where(where);
      filtered.set(id, met);
      state.add(met);
    }
  }

  /** How many groups there are. */
  get groups(): number {
    return this.#table.count;
  }

  /** Values of the keys of a group, by its number. */
  cells(group: number): TableValue[] {
    return this.#table.cells(group);
  }

  /** @param taken a byte for each of the groups, 0 for those that are passed over with all that is of them */
  merge(serialized: unknown, taken: Uint8Array | null = null): void {
    const { groups, events, states, overflow_events } = serialized as SerializedStats;
    const own = this.#table.merge(groups, taken);
    this.#addEvents(own, taken ? events.map((count, group) => (taken[group] === 0 ? 0 : count)) : events);
    this.#overflow_events += overflow_events;
    for (const [index, { state }] of this.#states.entries()) state.merge(states[index], own);
  }

  serialize(): SerializedStats {
    const { count } = this.#table;
    return {
      groups: this.#table.serialize(),
      events: this.#events.take(count),
      states: this.#states.map(({ state }) => state.serialize(count)),
      overflow_events: this.#overflow_events,
    };
  }

  /** One row a group, keys first, ordered by the keys. Without `by` there is always one row. */
  result(): Table {
    const { by, functions } = this.#pipe;
    const groups = this.#table.count;
    const calls = functions.map((call, index) => ({
      show: functionOf(call).show,
      place: this.#state_of[index]!,
      shown: { field: call.field, parameters: call.parameters ?? [], seconds: call.seconds, groups },
    }));
    const events = new EventCounts(this.#events);
    const rows = Array.from({ length: groups }, (_, group): TableValue[] => [
      ...this.#table.cells(group),
      ...calls.map(({ show, place, shown }) => show(place < 0 ? events : this.#states[place]!.state, group, shown)),
    ]);
    rows.sort((left, right) => compareRows(left, right, by.length));
    const overflow = this.#overflow_events > 0 ? { events: this.#overflow_events } : null;
    return { columns: [...by, ...functions].map(({ as }) => as), rows, overflow };
  }

  #addEvents(groups: Uint32Array, counts: Uint32Array | Float64Array): void {
    this.#events.grow(this.#table.count);
    const { values } = this.#events;
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP) this.#overflow_events += counts[index]!;
      else values[group]! += counts[index]!;
    }
  }
}

/** The events of each group in the place of a state that counts them. */
class EventCounts extends CountState {
  readonly #events: GroupNumbers;

  constructor(events: GroupNumbers) {
    super(null);
    this.#events = events;
  }

  override countOf(group: number): number {
    return this.#events.get(group);
  }
}

function callColumns({ field, where }: StatsCall): string[] {
  return [...(field === null ? [] : [field]), ...(where ? filterFields(where) : [])];
}

function keyColumns(key: GroupKey): string[] {
  return key.kind === "field" ? [key.field] : [];
}

function functionOf({ name }: StatsCall) {
  const known = Object.hasOwn(STATS_FUNCTIONS, name) ? STATS_FUNCTIONS[name] : undefined;
  if (!known) throw new Error(`stats has no function ${name}`);
  return known;
}

/** A fresh state for the pipe. */
export function statsFor(pipe: StatsPipe): StatsState {
  return new StatsState(pipe);
}

function compareRows(left: TableValue[], right: TableValue[], keys: number): number {
  for (let key = 0; key < keys; key++) {
    const difference = compareCells(left[key]!, right[key]!);
    if (difference !== 0) return difference;
  }
  return 0;
}
