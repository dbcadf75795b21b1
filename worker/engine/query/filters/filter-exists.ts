import { printField } from "../quote.ts";
import { matchPresent } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";

/** `trace_id:*`: the field has a value. */
export interface ExistsFilter {
  kind: "exists";
  field: string;
}

export const existsKind: FilterKind<ExistsFilter> = {
  print: ({ field }) => `${printField(field)}*`,
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => (batch.columns.has(filter.field) ? 1 : 50),
  apply: (filter, batch, mask) => matchPresent(batch, filter.field, mask),
};
