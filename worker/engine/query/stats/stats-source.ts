import { ATTRIBUTE_PREFIX } from "../../batch/event-batch.ts";
import type { Expression } from "../expressions/expression.ts";
import { parseExpression } from "../expressions/parse-expression.ts";
import { printExpression } from "../expressions/print-expression.ts";
import { isPlainName, resolveField } from "../fields.ts";
import { printName, quote } from "../quote.ts";
import type { Scanner } from "../scanner.ts";

/** What a function is taken of, or rows are grouped by: a column, or an expression that a column is made of. */
export interface Source {
  field: string;
  expression?: Expression;
}

/** A plain name with what may follow it; `/` and `-` belong to a name unless space is around them. */
const NAME = /[\p{L}_@$][\p{L}\p{N}_.@$/-]*(?=\s*(?:[,)]|\|(?!\|)|$|(?:as|by)\s))/iuy;
const QUOTED_NAME = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(?=\s*(?:[,)]|\|(?!\|)|$|(?:as|by)\s))/iy;

/** Fields of these names are put in quotes, for readers and where the word could stand there too. */
const WORDS: ReadonlySet<string> = new Set(["as", "by"]);

/** A field's name where nothing but a comma, a parenthesis, `as`, `by` or the end follows it, else an expression. */
export function parseSource(scanner: Scanner): Source {
  scanner.skipSpace();
  const position = scanner.position;
  const quoted = scanner.match(QUOTED_NAME);
  if (quoted) {
    scanner.position = position;
    const name = scanner.quoted().text;
    if (name === "") scanner.fail("the name of a field", { position });
    return { field: resolveField(name) };
  }
  const name = scanner.match(NAME)?.[0];
  if (name !== undefined && isPlainName(name)) return { field: resolveField(name) };
  scanner.position = position;
  if (scanner.atEnd || ",|)".includes(scanner.next)) scanner.fail("the name of a field", { position });
  return computed(parseExpression(scanner), position, scanner);
}

/** An expression that is a field is that field. */
function computed(expression: Expression, position: number, scanner: Scanner): Source {
  if (expression.kind === "field") {
    if (expression.field === "_any") scanner.fail("the name of one field", { position });
    return { field: expression.field };
  }
  return { field: computedField(expression), expression };
}

/** The name of the column that a step makes of an expression: no name that an event would have, and the same for the same expression. */
export function computedField(expression: Expression): string {
  return `${ATTRIBUTE_PREFIX}= ${printExpression(expression)}`;
}

export function printSource({ field, expression }: Source): string {
  if (expression) return printExpression(expression);
  const name = printName(field);
  return WORDS.has(name.toLowerCase()) ? quote(name) : name;
}
