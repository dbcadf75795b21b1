/** Expressions of SQL as those that the engine computes. */
import { LEVELS } from "../../batch/event-batch.ts";
import { checkCall, checkExpression, type ValueType } from "../expressions/expression-type.ts";
import { parameterAt } from "../expressions/functions/function.ts";
import { FUNCTION_NAMES, functionName, functionOf } from "../expressions/functions/functions.ts";
import { severityOf } from "../levels.ts";
import { suggest } from "../suggest.ts";
import { AGGREGATE_NAMES, isAggregate } from "./aggregates.ts";
import { arithmetic, negative } from "./arithmetic.ts";
import { castTo } from "./casts.ts";
import { alike, type Reading, seconds } from "./comparison.ts";
import { fail } from "./fail.ts";
import { LIKE_ESCAPE, regexFault, similarRegex } from "./patterns.ts";
import type { Comparison, SqlExpression } from "./syntax.ts";
import { timeFunction } from "./times.ts";
import { call, literal, type Typed } from "./typed.ts";

type Node<K extends SqlExpression["kind"]> = Extract<SqlExpression, { kind: K }>;

/** What names and aggregates mean where the expression stands. */
export interface Surroundings {
  /** What is computed already, such as a key of GROUP BY. */
  known?(node: SqlExpression): Typed | null;
  name(node: Node<"name">): Typed;
  aggregate(node: Node<"call">): Typed;
}

export class ExpressionCompiler {
  readonly #reading: Reading;
  readonly #surroundings: Surroundings;

  constructor(reading: Reading, surroundings: Surroundings) {
    this.#reading = reading;
    this.#surroundings = surroundings;
  }

  /**
   * A whole expression.
   * @throws QuerySyntaxError
   */
  value(node: SqlExpression): Typed {
    const typed = this.compile(node);
    if (typed.type === "interval") this.#fail(node, "an interval alone is no value", "a time plus or minus the interval");
    const fault = checkExpression(typed.expression);
    if (fault !== null) this.#fail(node, fault, "a simpler expression");
    return typed;
  }

  compile(node: SqlExpression): Typed {
    return this.#surroundings.known?.(node) ?? this.#compile(node);
  }

  #fail(node: SqlExpression, message: string, expected: string, suggestion: string | null = null): never {
    return fail(message, node, this.#reading.source, expected, suggestion);
  }

  #compile(node: SqlExpression): Typed {
    switch (node.kind) {
      case "text":
        return literal(node.value);
      case "number":
        return this.#number(node);
      case "boolean":
        return literal(node.value);
      case "null":
        return literal(null);
      case "name":
        return this.#surroundings.name(node);
      case "call":
        return isAggregate(node) ? this.#surroundings.aggregate(node) : this.#call(node);
      case "junction":
        return call(
          node.operator,
          node.operands.map((operand) => this.#condition(operand)),
        );
      case "not":
        return call("not", [this.#condition(node.operand)]);
      case "negative":
        return negative(this.compile(node.operand), node, this.#reading);
      case "compare":
        return this.#compare(node.operator, node.left, node.right);
      case "arithmetic":
        return arithmetic(node, this.compile(node.left), this.compile(node.right), this.#reading);
      case "match":
        return this.#negated(node.negated, this.#match(node));
      case "between":
        return this.#negated(node.negated, this.#between(node));
      case "in":
        return this.#negated(node.negated, this.#in(node));
      case "distinct":
        return this.#negated(node.negated, this.#distinct(node));
      case "isnull":
        return this.#negated(node.negated, call("isnull", [this.compile(node.value)]));
      case "istrue":
        return this.#isTrue(node);
      case "case":
        return this.#case(node);
      case "cast":
        return castTo(node, this.compile(node.value), this.#reading);
      case "zone":
        return this.#zone(node);
    }
  }

  #negated(negated: boolean, condition: Typed): Typed {
    return negated ? call("not", [condition]) : condition;
  }

  #number(node: Node<"number">): Typed {
    const value = Number(node.text);
    return Number.isFinite(value)
      ? { ...literal(value), digits: node.text }
      : this.#fail(node, "the number is too large", "a number below 1e308");
  }

  #condition(node: SqlExpression): Typed {
    const condition = this.compile(node);
    const { type } = condition;
    if (type === "number" || type === "time" || type === "interval")
      this.#fail(node, "this is no condition", "a condition, such as a comparison");
    return condition;
  }

  #compare(operator: Comparison, left: SqlExpression, right: SqlExpression): Typed {
    const a = this.compile(left);
    const b = this.compile(right);
    if (a.type === "interval" && b.type === "interval") {
      return call(operator, [seconds(a, left, this.#reading), seconds(b, right, this.#reading)]);
    }
    const sides = [alike(a, b, left, this.#reading), alike(b, a, right, this.#reading)] as const;
    return compareLevels(operator, ...sides) ?? call(operator, sides);
  }

  #between({ value, low, high }: Node<"between">): Typed {
    const [tested, from, to] = [this.compile(value), this.compile(low), this.compile(high)];
    if (tested.type === "level") return call("and", [this.#compare(">=", value, low), this.#compare("<=", value, high)]);
    return call("between", [
      alike(tested, from, value, this.#reading),
      alike(from, tested, low, this.#reading),
      alike(to, tested, high, this.#reading),
    ]);
  }

  #in({ value, items }: Node<"in">): Typed {
    const tested = this.compile(value);
    const others = items.map((item) => alike(this.compile(item), tested, item, this.#reading));
    const first = others.find(({ type }) => type === "time" || type === "level");
    return call("in", [first ? alike(tested, first, value, this.#reading) : tested, ...others]);
  }

  #distinct({ left, right }: Node<"distinct">): Typed {
    const a = this.compile(left);
    const b = this.compile(right);
    const one = call("isnull", [a]);
    const other = call("isnull", [b]);
    return call("if", [one, call("not", [other]), other, literal(true), this.#compare("!=", left, right)]);
  }

  #isTrue({ value, wanted, negated }: Node<"istrue">): Typed {
    const condition = this.#condition(value);
    return call("if", [wanted ? condition : call("not", [condition]), literal(!negated), literal(negated)]);
  }

  #match(node: Node<"match">): Typed {
    const value = this.compile(node.value);
    const pattern = this.compile(node.pattern);
    const escaped_by = node.pattern.kind === "text" ? node.pattern.escaped_by : null;
    if (node.operator === "like" || node.operator === "ilike")
      return call(node.operator, [value, pattern, literal(escaped_by ?? LIKE_ESCAPE)]);
    if (typeof pattern.constant !== "string") this.#fail(node.pattern, "the pattern must be written out", "a text");
    return call("regexp_like", [value, literal(this.#regex(node, pattern.constant as string, escaped_by))]);
  }

  #regex({ operator, pattern: at }: Node<"match">, pattern: string, escaped_by: string | null): string {
    const regex = regexOf(operator, pattern, escaped_by);
    const fault = regexFault(regex);
    return fault === null
      ? regex
      : this.#fail(at, `the regular expression is not valid: ${fault}`, "a valid regular expression (RE2 syntax)");
  }

  #case({ value, branches, otherwise }: Node<"case">): Typed {
    const args = branches.flatMap(({ when, result }) => [
      value ? this.#compare("=", value, when) : this.#condition(when),
      this.value(result),
    ]);
    return call("if", otherwise ? [...args, this.value(otherwise)] : args);
  }

  #zone(node: Node<"zone">): Typed {
    const value = alike(this.compile(node.value), { ...literal(null), type: "time" }, node.value, this.#reading);
    if (node.zone.kind === "text" && /^(?:utc|z|gmt|etc\/utc|\+00:?00)$/i.test(node.zone.value)) return value;
    return this.#fail(
      node.zone,
      "times are in UTC; no other zone is possible here",
      "date_trunc('day', timestamp, '+02:00'), with an offset as its third argument",
    );
  }

  #call(node: Node<"call">): Typed {
    const own = timeFunction(node, (part) => this.compile(part), this.#reading);
    if (own) return own;
    const name = /^[a-z]/.test(node.name) && node.name !== "now" ? functionName(node.name) : null;
    if (name === null) {
      const names = [...FUNCTION_NAMES, ...AGGREGATE_NAMES];
      this.#fail(node, `there is no function ${node.name}`, "the name of a function", suggest(node.name, names));
    }
    if (node.distinct || node.filter || node.within || node.ordered || node.star) {
      this.#fail(node, `${node.name} is not an aggregate`, `${node.name}(…) with its arguments alone`);
    }
    const args = node.args.map((argument, index) => this.#argument(name!, argument, index, node.args.length));
    const fault = checkCall(
      name!,
      args.map(({ expression }) => expression),
    );
    if (fault) this.#fail(node.args[fault.argument] ?? node, `${node.name} cannot be called like this`, fault.expected);
    return call(name!, args);
  }

  #argument(name: string, node: SqlExpression, index: number, count: number): Typed {
    const typed = this.compile(node);
    const wanted = parameterAt(functionOf(name)!, index, count)?.type;
    if (wanted === "time") return alike(typed, { ...literal(null), type: "time" }, node, this.#reading);
    if (typed.type !== "interval") return typed;
    if (wanted === "number") return seconds(typed, node, this.#reading);
    return this.#fail(node, "an interval is not possible here", "another value");
  }
}

/** The regular expression of `~`, `~*` and SIMILAR TO. */
export function regexOf(operator: Node<"match">["operator"], pattern: string, escaped_by: string | null): string {
  if (operator === "similar") return similarRegex(pattern, escaped_by ?? LIKE_ESCAPE);
  return operator === "iregex" ? `(?i)${pattern}` : pattern;
}

/** Levels that stand in the relation to one; for columns of a table, too, whose texts are not known to be levels otherwise. */
export function levelsBeside(operator: Comparison, level: string): string[] {
  const rank = severityOf(level);
  const holds: Record<Comparison, (index: number) => boolean> = {
    "=": (index) => index === rank,
    "!=": (index) => index !== rank,
    "<": (index) => index < rank,
    "<=": (index) => index <= rank,
    ">": (index) => index > rank,
    ">=": (index) => index >= rank,
  };
  return LEVELS.filter((_, index) => holds[operator](index));
}

export const FLIPPED: Readonly<Record<Comparison, Comparison>> = { "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

function compareLevels(operator: Comparison, left: Typed, right: Typed): Typed | null {
  if (left.type === "level" && typeof right.constant === "string") return amongLevels(left, levelsBeside(operator, right.constant));
  if (right.type === "level" && typeof left.constant === "string")
    return amongLevels(right, levelsBeside(FLIPPED[operator], left.constant));
  return null;
}

/** Null stays null. */
function amongLevels(value: Typed, levels: readonly string[]): Typed {
  if (levels.length === 0) return call("if", [call("isnull", [value]), literal(null), literal(false)]);
  return call("in", [value, ...levels.map(literal)]);
}

export type { ValueType };
