import fc from "fast-check";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";
import { text } from "./arbitraries.ts";

/** Random expressions over the fields of `arbitraries.ts`. */
const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 5, 10, 0.5, -3, 500, 1e21, 9007199254740991),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const literal: fc.Arbitrary<Expression> = fc
  .oneof(
    number.map((value) => value + 0),
    text,
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom("5", "1e3", "true", "%o%", "out"),
  )
  .map((value) => ({ kind: "literal", value }) as const);
const NAMES = ["service", "host", "message", "trace_id", "fingerprint", "environment"];
const ATTRIBUTES = ["duration_ms", "path", "user.name", "naïve", 'a"b', "__proto__", "level", "tags", "stats", "in", "a b", "x-y"];
const field: fc.Arbitrary<Expression> = fc
  .constantFrom(...NAMES, ...ATTRIBUTES.map((name) => `attributes.${name}`))
  .map((name) => ({ kind: "field", field: name }) as const);

const BINARY = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "||",
  "nullif",
  "contains",
  "starts_with",
  "ends_with",
  "position",
  "like",
  "pow",
];
const UNARY = ["not", "neg", "abs", "ceil", "sign", "length", "upper", "reverse", "isnull", "to_number", "to_string", "trim"];
const MANY = ["and", "or", "coalesce", "concat", "in", "least", "greatest"];

function calls(part: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> {
  const call = (names: readonly string[], min: number, max: number) =>
    fc
      .tuple(fc.constantFrom(...names), fc.array(part, { minLength: min, maxLength: max }))
      .map(([name, args]) => ({ kind: "call", name, args }) as const);
  return fc.oneof(
    { weight: 5, arbitrary: call(BINARY, 2, 2) },
    { weight: 3, arbitrary: call(UNARY, 1, 1) },
    { weight: 3, arbitrary: call(MANY, 2, 4) },
    { weight: 2, arbitrary: call(["if"], 2, 5) },
    { weight: 1, arbitrary: call(["between", "substr", "replace"], 3, 3) },
  );
}

export const expression: fc.Arbitrary<Expression> = fc.letrec<{ tree: Expression; call: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    { weight: 2, arbitrary: literal },
    { weight: 3, arbitrary: field },
    { weight: 4, arbitrary: tie("call") },
  ),
  call: calls(tie("tree")),
})).call;
