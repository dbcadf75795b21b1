import type { EventBatch, EventRecord } from "../../batch/event-batch.ts";
import type { Reduction } from "../plan.ts";
import type { Table } from "../table.ts";
import { RowsState } from "./rows-state.ts";
import { StatsState } from "./stats-state.ts";

/** The partial result of a plan's reduction. Reducers over different rows merge into what one over all of them would be. */
export interface Reducer {
  /** @param rows ascending numbers of rows of the batch; a row that stands there several times counts as often */
  add(batch: EventBatch, rows: Uint32Array): void;
  /** Takes in what another reducer of the same reduction serialized. */
  merge(serialized: unknown): void;
  /** Plain data and typed arrays, which structured cloning carries to another invocation. The reducer must not be used further. */
  serialize(): unknown;
  result(): Table;
}

export interface ReducerOptions {
  /** How a row is shown where whole events are asked for; `recordAt` where it is missing. */
  recordAt?: (batch: EventBatch, row: number) => EventRecord;
}

/** A fresh reducer. */
export function reducerFor(reduction: Reduction, options: ReducerOptions = {}): Reducer {
  return reduction.kind === "rows" ? new RowsState(reduction, options.recordAt) : new StatsState(reduction);
}
