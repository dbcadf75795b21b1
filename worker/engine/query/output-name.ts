import { isPlainName } from "./fields.ts";
import { isOperator, quote } from "./quote.ts";
import type { Scanner } from "./scanner.ts";

/** Names of the columns of an answer: what follows `as`, and what later pipes refer to. Plain, or in quotes. */
export function readOutputName(scanner: Scanner): string {
  scanner.skipSpace();
  const position = scanner.position;
  const quoted = scanner.next === '"' || scanner.next === "'";
  const name = quoted ? scanner.quoted().text : scanner.bare(",").text;
  if (name === "" || !(quoted || isPlainName(name))) scanner.fail("the name of a column", { position });
  return name;
}

export function printOutputName(name: string): string {
  return isPlainName(name) && !isOperator(name) ? name : quote(name);
}
