/** Aggregates of SQL as functions of `stats`. */

import type { ValueType } from "../expressions/value-type.ts";
import { STATS_FUNCTIONS } from "../stats/stats-functions.ts";
import { fail } from "./fail.ts";
import { literalNumber } from "./literals.ts";
import type { SqlExpression } from "./syntax.ts";

type Call = Extract<SqlExpression, { kind: "call" }>;

/** What an aggregate asks `stats` for. */
export interface Aggregate {
  /** A function of `stats`. */
  name: string;
  /** What it is taken of; null: of events. */
  of: SqlExpression | null;
  parameters: number[];
  /** Of its values; "same": that of what it is taken of. */
  type: ValueType | "same";
  /** What it takes: numbers, numbers and times, or any values. */
  takes: "numbers" | "ordered" | "any";
  /** A further condition beside that of FILTER. */
  where: SqlExpression | null;
}

/** Names that SQL has for functions of `stats`, beside their own. */
const ALIASES: Readonly<Record<string, string>> = {
  mean: "avg",
  stddev_samp: "stddev",
  var_samp: "variance",
  approx_count_distinct: "count_uniq",
  any_value: "any",
  arbitrary: "any",
  approx_quantile: "quantile",
  approx_percentile: "quantile",
  quantile_cont: "quantile",
  quantile_disc: "quantile",
};
const WITHIN: ReadonlySet<string> = new Set(["percentile_cont", "percentile_disc"]);
const COUNT_IF: ReadonlySet<string> = new Set(["count_if", "countif"]);
/** Those that give one of the values that they are taken of. */
const SAME: ReadonlySet<string> = new Set(["min", "max", "first", "last", "any"]);
const ANY_VALUES: ReadonlySet<string> = new Set(["count", "count_uniq", "first", "last", "any", "values"]);

export const AGGREGATE_NAMES: readonly string[] = [...Object.keys(STATS_FUNCTIONS), ...Object.keys(ALIASES), ...WITHIN, ...COUNT_IF];
const NAMES: ReadonlySet<string> = new Set(AGGREGATE_NAMES);

export function isAggregate({ name }: Call): boolean {
  return NAMES.has(name);
}

/** @throws QuerySyntaxError where the call is not one that is possible */
export function readAggregate(node: Call, source: string): Aggregate {
  if (node.ordered) fail("ORDER BY inside a call is not possible here", node, source, "the arguments alone");
  if (node.distinct && node.name !== "count" && node.name !== "min" && node.name !== "max") {
    fail(`${node.name}(DISTINCT …) is not possible here`, node, source, "count(DISTINCT …)");
  }
  if (node.within && !WITHIN.has(node.name)) {
    fail(`WITHIN GROUP does not go with ${node.name}`, node, source, "percentile_cont(0.5) WITHIN GROUP (ORDER BY …)");
  }
  if (node.star && node.name !== "count") fail(`${node.name}(*) is not possible`, node, source, `${node.name}(…) of a column`);
  if (node.name === "count") return count(node, source);
  if (COUNT_IF.has(node.name)) return { ...countOf(null), where: exactly(node, 1, `${node.name}(status >= 500)`, source)[0]! };
  return WITHIN.has(node.name) ? within(node, source) : plain(node, source);
}

function exactly(node: Call, arguments_count: number, call: string, source: string): SqlExpression[] {
  return node.args.length === arguments_count ? node.args : fail(`${node.name} cannot be called like this`, node, source, call);
}

function countOf(of: SqlExpression | null): Aggregate {
  return { name: "count", of, parameters: [], type: "number", takes: "any", where: null };
}

/** Values that are written out are in every event. */
function count(node: Call, source: string): Aggregate {
  if (node.star || node.args.length === 0) {
    if (node.distinct) fail("count(DISTINCT *) is not possible here", node, source, "count(DISTINCT …) of a column");
    return countOf(null);
  }
  const [of] = exactly(node, 1, "count(…) of one value", source) as [SqlExpression];
  if (node.distinct) return { ...countOf(of), name: "count_uniq" };
  return countOf(of.kind === "number" || of.kind === "text" || of.kind === "boolean" ? null : of);
}

/** Counted from the highest, the value at a border between two is the upper one. */
const A_HAIR = 1e-9;

function within(node: Call, source: string): Aggregate {
  const call = `${node.name}(0.5) WITHIN GROUP (ORDER BY duration_ms)`;
  const [written] = exactly(node, 1, call, source) as [SqlExpression];
  if (!node.within) return fail(`${node.name} needs WITHIN GROUP`, node, source, call);
  const share = checkedShare(written, source);
  const { by, descending } = node.within;
  return {
    name: "quantile",
    of: by,
    parameters: [descending ? Math.min(1, 1 - share + A_HAIR) : share],
    type: "number",
    takes: "numbers",
    where: null,
  };
}

/** A function of `stats` under one of its names; a number that it needs may stand before or after the value. */
function plain(node: Call, source: string): Aggregate {
  const name = ALIASES[node.name] ?? node.name;
  const { field, parameters } = STATS_FUNCTIONS[name]!;
  const type = SAME.has(name) ? "same" : name === "values" || name === "histogram" ? "text" : "number";
  const takes = ANY_VALUES.has(name) ? "any" : name === "min" || name === "max" ? "ordered" : "numbers";
  const shape = { name, type, takes, where: null } as const;
  if (field === "none") return { ...shape, of: exactly(node, 0, `${node.name}()`, source)[0] ?? null, parameters: [] };
  const example = parameters ? `${node.name}(duration_ms, ${name === "quantile" ? "0.99" : "10"})` : `${node.name}(…) of one value`;
  if (!parameters || (parameters.optional && node.args.length === 1)) {
    return { ...shape, of: exactly(node, 1, example, source)[0]!, parameters: [] };
  }
  const [first, second] = exactly(node, 2, example, source) as [SqlExpression, SqlExpression];
  const [of, written] = literalNumber(second) === null && literalNumber(first) !== null ? [second, first] : [first, second];
  const number = literalNumber(written);
  if (number === null || !parameters.valid(number)) return fail("this is no possible number here", written, source, parameters.expected);
  return { ...shape, of, parameters: [number] };
}

function checkedShare(node: SqlExpression, source: string): number {
  const share = literalNumber(node);
  if (share !== null && share >= 0 && share <= 1) return share;
  return fail("a share is a number from 0 to 1", node, source, "a number such as 0.99");
}
