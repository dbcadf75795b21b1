import type { RankPipe } from "../plan.ts";
import { columnIndex, compareCells, type Table, type TableValue } from "../table.ts";

/** The first rows of each combination of the first columns, which are next to each other, with their shares. */
export function rankTable({ limit, by, of, share }: RankPipe, table: Table): Table {
  const at = columnIndex(table.columns, of);
  const rows: TableValue[][] = [];
  for (let from = 0; from < table.rows.length; ) {
    let to = from + 1;
    while (to < table.rows.length && sameStart(table.rows[from]!, table.rows[to]!, by)) to++;
    const part = table.rows.slice(from, to);
    const left_out = by === 0 ? (table.overflow?.events ?? 0) : 0;
    const total = part.reduce((sum, row) => sum + Number(row[at]), left_out);
    part.sort((left, right) => compareCells(right[at]!, left[at]!));
    for (const row of part.slice(0, limit)) rows.push([...row, Number(row[at]) / total]);
    from = to;
  }
  return { columns: [...table.columns, share], rows, overflow: table.overflow };
}

function sameStart(left: readonly TableValue[], right: readonly TableValue[], length: number): boolean {
  for (let index = 0; index < length; index++) if (left[index] !== right[index]) return false;
  return true;
}
