import { TOP_LIMIT_DEFAULT } from "../../../limits.ts";
import type { RankPipe } from "../plan.ts";
import { takeCount } from "../read-count.ts";
import { parseKeyList, parseKeys, printKey } from "../stats/stats-key.ts";
import type { PipeKind } from "./pipe.ts";
import type { StatsPipe } from "./pipe-stats.ts";
import { checkNames, type GroupKey, keyFields } from "./pipe-stats.ts";

/** `| top 10 path by service`: the most frequent values, how often each occurs, and its share. */
export interface TopPipe {
  kind: "top";
  limit: number;
  keys: GroupKey[];
  by: GroupKey[];
}

const COUNT = "count";
const SHARE = "share";

export const topKind: PipeKind<TopPipe> = {
  parse(scanner) {
    const limit = takeCount(scanner) ?? TOP_LIMIT_DEFAULT;
    const keys = parseKeyList(scanner);
    const by = scanner.takeWord("by") ? parseKeys(scanner) : [];
    checkNames(scanner, [...by, ...keys, { as: COUNT }, { as: SHARE }]);
    return { kind: "top", limit, keys, by };
  },
  print({ limit, keys, by }) {
    const grouped = by.length > 0 ? ` by ${by.map(printKey).join(", ")}` : "";
    return `top ${limit} ${keys.map(printKey).join(", ")}${grouped}`;
  },
  fields: ({ keys, by }) => [...new Set([...by, ...keys].flatMap(keyFields))],
  columns: ({ keys, by }) => [...[...by, ...keys].map(({ as }) => as), COUNT, SHARE],
  table: null,
};

/** As pipes of a plan. */
export function expandTop({ limit, keys, by }: TopPipe): [StatsPipe, RankPipe] {
  return [
    { kind: "stats", functions: [{ name: "count", field: null, as: COUNT }], by: [...by, ...keys] },
    { kind: "rank", limit, by: by.length, of: COUNT, share: SHARE },
  ];
}
