import type { Filter, FilterKind } from "./filter.ts";
import { clearRows } from "./mask.ts";

/** `-a`, `!a`, `NOT a`: does not hold; events without the field are among them. */
export interface NotFilter {
  kind: "not";
  filter: Filter;
}

export function not(filter: Filter): NotFilter {
  return { kind: "not", filter };
}

export const notKind: FilterKind<NotFilter> = {
  print: (filter, walk) => `NOT ${walk.print(filter.filter, "not")}`,
  fields: (filter, _visit, descend) => descend(filter.filter),
  cost: (filter, batch, walk) => walk.cost(filter.filter, batch),
  apply(filter, batch, mask, walk) {
    const matched = mask.slice();
    walk.apply(filter.filter, batch, matched);
    clearRows(mask, matched);
  },
};
