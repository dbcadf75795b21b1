import type { Filter } from "./filter.ts";
import { printFilter } from "./filters.ts";
import { parseFilter } from "./parse-filter.ts";
import type { PipeKind } from "./pipe.ts";

/** `| where status:>499`: a further filter on events, the same as AND. */
export interface WherePipe {
  kind: "where";
  filter: Filter;
}

export const whereKind: PipeKind<WherePipe> = {
  parse: (scanner) => ({ kind: "where", filter: parseFilter(scanner) }),
  print: ({ filter }) => `where ${printFilter(filter)}`,
  fields: () => [],
  table: null,
};
