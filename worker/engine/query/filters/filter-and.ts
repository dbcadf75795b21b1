import { cheapestFirst, type Filter, type FilterKind, isEmpty } from "./filter.ts";
import { ALL } from "./filter-all.ts";

/** `a b`, `a AND b`: every one holds. Two or more filters, none of them an "and" or "all" itself. */
export interface AndFilter {
  kind: "and";
  filters: Filter[];
}

/** The filters joined, in the tree's normal form. */
export function and(filters: readonly Filter[]): Filter {
  const flat = filters.flatMap((filter) => (filter.kind === "and" ? filter.filters : filter.kind === "all" ? [] : [filter]));
  if (flat.length === 0) return ALL;
  return flat.length === 1 ? (flat[0] as Filter) : { kind: "and", filters: flat };
}

export const andKind: FilterKind<AndFilter> = {
  print: (filter, walk) => filter.filters.map((part) => walk.print(part, "and")).join(" "),
  fields: (filter, _visit, descend) => filter.filters.forEach(descend),
  cost: (filter, batch, walk) => filter.filters.reduce((sum, part) => sum + walk.cost(part, batch), 0),
  apply(filter, batch, mask, walk) {
    for (const part of cheapestFirst(filter.filters, batch, walk)) {
      walk.apply(part, batch, mask);
      if (isEmpty(mask)) return;
    }
  },
};
