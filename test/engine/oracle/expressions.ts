/** Random expressions of each type over the fields of `events.ts`. */
import fc from "fast-check";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";
import { ATTRIBUTES, number, prose, text, time_us, WORDS } from "./events.ts";
import { NUMBER_FUNCTIONS, TIME_PARTS } from "./expression-sql.ts";

export const literal = (value: string | number | boolean | null): Expression => ({ kind: "literal", value });
export const call = (name: string, ...args: Expression[]): Expression => ({ kind: "call", name, args });
export const fieldOf = (field: string): Expression => ({ kind: "field", field });

const field = fc
  .oneof(
    { weight: 5, arbitrary: fc.constantFrom(...ATTRIBUTES.map((name) => `attributes.${name}`)) },
    { weight: 3, arbitrary: fc.constantFrom("message", "service", "host", "trace_id", "request_id", "attributes.absent") },
  )
  .map(fieldOf);
const instant = time_us.map((time) => literal(new Date(Math.floor(time / 1000)).toISOString()));
const digits = fc.constantFrom(0, 1, -1, 2, 0.5, 3, 10, 500, 1e21, 2 ** 53).map(literal);
const small = fc.integer({ min: -4, max: 6 }).map(literal);
const letters = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...WORDS) }, { weight: 1, arbitrary: text }).map(literal);
const letter = fc.constantFrom("e", " ", "-", ".", "k", "é", "\n", "o").map(literal);
const PATTERNS = ["(\\d+)", "t(i)me", "([a-z]+)_", "^(.)", "k|(o)ut", "(é+)", "(\\s)"];

/** `%` and `_` among letters; DuckDB's own escape is none. */
const likePattern = fc
  .array(fc.oneof(fc.constantFrom("%", "_", "%", "t", "out", "e", "é", "k"), prose), { maxLength: 4 })
  .map((parts) => literal(parts.join("").replaceAll("\\", "")));

/** A field may hold anything; a sum is a number. */
const asNumber = (x: Expression) => call("+", x, literal(0));

interface Trees {
  number: Expression;
  text: Expression;
  time: Expression;
  bool: Expression;
}

const trees = fc.letrec((tie) => {
  const tree = (type: keyof Trees) => tie(type) as fc.Arbitrary<Expression>;
  const branch = (type: keyof Trees) =>
    fc.oneof(
      fc.tuple(tree("bool"), tree(type), tree(type)).map((args) => call("if", ...args)),
      fc.tuple(tree("bool"), tree(type)).map((args) => call("if", ...args)),
    );
  const size = { maxDepth: 4, depthSize: "small" } as const;
  return {
    number: fc.oneof(
      size,
      { weight: 3, arbitrary: field },
      { weight: 2, arbitrary: digits },
      { weight: 1, arbitrary: number.filter((value) => value >= 0).map((value) => literal(value === 0 ? 0 : value)) },
      {
        weight: 5,
        arbitrary: fc
          .tuple(fc.constantFrom("+", "-", "*", "/", "%"), tree("number"), tree("number"))
          .map(([name, left, right]) => call(name, left, right)),
      },
      {
        weight: 3,
        arbitrary: fc
          .constantFrom(...NUMBER_FUNCTIONS)
          .chain((name) =>
            name === "pow" ? fc.tuple(tree("number"), digits).map((args) => call(name, ...args)) : tree("number").map((x) => call(name, x)),
          ),
      },
      { weight: 1, arbitrary: tree("text").map((value) => call("length", value)) },
      { weight: 1, arbitrary: fc.tuple(tree("text"), letters).map((args) => call("position", ...args)) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...TIME_PARTS), tree("time")).map(([name, time]) => call(name, time)) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom("second", "hour", "day", "month", "quarter", "year"), tree("time"), tree("time"))
          .map(([unit, from, to]) => call("date_diff", literal(unit), from, to)),
      },
      { weight: 1, arbitrary: branch("number") },
    ),
    text: fc.oneof(
      size,
      { weight: 4, arbitrary: field },
      { weight: 2, arbitrary: letters },
      { weight: 1, arbitrary: tree("text").map((value) => call("to_string", value)) },
      { weight: 1, arbitrary: tree("text").map((value) => call("lower", value)) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom("trim", "ltrim", "rtrim"), tree("text"), letter).map(([name, ...args]) => call(name, ...args)),
      },
      { weight: 1, arbitrary: fc.tuple(tree("text"), small).map((args) => call("substr", ...args)) },
      { weight: 1, arbitrary: fc.tuple(tree("text"), small, fc.nat(5).map(literal)).map((args) => call("substr", ...args)) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom("left", "right"), tree("text"), small).map(([name, ...args]) => call(name, ...args)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom("lpad", "rpad"), tree("text"), fc.nat(12).map(literal), letter)
          .map(([name, ...args]) => call(name, ...args)),
      },
      { weight: 1, arbitrary: fc.tuple(tree("text"), letters.filter(isNotEmpty), letters).map((args) => call("replace", ...args)) },
      {
        weight: 1,
        arbitrary: fc.tuple(tree("text"), letter, fc.integer({ min: -3, max: 3 }).map(literal)).map((args) => call("split_part", ...args)),
      },
      { weight: 2, arbitrary: fc.tuple(tree("text"), tree("text")).map((args) => call("||", ...args)) },
      { weight: 1, arbitrary: fc.array(tree("text"), { minLength: 1, maxLength: 3 }).map((args) => call("concat", ...args)) },
      {
        weight: 1,
        arbitrary: fc.tuple(tree("text"), fc.constantFrom(...PATTERNS).map(literal)).map((args) => call("regexp_extract", ...args)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tree("text"), fc.constantFrom(...PATTERNS).map(literal), fc.constantFrom("", "x", "<>").map(literal))
          .map((args) => call("regexp_replace", ...args)),
      },
      { weight: 1, arbitrary: branch("text") },
    ),
    time: fc.oneof(
      size,
      { weight: 4, arbitrary: fc.constantFrom("timestamp", "ingest_ts").map(fieldOf) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom("second", "minute", "hour", "day", "week", "month", "quarter", "year"), tree("time"))
          .map(([unit, time]) => call("date_trunc", literal(unit), time)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tree("time"), fc.constantFrom(1, 60, 300, 3600, 86_400, 0.25).map(literal))
          .map((args) => call("bucket", ...args)),
      },
    ),
    bool: fc.oneof(
      size,
      { weight: 4, arbitrary: comparison(tree("number").map(asNumber), tree("number").map(asNumber)) },
      {
        weight: 3,
        arbitrary: comparison(
          tree("text").map((value) => call("to_string", value)),
          tree("text").map((value) => call("to_string", value)),
        ),
      },
      { weight: 3, arbitrary: comparison(field, fc.oneof(field, digits, letters)) },
      { weight: 1, arbitrary: comparison(tree("time"), fc.oneof(tree("time"), instant)) },
      { weight: 1, arbitrary: comparison(fc.constant(fieldOf("level")), fc.constantFrom("error", "info", "TRACE").map(literal)) },
      { weight: 1, arbitrary: field.map((each) => call("isnull", each)) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom("contains", "starts_with", "ends_with"), tree("text"), letters)
          .map(([name, ...args]) => call(name, ...args)),
      },
      { weight: 1, arbitrary: fc.tuple(tree("text"), likePattern).map((args) => call("like", ...args)) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tree("text"), fc.constantFrom(...PATTERNS, "^.$", "[^\\x00-\\x7f]").map(literal))
          .map((args) => call("regexp_like", ...args)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(field, fc.array(fc.oneof(digits, letters), { minLength: 1, maxLength: 3 }))
          .map(([value, list]) => call("in", value, ...list)),
      },
      { weight: 1, arbitrary: fc.tuple(field, digits, digits).map((args) => call("between", ...args)) },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constantFrom("and", "or"), tree("bool"), tree("bool")).map(([name, ...args]) => call(name, ...args)),
      },
      { weight: 1, arbitrary: tree("bool").map((value) => call("not", value)) },
    ),
  };
}) as { [K in keyof Trees]: fc.Arbitrary<Trees[K]> };

function isNotEmpty(expression: Expression): boolean {
  return expression.kind === "literal" && expression.value !== "";
}

function comparison(left: fc.Arbitrary<Expression>, right: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> {
  return fc.tuple(fc.constantFrom("=", "!=", "<", "<=", ">", ">="), left, right).map(([name, ...args]) => call(name, ...args));
}

export const { number: numbers, text: texts, bool: conditions, time: times } = trees;
