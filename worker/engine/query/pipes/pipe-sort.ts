import { resolveField } from "../fields.ts";
import { printOutputName, readOutputName } from "../output-name.ts";
import { quote } from "../quote.ts";
import { columnIndex, compareCells, pickRows } from "../table.ts";
import type { PipeKind } from "./pipe.ts";

/** `| sort -count, service`: rows or events by these columns, with a minus or `desc` from the highest. */
export interface SortPipe {
  kind: "sort";
  keys: { column: string; descending: boolean }[];
}

export const sortKind: PipeKind<SortPipe> = {
  parse(scanner) {
    scanner.takeWord("by");
    const keys: SortPipe["keys"] = [];
    do {
      const minus = scanner.takeMark("-");
      const column = readOutputName(scanner);
      const word = !minus && (scanner.takeWord("desc") ? "desc" : scanner.takeWord("asc") ? "asc" : "");
      keys.push({ column, descending: minus || word === "desc" });
    } while (scanner.takeMark(","));
    return { kind: "sort", keys };
  },
  print: ({ keys }) => `sort ${keys.map((key) => (key.descending ? "-" : "") + printColumn(key.column)).join(", ")}`,
  fields: ({ keys }) => keys.map(({ column }) => resolveField(column)),
  table({ keys }, table) {
    const order = keys.map(({ column, descending }) => ({ index: columnIndex(table.columns, column), sign: descending ? -1 : 1 }));
    const picked = [...table.rows.keys()].sort((left, right) => {
      for (const { index, sign } of order) {
        const difference = compareCells(table.rows[left]![index] ?? null, table.rows[right]![index] ?? null);
        if (difference !== 0) return sign * difference;
      }
      return left - right;
    });
    return pickRows(table, picked);
  },
};

/** A column called `by` would be taken for the word. */
function printColumn(name: string): string {
  return name.toLowerCase() === "by" ? quote(name) : printOutputName(name);
}
