import { QUERY_DEPTH_MAX } from "../../../limits.ts";
import { resolveField } from "../fields.ts";
import type { Scanner } from "../scanner.ts";
import type { Filter } from "./filter.ts";
import { ALL } from "./filter-all.ts";
import { and } from "./filter-and.ts";
import { parseExpressionFilter } from "./filter-expression.ts";
import { not } from "./filter-not.ts";
import { or } from "./filter-or.ts";
import { parseValue, phraseOf } from "./parse-value.ts";

const EXPECTED_TERM = 'a word, a "phrase", field:value, a minus or a parenthesis';
const OPERATOR = /(AND|OR|NOT)(?=[\s()"']|$)/y;
const EXPRESSION_CALL = /expr\(/iy;
const FIELD_BEFORE_COLON = /([\p{L}_@$][\p{L}\p{N}_.@$/-]*):/uy;

/** The filter up to a `|` or the end; an empty one means every event. */
export function parseFilter(scanner: Scanner): Filter {
  scanner.skipSpace();
  if (scanner.atEnd || scanner.next === "|") return ALL;
  const filter = parseOr(scanner, 0);
  scanner.skipSpace();
  if (!scanner.atEnd && scanner.next !== "|") scanner.fail(`${EXPECTED_TERM} or |`);
  return filter;
}

/** A filter inside parentheses: up to what closes them. */
export function parseInnerFilter(scanner: Scanner): Filter {
  return parseOr(scanner, 0);
}

/** The operator that stands next, which stays where it is. */
function peekOperator(scanner: Scanner): string | null {
  scanner.skipSpace();
  const from = scanner.position;
  const found = scanner.match(OPERATOR);
  scanner.position = from;
  return found?.[1] ?? null;
}

function takeOperator(scanner: Scanner, operator: string): boolean {
  return peekOperator(scanner) === operator && scanner.take(operator);
}

function parseOr(scanner: Scanner, depth: number): Filter {
  const filters: [Filter, ...Filter[]] = [parseAnd(scanner, depth)];
  while (takeOperator(scanner, "OR")) filters.push(parseAnd(scanner, depth));
  return or(filters);
}

/** Terms side by side, with or without AND between them. */
function parseAnd(scanner: Scanner, depth: number): Filter {
  const filters = [parseTerm(scanner, depth)];
  for (;;) {
    const joined = takeOperator(scanner, "AND");
    scanner.skipSpace();
    const ended = scanner.atEnd || scanner.next === ")" || scanner.next === "|" || peekOperator(scanner) === "OR";
    if (ended && !joined) return and(filters);
    filters.push(parseTerm(scanner, depth));
  }
}

function parseTerm(scanner: Scanner, depth: number): Filter {
  if (depth > QUERY_DEPTH_MAX) {
    scanner.fail("fewer parentheses and negations inside one another", { message: `a query is at most ${QUERY_DEPTH_MAX} levels deep` });
  }
  if (takeOperator(scanner, "NOT")) return not(parseTerm(scanner, depth + 1));
  const operator = peekOperator(scanner);
  if (operator) scanner.fail(EXPECTED_TERM, { message: `${operator} needs a term before it; to search for the word put it in quotes` });
  if (scanner.next === "-" || scanner.next === "!") return parseMinus(scanner, depth);
  if (scanner.next === "(") return parseGroup(scanner, depth);
  return parseLeaf(scanner);
}

function parseMinus(scanner: Scanner, depth: number): Filter {
  const sign = scanner.next;
  scanner.position++;
  if (scanner.isDelimited(")|")) scanner.fail(`what to exclude, right after ${sign}; to search for the character put it in quotes`);
  return not(parseTerm(scanner, depth + 1));
}

function parseGroup(scanner: Scanner, depth: number): Filter {
  const position = scanner.position;
  scanner.position++;
  const filter = parseOr(scanner, depth + 1);
  if (!scanner.takeMark(")")) scanner.fail("a closing )", { message: `the parenthesis opened at ${position} is not closed` });
  return filter;
}

function parseLeaf(scanner: Scanner): Filter {
  if (scanner.next === '"' || scanner.next === "'") {
    const token = scanner.quoted();
    if (scanner.take(":")) return parseFieldTerm(scanner, token.text, token.position);
    scanner.countTerm();
    return phraseOf(scanner, "message", token);
  }
  if (scanner.match(EXPRESSION_CALL)) return parseExpressionFilter(scanner);
  const from = scanner.position;
  const named = scanner.match(FIELD_BEFORE_COLON);
  if (named) return parseFieldTerm(scanner, named[1] ?? "", from);
  const token = scanner.bare();
  if (token.text === "") scanner.fail(EXPECTED_TERM);
  if (token.parts.length > 1 && token.parts.every((part) => part === "")) return ALL;
  scanner.countTerm();
  return phraseOf(scanner, "message", token);
}

function parseFieldTerm(scanner: Scanner, name: string, position: number): Filter {
  if (name === "") scanner.fail("the name of a field before the colon", { position });
  if (scanner.isDelimited(")|")) {
    scanner.fail(`a value for the field ${name}, right after the colon; to search for the text put it in quotes`);
  }
  return parseValue(scanner, resolveField(name));
}
