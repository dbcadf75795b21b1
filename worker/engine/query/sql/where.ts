/**
 * Conditions as filters, so that segments, row groups and pages can be left out. SQL's logic has three values; a filter is true or not. So each
 * condition is asked for by the verdict that is wanted: the filter for the rows where it is true, or for those where it is false, which are
 * not simply the others.
 */
import { QUERY_TERMS_MAX } from "../../../limits.ts";
import { isAttribute, isTimeField } from "../fields.ts";
import type { Filter } from "../filters/filter.ts";
import { ALL } from "../filters/filter-all.ts";
import { and } from "../filters/filter-and.ts";
import { equal } from "../filters/filter-equal.ts";
import { not } from "../filters/filter-not.ts";
import { or } from "../filters/filter-or.ts";
import { phrase } from "../filters/filter-phrase.ts";
import type { Operand } from "../filters/operand.ts";
import { alike, type Reading } from "./comparison.ts";
import { type ExpressionCompiler, FLIPPED, regexOf } from "./expressions.ts";
import { fail } from "./fail.ts";
import { LIKE_ESCAPE, likeParts, regexFault } from "./patterns.ts";
import type { Comparison, SqlExpression } from "./syntax.ts";
import { call, type Typed } from "./typed.ts";

type Node<K extends SqlExpression["kind"]> = Extract<SqlExpression, { kind: K }>;

/** No row at all; of a time before every event, so that nothing is read for it. */
export const NEVER: Filter = and([
  { kind: "not", filter: ALL },
  { kind: "compare", field: "timestamp", operator: "<", operand: { kind: "time", time_us: Number.MIN_SAFE_INTEGER } },
]);

const OPPOSITE: Readonly<Record<Comparison, Comparison>> = { "=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<" };

export class ConditionCompiler {
  readonly #reading: Reading;
  readonly #expressions: ExpressionCompiler;
  #terms = 0;

  constructor(reading: Reading, expressions: ExpressionCompiler) {
    this.#reading = reading;
    this.#expressions = expressions;
  }

  /** @param wanted the verdict of the rows that the filter takes; a row of which the verdict is null has neither */
  filter(node: SqlExpression, wanted: boolean): Filter {
    switch (node.kind) {
      case "junction": {
        const filters = node.operands.map((operand) => this.filter(operand, wanted));
        return (node.operator === "and") === wanted ? allOf(filters) : anyOf(filters);
      }
      case "not":
        return this.filter(node.operand, !wanted);
      case "istrue":
        return this.#isTrue(node, wanted);
      default:
        break;
    }
    if (++this.#terms > QUERY_TERMS_MAX)
      fail(`a statement has at most ${QUERY_TERMS_MAX} conditions`, node, this.#reading.source, "fewer conditions");
    return this.#leaf(node, wanted);
  }

  /** IS TRUE and its kind are never null. */
  #isTrue({ value, wanted: asked, negated }: Node<"istrue">, wanted: boolean): Filter {
    const filter = this.filter(value, asked);
    return wanted === negated ? not(filter) : filter;
  }

  #leaf(node: SqlExpression, wanted: boolean): Filter {
    switch (node.kind) {
      case "compare":
        return this.#compare(node, wanted) ?? this.#expression(node, wanted);
      case "between":
        return this.#between(node, wanted);
      case "in":
        return this.#in(node, wanted) ?? this.#expression(node, wanted);
      case "match":
        return this.#match(node, wanted) ?? this.#expression(node, wanted);
      case "isnull": {
        const field = this.#fieldOf(node.value);
        if (field === null) return this.#expression(node, wanted);
        const present: Filter = isTimeField(field) ? ALL : { kind: "exists", field };
        return node.negated === wanted ? present : present.kind === "all" ? NEVER : not(present);
      }
      case "distinct":
        return this.#distinct(node, wanted) ?? this.#expression(node, wanted);
      case "name": {
        const field = this.#fieldOf(node);
        return field !== null && isAttribute(field) ? equal(field, String(wanted)) : this.#expression(node, wanted);
      }
      default:
        return this.#expression(node, wanted);
    }
  }

  /** The name of a column as it is stored; null for what is computed. */
  #fieldOf(node: SqlExpression): string | null {
    if (node.kind !== "name") return null;
    const { expression } = this.#expressions.compile(node);
    return expression.kind === "field" ? expression.field : null;
  }

  /** Anything else is computed row by row. */
  #expression(node: SqlExpression, wanted: boolean): Filter {
    const typed = this.#expressions.value(node);
    if (typed.type === "number" || typed.type === "time")
      fail("this is no condition", node, this.#reading.source, "a condition, such as a comparison");
    if (typed.constant !== undefined) return typed.constant === wanted ? ALL : NEVER;
    const { expression } = typed;
    return { kind: "expression", expression: wanted ? expression : { kind: "call", name: "not", args: [expression] } };
  }

  #compare(node: Node<"compare">, wanted: boolean): Filter | null {
    const operator = wanted ? node.operator : OPPOSITE[node.operator];
    const left = this.#fieldOf(node.left);
    const right = this.#fieldOf(node.right);
    if (left !== null && right === null) return this.#compareField(left, operator, node.right, node.left);
    if (right !== null && left === null) return this.#compareField(right, FLIPPED[operator], node.left, node.right);
    return null;
  }

  #compareField(field: string, operator: Comparison, other: SqlExpression, name: SqlExpression): Filter | null {
    const constant = this.#constant(other, name);
    if (constant?.constant === null) return NEVER;
    if (constant === null || (constant.type === "time") !== isTimeField(field)) return null;
    if (operator === "=") return equalTo(field, constant);
    if (operator === "!=") return differs(field, equalTo(field, constant));
    const operand = ordered(field, constant);
    return operand && { kind: "compare", field, operator, operand };
  }

  /** A value that is known now, as it is compared with the field; null where it depends on events. */
  #constant(node: SqlExpression, name: SqlExpression): Typed | null {
    const field = this.#expressions.compile(name);
    const typed = alike(this.#expressions.compile(node), field, node, this.#reading);
    if (typed.constant === undefined || typed.constant === null) return typed.constant === undefined ? null : typed;
    return field.type === "time" && typed.type === "number" ? call("to_time", [typed]) : typed;
  }

  #between(node: Node<"between">, wanted: boolean): Filter {
    const field = this.#fieldOf(node.value);
    const low = field === null ? null : this.#constant(node.low, node.value);
    const high = field === null ? null : this.#constant(node.high, node.value);
    if (field === null || !low || !high) return this.#expression(node, wanted);
    const inside = wanted !== node.negated;
    const at = { position: node.position, end: node.end };
    const above: SqlExpression = { ...at, kind: "compare", operator: inside ? ">=" : "<", left: node.value, right: node.low };
    const below: SqlExpression = { ...at, kind: "compare", operator: inside ? "<=" : ">", left: node.value, right: node.high };
    const [min, max] = [ordered(field, low), ordered(field, high)];
    if (inside && min && max && min.kind === max.kind) {
      return { kind: "range", field, min: { operand: min, inclusive: true }, max: { operand: max, inclusive: true } };
    }
    const filters = [this.filter(above, true), this.filter(below, true)];
    return inside ? allOf(filters) : anyOf(filters);
  }

  #in(node: Node<"in">, wanted: boolean): Filter | null {
    const field = this.#fieldOf(node.value);
    if (field === null) return null;
    const constants = node.items.map((item) => this.#constant(item, node.value));
    const usable = (constant: Typed | null) =>
      constant !== null && (constant.constant === null || (constant.type === "time") === isTimeField(field));
    if (!constants.every(usable)) return null;
    this.#terms += constants.length - 1;
    const values = (constants as Typed[]).filter(({ constant }) => constant !== null);
    const inside = wanted !== node.negated;
    // Beside a null no value is known to be missing from the list.
    if (values.length === 0 || (!inside && values.length < constants.length)) return NEVER;
    const among = oneOf(field, values);
    return inside ? among : differs(field, among);
  }

  #distinct(node: Node<"distinct">, wanted: boolean): Filter | null {
    const field = this.#fieldOf(node.left);
    const constant = field === null ? null : this.#constant(node.right, node.left);
    if (field === null || !constant || constant.constant === null || isTimeField(field)) return null;
    const same = equalTo(field, constant);
    return wanted !== node.negated ? not(same) : same;
  }

  #match(node: Node<"match">, wanted: boolean): Filter | null {
    const field = this.#fieldOf(node.value);
    if (field === null || isTimeField(field) || node.pattern.kind !== "text") return null;
    const filter = matching(field, node);
    if (!filter) return null;
    return wanted !== node.negated ? filter : differs(field, filter);
  }
}

function allOf(filters: readonly Filter[]): Filter {
  return filters.includes(NEVER) ? NEVER : and(filters);
}

function anyOf(filters: readonly Filter[]): Filter {
  const possible = filters.filter((filter) => filter !== NEVER);
  if (possible.length === 0) return NEVER;
  return possible.some(({ kind }) => kind === "all") ? ALL : or(possible as [Filter, ...Filter[]]);
}

/** The field has a value, and another one. */
function differs(field: string, filter: Filter): Filter {
  return isTimeField(field) ? not(filter) : and([{ kind: "exists", field }, not(filter)]);
}

function equalTo(field: string, { constant, type, digits }: Typed): Filter {
  if (type === "time") return { kind: "compare", field, operator: "=", operand: { kind: "time", time_us: constant as number } };
  if (typeof constant === "number")
    return { kind: "compare", field, operator: "=", operand: { kind: "number", text: digits ?? String(constant) } };
  return equal(field, String(constant));
}

/** What the field is ordered by; null where that depends on each value. */
function ordered(field: string, { constant, type, digits }: Typed): Operand | null {
  if (type === "time") return isTimeField(field) ? { kind: "time", time_us: constant as number } : null;
  if (isTimeField(field)) return null;
  if (typeof constant === "number") return { kind: "number", text: digits ?? String(constant) };
  if (field === "level" && typeof constant === "string") return { kind: "level", level: constant };
  return typeof constant === "string" && !isAttribute(field) ? { kind: "text", text: constant } : null;
}

function oneOf(field: string, values: readonly Typed[]): Filter {
  const texts = values.flatMap(({ constant, type }) => (type !== "time" && typeof constant !== "number" ? [String(constant)] : []));
  const together = field !== "message" && !isTimeField(field) && texts.length > 1;
  const others = together ? values.filter(({ constant, type }) => type === "time" || typeof constant === "number") : values;
  const filters: Filter[] = others.map((value) => equalTo(field, value));
  if (together) filters.unshift({ kind: "in", field, values: texts });
  return or(filters as [Filter, ...Filter[]]);
}

function matching(field: string, node: Node<"match">): Filter | null {
  const { value: pattern, escaped_by } = node.pattern as Node<"text">;
  if (node.operator === "like" || node.operator === "ilike") {
    const parts = likeParts(pattern, escaped_by ?? LIKE_ESCAPE);
    return parts && (node.operator === "like" ? likeFilter(field, parts) : ilikeFilter(field, parts));
  }
  const regex = regexOf(node.operator, pattern, escaped_by);
  return regexFault(regex) === null ? { kind: "regex", field, pattern: regex } : null;
}

function likeFilter(field: string, parts: string[]): Filter | null {
  if (parts.length > 1 && parts.every((part) => part === "")) return { kind: "exists", field };
  if (parts.length === 3 && parts[0] === "" && parts[2] === "") return { kind: "contains", field, text: parts[1]! };
  if (parts.length > 1) return wildcard(field, parts);
  // Where values may be numbers, equal would take other spellings of them.
  return isAttribute(field) ? null : equal(field, parts[0]!);
}

/** In messages the longest of the texts is looked for first: its words can show where it is not. */
function wildcard(field: string, parts: string[]): Filter {
  const filter: Filter = { kind: "wildcard", field, parts };
  if (field !== "message") return filter;
  const longest = parts.reduce((best, part) => (part.length > best.length ? part : best));
  return and([{ kind: "contains", field, text: longest }, filter]);
}

function ilikeFilter(field: string, parts: string[]): Filter | null {
  if (parts.length > 1 && parts.every((part) => part === "")) return { kind: "exists", field };
  if (parts.length === 1) return { kind: "icase", field, value: parts[0]! };
  return parts.length === 3 && parts[0] === "" && parts[2] === "" ? phrase(field, parts) : null;
}
