import type { EventBatch } from "../../batch/event-batch.ts";
import { ANY_FIELD } from "../fields.ts";
import type { Filter, FilterKind, FilterWalk } from "./filter.ts";
import { allKind } from "./filter-all.ts";
import { andKind } from "./filter-and.ts";
import { compareKind } from "./filter-compare.ts";
import { containsKind } from "./filter-contains.ts";
import { equalKind } from "./filter-equal.ts";
import { existsKind } from "./filter-exists.ts";
import { expressionKind } from "./filter-expression.ts";
import { icaseKind } from "./filter-icase.ts";
import { inKind } from "./filter-in.ts";
import { notKind } from "./filter-not.ts";
import { orKind } from "./filter-or.ts";
import { phraseKind } from "./filter-phrase.ts";
import { rangeKind } from "./filter-range.ts";
import { regexKind } from "./filter-regex.ts";
import { wildcardKind } from "./filter-wildcard.ts";
import { countOf, everyRow, rowsOf } from "./mask.ts";

/** Every kind of filter by its name. */
const KINDS: { [K in Filter["kind"]]: FilterKind<Extract<Filter, { kind: K }>> } = {
  all: allKind,
  and: andKind,
  or: orKind,
  not: notKind,
  phrase: phraseKind,
  equal: equalKind,
  in: inKind,
  wildcard: wildcardKind,
  contains: containsKind,
  icase: icaseKind,
  regex: regexKind,
  compare: compareKind,
  range: rangeKind,
  exists: existsKind,
  expression: expressionKind,
};

function kindOf(filter: Filter): FilterKind<Filter> {
  return KINDS[filter.kind] as FilterKind<Filter>;
}

/** How tightly each kind that holds others binds, loosest first; the rest bind tightest. */
const BINDING: Partial<Record<Filter["kind"], number>> = { or: 1, and: 2, not: 3 };

const WALK: FilterWalk = {
  print(filter, inner) {
    const text = kindOf(filter).print(filter, WALK);
    return (BINDING[filter.kind] ?? 4) <= (BINDING[inner] ?? 4) ? `(${text})` : text;
  },
  apply: (filter, batch, mask) => kindOf(filter).apply(filter, batch, mask, WALK),
  cost: (filter, batch) => kindOf(filter).cost(filter, batch, WALK),
};

/** The filter as query text; parsing it gives an equal tree. */
export function printFilter(filter: Filter): string {
  return kindOf(filter).print(filter, WALK);
}

/** The columns (and `_any`) whose values decide. */
export function filterFields(filter: Filter): Set<string> {
  const fields = new Set<string>();
  const descend = (part: Filter): void => kindOf(part).fields(part, (field) => fields.add(field), descend);
  descend(filter);
  return fields;
}

/** Whether an expression is among the conditions. */
export function holdsExpression(filter: Filter): boolean {
  let holds = false;
  const descend = (part: Filter): void => {
    holds ||= part.kind === "expression";
    kindOf(part).fields(part, () => {}, descend);
  };
  descend(filter);
  return holds;
}

/** Whether the filter looks at every field, so that no column may be left out. */
export function looksEverywhere(filter: Filter): boolean {
  return filterFields(filter).has(ANY_FIELD);
}

/** Clears the rows of `mask` (a byte a row, 0 or 1) that do not match. */
export function applyFilter(filter: Filter, batch: EventBatch, mask: Uint8Array): void {
  WALK.apply(filter, batch, mask);
}

/** A byte for each row, 1 where it matches. */
export function matchMask(filter: Filter, batch: EventBatch): Uint8Array {
  const mask = new Uint8Array(batch.rows).fill(1);
  applyFilter(filter, batch, mask);
  return mask;
}

/** Numbers of the rows that match, ascending. */
export function matchRows(filter: Filter, batch: EventBatch): Uint32Array {
  return filter.kind === "all" ? everyRow(batch.rows) : rowsOf(matchMask(filter, batch));
}

/** How many rows match. */
export function countMatches(filter: Filter, batch: EventBatch): number {
  return countOf(matchMask(filter, batch));
}
