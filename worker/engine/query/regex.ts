import { RE2JS, RE2JSException } from "re2js";
import { QUERY_REGEX_LENGTH_MAX, QUERY_REGEX_PROGRAM_MAX } from "../../limits.ts";

/** Compiled expressions, the least recently used leaves first. */
const CACHE_ENTRIES_MAX = 64;
const cache = new Map<string, RE2JS>();

/** What is wrong with an expression, in words for its writer. */
export class RegexError extends Error {}

/**
 * An expression in RE2's syntax, matched in time linear in the text.
 * @throws RegexError where it is not valid or too large
 */
export function compileRegex(pattern: string): RE2JS {
  const known = cache.get(pattern);
  if (known) {
    cache.delete(pattern);
    cache.set(pattern, known);
    return known;
  }
  const regex = compile(pattern);
  cache.set(pattern, regex);
  if (cache.size > CACHE_ENTRIES_MAX) cache.delete(cache.keys().next().value as string);
  return regex;
}

function compile(pattern: string): RE2JS {
  if (pattern.length > QUERY_REGEX_LENGTH_MAX) throw new RegexError(`longer than ${QUERY_REGEX_LENGTH_MAX} characters`);
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw new RegexError(error.message.replace(/^error parsing regexp: /, ""));
    throw error;
  }
  if (regex.programSize() > QUERY_REGEX_PROGRAM_MAX) throw new RegexError(`needs more than ${QUERY_REGEX_PROGRAM_MAX} instructions`);
  return regex;
}

/**
 * The longest text that every match contains, as the library's own prefilter knows it; null where it knows none.
 * The prefilter is a tree: type 1 is one exact text, type 2 holds several parts that must all occur.
 */
export function requiredText(regex: RE2JS): string | null {
  const prefilter = regex.re2().prefilter as { type?: unknown; str?: unknown; subs?: unknown } | null | undefined;
  if (!prefilter) return null;
  const parts =
    prefilter.type === 2 && Array.isArray(prefilter.subs) ? (prefilter.subs as { type?: unknown; str?: unknown }[]) : [prefilter];
  let longest = "";
  for (const part of parts) {
    if (part.type === 1 && typeof part.str === "string" && part.str.length > longest.length) longest = part.str;
  }
  return longest === "" ? null : longest;
}
