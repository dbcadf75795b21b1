import { EXPRESSION_TEXT_LENGTH_MAX } from "../../../../limits.ts";
import { scanOf } from "../../filters/filter-regex.ts";
import { compileRegex, matcherOf, RegexError } from "../../regex/regex.ts";
import { type BytesVector, type Scalar, textsOfRows, textVector, type Vector } from "../vector.ts";
import { matchingRows, matchRowsOf } from "./bytes.ts";
import { bounded, type ExpressionFunction, type Parameter, scalar } from "./function.ts";

const TEXT: Parameter = { name: "text", type: "text" };
const REGEX: Parameter = { name: "regex", type: "text", verbatim: true, constant: regexFault };

function regexFault(value: Scalar): string | null {
  if (typeof value !== "string") return "a regular expression in quotes";
  try {
    compileRegex(value);
    return null;
  } catch (error) {
    if (error instanceof RegexError) return `a valid regular expression (RE2 syntax; ${error.message})`;
    throw error;
  }
}

function extract(text: string, pattern: string, group?: number, matches = false): string | null {
  const matcher = matcherOf(pattern);
  const wanted = group ?? Math.min(1, matcher.groupCount);
  return matcher.groups(text, matches)?.[wanted] ?? null;
}

/** Texts are made only of rows in which the expression matches. */
function extractBytes({ column, rows }: BytesVector, [pattern, group]: readonly Scalar[]): Vector | null {
  if (typeof pattern !== "string" || typeof group === "string" || group === null) return null;
  const matched = matchingRows(column, rows, scanOf(pattern));
  const texts = textsOfRows(column, matched);
  const values = new Array<string | null>(rows.length).fill(null);
  let next = 0;
  for (let index = 0; index < rows.length && next < matched.length; index++) {
    if (rows[index] !== matched[next]) continue;
    values[index] = extract(texts[next]!, pattern, group === undefined ? undefined : Number(group), true);
    next++;
  }
  return textVector(values);
}

/** A replacement taken apart: texts, and numbers of groups between them. */
function template(by: string): (string | number)[] {
  return by.split(/([\\$]\d)/).map((part, index) => (index % 2 === 1 ? Number(part[1]) : part));
}

let last_template: { by: string; parts: (string | number)[] } = { by: "", parts: [] };

/** `$1` or `\1` in the replacement stand for a group, `$0` for all of the match. */
function replace(text: string, pattern: string, by: string): string | null {
  if (last_template.by !== by) last_template = { by, parts: template(by) };
  const { parts } = last_template;
  let result = "";
  let end = 0;
  matcherOf(pattern).forEachMatch(text, (places) => {
    result += text.slice(end, places[0]);
    for (const part of parts) {
      if (typeof part === "string") result += part;
      else if ((places[2 * part] ?? -1) >= 0) result += text.slice(places[2 * part], places[2 * part + 1]);
    }
    end = places[1]!;
    return result.length <= EXPRESSION_TEXT_LENGTH_MAX;
  });
  return bounded(result.length + text.length - end, () => result + text.slice(end));
}

export const REGEXPS: Readonly<Record<string, ExpressionFunction>> = {
  regexp_like: {
    ...scalar({
      aliases: ["regexp_matches", "matches"],
      parameters: [TEXT, REGEX],
      result: "bool",
      doc: 'Whether the expression matches somewhere in the text; also written `a ~ "…"`.',
      example: ['regexp_like("took 12 ms", "\\d+ ms$")', true],
      of: (text: string, pattern: string) => matcherOf(pattern).test(text),
    }),
    runBytes: (first, [pattern]) => (typeof pattern === "string" ? matchRowsOf(first, false, scanOf(pattern)) : null),
  },
  regexp_extract: {
    ...scalar({
      parameters: [TEXT, REGEX, { name: "group", type: "number", optional: true }],
      result: "text",
      doc: "What the first match has in its first group (or the one of this number, 0 being all of it); null without a match.",
      example: ['regexp_extract("took 12 ms", "(\\d+) ms")', "12"],
      of: extract,
    }),
    runBytes: extractBytes,
  },
  regexp_replace: scalar({
    parameters: [TEXT, REGEX, { name: "by", type: "text" }],
    result: "text",
    doc: "With every match replaced; `$1` stands for the first group, `$0` for the match.",
    example: ['regexp_replace("user 12 of 34", "\\d+", "<$0>")', "user <12> of <34>"],
    grows: true,
    of: replace,
  }),
};
