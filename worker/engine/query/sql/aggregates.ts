/** Aggregates of SQL as functions of `stats`. */
import type { ValueType } from "../value-type.ts";
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
  /** Of its values, where it is not that of what it is taken of. */
  type: ValueType | "same";
  /** A further condition beside that of FILTER. */
  where: SqlExpression | null;
}

/** Aggregates with one argument: the function of `stats`, and the type of the result. */
const PLAIN: Readonly<Record<string, readonly [function_name: string, type: Aggregate["type"]]>> = {
  sum: ["sum", "number"],
  avg: ["avg", "number"],
  mean: ["avg", "number"],
  min: ["min", "same"],
  max: ["max", "same"],
  stddev: ["stddev", "number"],
  stddev_samp: ["stddev", "number"],
  median: ["median", "number"],
  approx_count_distinct: ["count_uniq", "number"],
  count_uniq: ["count_uniq", "number"],
  first: ["first", "same"],
  last: ["last", "same"],
  any_value: ["any", "same"],
  arbitrary: ["any", "same"],
};
/** Those with a share between 0 and 1 after the value. */
const QUANTILES: ReadonlySet<string> = new Set(["approx_quantile", "quantile", "quantile_cont", "approx_percentile"]);
const WITHIN: ReadonlySet<string> = new Set(["percentile_cont"]);
const COUNT_IF: ReadonlySet<string> = new Set(["count_if", "countif"]);

export const AGGREGATE_NAMES: readonly string[] = ["count", ...Object.keys(PLAIN), ...QUANTILES, ...WITHIN, ...COUNT_IF];
const NAMES: ReadonlySet<string> = new Set(AGGREGATE_NAMES);

export function isAggregate(node: Call): boolean {
  return NAMES.has(node.name);
}

/** @throws QuerySyntaxError where the call is not one that is possible */
export function readAggregate(node: Call, source: string): Aggregate {
  if (node.ordered) fail("ORDER BY inside a call is not possible here", node, source, "the arguments alone");
  if (node.distinct && node.name !== "count" && node.name !== "min" && node.name !== "max") {
    fail(`${node.name}(DISTINCT …) is not possible here`, node, source, "count(DISTINCT …)");
  }
  if (node.within && !WITHIN.has(node.name))
    fail(`WITHIN GROUP does not go with ${node.name}`, node, source, "percentile_cont(0.5) WITHIN GROUP (ORDER BY …)");
  if (node.star && node.name !== "count") fail(`${node.name}(*) is not possible`, node, source, `${node.name}(…) of a column`);
  const plain = { parameters: [], where: null };
  if (node.name === "count") return count(node, source);
  if (COUNT_IF.has(node.name)) return { ...plain, name: "count", of: null, type: "number", where: only(node, source) };
  if (QUANTILES.has(node.name)) {
    const [of, share] = exactly(node, 2, `${node.name}(duration_ms, 0.99)`, source) as [SqlExpression, SqlExpression];
    return { ...plain, name: "quantile", of, parameters: [shareOf(share, source)], type: "number" };
  }
  if (WITHIN.has(node.name)) return within(node, source);
  const [name, type] = PLAIN[node.name]!;
  return { ...plain, name, of: only(node, source), type };
}

function exactly(node: Call, count: number, call: string, source: string): SqlExpression[] {
  return node.args.length === count ? node.args : fail(`${node.name} cannot be called like this`, node, source, call);
}

function only(node: Call, source: string): SqlExpression {
  return exactly(node, 1, `${node.name}(…) of one value`, source)[0]!;
}

/** Values that are written out are no different from the star, but null. */
function count(node: Call, source: string): Aggregate {
  const plain = { parameters: [], where: null, type: "number" as const };
  if (node.star || node.args.length === 0) {
    if (node.distinct) fail("count(DISTINCT *) is not possible here", node, source, "count(DISTINCT …) of a column");
    return { ...plain, name: "count", of: null };
  }
  const of = only(node, source);
  if (!node.distinct && (of.kind === "number" || of.kind === "text" || of.kind === "boolean")) return { ...plain, name: "count", of: null };
  return { ...plain, name: node.distinct ? "count_uniq" : "count", of };
}

function within(node: Call, source: string): Aggregate {
  const call = `${node.name}(0.5) WITHIN GROUP (ORDER BY duration_ms)`;
  const [share] = exactly(node, 1, call, source) as [SqlExpression];
  if (!node.within) fail(`${node.name} needs WITHIN GROUP`, node, source, call);
  const asked = shareOf(share, source);
  const share_ascending = node.within!.descending ? 1 - asked : asked;
  return { name: "quantile", of: node.within!.by, parameters: [share_ascending], type: "number", where: null };
}

function shareOf(node: SqlExpression, source: string): number {
  const share = literalNumber(node);
  if (share !== null && share >= 0 && share <= 1) return share;
  return fail("a share is a number from 0 to 1", node, source, "a number such as 0.99");
}
