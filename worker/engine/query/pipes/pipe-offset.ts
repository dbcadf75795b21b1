import { readCount } from "../read-count.ts";
import { sliceRows } from "../table.ts";
import type { PipeKind } from "./pipe.ts";

/** `| offset 20`: all but the first so many rows or events. */
export interface OffsetPipe {
  kind: "offset";
  count: number;
}

export const offsetKind: PipeKind<OffsetPipe> = {
  parse: (scanner) => ({ kind: "offset", count: readCount(scanner) }),
  print: ({ count }) => `offset ${count}`,
  fields: () => [],
  table: ({ count }, table) => sliceRows(table, count, table.rows.length),
};
