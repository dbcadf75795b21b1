/** What `stats` answers: named columns and rows of plain values. */
export interface Table {
  columns: string[];
  rows: TableValue[][];
  /** Set where groups beyond the bound were left out: how many matching events are in none of the rows. */
  overflow: { events: number } | null;
}

export type TableValue = string | number | boolean | null;

/** Order of two cells: null first, then booleans, numbers by size, texts by their letters. */
export function compareCells(left: TableValue, right: TableValue): number {
  const difference = rank(left) - rank(right);
  if (difference !== 0 || left === right) return difference;
  return (left as number) < (right as number) ? -1 : 1;
}

function rank(value: TableValue): number {
  if (value === null) return 0;
  return typeof value === "boolean" ? 1 : typeof value === "number" ? 2 : 3;
}
