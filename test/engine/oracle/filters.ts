/** Random conditions over the vocabulary of `events.ts`: every kind, nested. */
import fc from "fast-check";
import { LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import { and, type Filter, not, or } from "../../../worker/engine/query/query.ts";
import { ATTRIBUTES, NUMERALS, number, text, time_us, WORDS, word } from "./events.ts";

const plain_field = fc.oneof(
  fc.constantFrom("service", "host", "trace_id", "request_id", "fingerprint", "environment", "source", "attributes.absent"),
  fc.constantFrom(...ATTRIBUTES.map((name) => `attributes.${name}`)),
);
const phrase_field = fc.oneof({ weight: 4, arbitrary: fc.constant("message") }, { weight: 1, arbitrary: fc.constant("_any") }, plain_field);
const any_field = fc.oneof({ weight: 4, arbitrary: plain_field }, fc.constantFrom("message", "_any", "timestamp"));

const piece = fc.constantFrom("t", "ti", "out", "e", "5", "é", "k", "ß", "σ", " ", "-", "r", "E", "\u0301", "\\", "*");
const parts = fc
  .array(fc.oneof({ weight: 2, arbitrary: piece }, { weight: 3, arbitrary: word }, { weight: 1, arbitrary: text }), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((inner) =>
    fc.tuple(fc.boolean(), fc.boolean()).map(([left, right]) => [...(left ? [""] : []), ...inner.filter(Boolean), ...(right ? [""] : [])]),
  )
  .filter((list) => list.some(Boolean));

const OPERANDS = ["0", "5", "+5", "005", ".5", "5.", "0.1", "1e3", "-3", "500", "1e21", "1e308", "-1e308", "1e-300"];
const EXACT = [
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "18446744073709551615",
  "9223372036854775808",
];
const numeral = fc.oneof(fc.constantFrom(...OPERANDS, ...EXACT), fc.integer({ min: -6, max: 6 }).map(String), number.map(String));
const operand = fc.oneof(
  numeral.map((digits) => ({ kind: "number", text: digits }) as const),
  text.map((letters) => ({ kind: "text", text: letters }) as const),
);
const time_operand = time_us.map((time) => ({ kind: "time", time_us: time }) as const);
const level_operand = fc.constantFrom(...LEVELS).map((level) => ({ kind: "level", level }) as const);
const operator = fc.constantFrom(">" as const, ">=" as const, "<" as const, "<=" as const);
const bound = <T>(operands: fc.Arbitrary<T>) => fc.option(fc.record({ operand: operands, inclusive: fc.boolean() }), { nil: null });

/** RE2's own syntax; `(?i)` of letters whose cases lie in several scripts included. */
export const PATTERNS = [
  "time(d )?out",
  "^error",
  "\\d+$",
  '[a-c]"?',
  "(?i)TIME",
  "(?i)k|out",
  "(?i)ss",
  "(?i)\u017f",
  "(?i)error|(time|x)\\w",
  "(?i)é",
  "(?i)ß",
  "(?i)σας",
  "(?i)5",
  "time(out|)",
  "(error|out)$",
  "(?s)t.*-",
  "t.*t",
  "é+",
  "\\\\",
  "",
  "out|500",
  "a.b",
  "^.$",
  "^..$",
  "\\bout\\b",
  "\\Btime",
  "[^a-z]k",
  "\\x00",
  "(?m)^k$",
  "\\pL\\d",
  "^\\s*$",
  "[[:upper:]]{2,3}",
  "(a|b2|k)*$",
  "^(?:(?:a|k)*)*x_y",
  "\\.5|5\\.",
  "[\u{1f600}-\u{1f64f}]",
  "x{0}",
  "(?U)t.+t",
  "\\Qa.b\\E",
  "o?ut$",
  "$",
  "(?i)[k-l]",
  "[^\\x00-\\x7f]",
];

const compared: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ kind: fc.constant("compare" as const), field: plain_field, operator, operand }),
  fc.record({
    kind: fc.constant("compare" as const),
    field: fc.constantFrom("message", "_any"),
    operator,
    operand,
  }),
  fc.record({
    kind: fc.constant("compare" as const),
    field: plain_field,
    operator: fc.constant("=" as const),
    operand: numeral.map((digits) => ({ kind: "number" as const, text: digits })),
  }),
  fc.record({
    kind: fc.constant("compare" as const),
    field: fc.constantFrom("timestamp", "ingest_ts"),
    operator: fc.oneof(operator, fc.constant("=" as const)),
    operand: time_operand,
  }),
  fc.record({ kind: fc.constant("compare" as const), field: fc.constant("level"), operator, operand: level_operand }),
);
const ranged: fc.Arbitrary<Filter> = fc
  .oneof(
    fc.record({ kind: fc.constant("range" as const), field: plain_field, min: bound(operand), max: bound(operand) }),
    fc.record({ kind: fc.constant("range" as const), field: fc.constant("timestamp"), min: bound(time_operand), max: bound(time_operand) }),
    fc.record({ kind: fc.constant("range" as const), field: fc.constant("level"), min: bound(level_operand), max: bound(level_operand) }),
  )
  .filter(
    ({ min, max }) => (min !== null || max !== null) && (!min || !max || min.operand.kind === max.operand.kind),
  ) as fc.Arbitrary<Filter>;

const wanted = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...WORDS, "", ...NUMERALS) }, { weight: 1, arbitrary: text });

const leaf: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("phrase" as const), field: phrase_field, parts }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("equal" as const), field: plain_field, value: wanted }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("equal" as const), field: fc.constantFrom("message", "_any"), value: wanted }) },
  fc.record({ kind: fc.constant("equal" as const), field: fc.constant("level"), value: fc.constantFrom(...LEVELS) }),
  fc.record({
    kind: fc.constant("in" as const),
    field: plain_field,
    values: fc.array(wanted, { minLength: 2, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant("in" as const), field: fc.constant("level"), values: fc.subarray([...LEVELS], { minLength: 2 }) }),
  fc.record({ kind: fc.constant("wildcard" as const), field: plain_field, parts: parts.filter((list) => list.length > 1) }),
  fc.record({ kind: fc.constant("contains" as const), field: any_field, text }),
  fc.record({ kind: fc.constant("icase" as const), field: any_field, value: text }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("regex" as const), field: any_field, pattern: fc.constantFrom(...PATTERNS) }) },
  { weight: 3, arbitrary: compared },
  ranged,
  fc.record({ kind: fc.constant("exists" as const), field: fc.oneof(plain_field, fc.constantFrom("message", "level")) }),
);

export const filter: fc.Arbitrary<Filter> = fc.letrec<{ tree: Filter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map(and) },
    { weight: 1, arbitrary: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map((filters) => or(filters as [Filter, ...Filter[]])) },
    { weight: 1, arbitrary: tie("tree").map(not) },
  ),
})).tree;
