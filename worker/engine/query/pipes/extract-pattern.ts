import { isPlainName } from "../fields.ts";

/** `user <user> from <ip>:<port>` taken apart: texts, and between or beside them places, named or not. */
export type PatternPart = { text: string } | { name: string | null };

/** What is wrong with a pattern, in words for its writer. */
export class PatternError extends Error {}

/**
 * Reads a pattern; `\<` stands for the letter, `<_>` for a place without a name.
 * @throws PatternError
 */
export function parsePattern(pattern: string): PatternPart[] {
  const parts: PatternPart[] = [];
  for (const [unit] of pattern.matchAll(/\\[<>\\]|<[^<>]*>|[\s\S]/gu)) {
    if (unit.length > 1 && unit.startsWith("<")) addPlace(parts, unit.slice(1, -1));
    else addText(parts, unit.length === 2 && unit.startsWith("\\") ? unit.slice(1) : unit);
  }
  if (!parts.some((part) => "name" in part && part.name !== null))
    throw new PatternError("a pattern names at least one place, such as <user>");
  return parts;
}

function addText(parts: PatternPart[], text: string): void {
  const last = parts.at(-1);
  if (last && "text" in last) last.text += text;
  else parts.push({ text });
}

function addPlace(parts: PatternPart[], name: string): void {
  const last = parts.at(-1);
  if (last && "name" in last) throw new PatternError("two places need a text between them");
  const anonymous = name === "_" || name === "";
  if (!anonymous && !isPlainName(name)) throw new PatternError(`${name} is not a name; a < that stands for itself is written \\<`);
  if (parts.some((part) => "name" in part && part.name === name && !anonymous)) throw new PatternError(`two places are called ${name}`);
  parts.push({ name: anonymous ? null : name });
}

/** Names of a pattern's places, in order. */
export function patternNames(parts: readonly PatternPart[]): string[] {
  return parts.flatMap((part) => ("name" in part && part.name !== null ? [part.name] : []));
}

/** The text that stands at the places, in the order of their names; null where the pattern does not fit. */
export type PatternReader = (text: string) => string[] | null;

/**
 * A reader in linear time: the pattern begins where its first text first occurs (at the beginning of the text where a place is first);
 * each place reaches to the next occurrence of the text after it, the last one to the end.
 */
export function patternReader(parts: readonly PatternPart[]): PatternReader {
  return (text) => {
    const values: string[] = [];
    let at = 0;
    let place: string | null | undefined;
    let place_at = 0;
    for (const part of parts) {
      if ("name" in part) {
        place = part.name;
        place_at = at;
        continue;
      }
      const found = text.indexOf(part.text, at);
      if (found < 0) return null;
      if (place) values.push(text.slice(place_at, found));
      place = undefined;
      at = found + part.text.length;
    }
    if (place) values.push(text.slice(place_at));
    return values;
  };
}
