import { ANY_FIELD, isAttribute, isTimeField } from "./fields.ts";
import type { Filter } from "./filters/filter.ts";
import { filterFields } from "./filters/filters.ts";
import { type Query, wholeFilter } from "./parse.ts";
import { columnsAfter, pipeFields } from "./pipes/pipes.ts";

/** Name under which a reader is asked for the JSON column of remaining attributes. */
export const REST_COLUMN = "attributes";

/** The names of columns that a reader needs for these fields. */
export function columnsOf(fields: Iterable<string>): { names: ReadonlySet<string> } | "all" {
  const names = new Set<string>();
  for (const field of fields) {
    if (field === ANY_FIELD) return "all";
    if (isTimeField(field)) continue;
    names.add(field);
    if (isAttribute(field)) names.add(REST_COLUMN);
  }
  return { names };
}

/**
 * The columns that must be read to evaluate filter and pipes; times are always there. An attribute brings the JSON column with it.
 * A query that shows whole events needs every column of the rows that it shows, which is not counted here.
 */
export function queryColumns(query: Query): { names: ReadonlySet<string> } | "all" {
  const stats = query.pipes.findIndex(({ kind }) => kind === "stats");
  const pipes = stats < 0 ? query.pipes : query.pipes.slice(0, stats + 1);
  return columnsOf([...filterFields(wholeFilter(query)), ...pipes.flatMap(pipeFields)]);
}

/** The columns that must be read to evaluate a filter alone. */
export function filterColumns(filter: Filter): { names: ReadonlySet<string> } | "all" {
  return columnsOf(filterFields(filter));
}

/** The columns of the table that a query gives, or the fields that it leaves of events, in order; null where any may occur. */
export function shownColumns({ pipes }: Query): string[] | null {
  const columns = pipes.reduce<readonly string[] | null>((before, pipe) => columnsAfter(pipe, before), null);
  return columns && [...columns];
}
