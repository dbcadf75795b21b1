import { readCount } from "../read-count.ts";
import { sliceRows } from "../table.ts";
import type { PipeKind } from "./pipe.ts";

/** `| limit 20`: the first so many rows or events. */
export interface LimitPipe {
  kind: "limit";
  count: number;
}

export const limitKind: PipeKind<LimitPipe> = {
  parse: (scanner) => ({ kind: "limit", count: readCount(scanner) }),
  print: ({ count }) => `limit ${count}`,
  fields: () => [],
  table: ({ count }, table) => sliceRows(table, 0, count),
};
