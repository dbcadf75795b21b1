import { type EventStep, type Filter, planColumns } from "../engine/query/query.ts";

/** The columns that a filter, the steps after it and the named fields read; null for all. */
export function stepColumns(filter: Filter, steps: readonly EventStep[], fields: readonly string[] = []): ReadonlySet<string> | null {
  const columns = fields.map((field) => ({ field, as: field }));
  const read = planColumns({ filter, steps: [...steps], reduce: { kind: "rows", columns, keys: [], limit: 0 }, table: [] });
  return read === "all" ? null : read.names;
}
