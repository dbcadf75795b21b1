import type { Column, EventBatch } from "../../batch/event-batch.ts";
import { evaluateVector, rowsOf } from "../expressions/evaluate.ts";
import type { Expression } from "../expressions/expression.ts";
import { expressionType } from "../expressions/expression-type.ts";
import { toColumn } from "../expressions/to-column.ts";
import { asLevels, asTexts } from "../expressions/vector.ts";
import { applyFilter } from "../filters/filters.ts";
import type { EventStep } from "../plan.ts";
import { withColumns } from "./computed-batch.ts";
import { isDictionaryField, isTextField } from "./computed-name.ts";
import { extractColumns, extractedFields } from "./extract.ts";

/**
 * The batch after the steps and those of the rows (ascending) that are left. Columns of the batch are read only where a step asks for them;
 * computed ones are null in rows that were not asked for.
 * @throws QueryLimitError where an expression makes too much text
 */
export function runSteps(steps: readonly EventStep[], batch: EventBatch, rows: Uint32Array): { batch: EventBatch; rows: Uint32Array } {
  let state = { batch, rows };
  for (const step of steps) state = runStep(step, state.batch, state.rows);
  return state;
}

function runStep(step: EventStep, batch: EventBatch, rows: Uint32Array): { batch: EventBatch; rows: Uint32Array } {
  switch (step.kind) {
    case "where": {
      const mask = new Uint8Array(batch.rows);
      for (let index = 0; index < rows.length; index++) mask[rows[index]!] = 1;
      applyFilter(step.filter, batch, mask);
      return { batch, rows: rowsOf(mask) };
    }
    case "eval": {
      const column = computedColumn(step.field, step.expression, batch, rows);
      return { batch: withColumns(batch, new Map([[step.field, column]])), rows };
    }
    case "extract":
      return { batch: withColumns(batch, extractColumns(step, batch, rows)), rows };
  }
}

/** Whether the steps make of an event what depends on the others of its batch: of fields that only the events name, the first ones are made. */
export function computesByBatch(steps: readonly EventStep[]): boolean {
  return steps.some((step) => step.kind === "extract" && !extractedFields(step.by));
}

/** Every row. */
export function stepRows(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

/**
 * An expression as the column of a field: times are texts in RFC 3339 (`to_number` of one keeps its microseconds), an event's own fields
 * hold texts only, and `level` the names of levels.
 */
export function computedColumn(field: string, expression: Expression, batch: EventBatch, rows: Uint32Array): Column {
  const type = expressionType(expression);
  const vector = evaluateVector(expression, batch, rows);
  if (type !== "time" && !isTextField(field)) return toColumn(vector, rows, batch.rows);
  const texts = asTexts(vector, type);
  return toColumn(field === "level" ? asLevels(texts) : texts, rows, batch.rows, isDictionaryField(field));
}
