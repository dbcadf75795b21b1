import { cheapestFirst, type Filter, type FilterKind } from "./filter.ts";
import { addRows, clearRows, isEmpty } from "./mask.ts";

/** `a OR b`: at least one holds. Two or more filters, none of them an "or" itself. */
export interface OrFilter {
  kind: "or";
  filters: Filter[];
}

/** At least one of one or more filters, in the tree's normal form. */
export function or(filters: readonly [Filter, ...Filter[]]): Filter {
  const flat = filters.flatMap((filter) => (filter.kind === "or" ? filter.filters : [filter]));
  return flat.length === 1 ? (flat[0] as Filter) : { kind: "or", filters: flat };
}

export const orKind: FilterKind<OrFilter> = {
  print: (filter, walk) => filter.filters.map((part) => walk.print(part, "or")).join(" OR "),
  fields: (filter, _visit, descend) => filter.filters.forEach(descend),
  cost: (filter, batch, walk) => filter.filters.reduce((sum, part) => sum + walk.cost(part, batch), 0),
  apply(filter, batch, mask, walk) {
    const undecided = mask.slice();
    mask.fill(0);
    for (const part of cheapestFirst(filter.filters, batch, walk)) {
      const matched = undecided.slice();
      walk.apply(part, batch, matched);
      addRows(mask, matched);
      clearRows(undecided, matched);
      if (isEmpty(undecided)) return;
    }
  },
};
