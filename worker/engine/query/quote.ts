import { isPlainName, shortName } from "./fields.ts";

/** Text and names as they are written in a query, so that parsing gives them back. */

const BARE_TEXT = /^[\p{L}\p{N}_]+$/u;
const BARE_VALUE = /^[\p{L}\p{N}_/][\p{L}\p{N}_./@+-]*$/u;
const OPERATORS: ReadonlySet<string> = new Set(["AND", "OR", "NOT", "TO"]);
const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\", "*": "\\*" };

export function isOperator(word: string): boolean {
  return OPERATORS.has(word);
}

function escapeText(text: string): string {
  return text.replace(/[\n\r\t"\\*]/g, (letter) => ESCAPES[letter] ?? letter);
}

/** A text between double quotes; a star in it is a star. */
export function quote(text: string): string {
  return `"${escapeText(text)}"`;
}

/** Parts joined by `*`: bare where they are plain words, else in quotes. */
export function printPattern(parts: readonly string[]): string {
  const bare = parts.every((part) => part === "" || BARE_TEXT.test(part)) && !isOperator(parts.join(""));
  return bare ? parts.join("*") : `"${parts.map(escapeText).join("*")}"`;
}

/** As `printPattern`, for a value after `field:`, where more may stand bare. */
export function printValuePattern(parts: readonly string[]): string {
  return BARE_VALUE.test(parts.join("")) ? parts.join("*") : printPattern(parts);
}

/** A value after `field:`, bare where that means the same. */
export function printValue(text: string): string {
  return BARE_VALUE.test(text) && !isOperator(text) ? text : quote(text);
}

/** A field's shortest name with its colon. */
export function printField(field: string): string {
  return `${printName(field)}:`;
}

/** A field's shortest name, in quotes where it needs them. */
export function printName(field: string): string {
  const name = shortName(field);
  return isPlainName(name) && !isOperator(name) ? name : quote(name);
}
