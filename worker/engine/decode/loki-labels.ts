import { utf8Text } from "../batch/utf8.ts";
import { RecordError } from "./records.ts";

const PAIR = /\s*([A-Za-z_][A-Za-z0-9_.:-]*)\s*=\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(,|\}|$)/y;

/**
 * Labels of a stream as Loki writes them: `{app="web", host="a\"b"}`.
 * @throws RecordError
 */
export function parseLabels(text: string): [name: string, value: string][] {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) throw new RecordError('labels must be written {name="value", …}', "labels", text);
  const pairs: [string, string][] = [];
  const end = trimmed.length - 1;
  for (PAIR.lastIndex = 1; trimmed.slice(PAIR.lastIndex, end).trim() !== ""; ) {
    const match = PAIR.exec(trimmed);
    if (!match) throw new RecordError('labels must be written {name="value", …}', "labels", text);
    pairs.push([match[1]!, unquoted(match[2]!)]);
    if (match[3] !== ",") break;
  }
  return pairs;
}

const ESCAPE = /(?:\\x[0-9a-fA-F]{2}|\\[0-7]{3})+|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[\s\S]/g;
const LETTERS: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const CODE_POINT_MAX = 0x10ffff;

/** What a literal of Go says (go.dev/ref/spec, "String literals"): `\x` and octal escapes are bytes of UTF-8, one or more of them a character. */
function unquoted(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return quoted.startsWith("`") || !inner.includes("\\") ? inner : inner.replaceAll(ESCAPE, unescaped);
}

function unescaped(literal: string): string {
  const kind = literal[1]!;
  if (kind === "x" && literal.length > 2) return utf8Text(bytesOf(literal));
  if (kind >= "0" && kind <= "7" && literal.length > 2) return utf8Text(bytesOf(literal));
  if ((kind === "u" || kind === "U") && literal.length > 2) {
    const point = Number.parseInt(literal.slice(2), 16);
    return point <= CODE_POINT_MAX ? String.fromCodePoint(point).toWellFormed() : "\ufffd";
  }
  return LETTERS[kind] ?? literal.slice(1);
}

function bytesOf(escapes: string): Uint8Array {
  const parts = escapes.split("\\").slice(1);
  return Uint8Array.from(parts, (part) => (part.startsWith("x") ? Number.parseInt(part.slice(1), 16) : Number.parseInt(part, 8)));
}
