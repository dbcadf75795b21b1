import { METRIC_DISTINCT_MAX, METRIC_LABELS_LENGTH_MAX, METRIC_PANE_SIZE_BYTES_MAX, METRIC_QUANTILE_VALUES_MAX } from "../../limits.ts";
import type { EventBatch } from "../batch/event-batch.ts";
import type { StatsPipe } from "../query/pipes/pipe-stats.ts";
import { type SerializedStats, StatsState } from "../query/stats/stats-state.ts";
import type { TableValue } from "../query/table.ts";
import { pack, unpack } from "./pack.ts";

/** Values of one series, in the order of the pipe's functions. */
export interface SeriesRow {
  /** In the order of the pipe's keys; empty where `rest` is true. */
  labels: TableValue[];
  /** The series of all events that no other has room for. */
  rest: boolean;
  values: TableValue[];
}

interface SerializedSeries {
  limit: number;
  main: SerializedStats;
  rest: SerializedStats | null;
}

const BOUNDS = { quantile_values_max: METRIC_QUANTILE_VALUES_MAX, distinct_max: METRIC_DISTINCT_MAX };
/** Groups, as a multiple of the series that are kept, at which those beyond them are put together. */
const SLACK = 4;

/**
 * The partial result of a metric for a pane of time: a state for each series, at most `limit` of them, and one for all others together.
 * The series that are kept are those whose labels have the lowest hashes: one that is kept of a whole is kept of each of its parts, so that
 * its values are complete, and parts merge to the same whole in any order.
 */
export class SeriesState {
  readonly #pipe: StatsPipe;
  #limit: number;
  #main: StatsState;
  #rest: StatsState | null = null;

  constructor(pipe: StatsPipe, series_max: number) {
    this.#pipe = pipe;
    this.#limit = series_max;
    this.#main = new StatsState(pipe, undefined, BOUNDS);
  }

  /** @param rows ascending */
  add(batch: EventBatch, rows: Uint32Array): void {
    this.#main.add(batch, rows);
    if (this.#main.groups > this.#limit * SLACK) this.#trim();
  }

  /** @param packed of the same pipe */
  merge(packed: Uint8Array): void {
    const { limit, main, rest } = unpack(packed) as SerializedSeries;
    this.#limit = Math.min(this.#limit, limit);
    this.#main.merge(main);
    if (rest) this.#restState().merge(rest);
    if (this.#main.groups > this.#limit * SLACK) this.#trim();
  }

  /** The state must not be used further. Where it would take too much, fewer series are told apart from here on. */
  pack(): Uint8Array {
    for (;;) {
      this.#trim();
      const main = this.#main.serialize();
      const rest = this.#rest?.serialize() ?? null;
      const bytes = pack({ limit: this.#limit, main, rest } satisfies SerializedSeries);
      if (bytes.length <= METRIC_PANE_SIZE_BYTES_MAX || this.#limit <= 1) return bytes;
      this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, main.groups.count) / 2));
      this.#main = this.#fresh(main);
      this.#rest = null;
      if (rest) this.#restState().merge(rest);
    }
  }

  /** Ordered by labels, the rest last. @param apart texts of the labels that are told apart at most; all that there is room for where it is missing */
  rows(apart: ReadonlySet<string> | null = null): SeriesRow[] {
    this.#trim(apart);
    const keys = this.#pipe.by.length;
    const rows = this.#main.result().rows.map((row) => ({ labels: row.slice(0, keys), rest: false, values: row.slice(keys) }));
    const rest = this.#rest?.result().rows[0];
    if (rest) rows.push({ labels: [], rest: true, values: rest });
    return rows;
  }

  #restState(): StatsState {
    this.#rest ??= new StatsState({ ...this.#pipe, by: [] }, undefined, BOUNDS);
    return this.#rest;
  }

  #fresh(serialized: SerializedStats, kept: Uint8Array | null = null): StatsState {
    const state = new StatsState(this.#pipe, undefined, BOUNDS);
    state.merge(serialized, kept);
    return state;
  }

  /** Puts together what is beyond the limit. */
  #trim(apart: ReadonlySet<string> | null = null): void {
    const kept = this.#pipe.by.length === 0 ? null : keptGroups(this.#main, this.#limit, apart);
    if (!kept) return;
    const whole = this.#main.serialize();
    const others = kept.map((is_kept) => 1 - is_kept);
    this.#restState().merge(whole, others);
    this.#main = this.#fresh(whole, kept);
  }
}

/** 1 for each group that stays; null where all do. Labels that are too long never do, whatever else there is. */
function keptGroups(state: StatsState, limit: number, apart: ReadonlySet<string> | null): Uint8Array | null {
  const texts = Array.from({ length: state.groups }, (_, group) => labelsText(state.cells(group)));
  const mayStay = (text: string) => text.length <= METRIC_LABELS_LENGTH_MAX && (apart === null || apart.has(text));
  const short = [...texts.keys()].filter((group) => mayStay(texts[group]!));
  if (short.length === texts.length && short.length <= limit) return null;
  const hashes = texts.map(hashOf);
  short.sort((left, right) => hashes[left]! - hashes[right]! || (texts[left]! < texts[right]! ? -1 : 1));
  const kept = new Uint8Array(texts.length);
  for (const group of short.slice(0, limit)) kept[group] = 1;
  return kept;
}

/** Values of one text are one label, whatever they were stored as. */
export function labelsText(labels: readonly TableValue[]): string {
  return JSON.stringify(labels.map((label) => (label === null ? null : String(label))));
}

/** FNV-1a, mixed so that all its bits count. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
