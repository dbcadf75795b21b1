import type { EventBatch } from "../../batch/event-batch.ts";
import type { AllFilter } from "./filter-all.ts";
import type { AndFilter } from "./filter-and.ts";
import type { CompareFilter } from "./filter-compare.ts";
import type { ContainsFilter } from "./filter-contains.ts";
import type { EqualFilter } from "./filter-equal.ts";
import type { ExistsFilter } from "./filter-exists.ts";
import type { ExpressionFilter } from "./filter-expression.ts";
import type { IcaseFilter } from "./filter-icase.ts";
import type { InFilter } from "./filter-in.ts";
import type { NotFilter } from "./filter-not.ts";
import type { OrFilter } from "./filter-or.ts";
import type { PhraseFilter } from "./filter-phrase.ts";
import type { RangeFilter } from "./filter-range.ts";
import type { RegexFilter } from "./filter-regex.ts";
import type { WildcardFilter } from "./filter-wildcard.ts";

/** A tree of conditions on one event; plain data, comparable and serialisable. `field` is a column name (`fields.ts`) or `_any`. */
export type Filter =
  | AllFilter
  | AndFilter
  | OrFilter
  | NotFilter
  | PhraseFilter
  | EqualFilter
  | InFilter
  | WildcardFilter
  | ContainsFilter
  | IcaseFilter
  | RegexFilter
  | CompareFilter
  | RangeFilter
  | ExistsFilter
  | ExpressionFilter;

/** What the filters that hold other filters need of the whole. */
export interface FilterWalk {
  /** As query text; `inner` puts parentheses around what would otherwise bind weaker than its surroundings. */
  print(filter: Filter, inner: "or" | "and" | "not"): string;
  /** Clears the rows of `mask` that do not match. */
  apply(filter: Filter, batch: EventBatch, mask: Uint8Array): void;
  /** Rough relative cost of `apply`, cheap ones below 10; told without decoding anything. */
  cost(filter: Filter, batch: EventBatch): number;
}

/** What every kind of filter offers: one file each, gathered in `filters.ts`. */
export interface FilterKind<F> {
  print(filter: F, walk: FilterWalk): string;
  /** Visits the columns (or `_any`) whose values decide. */
  fields(filter: F, visit: (field: string) => void, descend: (filter: Filter) => void): void;
  cost(filter: F, batch: EventBatch, walk: FilterWalk): number;
  /** Clears the rows of `mask` (one byte a row, 0 or 1) that do not match. */
  apply(filter: F, batch: EventBatch, mask: Uint8Array, walk: FilterWalk): void;
}

/** The filters in the order in which they are best applied, so that the dear ones see few rows. */
export function cheapestFirst(filters: readonly Filter[], batch: EventBatch, walk: FilterWalk): Filter[] {
  const costs = new Map(filters.map((filter) => [filter, walk.cost(filter, batch)]));
  return [...filters].sort((a, b) => costs.get(a)! - costs.get(b)!);
}

export { countOf, isEmpty } from "./mask.ts";
