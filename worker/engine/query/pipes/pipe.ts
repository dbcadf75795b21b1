import type { Scanner } from "../scanner.ts";
import type { Table } from "../table.ts";
import type { EvalPipe } from "./pipe-eval.ts";
import type { ExtractPipe } from "./pipe-extract.ts";
import type { FieldsPipe } from "./pipe-fields.ts";
import type { LimitPipe } from "./pipe-limit.ts";
import type { OffsetPipe } from "./pipe-offset.ts";
import type { PatternsPipe } from "./pipe-patterns.ts";
import type { SortPipe } from "./pipe-sort.ts";
import type { StatsPipe } from "./pipe-stats.ts";
import type { TimeseriesPipe } from "./pipe-timeseries.ts";
import type { TopPipe } from "./pipe-top.ts";
import type { UniqPipe } from "./pipe-uniq.ts";
import type { WherePipe } from "./pipe-where.ts";

/** A step after the filter; plain data, comparable and serialisable. */
export type Pipe =
  | StatsPipe
  | SortPipe
  | LimitPipe
  | OffsetPipe
  | FieldsPipe
  | WherePipe
  | EvalPipe
  | ExtractPipe
  | TopPipe
  | UniqPipe
  | TimeseriesPipe
  | PatternsPipe;

/** What every kind of pipe offers: one file each, gathered in `pipes.ts`. */
export interface PipeKind<P> {
  /** After the pipe's name. */
  parse(scanner: Scanner): P;
  print(pipe: P): string;
  /** Fields of events, or columns of a table, that the pipe reads, by their resolved names. */
  fields(pipe: P): string[];
  /**
   * The columns that are known after the pipe, by the names that a table shows.
   * @param before those known before it; null where any field may occur
   * @returns null where any field may occur after it; kinds without this method leave the columns as they are
   */
  columns?(pipe: P, before: readonly string[] | null): string[] | null;
  /** The table of an earlier pipe, changed; null for a pipe that becomes others in a plan (`run-table.ts`). */
  table: ((pipe: P, table: Table) => Table) | null;
}
