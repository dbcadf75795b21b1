import { EXPRESSION_TEXT_LENGTH_MAX, EXPRESSION_TEXTS_LENGTH_MAX } from "../../../../limits.ts";
import { QueryLimitError } from "../../query-limit-error.ts";
import type { ValueType } from "../value-type.ts";
import {
  type BytesVector,
  boolsOf,
  boolVector,
  NULL_BOOL,
  numbersOf,
  numberVector,
  type PlainVector,
  type Scalar,
  scalarAt,
  textsOf,
  textVector,
  timesOf,
  type Vector,
} from "../vector.ts";

/** What a function takes. Values of another type are converted: texts that spell numbers are numbers, whatever is asked for as text is text. */
export interface Parameter {
  name: string;
  type: "number" | "text" | "bool" | "time" | "any";
  /** May be left out, as may all that follow. */
  optional?: true;
  /** Must be written out in the query; what is wrong with the value, in words that follow "expected", or null. */
  constant?: (value: Scalar) => string | null;
  /** A regular expression: backslashes are written as in it, no further ones. */
  verbatim?: true;
}

export interface Argument {
  vector: PlainVector;
  type: ValueType;
}

/** Bounds what one evaluation makes. */
export class TextBudget {
  #left = EXPRESSION_TEXTS_LENGTH_MAX;

  /** @throws QueryLimitError where the evaluation makes too much text */
  spend(length: number): void {
    this.#left -= length;
    if (this.#left < 0)
      throw new QueryLimitError(`an expression makes more than ${EXPRESSION_TEXTS_LENGTH_MAX} characters of text at once`);
  }
}

/** One entry of the table of functions, from which parsing, suggestions, documentation and SQL take what they need. */
export interface ExpressionFunction {
  /** Other names that mean the same. */
  aliases?: readonly string[];
  parameters: readonly Parameter[];
  /** How many parameters at the end may come again and again; `last` is one more after them. */
  repeats?: { count: number; last?: Parameter };
  result: ValueType | ((types: readonly ValueType[]) => ValueType);
  /** One sentence. */
  doc: string;
  /** A call and what it gives, as JSON has it. */
  example: readonly [call: string, gives: Scalar];
  /**
   * Values for `length` rows, or for one where all arguments are constant.
   * Arguments have their own types; `converted` makes them what the parameters ask for.
   */
  run(args: readonly Argument[], length: number, budget: TextBudget): PlainVector;
  /** A shorter way where the first argument is a column of texts and the others are constants; null where there is none. */
  runBytes?(first: BytesVector, others: readonly Scalar[]): Vector | null;
}

/** The parameter of the argument at this place. */
export function parameterAt({ parameters, repeats }: ExpressionFunction, index: number, count: number): Parameter | null {
  if (repeats?.last && index === count - 1 && index >= parameters.length && (index - parameters.length) % repeats.count === 0)
    return repeats.last;
  if (index < parameters.length) return parameters[index]!;
  if (!repeats) return null;
  return parameters[parameters.length - repeats.count + ((index - parameters.length) % repeats.count)]!;
}

/** An argument's values as a parameter asks for them. */
export function converted({ vector, type }: Argument, wanted: Parameter["type"]): PlainVector {
  switch (wanted) {
    case "number":
      return numbersOf(vector);
    case "text":
      return textsOf(vector, type);
    case "bool":
      return boolsOf(vector);
    case "time":
      return timesOf(vector, type);
    default:
      return vector;
  }
}

/** Rows of a result: one where all arguments are constant. */
export function resultLength(args: readonly Argument[], length: number): number {
  return args.every(({ vector }) => vector.stride === 0) ? 1 : length;
}

/** A result of `resultLength` values. */
export function withStride<V extends PlainVector>(vector: V, args: readonly Argument[]): V {
  return args.every((argument) => argument.vector.stride === 0) ? { ...vector, stride: 0 } : vector;
}

type ScalarFunction = (...values: never[]) => Scalar;
type Cells = ArrayLike<Scalar>;

interface ScalarDefinition extends Omit<ExpressionFunction, "run" | "result"> {
  result: "number" | "text" | "bool" | "time";
  /** On values that are none of them null; arguments left out are undefined. */
  of: ScalarFunction;
  /** Results can be longer than what they are made of. */
  grows?: true;
}

/** A function of single values, null where an argument is. */
export function scalar({ of, grows, ...definition }: ScalarDefinition): ExpressionFunction {
  const { parameters, result } = definition;
  return {
    ...definition,
    run(args, length, budget) {
      const apply = grows ? spending(of, budget) : (of as (...values: Scalar[]) => Scalar);
      const cells = args.map((argument, index) => cellsOf(converted(argument, parameters[index]!.type)));
      const strides = args.map(({ vector }) => vector.stride);
      const rows = resultLength(args, length);
      const values = new Array<Scalar>(rows);
      if (args.length === 1) applyOne(apply, cells[0]!, values);
      else if (args.length === 2) applyTwo(apply, cells[0]!, strides[0]!, cells[1]!, strides[1]!, values);
      else applyAll(apply, cells, strides, values);
      return withStride(resultVector(values, result), args);
    },
  };
}

/** Numbers as they are (NaN is null), truth values as such. */
function cellsOf(vector: PlainVector): Cells {
  return vector.type === "bool" ? Array.from(vector.values, (value) => (value === NULL_BOOL ? null : value === 1)) : vector.values;
}

/** Null, as the cells have it. */
function isNull(value: Scalar): boolean {
  return value === null || Number.isNaN(value);
}

function applyOne(apply: (a: Scalar) => Scalar, cells: Cells, values: Scalar[]): void {
  for (let row = 0; row < values.length; row++) {
    const value = cells[row]!;
    values[row] = isNull(value) ? null : apply(value);
  }
}

function applyTwo(
  apply: (a: Scalar, b: Scalar) => Scalar,
  first: Cells,
  first_stride: number,
  second: Cells,
  second_stride: number,
  values: Scalar[],
): void {
  for (let row = 0; row < values.length; row++) {
    const a = first[row * first_stride]!;
    const b = second[row * second_stride]!;
    values[row] = isNull(a) || isNull(b) ? null : apply(a, b);
  }
}

function applyAll(apply: (...values: Scalar[]) => Scalar, cells: readonly Cells[], strides: readonly number[], values: Scalar[]): void {
  const own: Scalar[] = new Array(cells.length);
  for (let row = 0; row < values.length; row++) {
    let missing = false;
    for (let index = 0; index < cells.length; index++) {
      own[index] = cells[index]![row * strides[index]!]!;
      missing ||= isNull(own[index]!);
    }
    values[row] = missing ? null : apply(...own);
  }
}

/** Counts what is made while it is made. */
function spending(of: ScalarFunction, budget: TextBudget): (...values: Scalar[]) => Scalar {
  const apply = of as (...values: Scalar[]) => string | null;
  return (...values) => {
    const text = apply(...values);
    if (text !== null) budget.spend(text.length);
    return text;
  };
}

/** For functions that lengthen texts: null where the result would be too long. */
export function bounded(length: number, make: () => string): string | null {
  return length > EXPRESSION_TEXT_LENGTH_MAX ? null : make();
}

function resultVector(values: Scalar[], result: "number" | "text" | "bool" | "time"): PlainVector {
  if (result === "text") return textVector(values as (string | null)[]);
  if (result === "bool") return boolVector(Uint8Array.from(values, (value) => (value === null ? NULL_BOOL : value ? 1 : 0)));
  return numberVector(Float64Array.from(values, (value) => finite(value as number | null)));
}

/** NaN for null and for what is not finite. */
export function finite(value: number | null): number {
  return value !== null && Number.isFinite(value) ? value : Number.NaN;
}

/** All values of an argument, null as null. */
export function scalarsOf({ vector, type }: Argument, times_as_text: boolean): Cells {
  const own = times_as_text && type === "time" ? textsOf(vector, type) : vector;
  if (own.type === "text" || own.type === "mixed") return own.values;
  return Array.from(own.values, (_, index) => scalarAt({ ...own, stride: 1 }, index));
}
