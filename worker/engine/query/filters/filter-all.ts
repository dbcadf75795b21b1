import type { FilterKind } from "./filter.ts";

/** `*`: every event. */
export interface AllFilter {
  kind: "all";
}

export const ALL: AllFilter = { kind: "all" };

export const allKind: FilterKind<AllFilter> = {
  print: () => "*",
  fields: () => {},
  cost: () => 0,
  apply: () => {},
};
