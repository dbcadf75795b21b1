import { matchExpression } from "../expressions/evaluate.ts";
import type { Expression } from "../expressions/expression.ts";
import { countCalls, visitFields } from "../expressions/expression-type.ts";
import { parseExpression } from "../expressions/parse-expression.ts";
import { printExpression } from "../expressions/print-expression.ts";
import type { Scanner } from "../scanner.ts";
import { fieldCost } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";

/** `expr(duration_ms > 2 * limit_ms)`: the condition is true. */
export interface ExpressionFilter {
  kind: "expression";
  expression: Expression;
}

export const expressionKind: FilterKind<ExpressionFilter> = {
  print: ({ expression }) => `expr(${printExpression(expression)})`,
  fields: (filter, visit) => visitFields(filter.expression, visit),
  cost({ expression }, batch) {
    let cost = 5 * countCalls(expression);
    visitFields(expression, (field) => {
      cost += fieldCost(batch, field);
    });
    return cost;
  },
  apply: ({ expression }, batch, mask) => matchExpression(expression, batch, mask),
};

/** After `expr(`. */
export function parseExpressionFilter(scanner: Scanner): ExpressionFilter {
  const expression = parseExpression(scanner);
  scanner.expectMark(")", "an operator or the closing ) of expr");
  return { kind: "expression", expression };
}
