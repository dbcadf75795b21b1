/** Whether an expression is one that Ledge answers: known functions and operators, arguments of the right type. */
import { type Aggregate, type Binary, type Call, type Expr, PromqlError, type ValueType } from "./promql.ts";

interface Signature {
  args: readonly ValueType[];
  /** So many of the last arguments may be missing. */
  optional?: number;
  type: ValueType;
}

const OF_RANGE: Signature = { args: ["matrix"], type: "vector" };
const OF_VECTOR: Signature = { args: ["vector"], type: "vector" };
const OF_VECTOR_AND_NUMBER: Signature = { args: ["vector", "scalar"], type: "vector" };

/** Functions over a range, by what they need of it. */
export const GROWTH_FUNCTIONS: ReadonlySet<string> = new Set(["rate", "increase"]);
export const SAMPLE_FUNCTIONS: ReadonlySet<string> = new Set([
  ...["sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "count_over_time", "last_over_time"],
]);

export const FUNCTIONS: Readonly<Record<string, Signature>> = {
  ...Object.fromEntries([...GROWTH_FUNCTIONS, ...SAMPLE_FUNCTIONS].map((name) => [name, OF_RANGE])),
  ...Object.fromEntries(
    ["abs", "ceil", "floor", "sqrt", "exp", "ln", "log2", "log10", "sgn", "sort", "sort_desc"].map((name) => [name, OF_VECTOR]),
  ),
  round: { ...OF_VECTOR_AND_NUMBER, optional: 1 },
  clamp_min: OF_VECTOR_AND_NUMBER,
  clamp_max: OF_VECTOR_AND_NUMBER,
  clamp: { args: ["vector", "scalar", "scalar"], type: "vector" },
  vector: { args: ["scalar"], type: "vector" },
  scalar: { args: ["vector"], type: "scalar" },
  time: { args: [], type: "scalar" },
};

/** Aggregations, and whether they take a number. */
export const AGGREGATIONS: Readonly<Record<string, { takes_number: boolean }>> = {
  ...Object.fromEntries(["sum", "avg", "min", "max", "count", "group"].map((op) => [op, { takes_number: false }])),
  ...Object.fromEntries(["topk", "bottomk"].map((op) => [op, { takes_number: true }])),
};

export const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "^"]);
export const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", ">", "<", ">=", "<="]);
export const SET_OPERATORS: ReadonlySet<string> = new Set(["and", "or", "unless"]);

/** The expression itself, where it is one. @throws PromqlError */
export function checkedExpr(expr: Expr): Expr {
  typeOf(expr);
  return expr;
}

/** What the expression gives. @throws PromqlError */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "selector":
      return expr.range_ms === null ? "vector" : "matrix";
    case "negate": {
      const type = typeOf(expr.expr);
      if (type !== "scalar" && type !== "vector")
        throw new PromqlError(`unary expression only allowed on scalar or vector, not ${type}`, expr.position);
      return type;
    }
    case "call":
      return typeOfCall(expr);
    case "aggregate":
      return typeOfAggregate(expr);
    case "binary":
      return typeOfBinary(expr);
  }
}

function expectType(expr: Expr, wanted: ValueType, where: string): void {
  const type = typeOf(expr);
  const shown: Record<ValueType, string> = { scalar: "scalar", string: "string", vector: "instant vector", matrix: "range vector" };
  if (type !== wanted) throw new PromqlError(`expected type ${shown[wanted]} in ${where}, got ${shown[type]}`, expr.position);
}

function typeOfCall({ name, args, position }: Call): ValueType {
  const signature = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]! : null;
  if (!signature) throw new PromqlError(`the function ${name} is not supported; ${Object.keys(FUNCTIONS).join(", ")} are`, position);
  const { args: types, optional = 0, type } = signature;
  if (args.length > types.length || args.length < types.length - optional)
    throw new PromqlError(`expected ${types.length} argument(s) in call to "${name}", got ${args.length}`, position);
  for (const [index, arg] of args.entries()) expectType(arg, types[index]!, `call to function "${name}"`);
  return type;
}

function typeOfAggregate({ op, parameter, expr, position }: Aggregate): ValueType {
  const known = Object.hasOwn(AGGREGATIONS, op) ? AGGREGATIONS[op]! : null;
  if (!known) throw new PromqlError(`the aggregation ${op} is not supported; ${Object.keys(AGGREGATIONS).join(", ")} are`, position);
  if (known.takes_number !== (parameter !== null))
    throw new PromqlError(`wrong number of arguments for aggregate expression ${op}`, position);
  if (parameter) expectType(parameter, "scalar", `the first argument of ${op}`);
  expectType(expr, "vector", "aggregation expression");
  return "vector";
}

function typeOfBinary({ op, bool, matching, left, right, position }: Binary): ValueType {
  const [left_type, right_type] = [typeOf(left), typeOf(right)];
  for (const [side, type] of [
    [left, left_type],
    [right, right_type],
  ] as const) {
    if (type !== "scalar" && type !== "vector")
      throw new PromqlError("binary expression must contain only scalar and instant vector types", side.position);
  }
  const compares = COMPARISONS.has(op);
  if (!compares && !ARITHMETIC.has(op) && !SET_OPERATORS.has(op)) throw new PromqlError(`the operator ${op} is not supported`, position);
  if (bool && !compares) throw new PromqlError("bool modifier can only be used on comparison operators", position);
  const both_vectors = left_type === "vector" && right_type === "vector";
  if (matching && !both_vectors) throw new PromqlError("vector matching only allowed between instant vectors", position);
  if (SET_OPERATORS.has(op) && !both_vectors)
    throw new PromqlError(`set operator "${op}" not allowed in binary scalar expression`, position);
  if (left_type === "vector" || right_type === "vector") return "vector";
  if (compares && !bool) throw new PromqlError("comparisons between scalars must use BOOL modifier", position);
  return "scalar";
}
