import { EXPRESSION_DEPTH_MAX } from "../../../limits.ts";
import { formatTimestamp_us } from "../../batch/record.ts";
import { ANY_FIELD, resolveField } from "../fields.ts";
import type { Scanner } from "../scanner.ts";
import { suggest } from "../suggest.ts";
import { parseDuration_us } from "../time.ts";
import type { Expression } from "./expression.ts";
import { checkCall, depthOf } from "./expression-type.ts";
import { parameterAt } from "./functions/function.ts";
import { FUNCTION_NAMES, functionName, functionOf } from "./functions/functions.ts";
import { KEYWORDS } from "./print-expression.ts";

const EXPECTED = 'a value: a field, a number, a "text", a function, a minus or a parenthesis';
const WORD = /[\p{L}_@$][\p{L}\p{N}_.@$]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_@$])/uy;
const DURATION = /\d+(?:\.\d+)?(?:us|ms|s|m|h|d|w)(?![\p{L}\p{N}_.@$])/uy;
/** By how tightly they bind, longer ones first. */
const COMPARISONS: readonly (readonly [written: string, name: string])[] = [
  ["!=", "!="],
  ["<>", "!="],
  ["<=", "<="],
  [">=", ">="],
  ["==", "="],
  ["=", "="],
  ["<", "<"],
  [">", ">"],
];
const LEFT_TO_RIGHT: readonly (readonly string[])[] = [["||"], ["+", "-"], ["*", "/", "%"]];

/**
 * An expression as long as it goes (docs/query-language.md); `now()` becomes the scanner's time.
 * @throws QuerySyntaxError
 */
export function parseExpression(scanner: Scanner): Expression {
  scanner.skipSpace();
  const position = scanner.position;
  const expression = parseEither(scanner, 0);
  if (depthOf(expression) > EXPRESSION_DEPTH_MAX) {
    scanner.fail("a flatter expression", { position, message: `an expression is at most ${EXPRESSION_DEPTH_MAX} calls deep` });
  }
  return expression;
}

function call(scanner: Scanner, name: string, args: Expression[]): Expression {
  scanner.countTerm();
  return { kind: "call", name, args };
}

/** Takes a word of the language, whatever its case. */
function takeKeyword(scanner: Scanner, keyword: string): boolean {
  const from = scanner.position;
  scanner.skipSpace();
  if (scanner.match(WORD)?.[0].toLowerCase() === keyword) return true;
  scanner.position = from;
  return false;
}

function failAtWord(scanner: Scanner, expected: string): never {
  scanner.skipSpace();
  return scanner.fail(expected);
}

function parseEither(scanner: Scanner, depth: number): Expression {
  const parts = [parseAll(scanner, depth)];
  while (takeKeyword(scanner, "or")) parts.push(parseAll(scanner, depth));
  return parts.length === 1 ? parts[0]! : call(scanner, "or", parts);
}

function parseAll(scanner: Scanner, depth: number): Expression {
  const parts = [parseNot(scanner, depth)];
  while (takeKeyword(scanner, "and")) parts.push(parseNot(scanner, depth));
  return parts.length === 1 ? parts[0]! : call(scanner, "and", parts);
}

function parseNot(scanner: Scanner, depth: number): Expression {
  checkDepth(scanner, depth);
  return takeKeyword(scanner, "not") ? call(scanner, "not", [parseNot(scanner, depth + 1)]) : parseComparison(scanner, depth);
}

function checkDepth(scanner: Scanner, depth: number): void {
  if (depth <= EXPRESSION_DEPTH_MAX) return;
  scanner.fail("fewer parentheses and calls inside one another", {
    message: `an expression is at most ${EXPRESSION_DEPTH_MAX} levels deep`,
  });
}

function parseComparison(scanner: Scanner, depth: number): Expression {
  const left = parseOperation(scanner, depth, 0);
  scanner.skipSpace();
  const operator = COMPARISONS.find(([written]) => scanner.take(written));
  if (operator) return checked(scanner, operator[1], [left, parseOperation(scanner, depth, 0)]);
  if (scanner.take("~")) return matching(scanner, left);
  if (scanner.take("!~")) return call(scanner, "not", [matching(scanner, left)]);
  if (takeKeyword(scanner, "is")) {
    const negated = takeKeyword(scanner, "not");
    if (!takeKeyword(scanner, "null")) failAtWord(scanner, "null or not null after is");
    return negate(scanner, negated, call(scanner, "isnull", [left]));
  }
  return parseWordComparison(scanner, left, depth);
}

function matching(scanner: Scanner, left: Expression): Expression {
  return checked(scanner, "regexp_like", [left, verbatimText(scanner)]);
}

function verbatimText(scanner: Scanner): Expression {
  scanner.skipSpace();
  return { kind: "literal", value: scanner.verbatim("a regular expression in quotes") };
}

function negate(scanner: Scanner, negated: boolean, expression: Expression): Expression {
  return negated ? call(scanner, "not", [expression]) : expression;
}

/** `in (…)`, `between … and …`, `like …`, each perhaps after `not`. */
function parseWordComparison(scanner: Scanner, left: Expression, depth: number): Expression {
  const from = scanner.position;
  const negated = takeKeyword(scanner, "not");
  if (takeKeyword(scanner, "in")) {
    scanner.expectMark("(", "a list in parentheses after in");
    const items = parseArguments(scanner, "in", depth + 1, [left]);
    return negate(scanner, negated, checked(scanner, "in", items));
  }
  if (takeKeyword(scanner, "between")) {
    const low = parseOperation(scanner, depth, 0);
    if (!takeKeyword(scanner, "and")) failAtWord(scanner, "and between the two ends");
    return negate(scanner, negated, checked(scanner, "between", [left, low, parseOperation(scanner, depth, 0)]));
  }
  for (const name of ["like", "ilike"]) {
    if (takeKeyword(scanner, name)) return negate(scanner, negated, checked(scanner, name, [left, parseOperation(scanner, depth, 0)]));
  }
  scanner.position = from;
  return left;
}

/** Operators of one strength from left to right. */
function parseOperation(scanner: Scanner, depth: number, level: number): Expression {
  const operators = LEFT_TO_RIGHT[level];
  if (!operators) return parseSigned(scanner, depth);
  let left = parseOperation(scanner, depth, level + 1);
  for (;;) {
    const from = scanner.position;
    scanner.skipSpace();
    const operator = operators.find((written) => scanner.take(written));
    if (!operator) {
      scanner.position = from;
      return left;
    }
    left = call(scanner, operator, [left, parseOperation(scanner, depth, level + 1)]);
  }
}

function parseSigned(scanner: Scanner, depth: number): Expression {
  checkDepth(scanner, depth);
  scanner.skipSpace();
  if (!scanner.take("-")) return parseOperand(scanner, depth);
  scanner.skipSpace();
  const digits = /[\d.]/.test(scanner.next);
  const operand = parseSigned(scanner, depth + 1);
  if (digits && operand.kind === "literal" && typeof operand.value === "number") return { kind: "literal", value: 0 - operand.value };
  return call(scanner, "neg", [operand]);
}

function parseOperand(scanner: Scanner, depth: number): Expression {
  scanner.skipSpace();
  const position = scanner.position;
  if (scanner.next === '"' || scanner.next === "'") return { kind: "literal", value: scanner.quoted().text };
  if (scanner.next === "`") return fieldOf(scanner, backticked(scanner), position);
  if (scanner.take("(")) {
    const inner = parseEither(scanner, depth + 1);
    if (!scanner.takeMark(")")) scanner.fail("an operator or a closing )", { message: unclosed(scanner, position) });
    return inner;
  }
  const number = parseNumber(scanner);
  if (number !== null) return { kind: "literal", value: number };
  const word = scanner.match(WORD)?.[0];
  if (word === undefined) return scanner.fail(EXPECTED);
  if (scanner.takeMark("(")) return parseCall(scanner, word, position, depth);
  return parseWord(scanner, word, position);
}

function unclosed(scanner: Scanner, position: number): string | undefined {
  scanner.skipSpace();
  return scanner.atEnd ? `the parenthesis opened at ${position} is not closed` : undefined;
}

/** A duration is its number of seconds. */
function parseNumber(scanner: Scanner): number | null {
  const position = scanner.position;
  const duration = scanner.match(DURATION);
  const duration_us = duration ? parseDuration_us(duration[0]) : null;
  if (duration && duration_us === null) scanner.fail("a duration of whole microseconds", { position });
  if (duration_us !== null) return duration_us / 1_000_000;
  const found = scanner.match(NUMBER);
  if (!found) return null;
  const value = Number(found[0]);
  if (!Number.isFinite(value)) scanner.fail("a number that is not too large", { position });
  return value;
}

function parseWord(scanner: Scanner, word: string, position: number): Expression {
  const keyword = word.toLowerCase();
  if (keyword === "true" || keyword === "false") return { kind: "literal", value: keyword === "true" };
  if (keyword === "null") return { kind: "literal", value: null };
  if (KEYWORDS.has(keyword))
    scanner.fail(EXPECTED, { position, message: `expected ${EXPECTED}, found ${word}; a field of that name is written \`${word}\`` });
  return fieldOf(scanner, word, position);
}

function fieldOf(scanner: Scanner, name: string, position: number): Expression {
  if (name === "" || name === ANY_FIELD) scanner.fail("the name of one field", { position });
  return { kind: "field", field: resolveField(name) };
}

/** A field's name between backticks. */
function backticked(scanner: Scanner): string {
  const found = scanner.match(/`((?:[^`\\]|\\[\s\S])*)`/y);
  if (!found) return scanner.fail("a closing `", { message: "the name in backticks has no end" });
  return found[1]!.replace(/\\([\s\S])/g, "$1");
}

function parseCall(scanner: Scanner, word: string, position: number, depth: number): Expression {
  if (word.toLowerCase() === "now") {
    scanner.expectMark(")", "the closing ) of now()");
    return call(scanner, "to_time", [{ kind: "literal", value: formatTimestamp_us(scanner.now_us) }]);
  }
  const name = functionName(word);
  if (name === null) {
    return scanner.fail("the name of a function", {
      position,
      message: `there is no function ${word}`,
      suggestion: suggest(word, FUNCTION_NAMES),
    });
  }
  const args = parseArguments(scanner, name, depth + 1, []);
  const size_only = name === "bucket" && args[0]?.kind === "literal" && typeof args[0].value === "number";
  return checked(scanner, name, size_only ? [{ kind: "field", field: "timestamp" }, ...args] : args, position);
}

/** Up to and with the closing parenthesis. */
function parseArguments(scanner: Scanner, name: string, depth: number, before: readonly Expression[]): Expression[] {
  const args = [...before];
  if (scanner.takeMark(")")) return args;
  const definition = functionOf(name);
  do {
    scanner.skipSpace();
    const verbatim = definition && parameterAt(definition, args.length, args.length + 1)?.verbatim;
    const quoted = scanner.next === '"' || scanner.next === "'";
    args.push(verbatim && quoted ? verbatimText(scanner) : parseEither(scanner, depth));
  } while (scanner.takeMark(","));
  scanner.expectMark(")", "an operator, a comma or the closing )");
  return args;
}

/** A call whose arguments are looked at. */
function checked(scanner: Scanner, name: string, args: Expression[], position = scanner.position): Expression {
  const fault = checkCall(name, args);
  if (fault) {
    const place = fault.argument < 0 ? "" : ` as argument ${fault.argument + 1} of ${name}`;
    scanner.fail(fault.expected, { position, message: `expected ${fault.expected}${place}` });
  }
  return call(scanner, name, args);
}
