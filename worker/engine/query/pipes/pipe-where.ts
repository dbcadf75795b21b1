import type { Filter } from "../filters/filter.ts";
import { filterFields, matchRows, printFilter } from "../filters/filters.ts";
import { parseFilter } from "../filters/parse-filter.ts";
import { pickRows } from "../table.ts";
import type { PipeKind } from "./pipe.ts";
import { tableBatch } from "./table-batch.ts";

/** `| where status:>499`: a further filter on events, the same as AND, or on the rows of a table. */
export interface WherePipe {
  kind: "where";
  filter: Filter;
}

export const whereKind: PipeKind<WherePipe> = {
  parse: (scanner) => ({ kind: "where", filter: parseFilter(scanner) }),
  print: ({ filter }) => `where ${printFilter(filter)}`,
  fields: ({ filter }) => [...filterFields(filter)],
  table: ({ filter }, table) => pickRows(table, [...matchRows(filter, tableBatch(table))]),
};
