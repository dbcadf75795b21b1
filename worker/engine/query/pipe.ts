import type { FieldsPipe } from "./pipe-fields.ts";
import type { LimitPipe } from "./pipe-limit.ts";
import type { SortPipe } from "./pipe-sort.ts";
import type { StatsPipe } from "./pipe-stats.ts";
import type { WherePipe } from "./pipe-where.ts";
import type { Scanner } from "./scanner.ts";
import type { Table } from "./table.ts";

/** A step after the filter; plain data, comparable and serialisable. */
export type Pipe = StatsPipe | SortPipe | LimitPipe | FieldsPipe | WherePipe;

/** What every kind of pipe offers: one file each, gathered in `pipes.ts`. */
export interface PipeKind<P> {
  /** After the pipe's name. */
  parse(scanner: Scanner): P;
  print(pipe: P): string;
  /** Columns of events that the pipe reads; null where it needs every one. */
  fields(pipe: P): string[];
  /** The table of an earlier `stats`, changed; null for a pipe that takes events only. */
  table: ((pipe: P, table: Table) => Table) | null;
}
