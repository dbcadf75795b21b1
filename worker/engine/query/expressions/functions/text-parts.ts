import { EXPRESSION_TEXT_LENGTH_MAX } from "../../../../limits.ts";
import { fold } from "../../filters/fold.ts";
import { bounded } from "./function.ts";

const BEYOND_ASCII = /[^\0-\x7f]/;
const SURROGATE = /[\ud800-\udfff]/;

/** As the search sees it; most texts are ASCII, which is soon told. */
export function lowered(value: string): string {
  return BEYOND_ASCII.test(value) ? fold(value) : value.toLowerCase();
}

/** Characters are code points. */
export function lengthOf(value: string): number {
  if (!SURROGATE.test(value)) return value.length;
  let count = 0;
  for (const _ of value) count++;
  return count;
}

function charactersOf(value: string): string[] | string {
  return SURROGATE.test(value) ? Array.from(value) : value;
}

export function slice(value: string, start: number, end?: number): string {
  const characters = charactersOf(value);
  return typeof characters === "string" ? characters.slice(start, end) : characters.slice(start, end).join("");
}

/** From a place counted from 1, or from the end where below 0. */
export function substring(value: string, start: number, length?: number): string | null {
  const from = Math.trunc(start);
  if (length !== undefined && length < 0) return null;
  if (from < 0) {
    const first = Math.max(0, lengthOf(value) + from);
    const end = lengthOf(value) + from + (length === undefined ? Number.POSITIVE_INFINITY : Math.trunc(length));
    return slice(value, first, Math.max(0, Math.min(end, lengthOf(value))));
  }
  const end = length === undefined ? undefined : Math.max(0, from - 1 + Math.trunc(length));
  return slice(value, Math.max(0, from - 1), end);
}

export function positionOf(value: string, search: string): number {
  const at = value.indexOf(search);
  return at < 0 ? 0 : lengthOf(value.slice(0, at)) + 1;
}

/** Pieces are counted from 1, or from the end where below 0. */
export function pieceOf(value: string, separator: string, index: number): string | null {
  const place = Math.trunc(index);
  if (separator === "" || place === 0) return null;
  const pieces = value.split(separator);
  return pieces[place > 0 ? place - 1 : pieces.length + place] ?? null;
}

function padding(value: string, length: number, fill: string): string | null {
  const missing = Math.trunc(length) - lengthOf(value);
  if (missing <= 0 || fill === "") return "";
  return bounded(missing + value.length, () => slice(fill.repeat(Math.ceil(missing / lengthOf(fill))), 0, missing));
}

export function padded(value: string, length: number, fill: string, left: boolean): string | null {
  if (length > EXPRESSION_TEXT_LENGTH_MAX) return null;
  if (lengthOf(value) > length) return slice(value, 0, Math.max(0, Math.trunc(length)));
  const added = padding(value, length, fill);
  return added === null ? null : left ? added + value : value + added;
}

export function replaceAll(value: string, search: string, by: string): string | null {
  if (search === "") return value;
  const grown = by.length > search.length ? (value.length / search.length) * by.length : 0;
  if (grown <= EXPRESSION_TEXT_LENGTH_MAX) return value.replaceAll(search, () => by);
  const pieces = value.split(search);
  return bounded(value.length + (pieces.length - 1) * (by.length - search.length), () => pieces.join(by));
}

export function trimmer(left: boolean, right: boolean) {
  return (value: string, characters?: string): string => {
    if (characters === undefined) return left && right ? value.trim() : left ? value.trimStart() : value.trimEnd();
    const cut = new Set(characters);
    const letters = charactersOf(value);
    let start = 0;
    let end = letters.length;
    while (left && start < end && cut.has(letters[start]!)) start++;
    while (right && end > start && cut.has(letters[end - 1]!)) end--;
    return typeof letters === "string" ? letters.slice(start, end) : letters.slice(start, end).join("");
  };
}
