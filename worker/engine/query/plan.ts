/**
 * What a query computes, whichever language it was written in: a filter on stored events, steps on each batch of those that match, and either
 * events in the order of time or a reduction to a table. Plain data: it can be sent to another invocation.
 */
import type { Expression } from "./expressions/expression.ts";
import type { Filter } from "./filters/filter.ts";
import type { Pipe } from "./pipes/pipe.ts";
import type { StatsPipe } from "./pipes/pipe-stats.ts";

/** Changes a batch of matching events: adds columns or drops rows. */
export type EventStep =
  | { kind: "where"; filter: Filter }
  /** Adds (or replaces) the column `field`, a resolved name such as `attributes.seconds`. */
  | { kind: "eval"; field: string; expression: Expression }
  | { kind: "extract"; from: string; by: ExtractRule };

/** How `extract` reads a text; the fields that it names become attributes. */
export type ExtractRule =
  | { kind: "pattern"; pattern: string }
  | { kind: "regex"; pattern: string }
  | { kind: "json"; prefix: string | null }
  | { kind: "logfmt"; prefix: string | null };

/** Chosen columns of events, ordered by keys and cut: what `sort` on events and SQL without aggregates ask for. */
export interface RowsReduction {
  kind: "rows";
  /** Null: whole events. */
  columns: { field: string; as: string }[] | null;
  keys: { field: string; descending: boolean }[];
  /** Rows kept, those that are skipped included. */
  limit: number;
}

/** In a plan the functions and keys of a `stats` read columns only: what is computed for them was added by steps before. */
export type Reduction = StatsPipe | RowsReduction;

/** Of each combination of the first `by` columns of a table the first `limit` rows, with each row's share of the combination's whole column `of`. */
export interface RankPipe {
  kind: "rank";
  limit: number;
  by: number;
  of: string;
  share: string;
}

/** Rows for the pieces of time that a table of `timeseries` has none for. */
export interface FillPipe {
  kind: "fill";
  size_us: number;
  zone_us: number;
  /** Half open; null: from the first to the last piece that the table has. */
  range: { from_us: number; to_us: number } | null;
  /** How many columns after the time tell the series apart. */
  series: number;
  /** What the columns after those show where there is no event. */
  empty: (0 | null)[];
}

export type TablePipe = Pipe | RankPipe | FillPipe;

export interface Plan {
  filter: Filter;
  steps: EventStep[];
  /** Null: events, newest first unless asked otherwise. */
  reduce: Reduction | null;
  /** On the table of the reduction, in order. Where there is none: `offset` and `limit` in order, then at most one `fields`, on the events. */
  table: TablePipe[];
}
