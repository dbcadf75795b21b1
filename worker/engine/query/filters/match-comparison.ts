import type { EventBatch, NumberColumn } from "../../batch/event-batch.ts";
import type { Expression } from "../expressions/expression.ts";
import { scalarOf } from "../expressions/field-vector.ts";
import { compareScalars, type Comparison as Operator } from "../expressions/functions/comparison.ts";
import { attributeName, isAttribute, isTimeField } from "../fields.ts";
import { forEachRest } from "../rest.ts";
import { isEmpty } from "./mask.ts";

const MIRRORED: Readonly<Record<string, Operator>> = { "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/**
 * Clears the rows of `mask` in which a column of numbers does not compare so with a number, without making a value for each row.
 * @returns false, the mask untouched, where the condition is none of that kind
 */
export function matchComparison(condition: Expression, batch: EventBatch, mask: Uint8Array): boolean {
  if (condition.kind !== "call" || !Object.hasOwn(MIRRORED, condition.name)) return false;
  const [left, right] = condition.args as [Expression, Expression];
  if (left.kind === "field" && right.kind === "literal")
    return compareField(left.field, condition.name as Operator, right.value, batch, mask);
  if (right.kind === "field" && left.kind === "literal")
    return compareField(right.field, MIRRORED[condition.name]!, left.value, batch, mask);
  return false;
}

function compareField(field: string, operator: Operator, value: unknown, batch: EventBatch, mask: Uint8Array): boolean {
  if (typeof value !== "number" || isTimeField(field) || field === "fingerprint") return false;
  const column = batch.columns.get(field);
  if ((column?.kind !== "int64" && column?.kind !== "double") || column.dictionary) return false;
  const { present } = column;
  const from_rest = present && isAttribute(field) && batch.rest ? mask.map((asked, row) => asked & (1 - present[row]!)) : null;
  if (present) clearAbsent(present, mask);
  compareNumbers(column, operator, value, mask);
  if (!from_rest || isEmpty(from_rest)) return true;
  forEachRest(batch, attributeName(field), from_rest, (row, other) => {
    if (compareScalars(operator, scalarOf(other), value) === 1) mask[row] = 1;
  });
  return true;
}

function clearAbsent(present: Uint8Array, mask: Uint8Array): void {
  for (let row = 0; row < mask.length; row++) if (present[row] === 0) mask[row] = 0;
}

/** A loop for each operator: one loop that asks which it is costs several times as much. */
function compareNumbers({ values }: NumberColumn, operator: Operator, value: number, mask: Uint8Array): void {
  const rows = mask.length;
  if (operator === "=") for (let row = 0; row < rows; row++) mask[row]! &= values[row]! === value ? 1 : 0;
  else if (operator === "!=") for (let row = 0; row < rows; row++) mask[row]! &= values[row]! !== value ? 1 : 0;
  else if (operator === "<") for (let row = 0; row < rows; row++) mask[row]! &= values[row]! < value ? 1 : 0;
  else if (operator === "<=") for (let row = 0; row < rows; row++) mask[row]! &= values[row]! <= value ? 1 : 0;
  else if (operator === ">") for (let row = 0; row < rows; row++) mask[row]! &= values[row]! > value ? 1 : 0;
  else for (let row = 0; row < rows; row++) mask[row]! &= values[row]! >= value ? 1 : 0;
}
