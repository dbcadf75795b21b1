import { PATTERNS_LIMIT_DEFAULT } from "../../../limits.ts";
import { takeCount } from "../read-count.ts";
import { parseKeys, printKey } from "../stats/stats-key.ts";
import type { PipeKind } from "./pipe.ts";
import type { LimitPipe } from "./pipe-limit.ts";
import type { SortPipe } from "./pipe-sort.ts";
import { checkNames, type GroupKey, keyFields, type StatsCall, type StatsPipe } from "./pipe-stats.ts";

/** `| patterns 20 by service`: messages that differ in their variable parts only, counted together by level, with one of them. */
export interface PatternsPipe {
  kind: "patterns";
  limit: number;
  by: GroupKey[];
}

const KEYS: readonly GroupKey[] = ["fingerprint", "level"].map((field) => ({ kind: "field", field, as: field }));
const FUNCTIONS: readonly StatsCall[] = [
  { name: "count", field: null, as: "count" },
  { name: "min", field: "timestamp", as: "first_seen" },
  { name: "max", field: "timestamp", as: "last_seen" },
  { name: "any", field: "message", as: "sample" },
];

export const patternsKind: PipeKind<PatternsPipe> = {
  parse(scanner) {
    const limit = takeCount(scanner) ?? PATTERNS_LIMIT_DEFAULT;
    const by = scanner.takeWord("by") ? parseKeys(scanner) : [];
    checkNames(scanner, [...by, ...KEYS, ...FUNCTIONS]);
    return { kind: "patterns", limit, by };
  },
  print: ({ limit, by }) => `patterns ${limit}${by.length > 0 ? ` by ${by.map(printKey).join(", ")}` : ""}`,
  fields: ({ by }) => [...new Set([...by, ...KEYS].flatMap(keyFields).concat("timestamp", "message"))],
  columns: ({ by }) => [...by, ...KEYS, ...FUNCTIONS].map(({ as }) => as),
  table: null,
};

/** As pipes of a plan. */
export function expandPatterns({ limit, by }: PatternsPipe): [StatsPipe, SortPipe, LimitPipe] {
  return [
    { kind: "stats", functions: [...FUNCTIONS], by: [...by, ...KEYS] },
    { kind: "sort", keys: [{ column: "count", descending: true }] },
    { kind: "limit", count: limit },
  ];
}
