import type { PipeKind } from "./pipe.ts";

/** `| limit 20`: the first so many rows or events. */
export interface LimitPipe {
  kind: "limit";
  count: number;
}

export const limitKind: PipeKind<LimitPipe> = {
  parse(scanner) {
    scanner.skipSpace();
    const found = scanner.match(/\d{1,9}(?=[\s|]|$)/y);
    if (!found) return scanner.fail("how many, as a whole number");
    return { kind: "limit", count: Number(found[0]) };
  },
  print: ({ count }) => `limit ${count}`,
  fields: () => [],
  table: ({ count }, table) => ({ ...table, rows: table.rows.slice(0, count) }),
};
