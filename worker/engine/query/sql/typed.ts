/** An expression of SQL made ready: what computes it, what kind of values it gives, and its value where that is known already. */
import { formatTimestamp_us } from "../../batch/record.ts";
import { evaluateVector } from "../expressions/evaluate.ts";
import type { Expression } from "../expressions/expression.ts";
import { expressionType } from "../expressions/expression-type.ts";
import type { ValueType } from "../expressions/value-type.ts";
import { constantOf, isConstant, type Scalar } from "../expressions/vector.ts";
import type { Interval } from "./interval.ts";

export interface Typed {
  expression: Expression;
  /** Of a column of a table also what its texts stand for: times, levels. */
  type: ValueType | "interval";
  /** Where the value does not depend on events; times in microseconds. */
  constant?: Scalar;
  /** Of a number that is written out: all of its digits, more than a double has. */
  digits?: string;
  /** Where the type is "interval". */
  interval?: Interval;
}

export function literal(value: Scalar): Typed {
  const expression: Expression = { kind: "literal", value };
  return { expression, type: expressionType(expression), constant: value };
}

export function timeConstant(time_us: number): Typed {
  const text: Expression = { kind: "literal", value: formatTimestamp_us(time_us) };
  return { expression: { kind: "call", name: "to_time", args: [text] }, type: "time", constant: time_us };
}

/** Intervals do not stand in expressions: only what is made of them does. */
export function intervalConstant(interval: Interval): Typed {
  return { expression: { kind: "literal", value: interval.us / 1e6 }, type: "interval", interval };
}

export function fieldOfType(field: string, type: ValueType): Typed {
  return { expression: { kind: "field", field }, type };
}

const NO_ROWS = {
  rows: 1,
  timestamp_us: new Float64Array(1),
  ingest_us: new Float64Array(1),
  columns: new Map(),
  rest: null,
};

/** A call of a function of expressions, computed at once where its arguments are known. */
export function call(name: string, args: readonly Typed[]): Typed {
  const expression: Expression = { kind: "call", name, args: args.map((argument) => argument.expression) };
  const typed: Typed = { expression, type: expressionType(expression) };
  if (args.length === 0 || args.some(({ constant }) => constant === undefined)) return typed;
  const vector = evaluateVector(expression, NO_ROWS, Uint32Array.of(0));
  if (!isConstant(vector)) return typed;
  const constant = constantOf(vector);
  if (typed.type !== "time") return { ...literal(constant), type: typed.type === "any" ? literal(constant).type : typed.type };
  return constant === null ? literal(null) : timeConstant(constant as number);
}
