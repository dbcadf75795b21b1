import { unify, type ValueType } from "../value-type.ts";
import { numberVector, type PlainVector, plain } from "../vector.ts";
import { extreme } from "./comparison.ts";
import { type Argument, converted, type ExpressionFunction, finite, type Parameter, resultLength, scalar, withStride } from "./function.ts";

const X: Parameter = { name: "x", type: "number" };
const Y: Parameter = { name: "y", type: "number" };
const US_PER_S = 1_000_000;

/** Reads the numbers of both sides, a side's times in seconds where the other shifts them. */
function binary(args: readonly Argument[], length: number, of: (x: number, y: number) => number): PlainVector {
  const left = converted(args[0]!, "number");
  const right = converted(args[1]!, "number");
  const values = new Float64Array(resultLength(args, length));
  const { values: xs, stride: x_stride } = left;
  const { values: ys, stride: y_stride } = right;
  for (let row = 0; row < values.length; row++) {
    const result = of(xs[row * x_stride] as number, ys[row * y_stride] as number);
    values[row] = result - result === 0 ? result : Number.NaN;
  }
  return withStride(numberVector(values), args);
}

function isTime({ type }: Argument): boolean {
  return type === "time";
}

const add: ExpressionFunction = {
  parameters: [X, Y],
  result: (types) => (types.includes("time") ? "time" : "number"),
  doc: "Sum; a time and a number give the time so many seconds later.",
  example: ["1 + 2", 3],
  run(args, length) {
    if (isTime(args[0]!)) return binary(args, length, (x, y) => x + Math.round(y * US_PER_S));
    if (isTime(args[1]!)) return binary(args, length, (x, y) => Math.round(x * US_PER_S) + y);
    return binary(args, length, (x, y) => x + y);
  },
};

const subtract: ExpressionFunction = {
  parameters: [X, Y],
  result: ([left, right]) => (left === "time" && right !== "time" ? "time" : "number"),
  doc: "Difference; of two times in seconds, of a time and a number the time so many seconds earlier.",
  example: ["5 - 7", -2],
  run(args, length) {
    if (isTime(args[0]!) && isTime(args[1]!)) return binary(args, length, (x, y) => (x - y) / US_PER_S);
    if (isTime(args[0]!)) return binary(args, length, (x, y) => x - Math.round(y * US_PER_S));
    return binary(args, length, (x, y) => x - y);
  },
};

function operation(
  doc: string,
  example: ExpressionFunction["example"],
  of: (x: number, y: number) => number,
  aliases?: string[],
): ExpressionFunction {
  return { aliases, parameters: [X, Y], result: "number", doc, example, run: (args, length) => binary(args, length, of) };
}

function unary(doc: string, example: ExpressionFunction["example"], of: (x: number) => number, aliases?: string[]): ExpressionFunction {
  return {
    aliases,
    parameters: [X],
    result: "number",
    doc,
    example,
    run(args) {
      const { values: xs, stride } = plain(converted(args[0]!, "number"));
      return { type: "number", values: Float64Array.from(xs as Float64Array, (x) => finite(of(x))), stride };
    },
  };
}

/** Powers of ten up to this one are exact. */
const EXACT_DIGITS_MAX = 15;
/** So near to a half the product with a power of ten may lie on the wrong side of it. */
const TIE_WIDTH = 1e-4;

/** To a number of decimal digits, halves away from zero; digits below zero round to tens, hundreds … */
function roundTo(x: number, digits = 0): number {
  const places = Math.trunc(digits);
  const size = Math.abs(x);
  if (places === 0) return Math.sign(x) * Math.round(size);
  if (places > 0 && places <= EXACT_DIGITS_MAX) {
    const power = 10 ** places;
    const shifted = size * power;
    if (shifted < 1e11 && Math.abs(shifted - Math.floor(shifted) - 0.5) > TIE_WIDTH) return Math.sign(x) * (Math.round(shifted) / power);
  }
  return roundDigits(x, places);
}

/** As written, for halves and for the rest of numbers. */
function roundDigits(x: number, places: number): number {
  if (Math.abs(places) > 300) return places > 0 ? x : 0;
  const shifted = Math.round(Number(shift(Math.abs(x), places)));
  return Math.sign(x) * Number(shift(shifted, -places));
}

/** Moves the decimal point in the number's text, which does not add an error as multiplying would. */
function shift(x: number, digits: number): string {
  const [mantissa, exponent = "0"] = String(x).split("e");
  return `${mantissa}e${Number(exponent) + digits}`;
}

const several = (types: readonly ValueType[]): ValueType => types.reduce(unify, "null");

export const ARITHMETIC: Readonly<Record<string, ExpressionFunction>> = {
  "+": add,
  "-": subtract,
  "*": operation("Product.", ["6 * 7", 42], (x, y) => x * y),
  "/": operation("Quotient, with its fraction; null where the divisor is 0.", ["7 / 2", 3.5], (x, y) => x / y),
  "%": operation("Remainder, with the sign of the dividend; null where the divisor is 0.", ["7 % 4", 3], (x, y) => x % y, ["mod"]),
  neg: unary("The number with the other sign.", ["-(3)", -3], (x) => -x),
  abs: unary("Without its sign.", ["abs(-3)", 3], Math.abs),
  sign: unary("-1, 0 or 1.", ["sign(-3)", -1], Math.sign),
  ceil: unary("The next whole number above.", ["ceil(1.2)", 2], Math.ceil, ["ceiling"]),
  floor: unary("The next whole number below.", ["floor(-1.2)", -2], Math.floor),
  trunc: unary("Without its fraction.", ["trunc(-1.7)", -1], Math.trunc),
  round: scalar({
    parameters: [X, { name: "digits", type: "number", optional: true }],
    result: "number",
    doc: "Rounded to a number of digits after the point (0), halves away from zero.",
    example: ["round(2.345, 2)", 2.35],
    of: roundTo,
  }),
  sqrt: unary("Square root; null below 0.", ["sqrt(9)", 3], Math.sqrt),
  pow: operation("The first to the power of the second.", ["pow(2, 10)", 1024], (x, y) => (Number.isNaN(x) ? x : x ** y), ["power"]),
  exp: unary("e to the power of the number.", ["exp(0)", 1], Math.exp),
  ln: unary("Natural logarithm; null at and below 0.", ["ln(1)", 0], Math.log),
  log10: unary("Logarithm to base 10.", ["log10(1000)", 3], Math.log10, ["log"]),
  log2: unary("Logarithm to base 2.", ["log2(8)", 3], Math.log2),
  least: {
    aliases: ["min"],
    parameters: [{ name: "value", type: "any" }],
    repeats: { count: 1 },
    result: several,
    doc: "The smallest of the values that are not null.",
    example: ["least(3, 1, 2)", 1],
    run: (args, length) => extreme(args, length, -1),
  },
  greatest: {
    aliases: ["max"],
    parameters: [{ name: "value", type: "any" }],
    repeats: { count: 1 },
    result: several,
    doc: "The largest of the values that are not null.",
    example: ["greatest(3, 1, 2)", 3],
    run: (args, length) => extreme(args, length, 1),
  },
};
