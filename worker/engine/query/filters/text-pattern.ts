import { fold, isWordUnit } from "./fold.ts";

/**
 * Text with stars: the parts between them, so that ["time", ""] is `time*` and ["", "out", ""] is `*out*`. One part is a text without stars.
 * Inner parts are never empty.
 */
export type Parts = readonly string[];

/** Where a part stands first in `text` at or after `from`, with a word border on the sides that ask for one; -1 where nowhere. */
function findBordered(text: string, part: string, from: number, left: boolean, right: boolean): number {
  const bordered_left = left && isWordUnit(part.charCodeAt(0));
  const bordered_right = right && isWordUnit(part.charCodeAt(part.length - 1));
  for (let at = text.indexOf(part, from); at >= 0; at = text.indexOf(part, at + 1)) {
    const end = at + part.length;
    if (bordered_left && at > 0 && isWordUnit(text.charCodeAt(at - 1))) continue;
    if (bordered_right && end < text.length && isWordUnit(text.charCodeAt(end))) continue;
    return at;
  }
  return -1;
}

/** Tests for whole words in sequence, case-insensitively; a star opens an end or stands for anything between two parts. */
export function phraseTest(parts: Parts): (text: string) => boolean {
  const folded = parts.map(fold);
  const last = folded.length - 1;
  return (text) => {
    const where = fold(text);
    let from = 0;
    for (let index = 0; index <= last; index++) {
      const part = folded[index] as string;
      if (part === "") continue;
      const at = findBordered(where, part, from, index === 0, index === last);
      if (at < 0) return false;
      from = at + part.length;
    }
    return true;
  };
}

/** Tests whole values, letter by letter, where each star stands for any run of characters. */
export function wildcardTest(parts: Parts): (text: string) => boolean {
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  const inner = parts.slice(1, -1);
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let from = first.length;
    for (const part of inner) {
      const at = text.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return from <= text.length - last.length;
  };
}
