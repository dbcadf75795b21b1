import { EXPRESSION_DEPTH_MAX } from "../../../limits.ts";
import { STRING_FIELDS } from "../../batch/event-batch.ts";
import { isTimeField } from "../fields.ts";
import type { Expression } from "./expression.ts";
import { type ExpressionFunction, parameterAt } from "./functions/function.ts";
import { functionOf } from "./functions/functions.ts";
import type { ValueType } from "./value-type.ts";

export type { ValueType } from "./value-type.ts";

/** What kind of values an expression gives, as far as its text tells. */
export function expressionType(expression: Expression): ValueType {
  switch (expression.kind) {
    case "literal":
      return literalType(expression.value);
    case "field":
      return fieldType(expression.field);
    case "call": {
      const result = functionOf(expression.name)?.result ?? "any";
      return typeof result === "string" ? result : result(expression.args.map(expressionType));
    }
  }
}

function literalType(value: string | number | boolean | null): ValueType {
  if (value === null) return "null";
  return typeof value === "string" ? "text" : typeof value === "number" ? "number" : "bool";
}

function fieldType(field: string): ValueType {
  if (isTimeField(field)) return "time";
  if (field === "level") return "level";
  return field === "fingerprint" || (STRING_FIELDS as readonly string[]).includes(field) ? "text" : "any";
}

/** Visits the columns whose values an expression reads. */
export function visitFields(expression: Expression, visit: (field: string) => void): void {
  if (expression.kind === "field") visit(expression.field);
  else if (expression.kind === "call") for (const argument of expression.args) visitFields(argument, visit);
}

/** Calls of functions within an expression, itself included. */
export function countCalls(expression: Expression): number {
  return expression.kind === "call" ? expression.args.reduce((sum, argument) => sum + countCalls(argument), 1) : 0;
}

export function depthOf(expression: Expression): number {
  return expression.kind === "call" ? 1 + Math.max(0, ...expression.args.map(depthOf)) : 0;
}

/** What is wrong with a call: an argument (by its place, -1 for their number) and what was expected of it. */
export interface CallFault {
  argument: number;
  expected: string;
}

/** Whether a function takes these arguments; null where it does. */
export function checkCall(name: string, args: readonly Expression[]): CallFault | null {
  const definition = functionOf(name);
  if (!definition) return { argument: -1, expected: "the name of a function" };
  if (!takesCount(definition, args.length)) return { argument: -1, expected: signature(name) };
  for (const [index, argument] of args.entries()) {
    const constant = parameterAt(definition, index, args.length)?.constant;
    if (!constant) continue;
    const fault = constant(argument.kind === "literal" ? argument.value : null);
    if (fault !== null) return { argument: index, expected: fault };
  }
  return null;
}

function takesCount(definition: ExpressionFunction, count: number): boolean {
  const { parameters, repeats } = definition;
  const least = parameters.filter(({ optional }) => !optional).length;
  if (count < least) return false;
  if (count <= parameters.length) return true;
  if (!repeats) return false;
  const further = (count - parameters.length) % repeats.count;
  return further === 0 || (repeats.last !== undefined && further === 1);
}

/** How a function is called: `round(x, [digits])`. */
export function signature(name: string): string {
  const definition = functionOf(name);
  if (!definition) return name;
  const { parameters, repeats } = definition;
  const shown = parameters.map(({ name: own, optional }) => (optional ? `[${own}]` : own));
  if (repeats) shown.push("…");
  if (repeats?.last) shown.push(`[${repeats.last.name}]`);
  return `${name}(${shown.join(", ")})`;
}

/**
 * Checks a whole expression that was not parsed but made: names, numbers of arguments, constants, depth.
 * @returns what is wrong, in words; null where nothing is
 */
export function checkExpression(expression: Expression): string | null {
  if (depthOf(expression) > EXPRESSION_DEPTH_MAX) return `an expression is at most ${EXPRESSION_DEPTH_MAX} calls deep`;
  return checkParts(expression);
}

function checkParts(expression: Expression): string | null {
  if (expression.kind !== "call") return null;
  const fault = checkCall(expression.name, expression.args);
  if (fault) {
    const place = fault.argument < 0 ? "" : ` as argument ${fault.argument + 1}`;
    return `${expression.name} needs ${fault.expected}${place}`;
  }
  for (const argument of expression.args) {
    const inner = checkParts(argument);
    if (inner !== null) return inner;
  }
  return null;
}
