import { resolveField } from "../fields.ts";
import { parseKeyList, printKey } from "../stats/stats-key.ts";
import type { PipeKind } from "./pipe.ts";
import type { FieldsPipe } from "./pipe-fields.ts";
import { checkNames, type GroupKey, keyFields, type StatsPipe } from "./pipe-stats.ts";

/** `| uniq user`: each value once; `| uniq count user`: with how many events have it. */
export interface UniqPipe {
  kind: "uniq";
  keys: GroupKey[];
  count: boolean;
}

const COUNT = "count";
/** `count` before a key; alone it is a field of that name. */
const COUNT_WORD = /count(?=\s+(?!as\s)[^\s,|])/iy;

export const uniqKind: PipeKind<UniqPipe> = {
  parse(scanner) {
    scanner.skipSpace();
    const count = scanner.match(COUNT_WORD) !== null;
    const keys = parseKeyList(scanner);
    checkNames(scanner, count ? [...keys, { as: COUNT }] : keys);
    return { kind: "uniq", keys, count };
  },
  print: ({ keys, count }) => `uniq ${count ? "count " : ""}${keys.map(printKey).join(", ")}`,
  fields: ({ keys }) => [...new Set(keys.flatMap(keyFields))],
  columns: ({ keys, count }) => [...keys.map(({ as }) => as), ...(count ? [COUNT] : [])],
  table: null,
};

/** As pipes of a plan. */
export function expandUniq({ keys, count }: UniqPipe): (StatsPipe | FieldsPipe)[] {
  const counted = keys.some(({ as }) => resolveField(as) === resolveField(COUNT)) ? `${COUNT}_` : COUNT;
  const stats: StatsPipe = { kind: "stats", functions: [{ name: "count", field: null, as: counted }], by: keys };
  return count ? [stats] : [stats, { kind: "fields", fields: keys.map(({ as }) => resolveField(as)) }];
}
