import { Buffer } from "node:buffer";
import { WORD_BYTE } from "../../batch/words.ts";

/** Two characters whose lower case is an ASCII letter: kept as they are, so that ASCII words are found by their bytes alone. */
const LOWERS_TO_ASCII = /[\u0130\u212a]/;

/**
 * Lower case by Unicode, the same for a character wherever it stands: the final sigma becomes the ordinary one, and the Kelvin sign and
 * the dotted capital I stay as they are.
 */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  if (!LOWERS_TO_ASCII.test(text)) return text.toLowerCase().replaceAll("ς", "σ");
  return text
    .split(/([\u0130\u212a])/)
    .map((part) => (LOWERS_TO_ASCII.test(part) ? part : part.toLowerCase().replaceAll("ς", "σ")))
    .join("");
}

export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** Whether the UTF-16 unit belongs to a word (`engine/batch/words.ts`). */
export function isWordUnit(unit: number): boolean {
  return unit > 0x7f || WORD_BYTE[unit] === 1;
}

/** Whether the text is one whole word. */
export function isWord(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (!isWordUnit(text.charCodeAt(index))) return false;
  return text.length > 0;
}

/** Letters with another case lie below this code point. */
const CASED_END = 0x20000;
let cases: Map<string, string[]> | null = null;

/** The letters beyond ASCII that fold to this one, itself left out. */
function otherCases(folded: string): readonly string[] {
  if (!cases) {
    cases = new Map();
    for (let code = 0x80; code < CASED_END; code++) {
      const letter = String.fromCodePoint(code);
      const lower = fold(letter);
      if (lower !== letter) cases.set(lower, [...(cases.get(lower) ?? []), letter]);
    }
  }
  return cases.get(folded) ?? [];
}

function bytesPattern(letter: string): string {
  let source = "";
  for (const byte of Buffer.from(letter)) source += `\\x${byte.toString(16).padStart(2, "0")}`;
  return source;
}

/**
 * A regular expression for UTF-8 bytes read as Latin-1 that finds the text in any case, as `fold` has it.
 * @returns its source, and how many bytes an occurrence can have
 */
export function foldedBytesPattern(text: string): { source: string; size_bytes_min: number; size_bytes_max: number } {
  let source = "";
  let size_bytes_min = 0;
  let size_bytes_max = 0;
  for (const letter of fold(text)) {
    const ascii = letter.charCodeAt(0) < 0x80;
    if (ascii) source += /[a-z]/.test(letter) ? `[${letter}${letter.toUpperCase()}]` : bytesPattern(letter);
    const letters = ascii ? [letter] : [letter, ...otherCases(letter)];
    if (!ascii) source += `(?:${letters.map(bytesPattern).join("|")})`;
    const sizes = letters.map((each) => Buffer.byteLength(each));
    size_bytes_min += Math.min(...sizes);
    size_bytes_max += Math.max(...sizes);
  }
  return { source, size_bytes_min, size_bytes_max };
}
