import { EXPRESSION_TEXT_LENGTH_MAX } from "../../../../limits.ts";
import { searchColumn } from "../../filters/column-search.ts";
import { type BytesVector, boolVector, NULL_BOOL, numberVector, type Scalar, textVector, type Vector } from "../vector.ts";
import { bytesStandAt, matchRowsOf } from "./bytes.ts";
import {
  type Argument,
  converted,
  type ExpressionFunction,
  type Parameter,
  resultLength,
  scalar,
  type TextBudget,
  withStride,
} from "./function.ts";
import { likeTest } from "./like.ts";
import { lengthOf, lowered, padded, pieceOf, positionOf, replaceAll, slice, substring, trimmer } from "./text-parts.ts";

const TEXT: Parameter = { name: "text", type: "text" };

function text(name: string): Parameter {
  return { name, type: "text" };
}

function number(name: string): Parameter {
  return { name, type: "number" };
}

function plainText(
  doc: string,
  example: ExpressionFunction["example"],
  of: (value: string) => string,
  aliases?: string[],
): ExpressionFunction {
  return scalar({ aliases, parameters: [TEXT], result: "text", doc, example, of });
}

/** Joins texts; nulls are left out, or make the whole null. */
function join(args: readonly Argument[], length: number, strict: boolean, budget: TextBudget) {
  const parts = args.map((argument) => converted(argument, "text"));
  const values = new Array<string | null>(resultLength(args, length));
  for (let row = 0; row < values.length; row++) {
    let whole: string | null = "";
    for (const part of parts) {
      const own: string | null = part.values[row * part.stride] as string | null;
      if (own !== null && whole !== null) whole += own;
      else if (strict) whole = null;
    }
    if (whole !== null && whole.length > EXPRESSION_TEXT_LENGTH_MAX) whole = null;
    if (whole !== null) budget.spend(whole.length);
    values[row] = whole;
  }
  return withStride(textVector(values), args);
}

/** Searches the column's bytes for the text at once. */
function containsBytes(first: BytesVector, [search]: readonly Scalar[]): Vector | null {
  if (typeof search !== "string" || search === "") return null;
  return matchRowsOf(first, false, (column, mask) => searchColumn(column, search, { any_case: false }, mask, () => true));
}

/** Compares the bytes at one end of each row. */
function endBytes(first: BytesVector, [search]: readonly Scalar[], at_end: boolean): Vector | null {
  if (typeof search !== "string") return null;
  const needle = new TextEncoder().encode(search);
  return matchRowsOf(first, false, ({ bytes, offsets }, mask) => {
    for (let row = 0; row < mask.length; row++) {
      if (mask[row] === 0) continue;
      const start = offsets[row]!;
      const end = offsets[row + 1]!;
      const fits = end - start >= needle.length && bytesStandAt(bytes, at_end ? end - needle.length : start, needle);
      if (!fits) mask[row] = 0;
    }
  });
}

/** Counts the bytes that begin a character. */
function lengthOfBytes({ column, rows }: BytesVector): Vector {
  const { bytes, offsets, present } = column;
  const values = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const end = offsets[row + 1]!;
    let count = 0;
    for (let at = offsets[row]!; at < end; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++;
    values[index] = present && present[row] === 0 ? Number.NaN : count;
  }
  return numberVector(values);
}

function like(any_case: boolean, doc: string, example: ExpressionFunction["example"]): ExpressionFunction {
  return {
    parameters: [TEXT, text("pattern"), { name: "escape", type: "text", optional: true }],
    result: "bool",
    doc,
    example,
    run(args, length) {
      const [values, patterns, escapes] = args.map((argument) => converted(argument, "text"));
      const rows = new Uint8Array(resultLength(args, length));
      for (let row = 0; row < rows.length; row++) {
        const value = values!.values[row * values!.stride] as string | null;
        const pattern = patterns!.values[row * patterns!.stride] as string | null;
        const escaping = escapes ? (escapes.values[row * escapes.stride] as string | null) : "";
        rows[row] =
          value === null || pattern === null || escaping === null ? NULL_BOOL : likeTest(pattern, escaping, any_case).meets(value) ? 1 : 0;
      }
      return withStride(boolVector(rows), args);
    },
    runBytes(first, [pattern, escaping]) {
      if (typeof pattern !== "string" || escaping === null) return null;
      const { scan } = likeTest(pattern, String(escaping ?? ""), any_case);
      return scan && matchRowsOf(first, false, scan);
    },
  };
}

export const STRINGS: Readonly<Record<string, ExpressionFunction>> = {
  length: {
    ...scalar({ parameters: [TEXT], result: "number", doc: "Number of characters.", example: ['length("Größe")', 5], of: lengthOf }),
    aliases: ["len", "char_length"],
    runBytes: lengthOfBytes,
  },
  upper: plainText("In capitals.", ['upper("abc")', "ABC"], (value) => value.toUpperCase()),
  lower: plainText("In small letters.", ['lower("ABC")', "abc"], lowered),
  trim: scalar({
    parameters: [TEXT, { name: "characters", type: "text", optional: true }],
    result: "text",
    doc: "Without space (or any of the characters) at both ends.",
    example: ['trim(" a ")', "a"],
    of: trimmer(true, true),
  }),
  ltrim: scalar({
    parameters: [TEXT, { name: "characters", type: "text", optional: true }],
    result: "text",
    doc: "Without space (or any of the characters) at the beginning.",
    example: ['ltrim("//a/", "/")', "a/"],
    of: trimmer(true, false),
  }),
  rtrim: scalar({
    parameters: [TEXT, { name: "characters", type: "text", optional: true }],
    result: "text",
    doc: "Without space (or any of the characters) at the end.",
    example: ['rtrim("/a//", "/")', "/a"],
    of: trimmer(false, true),
  }),
  substr: scalar({
    aliases: ["substring"],
    parameters: [TEXT, number("start"), { name: "length", type: "number", optional: true }],
    result: "text",
    doc: "The characters from a place on, counted from 1, from the end where below 0.",
    example: ['substr("payment", 4, 2)', "me"],
    of: substring,
  }),
  left: scalar({
    parameters: [TEXT, number("length")],
    result: "text",
    doc: "So many characters from the beginning; below 0 all but so many.",
    example: ['left("payment", 3)', "pay"],
    of: (value: string, length: number) => slice(value, 0, Math.trunc(length)),
  }),
  right: scalar({
    parameters: [TEXT, number("length")],
    result: "text",
    doc: "So many characters from the end; below 0 all but so many.",
    example: ['right("payment", 4)', "ment"],
    of: (value: string, length: number) => (Math.trunc(length) === 0 ? "" : slice(value, -Math.trunc(length))),
  }),
  lpad: scalar({
    parameters: [TEXT, number("length"), { name: "fill", type: "text", optional: true }],
    result: "text",
    doc: "Filled at the beginning (with spaces) to a length, or cut to it.",
    example: ['lpad("7", 3, "0")', "007"],
    grows: true,
    of: (value: string, length: number, fill = " ") => padded(value, length, fill, true),
  }),
  rpad: scalar({
    parameters: [TEXT, number("length"), { name: "fill", type: "text", optional: true }],
    result: "text",
    doc: "Filled at the end (with spaces) to a length, or cut to it.",
    example: ['rpad("7", 3, ".")', "7.."],
    grows: true,
    of: (value: string, length: number, fill = " ") => padded(value, length, fill, false),
  }),
  replace: scalar({
    parameters: [TEXT, text("search"), text("by")],
    result: "text",
    doc: "With every occurrence of one text replaced by another.",
    example: ['replace("a-b-c", "-", "")', "abc"],
    grows: true,
    of: replaceAll,
  }),
  reverse: plainText("Its characters from the last to the first.", ['reverse("abc")', "cba"], (value) =>
    Array.from(value).reverse().join(""),
  ),
  split_part: scalar({
    parameters: [TEXT, text("separator"), number("index")],
    result: "text",
    doc: "One of the pieces between separators, counted from 1, from the end where below 0; null where there are fewer.",
    example: ['split_part("/api/v1/users", "/", 2)', "api"],
    of: pieceOf,
  }),
  starts_with: {
    ...scalar({
      parameters: [TEXT, text("prefix")],
      result: "bool",
      doc: "Whether it begins so, letter by letter.",
      example: ['starts_with("payment", "pay")', true],
      of: (value: string, prefix: string) => value.startsWith(prefix),
    }),
    runBytes: (first, others) => endBytes(first, others, false),
  },
  ends_with: {
    ...scalar({
      parameters: [TEXT, text("suffix")],
      result: "bool",
      doc: "Whether it ends so, letter by letter.",
      example: ['ends_with("payment", "ment")', true],
      of: (value: string, suffix: string) => value.endsWith(suffix),
    }),
    runBytes: (first, others) => endBytes(first, others, true),
  },
  contains: {
    ...scalar({
      parameters: [TEXT, text("search")],
      result: "bool",
      doc: "Whether the text occurs in it, letter by letter.",
      example: ['contains("payment", "ym")', true],
      of: (value: string, search: string) => value.includes(search),
    }),
    runBytes: containsBytes,
  },
  position: scalar({
    aliases: ["strpos", "instr"],
    parameters: [TEXT, text("search")],
    result: "number",
    doc: "Where the text first occurs, counted from 1; 0 where nowhere.",
    example: ['position("payment", "m")', 4],
    of: positionOf,
  }),
  "||": {
    parameters: [text("a"), text("b")],
    result: "text",
    doc: "The one text and the other; null where one is.",
    example: ['"a" || 1', "a1"],
    run: (args, length, budget) => join(args, length, true, budget),
  },
  concat: {
    parameters: [{ name: "value", type: "text" }],
    repeats: { count: 1 },
    result: "text",
    doc: "All of them one after another, nulls left out.",
    example: ['concat("a", null, 1)', "a1"],
    run: (args, length, budget) => join(args, length, false, budget),
  },
  like: like(
    false,
    "Whether the whole text is of the pattern: `%` stands for any run of characters, `_` for one; also written `a like b`.",
    ['like("payment", "pay%t")', true],
  ),
  ilike: like(true, "As `like`, whatever the case; also written `a ilike b`.", ['ilike("Payment", "PAY_ent")', true]),
};
