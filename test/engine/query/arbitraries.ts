import fc from "fast-check";
import { LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import { and, type Filter, not, or } from "../../../worker/engine/query/query.ts";
import type { PlainEvent, Storage } from "./batches.ts";

/** Random events and filters over one small vocabulary, so that filters often hit. */
const WORDS = [
  "error",
  "Error",
  "time",
  "timeout",
  "TIMEOUT",
  "out",
  "a",
  "b2",
  "été",
  "ÉTÉ",
  "σς",
  "ΣΑΣ",
  "\u212a",
  "k",
  "\u0130",
  "i",
  "\u212bx",
  "åX",
  "ẞ",
  "ß",
  "ſ",
  "日本",
  "x_y",
  "500",
  "5.0",
  "-3",
  "1e3",
];
const SEPARATORS = [" ", "-", ".", ": ", "/", "*", '"', "\\", "\n", ""];
const NAMES = ["duration_ms", "path", "user.name", "naïve", 'a"b', "__proto__", "level", "tags", "stats"];
const HUGE = ["9007199254740993", "9007199254740992", "18446744073709551615", "-9007199254740993"];

const word = fc.constantFrom(...WORDS);
const prose = fc
  .array(fc.tuple(fc.oneof(word, fc.string({ maxLength: 3 })), fc.constantFrom(...SEPARATORS)), { maxLength: 5 })
  .map((pieces) => pieces.flat().join(""));
export const text = fc.oneof(
  { weight: 3, arbitrary: word },
  { weight: 3, arbitrary: prose },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 6 }) },
);
const number = fc.oneof(
  fc.integer({ min: -5, max: 1000 }),
  fc.constantFrom(500, 5, -3, 0, 1000, 1e21, 0.1, 2 ** 53 - 1),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const time_us = fc.oneof(
  fc.integer({ min: 1_760_000_000_000_000, max: 1_760_000_000_000_050 }),
  fc.integer({ min: -(2 ** 50), max: 2 ** 51 }),
);
const scalar = fc.oneof(text, fc.constantFrom(...HUGE), number, number.map(String), fc.boolean());
const value = fc.oneof(
  { weight: 6, arbitrary: scalar as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.array(fc.oneof(scalar, fc.constant(null), fc.array(scalar, { maxLength: 2 })), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant(null) },
);

export const event: fc.Arbitrary<PlainEvent> = fc.record({
  timestamp_us: time_us,
  ingest_us: time_us,
  fingerprint: fc.option(fc.maxSafeNat(), { nil: undefined }),
  fields: fc.record(
    { level: fc.constantFrom(...LEVELS), service: word, message: prose, host: word, trace_id: fc.constantFrom("0af7", "0AF7", "") },
    { requiredKeys: [] },
  ),
  attributes: fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 5 }),
});

/** A way of storing each column, drawn by name. */
export const storage: fc.Arbitrary<(name: string) => Storage> = fc
  .array(fc.constantFrom<Storage>("dict", "bytes", "number", "bool", "rest"), { minLength: 16, maxLength: 16 })
  .map((choices) => (name) => choices[[...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 16] as Storage);

/** What `batchOf` puts under columns that have a value. */
export const shadow = fc.option(fc.constantFrom("error time 500", 500), { nil: undefined });

const plain_field = fc.constantFrom(
  "service",
  "host",
  "trace_id",
  "fingerprint",
  "environment",
  ...NAMES.map((name) => `attributes.${name}`),
);
const phrase_field = fc.oneof(fc.constantFrom("message", "message", "message", "_any"), plain_field);
const any_field = fc.oneof(plain_field, fc.constantFrom("message", "_any"));

/** Parts around stars; never without a letter. */
const piece = fc.constantFrom("t", "T", "ti", "out", "e", "5", "0", "é", "É", "å", "k", "ß", "σ", "a b", "-", "r");
const parts = fc
  .array(fc.oneof({ weight: 2, arbitrary: piece }, { weight: 2, arbitrary: word }, { weight: 1, arbitrary: text }), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((inner) =>
    fc.tuple(fc.boolean(), fc.boolean()).map(([left, right]) => [...(left ? [""] : []), ...inner.filter(Boolean), ...(right ? [""] : [])]),
  )
  .filter((list) => list.some(Boolean));
const numeral = fc.oneof(number.map(String), fc.constantFrom(...HUGE, "+5", "05", ".5", "5."));
const operand = fc.oneof(
  numeral.map((digits) => ({ kind: "number", text: digits }) as const),
  text.map((letters) => ({ kind: "text", text: letters }) as const),
);
const time_operand = time_us.map((time) => ({ kind: "time", time_us: time }) as const);
const level_operand = fc.constantFrom(...LEVELS).map((level) => ({ kind: "level", level }) as const);
const operator = fc.constantFrom(">" as const, ">=" as const, "<" as const, "<=" as const);
const bound = <T>(operands: fc.Arbitrary<T>) => fc.option(fc.record({ operand: operands, inclusive: fc.boolean() }), { nil: null });

const PATTERNS = [
  "time(d )?out",
  "^error",
  "\\d+$",
  '[a-c]"?',
  "(?i)TIME",
  "(?i)k|out",
  "(?i)error|(time|x)\\w",
  "(?i)été",
  "(?i)5",
  "time(out|)",
  "(error|out)$",
  "T.*(T|e)",
  "(?s)t.*-",
  "é+",
  "\\\\",
  "",
  "out|500",
  "a.b",
  'x"y',
];

const compared: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ kind: fc.constant("compare" as const), field: any_field, operator, operand }),
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
    fc.record({ kind: fc.constant("range" as const), field: any_field, min: bound(operand), max: bound(operand) }),
    fc.record({ kind: fc.constant("range" as const), field: fc.constant("timestamp"), min: bound(time_operand), max: bound(time_operand) }),
  )
  .filter(
    ({ min, max }) => (min !== null || max !== null) && (!min || !max || min.operand.kind === max.operand.kind),
  ) as fc.Arbitrary<Filter>;

const leaf: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("phrase" as const), field: phrase_field, parts }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("equal" as const), field: any_field, value: text }) },
  fc.record({ kind: fc.constant("equal" as const), field: fc.constant("level"), value: fc.constantFrom(...LEVELS) }),
  fc.record({
    kind: fc.constant("in" as const),
    field: plain_field,
    values: fc.array(fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: text }), { minLength: 2, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant("wildcard" as const), field: plain_field, parts: parts.filter((list) => list.length > 1) }),
  fc.record({ kind: fc.constant("contains" as const), field: any_field, text }),
  fc.record({ kind: fc.constant("icase" as const), field: any_field, value: text }),
  fc.record({ kind: fc.constant("regex" as const), field: any_field, pattern: fc.constantFrom(...PATTERNS) }),
  { weight: 2, arbitrary: compared },
  ranged,
  fc.record({ kind: fc.constant("exists" as const), field: fc.oneof(plain_field, fc.constant("message")) }),
);

export const filter: fc.Arbitrary<Filter> = fc.letrec<{ tree: Filter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map(and) },
    { weight: 1, arbitrary: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map((filters) => or(filters as [Filter, ...Filter[]])) },
    { weight: 1, arbitrary: tie("tree").map(not) },
  ),
})).tree;
