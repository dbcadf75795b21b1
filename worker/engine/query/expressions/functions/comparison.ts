import { levelOf, severityOf } from "../../levels.ts";
import { compareCodePoints } from "../../numbers.ts";
import { unify, type ValueType } from "../value-type.ts";
import {
  type BytesVector,
  boolVector,
  NULL_BOOL,
  numberOf,
  numberVector,
  type PlainVector,
  type Scalar,
  scalarAt,
  textOf,
  textsOf,
  type Vector,
  vectorOf,
} from "../vector.ts";
import { bytesStandAt, matchRowsOf } from "./bytes.ts";
import { type Argument, converted, type ExpressionFunction, type Parameter, resultLength, scalarsOf, withStride } from "./function.ts";

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** What a comparison says of values below, equal, above, without an order to one another, and null. */
const VERDICTS: Record<Comparison, Uint8Array> = {
  "=": Uint8Array.of(0, 1, 0, 0, NULL_BOOL),
  "!=": Uint8Array.of(1, 0, 1, 1, NULL_BOOL),
  "<": Uint8Array.of(1, 0, 0, NULL_BOOL, NULL_BOOL),
  "<=": Uint8Array.of(1, 1, 0, NULL_BOOL, NULL_BOOL),
  ">": Uint8Array.of(0, 0, 1, NULL_BOOL, NULL_BOOL),
  ">=": Uint8Array.of(0, 1, 1, NULL_BOOL, NULL_BOOL),
};
const BELOW = 0;
const EQUAL = 1;
const ABOVE = 2;
const UNLIKE = 3;
const NULL = 4;

function orderOfNumbers(left: number, right: number): number {
  if (left < right) return BELOW;
  if (left > right) return ABOVE;
  return left === right ? EQUAL : NULL;
}

/**
 * Order of like with like: two texts by their code points, numbers and texts that spell one by size, false before true, a truth value and
 * a text by the text. A number and another text have none.
 */
function orderOf(left: Scalar, right: Scalar): number {
  if (left === null || right === null) return NULL;
  if (typeof left === "string" && typeof right === "string") {
    return left === right ? EQUAL : compareCodePoints(left, right) < 0 ? BELOW : ABOVE;
  }
  if (typeof left === "number" || typeof right === "number") {
    const order = orderOfNumbers(numberOf(left), numberOf(right));
    return order === NULL ? UNLIKE : order;
  }
  if (typeof left === "boolean" && typeof right === "boolean") return orderOfNumbers(Number(left), Number(right));
  return orderOf(textOf(left), textOf(right));
}

/** 1 where the comparison holds, 0 where not, 2 for null. */
export function compareScalars(operator: Comparison, left: Scalar, right: Scalar): number {
  return VERDICTS[operator][orderOf(left, right)]!;
}

/** Both sides as what they are compared by: times and levels have an order of their own. */
function likes(left: Argument, right: Argument): [PlainVector, PlainVector] {
  if (left.type === "time" || right.type === "time") return [converted(left, "time"), converted(right, "time")];
  const levels = left.type === "level" || right.type === "level";
  if (levels && hasText(left.type) && hasText(right.type)) return [severities(left), severities(right)];
  return [left.vector, right.vector];
}

function hasText(type: ValueType): boolean {
  return type === "level" || type === "text" || type === "any" || type === "null";
}

function severities({ vector, type }: Argument): PlainVector {
  const { values, stride } = textsOf(vector, type);
  const known = new Map<string, number>();
  const ranks = Float64Array.from(values as ArrayLike<string | null>, (text) => {
    if (text === null) return Number.NaN;
    let rank = known.get(text);
    if (rank === undefined) {
      const level = levelOf(text);
      rank = level === null ? Number.NaN : severityOf(level);
      known.set(text, rank);
    }
    return rank;
  });
  return { type: "number", values: ranks, stride };
}

/** Orders (BELOW … NULL) of the two sides, row by row. */
function orders(left: Argument, right: Argument, length: number): Uint8Array {
  const [a, b] = likes(left, right);
  const target = new Uint8Array(resultLength([left, right], length));
  if (a.type === "number" && b.type === "number") numberOrders(a.values, a.stride, b.values, b.stride, target);
  else if (a.type === "text" && b.type === "text") textOrders(a.values, a.stride, b.values, b.stride, target);
  else for (let row = 0; row < target.length; row++) target[row] = orderOf(scalarAt(a, row), scalarAt(b, row));
  return target;
}

function numberOrders(xs: Float64Array, x_stride: number, ys: Float64Array, y_stride: number, target: Uint8Array): void {
  for (let row = 0; row < target.length; row++) target[row] = orderOfNumbers(xs[row * x_stride]!, ys[row * y_stride]!);
}

function textOrders(xs: (string | null)[], x_stride: number, ys: (string | null)[], y_stride: number, target: Uint8Array): void {
  for (let row = 0; row < target.length; row++) target[row] = orderOf(xs[row * x_stride]!, ys[row * y_stride]!);
}

function compare(operator: Comparison, args: readonly Argument[], length: number): PlainVector {
  const verdicts = VERDICTS[operator];
  const values = orders(args[0]!, args[1]!, length);
  for (let row = 0; row < values.length; row++) values[row] = verdicts[values[row]!]!;
  return withStride(boolVector(values), args);
}

/** Whole rows of a column against one text, without making texts of them. */
function equalBytes(operator: "=" | "!=", first: BytesVector, [wanted]: readonly Scalar[]): Vector | null {
  if (typeof wanted !== "string") return null;
  const needle = new TextEncoder().encode(wanted);
  return matchRowsOf(first, operator === "!=", ({ bytes, offsets }, mask) => {
    for (let row = 0; row < mask.length; row++) {
      const start = offsets[row]!;
      if (mask[row] === 1 && !(offsets[row + 1]! - start === needle.length && bytesStandAt(bytes, start, needle))) mask[row] = 0;
    }
  });
}

const LEFT: Parameter = { name: "a", type: "any" };
const RIGHT: Parameter = { name: "b", type: "any" };

function comparison(operator: Comparison, doc: string, example: ExpressionFunction["example"]): ExpressionFunction {
  const bytes = operator === "=" || operator === "!=" ? operator : null;
  return {
    parameters: [LEFT, RIGHT],
    result: "bool",
    doc,
    example,
    run: (args, length) => compare(operator, args, length),
    ...(bytes && { runBytes: (first: BytesVector, others: readonly Scalar[]) => equalBytes(bytes, first, others) }),
  };
}

/** Three-valued OR of `first = other`, as SQL's IN. */
function isIn(args: readonly Argument[], length: number): PlainVector {
  const [first, ...others] = args as [Argument, ...Argument[]];
  const values = new Uint8Array(resultLength(args, length));
  for (const other of others) {
    const found = compare("=", [first, other], length);
    for (let row = 0; row < values.length; row++) {
      const verdict = found.values[row * found.stride] as number;
      if (verdict === 1 || values[row] === 0) values[row] = values[row] === 1 ? 1 : verdict;
    }
  }
  return withStride(boolVector(values), args);
}

function isBetween(args: readonly Argument[], length: number): PlainVector {
  const [value, low, high] = args as [Argument, Argument, Argument];
  const above = compare(">=", [value, low], length);
  const below = compare("<=", [value, high], length);
  const values = new Uint8Array(resultLength(args, length));
  for (let row = 0; row < values.length; row++) {
    const a = above.values[row * above.stride];
    const b = below.values[row * below.stride];
    values[row] = a === 0 || b === 0 ? 0 : a === 1 && b === 1 ? 1 : NULL_BOOL;
  }
  return withStride(boolVector(values), args);
}

/** The smallest (sign -1) or largest of what is not null; values without an order to the first are passed over. */
export function extreme(args: readonly Argument[], length: number, sign: -1 | 1): PlainVector {
  const type = args.reduce<ValueType>((known, argument) => unify(known, argument.type), "null");
  const wanted = sign < 0 ? BELOW : ABOVE;
  const columns = args.map((argument) => scalarsOf(argument, type !== "time"));
  const strides = args.map(({ vector }) => vector.stride);
  const by_severity = args.some((argument) => argument.type === "level") && args.every((argument) => hasText(argument.type));
  const rank = by_severity ? (value: Scalar) => severityOf(levelOf(String(value)) ?? "") : null;
  const values = new Array<Scalar>(resultLength(args, length)).fill(null);
  columns.forEach((column, index) => {
    for (let row = 0; row < values.length; row++) {
      const value = column[row * strides[index]!]!;
      const best = values[row]!;
      if (value === null) continue;
      const order = best === null ? wanted : rank ? orderOf(rank(value), rank(best)) : orderOf(value, best);
      if (order === wanted) values[row] = value;
    }
  });
  const result =
    type === "number" || type === "time"
      ? numberVector(Float64Array.from(values, (value) => (value as number | null) ?? Number.NaN))
      : vectorOf(values);
  return withStride(result, args);
}

/** Null in the rows in which both are equal. */
function nullIf(args: readonly Argument[], length: number): PlainVector {
  const equal = compare("=", args, length);
  const cells = scalarsOf(args[0]!, false);
  const stride = args[0]!.vector.stride;
  const values = Array.from({ length: resultLength(args, length) }, (_, row) =>
    equal.values[row * equal.stride] === 1 ? null : cells[row * stride]!,
  );
  return withStride(
    args[0]!.type === "time"
      ? numberVector(Float64Array.from(values, (value) => (value as number | null) ?? Number.NaN))
      : vectorOf(values),
    args,
  );
}

export const COMPARISONS: Readonly<Record<string, ExpressionFunction>> = {
  "=": comparison("=", "Equal.", ["1 = 1.0", true]),
  "!=": comparison("!=", "Not equal.", ['"a" != "b"', true]),
  "<": comparison("<", "Below.", ["2 < 10", true]),
  "<=": comparison("<=", "Below or equal.", ["2 <= 2", true]),
  ">": comparison(">", "Above.", ['"b" > "a"', true]),
  ">=": comparison(">=", "Above or equal.", ["2 >= 3", false]),
  in: {
    parameters: [LEFT, { name: "value", type: "any" }],
    repeats: { count: 1 },
    result: "bool",
    doc: "Equal to one of the values; also written `a in (b, c)`.",
    example: ["in(2, 1, 2)", true],
    run: isIn,
  },
  between: {
    parameters: [LEFT, { name: "low", type: "any" }, { name: "high", type: "any" }],
    result: "bool",
    doc: "At or above the one and at or below the other; also written `a between b and c`.",
    example: ["between(2, 1, 3)", true],
    run: isBetween,
  },
  nullif: {
    parameters: [LEFT, RIGHT],
    result: ([type]) => type!,
    doc: "The first, but null where it equals the second.",
    example: ['nullif("-", "-")', null],
    run: nullIf,
  },
};
