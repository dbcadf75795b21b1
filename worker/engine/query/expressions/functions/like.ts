import type { BytesColumn } from "../../../batch/event-batch.ts";
import { searchCandidates } from "../../filters/column-search.ts";
import { fold } from "../../filters/fold.ts";
import { wildcardTest } from "../../filters/text-pattern.ts";
import { matcherOf, RegexError } from "../../regex/regex.ts";

/** A pattern of SQL's LIKE, made ready. */
export interface LikeTest {
  meets(text: string): boolean;
  /** Clears the rows of the mask that do not meet it; null where the pattern has no text to search for. */
  scan: ((column: BytesColumn, mask: Uint8Array) => void) | null;
}

/** A pattern's letters between `%`; null stands for `_`, one character. */
type Part = (string | null)[];

const CACHE_ENTRIES_MAX = 64;
const cache = new Map<string, LikeTest>();

/** @param escaping the character (or none) that makes `%`, `_` or itself stand for itself */
export function likeTest(pattern: string, escaping: string, any_case: boolean): LikeTest {
  const key = `${any_case}${escaping} ${pattern}`;
  let test = cache.get(key);
  if (!test) {
    if (cache.size >= CACHE_ENTRIES_MAX) cache.delete(cache.keys().next().value as string);
    test = make(parts(any_case ? fold(pattern) : pattern, any_case ? fold(escaping) : escaping), any_case);
    cache.set(key, test);
  }
  return test;
}

function parts(pattern: string, escaping: string): Part[] {
  const found: Part[] = [[]];
  let escaped = false;
  for (const letter of pattern) {
    const last = found.at(-1)!;
    if (!escaped && letter === escaping) escaped = true;
    else if (!escaped && letter === "%") found.push([]);
    else {
      last.push(!escaped && letter === "_" ? null : letter);
      escaped = false;
    }
  }
  return found;
}

function make(found: Part[], any_case: boolean): LikeTest {
  const texts = found.flatMap((part) => part.reduce<string[]>((runs, letter) => grown(runs, letter), [""]));
  const meets = found.some((part) => part.includes(null)) ? fitting(found) : exact(found.map((part) => part.join("")));
  const test = any_case ? (text: string) => meets(fold(text)) : meets;
  const key = texts.reduce((longest, text) => (text.length > longest.length ? text : longest), "");
  if (key === "") return { meets: test, scan: null };
  return { meets: test, scan: (column, mask) => searchCandidates(column, key, { any_case }, mask, test) };
}

function grown(runs: string[], letter: string | null): string[] {
  if (letter === null) return [...runs, ""];
  runs[runs.length - 1] += letter;
  return runs;
}

function exact(texts: string[]): (text: string) => boolean {
  return texts.length === 1 ? (text) => text === texts[0] : wildcardTest(texts);
}

/** As a regular expression, whose time is linear; patterns that are too long for one go part by part. */
function fitting(found: readonly Part[]): (text: string) => boolean {
  const source = found.map((part) => part.map((letter) => (letter === null ? "." : letter.replace(/[\\^$.*+?()[\]{}|]/, "\\$&"))).join(""));
  try {
    const matcher = matcherOf(`(?s)^${source.join(".*")}$`);
    return (text) => matcher.test(text);
  } catch (error) {
    if (error instanceof RegexError) return steps(found);
    throw error;
  }
}

/** Part by part, each at its first place; as with stars, the first fit of an inner part never hinders a later one. */
function steps(found: readonly Part[]): (text: string) => boolean {
  const first = found[0]!;
  const last = found.at(-1)!;
  return (text) => {
    const letters = Array.from(text);
    if (!fits(letters, 0, first)) return false;
    if (found.length === 1) return letters.length === first.length;
    const end = letters.length - last.length;
    let from = first.length;
    for (const part of found.slice(1, -1)) {
      while (from + part.length <= end && !fits(letters, from, part)) from++;
      if (from + part.length > end) return false;
      from += part.length;
    }
    return from <= end && fits(letters, end, last);
  };
}

function fits(letters: readonly string[], from: number, part: Part): boolean {
  if (from < 0 || from + part.length > letters.length) return false;
  for (let index = 0; index < part.length; index++) {
    const wanted = part[index];
    if (wanted !== null && letters[from + index] !== wanted) return false;
  }
  return true;
}
