import { readNumber } from "../../numbers.ts";
import { numberVector, type PlainVector, type Scalar } from "../vector.ts";
import {
  type Argument,
  converted,
  type ExpressionFunction,
  type Parameter,
  resultLength,
  scalar,
  scalarsOf,
  withStride,
} from "./function.ts";

const VALUE: Parameter = { name: "value", type: "any" };

function toNumber(value: Scalar): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") return readNumber(value.trim()) ?? Number.NaN;
  return value ?? Number.NaN;
}

/** Times are numbers of microseconds already. */
function numbers(args: readonly Argument[], length: number, of: (value: number) => number): PlainVector {
  const cells = scalarsOf(args[0]!, false);
  const values = new Float64Array(resultLength(args, length));
  for (let row = 0; row < values.length; row++) values[row] = of(toNumber(cells[row * args[0]!.vector.stride]!));
  return withStride(numberVector(values), args);
}

const TRUE: ReadonlySet<string> = new Set(["true", "t", "yes", "y", "on", "1"]);
const FALSE: ReadonlySet<string> = new Set(["false", "f", "no", "n", "off", "0"]);

function toBool(value: Scalar): boolean | null {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  const word = String(value).trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : null;
}

export const CONVERSIONS: Readonly<Record<string, ExpressionFunction>> = {
  to_number: {
    aliases: ["number"],
    parameters: [VALUE],
    result: "number",
    doc: "The number that a text spells, 1 and 0 of true and false, microseconds since 1970 of a time.",
    example: ['to_number(" 12.5 ")', 12.5],
    run: (args, length) => numbers(args, length, (value) => value),
  },
  to_int: {
    aliases: ["int"],
    parameters: [VALUE],
    result: "number",
    doc: "As `to_number`, without the fraction.",
    example: ['to_int("12.5")', 12],
    run: (args, length) => numbers(args, length, Math.trunc),
  },
  to_string: {
    aliases: ["to_text", "string"],
    parameters: [VALUE],
    result: "text",
    doc: "The value as text, times in RFC 3339.",
    example: ["to_string(1.50)", "1.5"],
    run: (args) => converted(args[0]!, "text"),
  },
  to_bool: scalar({
    parameters: [VALUE],
    result: "bool",
    doc: "Truth of `true`, `yes`, `on`, `1` and their opposites, whatever the case, and of numbers (not 0).",
    example: ['to_bool("YES")', true],
    of: toBool,
  }),
};
