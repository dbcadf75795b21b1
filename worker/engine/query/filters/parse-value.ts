import { ANY_FIELD, isTimeField } from "../fields.ts";
import { printField } from "../quote.ts";
import { compileRegex, RegexError } from "../regex/regex.ts";
import type { Scanner, TextToken } from "../scanner.ts";
import { suggest } from "../suggest.ts";
import { timeSpan_us } from "../time.ts";
import type { Filter } from "./filter.ts";
import { ALL } from "./filter-all.ts";
import type { CompareOperator } from "./filter-compare.ts";
import { equal } from "./filter-equal.ts";
import { not } from "./filter-not.ts";
import { or } from "./filter-or.ts";
import { phrase } from "./filter-phrase.ts";
import type { Bound } from "./filter-range.ts";
import { readLevel, readOperand } from "./parse-operand.ts";

const EXPECTED_VALUE =
  'a value: a word, a "quoted text", a comparison such as >500, a range [1 TO 5], a list (a, b), ~"an expression", a function or *';
const OPERATORS: readonly CompareOperator[] = [">=", "<=", ">", "<"];
const FUNCTION_CALL = /([A-Za-z_]+)\(/y;

/** Functions that stand for a value: `field:name("…")`. */
const FUNCTIONS: Readonly<Record<string, (scanner: Scanner, field: string, tokens: TextToken[]) => Filter>> = {
  contains: (scanner, field, tokens) => ({ kind: "contains", field, text: single(scanner, tokens).text }),
  icase: (scanner, field, tokens) => ({ kind: "icase", field, value: single(scanner, tokens).text }),
  words: (scanner, field, tokens) => phraseOf(scanner, field, single(scanner, tokens)),
  in: (scanner, field, tokens) => listOf(scanner, field, tokens),
};

/** What stands after `field:`. */
export function parseValue(scanner: Scanner, field: string): Filter {
  scanner.countTerm();
  switch (scanner.next) {
    case "(":
      scanner.position++;
      return listOf(scanner, field, parseItems(scanner, true));
    case "[":
    case "{":
      return parseRange(scanner, field);
    case ">":
    case "<":
      return parseComparison(scanner, field);
    case "=":
      scanner.position++;
      return parseExact(scanner, field);
    case "!":
      return parseNegated(scanner, field);
    case "~":
      scanner.position++;
      return parseRegex(scanner, field);
  }
  const call = scanner.match(FUNCTION_CALL);
  if (call) return parseCall(scanner, field, call);
  return plainValue(scanner, field, scanner.text("", EXPECTED_VALUE));
}

function parseCall(scanner: Scanner, field: string, call: RegExpExecArray): Filter {
  const name = (call[1] ?? "").toLowerCase();
  const build = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (build) return build(scanner, field, parseItems(scanner, false));
  const names = Object.keys(FUNCTIONS);
  return scanner.fail(`one of the functions ${names.join(", ")}`, {
    position: call.index,
    found: `${call[1]}(`,
    suggestion: suggest(name, names),
  });
}

/** Texts parted by commas (in a list also by OR) up to the closing parenthesis. */
function parseItems(scanner: Scanner, list: boolean): TextToken[] {
  const items: TextToken[] = [];
  do {
    scanner.skipSpace();
    items.push(scanner.text(",", "a value"));
    if (items.length > 1) scanner.countTerm();
    scanner.skipSpace();
  } while (scanner.take(",") || (list && scanner.match(/OR(?=[\s"'])/y)));
  scanner.expectMark(")", list ? "a comma, OR, or the closing )" : "a comma or the closing )");
  return items;
}

function single(scanner: Scanner, tokens: TextToken[]): TextToken {
  if (tokens.length !== 1) scanner.fail("one text in the parentheses", { position: tokens[1]?.position });
  return tokens[0] as TextToken;
}

/** Plain values together, each one with a star on its own. */
function listOf(scanner: Scanner, field: string, tokens: TextToken[]): Filter {
  const together = (token: TextToken) => token.parts.length === 1 && field !== "message" && field !== ANY_FIELD && !isTimeField(field);
  const alone = tokens.filter((token) => !together(token)).map((token) => plainValue(scanner, field, token));
  const values = tokens.filter(together).map((token) => (field === "level" ? readLevel(scanner, token) : token.text));
  const filters: Filter[] = values.length > 1 ? [{ kind: "in", field, values }] : values.map((value) => equal(field, value));
  return or([...filters, ...alone] as [Filter, ...Filter[]]);
}

/** What a plain value means: words of the message, a point in time, or the whole value of a field. */
export function plainValue(scanner: Scanner, field: string, token: TextToken): Filter {
  const { parts } = token;
  if (parts.length > 1 && parts.every((part) => part === "")) return field === ANY_FIELD ? ALL : { kind: "exists", field };
  if (field === "message" || field === ANY_FIELD) return phraseOf(scanner, field, token);
  if (parts.length > 1) return { kind: "wildcard", field, parts: field === "level" ? parts.map((part) => part.toUpperCase()) : parts };
  if (isTimeField(field)) return timeOf(scanner, field, token);
  return equal(field, field === "level" ? readLevel(scanner, token) : token.text);
}

export function phraseOf(scanner: Scanner, field: string, token: TextToken): Filter {
  if (token.parts.every((part) => part === "")) {
    scanner.fail("a word between the quotes", { message: "a phrase needs at least one character", position: token.position });
  }
  return phrase(field, token.parts);
}

/** A time given to the day, minute or second means all of it. */
function timeOf(scanner: Scanner, field: string, token: TextToken): Filter {
  const operand = readOperand(scanner, field, token);
  const span_us = timeSpan_us(token.text);
  if (operand.kind !== "time" || span_us === 0) return { kind: "compare", field, operator: "=", operand };
  const end: Bound = { operand: { kind: "time", time_us: operand.time_us + span_us }, inclusive: false };
  return { kind: "range", field, min: { operand, inclusive: true }, max: end };
}

function parseComparison(scanner: Scanner, field: string): Filter {
  const operator = OPERATORS.find((text) => scanner.take(text)) as CompareOperator;
  const operand = readOperand(scanner, field, scanner.text("", `a number, a time or a "text" after ${operator}`));
  return { kind: "compare", field, operator, operand };
}

/** `=500` as a number, `=text` letter by letter, stars included. */
function parseExact(scanner: Scanner, field: string): Filter {
  const token = scanner.text("", 'a number or a "text" after =');
  const operand = readOperand(scanner, field, token);
  if (operand.kind === "level") return equal(field, operand.level);
  if (operand.kind === "text" || field === "message" || field === ANY_FIELD) return equal(field, token.text);
  return { kind: "compare", field, operator: "=", operand };
}

function parseNegated(scanner: Scanner, field: string): Filter {
  if (scanner.take("!=")) return not(parseExact(scanner, field));
  if (scanner.take("!~")) return not(parseRegex(scanner, field));
  return scanner.fail("!= or !~; to exclude a value put - before the field", { suggestion: `-${printField(field)}…` });
}

function parseRegex(scanner: Scanner, field: string): Filter {
  const position = scanner.position;
  const pattern = scanner.verbatim("a regular expression in quotes");
  try {
    compileRegex(pattern);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    scanner.fail("a valid regular expression (RE2 syntax)", { position, message: `the regular expression is not valid: ${error.message}` });
  }
  return { kind: "regex", field, pattern };
}

/** `[a TO b]`, `{a TO b}` and mixtures; `*` leaves a side open. */
function parseRange(scanner: Scanner, field: string): Filter {
  const position = scanner.position;
  const min_inclusive = scanner.next === "[";
  scanner.position++;
  const min = parseBound(scanner, field, min_inclusive);
  scanner.skipSpace();
  if (!scanner.match(/TO(?=\s)/y)) scanner.fail("TO between the two ends of the range");
  const max = parseBound(scanner, field, true);
  scanner.skipSpace();
  if (scanner.next !== "]" && scanner.next !== "}") scanner.fail("] or } at the end of the range");
  if (max) max.inclusive = scanner.next === "]";
  scanner.position++;
  if (min && max && min.operand.kind !== max.operand.kind) {
    scanner.fail("two numbers or two texts", { position, message: "the ends of a range must be of one kind" });
  }
  return min || max ? { kind: "range", field, min, max } : { kind: "exists", field };
}

function parseBound(scanner: Scanner, field: string, inclusive: boolean): Bound | null {
  scanner.skipSpace();
  const token = scanner.text("]}", "an end of the range: a value or *");
  if (!token.quoted && token.text === "*") return null;
  return { operand: readOperand(scanner, field, token), inclusive };
}
