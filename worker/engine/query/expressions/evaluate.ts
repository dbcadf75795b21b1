import type { Column, EventBatch } from "../../batch/event-batch.ts";
import { matchComparison } from "../filters/match-comparison.ts";
import type { Expression } from "./expression.ts";
import { expressionType, type ValueType } from "./expression-type.ts";
import { fieldVector, type Selection } from "./field-vector.ts";
import { type Argument, type ExpressionFunction, TextBudget } from "./functions/function.ts";
import { functionOf } from "./functions/functions.ts";
import { toColumn } from "./to-column.ts";
import {
  type BytesVector,
  boolsOf,
  constantOf,
  constantVector,
  type IndexedVector,
  isConstant,
  type PlainVector,
  plain,
  type Vector,
} from "./vector.ts";

/**
 * Values of an expression for the given rows (ascending) of a batch, as a column of all its rows; rows that were not asked for are null.
 * Times are microseconds since the epoch. Values of several kinds become texts.
 * @throws QueryLimitError where it makes too much text
 */
export function evaluate(expression: Expression, batch: EventBatch, rows: Uint32Array): Column {
  return toColumn(evaluateVector(expression, batch, rows), rows, batch.rows);
}

/** As `evaluate`, with a value for each of the rows. */
export function evaluateVector(expression: Expression, batch: EventBatch, rows: Uint32Array): Vector {
  return new Evaluation({ batch, rows }).valuesOf(expression);
}

/** Clears the rows of `mask` for which the condition is not true. */
export function matchExpression(condition: Expression, batch: EventBatch, mask: Uint8Array): void {
  if (matchComparison(condition, batch, mask)) return;
  if (condition.kind === "call" && condition.name === "and") {
    for (const part of condition.args) matchExpression(part, batch, mask);
    return;
  }
  const rows = rowsOf(mask);
  if (rows.length === 0) return;
  const { values, stride } = boolsOf(plain(evaluateVector(condition, batch, rows)));
  for (let index = 0; index < rows.length; index++) if (values[index * stride] !== 1) mask[rows[index]!] = 0;
}

/** The rows of a mask, ascending. */
export function rowsOf(mask: Uint8Array): Uint32Array {
  const rows = new Uint32Array(mask.length);
  let count = 0;
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1) rows[count++] = row;
  return rows.subarray(0, count);
}

/** One pass over some rows: fields are read once. */
class Evaluation {
  readonly #selection: Selection;
  readonly #fields = new Map<string, Vector>();
  readonly #budget = new TextBudget();

  constructor(selection: Selection) {
    this.#selection = selection;
  }

  valuesOf(expression: Expression): Vector {
    if (expression.kind === "literal") return constantVector(expression.value);
    if (expression.kind === "field") return this.#field(expression.field);
    const definition = functionOf(expression.name);
    if (!definition) throw new TypeError(`there is no function ${expression.name}`);
    const vectors = expression.args.map((argument) => this.valuesOf(argument));
    const types = expression.args.map(expressionType);
    return this.#call(definition, vectors, types);
  }

  #field(field: string): Vector {
    let values = this.#fields.get(field);
    if (!values) {
      values = fieldVector(this.#selection, field);
      this.#fields.set(field, values);
    }
    return values;
  }

  #call(definition: ExpressionFunction, vectors: readonly Vector[], types: readonly ValueType[]): Vector {
    return (
      this.#callOnDistinct(definition, vectors, types) ??
      callOnBytes(definition, vectors) ??
      definition.run(argumentsOf(vectors.map(plain), types), this.#selection.rows.length, this.#budget)
    );
  }

  /** Where all that varies comes from one dictionary, its distinct values are computed instead of all rows. */
  #callOnDistinct(definition: ExpressionFunction, vectors: readonly Vector[], types: readonly ValueType[]): Vector | null {
    const varying = vectors.filter((vector): vector is IndexedVector => vector.type === "indexed");
    const codes = varying[0]?.codes;
    if (!codes) return null;
    if (!vectors.every((vector) => (vector.type === "indexed" ? vector.codes === codes : isConstant(vector)))) return null;
    const distinct = vectors.map((vector) => (vector.type === "indexed" ? vector.of : (vector as PlainVector)));
    const length = Math.max(...varying.map(({ of }) => of.values.length));
    const of = definition.run(argumentsOf(distinct, types), length, this.#budget);
    return of.stride === 0 ? of : { type: "indexed", of, codes };
  }
}

function argumentsOf(vectors: readonly PlainVector[], types: readonly ValueType[]): Argument[] {
  return vectors.map((vector, index) => ({ vector, type: types[index]! }));
}

function callOnBytes(definition: ExpressionFunction, vectors: readonly Vector[]): Vector | null {
  const [first, ...others] = vectors;
  if (!definition.runBytes || first?.type !== "bytes" || !others.every(isConstant)) return null;
  return definition.runBytes(
    first as BytesVector,
    others.map((vector) => constantOf(vector as PlainVector)),
  );
}
