import { shortName } from "../fields.ts";
import { quote } from "../quote.ts";
import type { Expression } from "./expression.ts";
import { parameterAt } from "./functions/function.ts";
import { functionOf } from "./functions/functions.ts";

/** How tightly each operator binds, loosest first. Everything else binds tightest. */
export const BINDING: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  not: 3,
  "=": 4,
  "!=": 4,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "||": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  "%": 7,
};
/** Words that mean something in an expression; a field of such a name is put in backticks. */
export const KEYWORDS: ReadonlySet<string> = new Set("and or not in between like ilike is null true false as by asc desc".split(" "));

const PLAIN_NAME = /^[\p{L}_@$][\p{L}\p{N}_.@$]*$/u;

/** The expression as text in its normal form; parsing that gives an equal tree. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case "literal":
      return typeof expression.value === "string" ? quote(expression.value) : String(expression.value);
    case "field":
      return printOperandName(shortName(expression.field));
    case "call":
      return printCall(expression.name, expression.args);
  }
}

/** A field's name as it stands in an expression. */
function printOperandName(name: string): string {
  if (PLAIN_NAME.test(name) && !KEYWORDS.has(name.toLowerCase())) return name;
  return `\`${name.replace(/[\\`]/g, (letter) => `\\${letter}`)}\``;
}

function printCall(name: string, args: readonly Expression[]): string {
  const binding = BINDING[name];
  if (name === "not" && args.length === 1) return `not ${within(args[0]!, 3)}`;
  if (name === "and" || name === "or") return args.map((argument) => within(argument, binding! + 1)).join(` ${name} `);
  if (binding !== undefined && args.length === 2) {
    const left = within(args[0]!, binding === 4 ? 5 : binding);
    return `${left} ${name} ${within(args[1]!, binding + 1)}`;
  }
  if (name === "neg") return `-(${args.map(printExpression).join(", ")})`;
  return `${name}(${args.map((argument, index) => printArgument(name, argument, index, args.length)).join(", ")})`;
}

/** In parentheses where it binds weaker than its place asks for. */
function within(expression: Expression, binding: number): string {
  const own = expression.kind === "call" ? (BINDING[expression.name] ?? 9) : 9;
  const text = printExpression(expression);
  return own < binding ? `(${text})` : text;
}

function printArgument(name: string, argument: Expression, index: number, count: number): string {
  const definition = functionOf(name);
  const verbatim = definition && parameterAt(definition, index, count)?.verbatim;
  if (!verbatim || argument.kind !== "literal" || typeof argument.value !== "string") return printExpression(argument);
  return printVerbatim(argument.value);
}

/** A text whose backslashes keep their meaning for another language; only a quote is escaped. */
export function printVerbatim(text: string): string {
  return `"${text.replace(/\\[\s\S]|"/g, (unit) => (unit === '"' ? '\\"' : unit))}"`;
}
