import { RE2JS, RE2JSException } from "re2js";
import { QUERY_REGEX_LENGTH_MAX, QUERY_REGEX_PROGRAM_MAX } from "../../../limits.ts";
import { Matcher } from "./matcher.ts";
import type { RequiredTexts } from "./required.ts";

export type { RequiredTexts } from "./required.ts";

/** Compiled expressions, the least recently used leaves first. */
const CACHE_ENTRIES_MAX = 32;
const cache = new Map<string, Compiled>();

interface Compiled {
  library: RE2JS;
  matcher: Matcher | null;
}

/** What is wrong with an expression, in words for its writer. */
export class RegexError extends Error {}

function compiled(pattern: string): Compiled {
  const known = cache.get(pattern);
  if (known) cache.delete(pattern);
  const entry = known ?? { library: compile(pattern), matcher: null };
  cache.set(pattern, entry);
  if (cache.size > CACHE_ENTRIES_MAX) cache.delete(cache.keys().next().value as string);
  return entry;
}

/**
 * An expression in RE2's syntax, by the library that says what is valid.
 * @throws RegexError where it is not valid or too large
 */
export function compileRegex(pattern: string): RE2JS {
  return compiled(pattern).library;
}

/**
 * An expression ready to match, in time linear in the text.
 * @throws RegexError where it is not valid or too large
 */
export function matcherOf(pattern: string): Matcher {
  const entry = compiled(pattern);
  entry.matcher ??= new Matcher(pattern, entry.library);
  return entry.matcher;
}

/** Lower-cased ASCII words that are whole words of every text in which the expression matches. */
export function requiredWords(pattern: string): readonly string[] {
  return matcherOf(pattern).words;
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

/** More searches than this cost more than the expression itself. */
const REQUIRED_TEXTS_MAX = 8;
const IGNORES_CASE = /^\(\?i\)/;
/** Runs of letters whose only other case is the other ASCII letter: the expression's `(?i)` takes `k` for the Kelvin sign and `s` for a long s too. */
const PLAIN_RUN = /[\0-jl-rt-\x7f]+/g;

/** Texts to look for before the expression is tried; null where none is known. */
export function requiredTexts(pattern: string): RequiredTexts | null {
  const matcher = matcherOf(pattern);
  return matcher.isAutomaton ? matcher.required : libraryTexts(pattern);
}

/** As the library knows them, for expressions that only it can match. */
function libraryTexts(pattern: string): RequiredTexts | null {
  const before_bytes = Number.POSITIVE_INFINITY;
  if (!IGNORES_CASE.test(pattern)) {
    const texts = choose(prefilterOf(compileRegex(pattern)));
    return texts && { texts, any_case: false, before_bytes };
  }
  const texts = choose(prefilterOf(compileRegex(pattern.replace(IGNORES_CASE, ""))));
  const runs = texts?.map((text) => longest(text.toLowerCase().match(PLAIN_RUN) ?? []));
  return runs?.every((run) => run.length > 1) ? { texts: runs, any_case: true, before_bytes } : null;
}

/** The library's own prefilter: a tree of texts that must (type 2) or may (type 3) occur, with exact ones (type 1) at its leaves. */
interface Prefilter {
  type?: unknown;
  str?: unknown;
  subs?: unknown;
}

function prefilterOf(regex: RE2JS): Prefilter | null {
  return (regex.re2().prefilter ?? null) as Prefilter | null;
}

/** Of all sets of alternatives that the tree offers the one whose shortest text is longest. */
function choose(prefilter: Prefilter | null): string[] | null {
  if (!prefilter) return null;
  const parts = prefilter.type === 2 && Array.isArray(prefilter.subs) ? (prefilter.subs as Prefilter[]) : [prefilter];
  let best: string[] | null = null;
  for (const part of parts) {
    const texts = alternatives(part);
    if (texts && (!best || shortest(texts) > shortest(best))) best = texts;
  }
  return best;
}

function alternatives(part: Prefilter): string[] | null {
  if (part.type === 1) return typeof part.str === "string" && part.str !== "" ? [part.str] : null;
  if (part.type !== 3 || !Array.isArray(part.subs) || part.subs.length > REQUIRED_TEXTS_MAX) return null;
  const texts = (part.subs as Prefilter[]).map((sub) => choose(sub));
  return texts.every((found) => found?.length === 1) ? texts.flatMap((found) => found ?? []) : null;
}

function shortest(texts: readonly string[]): number {
  return Math.min(...texts.map((text) => text.length));
}

function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), "");
}
