import { unify, type ValueType } from "../value-type.ts";
import { type BoolVector, boolsOf, boolVector, NULL_BOOL, numberVector, type PlainVector, type Scalar, vectorOf } from "../vector.ts";
import { type Argument, type ExpressionFunction, parameterAt, resultLength, scalarsOf, withStride } from "./function.ts";

/** Three-valued: `decisive` where any value is that, else null where any is null. */
function junction(args: readonly Argument[], length: number, decisive: 0 | 1): PlainVector {
  const values = new Uint8Array(resultLength(args, length)).fill(1 - decisive);
  for (const { vector } of args) {
    const { values: own, stride } = boolsOf(vector);
    for (let row = 0; row < values.length; row++) {
      const value = own[row * stride]!;
      if (value === decisive || values[row] === decisive) values[row] = decisive;
      else if (value === NULL_BOOL) values[row] = NULL_BOOL;
    }
  }
  return withStride(boolVector(values), args);
}

const common = (types: readonly ValueType[]): ValueType => types.reduce(unify, "null");

/** Values of the arguments chosen row by row: `choose` gives an argument's number, -1 for null. */
function chosen(args: readonly Argument[], choices: readonly Argument[], length: number, choose: (row: number) => number): PlainVector {
  const type = common(choices.map((choice) => choice.type));
  const rows = resultLength(args, length);
  const numbers = choices.every(({ vector, type: own }) => vector.type === "number" && (own === "time") === (type === "time"));
  if (numbers) return withStride(chosenNumbers(choices, rows, choose), args);
  const cells = choices.map((choice) => scalarsOf(choice, type !== "time"));
  const strides = choices.map(({ vector }) => vector.stride);
  const values = new Array<Scalar>(rows);
  for (let row = 0; row < rows; row++) {
    const choice = choose(row);
    values[row] = choice < 0 ? null : cells[choice]![row * strides[choice]!]!;
  }
  if (type !== "time") return withStride(vectorOf(values), args);
  return withStride(numberVector(Float64Array.from(values, (value) => (value as number | null) ?? Number.NaN)), args);
}

function chosenNumbers(choices: readonly Argument[], rows: number, choose: (row: number) => number): PlainVector {
  const cells = choices.map(({ vector }) => vector.values as Float64Array);
  const strides = choices.map(({ vector }) => vector.stride);
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const choice = choose(row);
    values[row] = choice < 0 ? Number.NaN : cells[choice]![row * strides[choice]!]!;
  }
  return numberVector(values);
}

/** Conditions and values in turn, at the end perhaps a value for the rest. */
function branch(args: readonly Argument[], length: number): PlainVector {
  const conditions: BoolVector[] = [];
  const choices: Argument[] = [];
  args.forEach((argument, index) => {
    if (parameterAt(branches, index, args.length)?.type === "bool") conditions.push(boolsOf(argument.vector));
    else choices.push(argument);
  });
  const otherwise = choices.length > conditions.length ? conditions.length : -1;
  return chosen(args, choices, length, (row) => {
    for (let index = 0; index < conditions.length; index++) {
      const { values, stride } = conditions[index]!;
      if (values[row * stride] === 1) return index;
    }
    return otherwise;
  });
}

function firstPresent(args: readonly Argument[], length: number): PlainVector {
  const cells = args.map((argument) => argument.vector);
  return chosen(args, args, length, (row) => cells.findIndex((vector) => !isNullAt(vector, row)));
}

function isNullAt({ type, values, stride }: PlainVector, row: number): boolean {
  const value = values[row * stride];
  if (type === "number") return Number.isNaN(value);
  return type === "bool" ? value === NULL_BOOL : value === null;
}

const branches: ExpressionFunction = {
  aliases: ["iff"],
  parameters: [
    { name: "condition", type: "bool" },
    { name: "value", type: "any" },
  ],
  repeats: { count: 2, last: { name: "otherwise", type: "any", optional: true } },
  result: (types) => common(types.filter((_, index) => index % 2 === 1 || index === types.length - 1)),
  doc: "The value after the first condition that is true, else the last one (null where it is left out).",
  example: ['if(1 > 2, "a", 2 > 1, "b", "c")', "b"],
  run: branch,
};

export const CONDITIONS: Readonly<Record<string, ExpressionFunction>> = {
  and: {
    parameters: [
      { name: "a", type: "bool" },
      { name: "b", type: "bool" },
    ],
    repeats: { count: 1 },
    result: "bool",
    doc: "False where one side is, else null where one side is.",
    example: ["true and null", null],
    run: (args, length) => junction(args, length, 0),
  },
  or: {
    parameters: [
      { name: "a", type: "bool" },
      { name: "b", type: "bool" },
    ],
    repeats: { count: 1 },
    result: "bool",
    doc: "True where one side is, else null where one side is.",
    example: ["true or null", true],
    run: (args, length) => junction(args, length, 1),
  },
  not: {
    parameters: [{ name: "a", type: "bool" }],
    result: "bool",
    doc: "The opposite; null stays null.",
    example: ["not 1 > 2", true],
    run: (args) => {
      const { values, stride } = boolsOf(args[0]!.vector);
      return { type: "bool", values: Uint8Array.from(values, (value) => (value === NULL_BOOL ? NULL_BOOL : 1 - value)), stride };
    },
  },
  if: branches,
  coalesce: {
    aliases: ["ifnull", "nvl"],
    parameters: [{ name: "value", type: "any" }],
    repeats: { count: 1 },
    result: common,
    doc: "The first value that is not null.",
    example: ["coalesce(null, 2, 3)", 2],
    run: firstPresent,
  },
  isnull: {
    aliases: ["is_null"],
    parameters: [{ name: "value", type: "any" }],
    result: "bool",
    doc: "Whether there is no value; also written `a is null`, `a is not null`.",
    example: ["isnull(null)", true],
    run: (args) => {
      const { vector } = args[0]!;
      const values = Uint8Array.from({ length: vector.values.length }, (_, row) => (isNullAt({ ...vector, stride: 1 }, row) ? 1 : 0));
      return { type: "bool", values, stride: vector.stride };
    },
  },
};
