import { printOutputName, readOutputName } from "./output-name.ts";
import type { PipeKind } from "./pipe.ts";
import { compareCells } from "./table.ts";

/** `| sort -count, service`: rows by these columns, with a minus or `desc` from the highest. */
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
  print: ({ keys }) => `sort ${keys.map((key) => (key.descending ? "-" : "") + printOutputName(key.column)).join(", ")}`,
  fields: () => [],
  table({ keys }, table) {
    const order = keys.map(({ column, descending }) => ({ index: table.columns.indexOf(column), sign: descending ? -1 : 1 }));
    const rows = [...table.rows].sort((left, right) => {
      for (const { index, sign } of order) {
        const difference = compareCells(left[index] ?? null, right[index] ?? null);
        if (difference !== 0) return sign * difference;
      }
      return 0;
    });
    return { ...table, rows };
  },
};
