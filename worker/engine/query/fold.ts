import { WORD_BYTE } from "../batch/words.ts";

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
