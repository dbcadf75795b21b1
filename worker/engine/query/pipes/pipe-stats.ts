import { STATS_ITEMS_MAX } from "../../../limits.ts";
import type { Expression } from "../expressions/expression.ts";
import { visitFields } from "../expressions/expression-type.ts";
import { resolveField } from "../fields.ts";
import type { Filter } from "../filters/filter.ts";
import { filterFields } from "../filters/filters.ts";
import type { Scanner } from "../scanner.ts";
import { parseCall, printCall } from "../stats/stats-call.ts";
import { parseKeys, printKey } from "../stats/stats-key.ts";
import type { PipeKind } from "./pipe.ts";

/** `| stats count() as n, sum(bytes) by service, bucket(5m)`: one row for each group of events. */
export interface StatsPipe {
  kind: "stats";
  functions: StatsCall[];
  by: GroupKey[];
}

export interface StatsCall {
  /** A name of STATS_FUNCTIONS. */
  name: string;
  /** Column read; null for `count()`. */
  field: string | null;
  as: string;
  /** What the column is computed of where it is none of the events': a step of the plan makes it. */
  expression?: Expression;
  /** Numbers before the field (`quantile(0.95, x)`) or after it (`histogram(x, 10)`). */
  parameters?: number[];
  /** Only events that meet this: `count() where (level:error)`. */
  where?: Filter;
  /** How long the time of a group is, for what is counted by second; a plan sets it. */
  seconds?: number;
}

export type GroupKey =
  /** `expression`: as for a call. `needed`: events without a value are in no group, and are not counted anywhere; a plan sets it. */
  | { kind: "field"; field: string; as: string; expression?: Expression; needed?: true }
  | { kind: "bucket"; size_us: number; zone_us: number; as: string };

export const statsKind: PipeKind<StatsPipe> = {
  parse(scanner) {
    const functions = parseCalls(scanner);
    const by = scanner.takeWord("by") ? parseKeys(scanner) : [];
    checkNames(scanner, [...by, ...functions]);
    return { kind: "stats", functions, by };
  },
  print({ functions, by }) {
    const keys = by.length > 0 ? ` by ${by.map(printKey).join(", ")}` : "";
    return `stats ${functions.map(printCall).join(", ")}${keys}`;
  },
  fields: ({ functions, by }) => [...new Set([...functions.flatMap(callFields), ...by.flatMap(keyFields)])],
  columns: ({ functions, by }) => [...by, ...functions].map(({ as }) => as),
  table: null,
};

export function parseCalls(scanner: Scanner): StatsCall[] {
  const functions = [parseCall(scanner)];
  while (scanner.takeMark(",")) functions.push(parseCall(scanner));
  return functions;
}

function callFields({ field, expression, where }: StatsCall): string[] {
  return [...sourceFields(field, expression), ...(where ? filterFields(where) : [])];
}

export function keyFields(key: GroupKey): string[] {
  return key.kind === "bucket" ? ["timestamp"] : sourceFields(key.field, key.expression);
}

function sourceFields(field: string | null, expression: Expression | undefined): string[] {
  if (!expression) return field === null ? [] : [field];
  const fields: string[] = [];
  visitFields(expression, (each) => fields.push(each));
  return fields;
}

/** Two columns of one name, or of two names of one field, could not be told apart by later pipes. */
export function checkNames(scanner: Scanner, items: readonly { as: string }[]): void {
  if (items.length > STATS_ITEMS_MAX)
    scanner.fail("fewer functions and fields", { message: `stats takes at most ${STATS_ITEMS_MAX} of them` });
  const names = new Set<string>();
  for (const { as } of items) {
    const field = resolveField(as);
    if (names.has(field)) scanner.fail("another name after as", { message: `two columns would be called ${as}; give one a name with as` });
    names.add(field);
  }
}
