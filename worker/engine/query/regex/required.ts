import { fold, isAscii, isWordUnit } from "../filters/fold.ts";
import type { Node } from "./parse.ts";
import { codePointsOf, type Ranges, sizeOf } from "./ranges.ts";

/** Texts of which every match contains at least one. */
export interface RequiredTexts {
  texts: string[];
  any_case: boolean;
  /** No match begins more than so many bytes before the text that it contains; infinite where that is not known. */
  before_bytes: number;
}

/** More searches than this cost more than the automaton. */
const TEXTS_MAX = 8;
/** Shorter texts occur in so many rows that looking for them saves nothing; these are long enough to look no further. */
const SCORE_MIN = 2;
const GOOD_SCORE = 3;
const SET_SIZE_MAX = 4;
const TEXT_LENGTH_MAX = 64;
/** A letter and its other cases have at most four bytes each. */
const CHARACTER_BYTES_MAX = 4;

/** What is known of the texts that a part of an expression matches. */
interface Known {
  /** All of them, where they are few. */
  exact: string[] | null;
  /** Of these each contains one. */
  required: Candidate | null;
  /** Bytes of the longest. */
  bytes_max: number;
}

interface Candidate {
  texts: string[];
  before_bytes: number;
}

/** The best texts to look for before an expression is tried; null where none is known. */
export function requiredTexts(root: Node): RequiredTexts | null {
  const as_written = chosen(root, false);
  if (as_written && score(as_written) >= GOOD_SCORE) return { ...sharpened(as_written), any_case: false };
  const any_case = chosen(root, true);
  const use = better(as_written, any_case);
  return use && score(use) >= SCORE_MIN ? { ...use, any_case: use !== as_written } : null;
}

/** Characters of logs from the most frequent one on; those that are not in it are rarer. */
const FREQUENT = " etanroisdclup10-hm2f45.g3:b67/89_ykvwx=";
/** A search goes from one occurrence of its first byte to the next, and so long it pays to have more behind a rare one. */
const SHARP_LENGTH_MIN = 4;

/** The texts from the rarest character on that has enough behind it: what is before it need not be looked for. */
function sharpened({ texts, before_bytes }: Candidate): Candidate {
  const cuts = texts.map(sharpStart);
  const cut_bytes = Math.max(...texts.map((text, index) => Buffer.byteLength(text.slice(0, cuts[index]))));
  return { texts: texts.map((text, index) => text.slice(cuts[index]!)), before_bytes: before_bytes + cut_bytes };
}

/** Where to begin to search for a text: at its rarest character that has enough behind it. */
export function sharpStart(text: string): number {
  let best = 0;
  for (let at = 1; at + SHARP_LENGTH_MIN <= text.length; at++) if (rarity(text, at) > rarity(text, best)) best = at;
  return best;
}

/** Below zero inside of a character. */
function rarity(text: string, at: number): number {
  if (/[\udc00-\udfff]/.test(text[at]!)) return -1;
  const place = FREQUENT.indexOf(text[at]!);
  return place < 0 ? FREQUENT.length : place;
}

function chosen(root: Node, any_case: boolean): Candidate | null {
  const known = knownOf(root, any_case);
  const whole = known.exact && candidate(known.exact, 0);
  return better(whole, known.required);
}

/** Null for texts that are of no use: none, too many, or an empty one among them. */
function candidate(texts: readonly string[], before_bytes: number): Candidate | null {
  const useful = texts.length > 0 && texts.length <= TEXTS_MAX && texts.every((text) => text !== "");
  return useful ? { texts: withoutLonger(texts), before_bytes } : null;
}

/** A text that contains another of them is found by that one. */
function withoutLonger(texts: readonly string[]): string[] {
  const distinct = [...new Set(texts)];
  return distinct.filter((text) => !distinct.some((other) => other !== text && text.includes(other)));
}

function score({ texts }: Candidate): number {
  return Math.min(...texts.map((text) => text.length)) - 2 * (texts.length - 1);
}

function better(left: Candidate | null, right: Candidate | null): Candidate | null {
  if (!left || !right) return left ?? right;
  return score(right) > score(left) ? right : left;
}

function knownOf(node: Node, any_case: boolean): Known {
  switch (node.kind) {
    case "empty":
    case "assert":
      return { exact: [""], required: null, bytes_max: 0 };
    case "set":
      return { exact: lettersOf(node.ranges, any_case), required: null, bytes_max: bytesOf(node.ranges) };
    case "group":
      return knownOf(node.part, any_case);
    case "concat":
      return ofSequence(node.parts.map((part) => knownOf(part, any_case)));
    case "alternate":
      return ofChoice(node.parts.map((part) => knownOf(part, any_case)));
    case "repeat":
      return ofRepetition(node, knownOf(node.part, any_case));
  }
}

/** The letters of a small set; without regard to case the one that they all are. */
function lettersOf(ranges: Ranges, any_case: boolean): string[] | null {
  if (sizeOf(ranges) > SET_SIZE_MAX) return null;
  const letters = Array.from(codePointsOf(ranges), (code) => String.fromCodePoint(code).toWellFormed());
  if (!any_case) return letters;
  const folded = new Set(letters.map(fold));
  return folded.size === 1 ? [...folded] : null;
}

function bytesOf(ranges: Ranges): number {
  const last = ranges.at(-1) ?? 0;
  return last < 0x80 ? 1 : CHARACTER_BYTES_MAX;
}

function ofSequence(parts: readonly Known[]): Known {
  let exact: string[] | null = [""];
  let required: Candidate | null = null;
  let before_bytes = 0;
  /** Where the run of exact parts begins. */
  let run_before = 0;
  let run = [""];
  for (const part of parts) {
    const longer = part.exact && product(run, part.exact);
    if (longer) run = longer;
    else {
      required = better(required, candidate(run, run_before));
      exact = null;
      if (part.required) required = better(required, { ...part.required, before_bytes: before_bytes + part.required.before_bytes });
      run_before = part.exact ? before_bytes : before_bytes + part.bytes_max;
      run = part.exact ?? [""];
    }
    before_bytes += part.bytes_max;
  }
  if (exact) return { exact: run, required: null, bytes_max: before_bytes };
  return { exact: null, required: better(required, candidate(run, run_before)), bytes_max: before_bytes };
}

function product(left: readonly string[], right: readonly string[]): string[] | null {
  if (left.length * right.length > TEXTS_MAX) return null;
  const joined = left.flatMap((head) => right.map((tail) => head + tail));
  return joined.some((text) => text.length > TEXT_LENGTH_MAX) ? null : joined;
}

function ofChoice(parts: readonly Known[]): Known {
  const bytes_max = Math.max(...parts.map((part) => part.bytes_max));
  const all = parts.flatMap((part) => part.exact ?? []);
  if (parts.every((part) => part.exact) && all.length <= TEXTS_MAX) return { exact: all, required: null, bytes_max };
  const each = parts.map((part) => part.required ?? candidate(part.exact ?? [], 0));
  if (!each.every((one) => one !== null)) return { exact: null, required: null, bytes_max };
  const before_bytes = Math.max(...each.map((one) => one!.before_bytes));
  const texts = each.flatMap((one) => one!.texts);
  return { exact: null, required: candidate(texts, before_bytes), bytes_max };
}

function ofRepetition({ min, max }: { min: number; max: number }, part: Known): Known {
  const bytes_max = part.bytes_max === 0 ? 0 : part.bytes_max * max;
  if (part.exact && max <= 1) return { exact: min === 1 ? part.exact : max === 0 ? [""] : [...part.exact, ""], required: null, bytes_max };
  let exact: string[] | null = part.exact ? [""] : null;
  for (let count = 0; exact && count < min; count++) exact = product(exact, part.exact!);
  if (exact && min === max) return { exact, required: null, bytes_max };
  const required = min === 0 ? null : better(part.required, candidate(exact ?? part.exact ?? [], 0));
  return { exact: null, required, bytes_max };
}

/**
 * Lower-cased ASCII words that the text of every match has as whole words: those that stand between separators, or at the ends of the
 * text, as the expression is written. (`\b` is no such border: it holds beside letters beyond ASCII, which are letters of a word.)
 */
export function requiredWords(root: Node): string[] {
  const words = new Set<string>();
  for (const run of plainRuns(root)) {
    for (const match of run.matchAll(/(?<=^|[^a-z0-9_\u0080-\uffff])[a-z0-9_\u0080-\uffff]+(?=$|[^a-z0-9_\u0080-\uffff])/gu)) {
      if (isAscii(match[0])) words.add(match[0]);
    }
  }
  return [...words];
}

/** Stands in a run for a separator that is not known, or an end of the text. */
const BORDER = "\u0000";
/** Stands for anything, a letter of a word perhaps. */
const OPEN = "\uffff";

/** What must stand side by side in every match, lower-cased, with marks for what is not known. */
function plainRuns(node: Node): string[] {
  const parts = node.kind === "concat" ? node.parts : [node];
  const inner: string[] = [];
  let run = OPEN;
  for (const part of parts) {
    const letter = letterOf(part);
    if (letter !== null) run += letter;
    else {
      run += OPEN;
      inner.push(...plainRunsInside(part));
    }
  }
  return [
    ...(run + OPEN)
      .split(OPEN)
      .filter((text) => text !== "")
      .map((text) => OPEN + text + OPEN),
    ...inner,
  ];
}

function plainRunsInside(part: Node): string[] {
  if (part.kind === "group") return plainRuns(part.part);
  if (part.kind === "concat") return plainRuns(part);
  return part.kind === "repeat" && part.min > 0 ? plainRuns(part.part) : [];
}

/** The one letter, or border, that a part always is; null where there is none. */
function letterOf(part: Node): string | null {
  if (part.kind === "empty") return "";
  if (part.kind === "assert") return part.what === "word_border" ? "" : BORDER;
  if (part.kind === "group" && part.part.kind === "set") return letterOf(part.part);
  if (part.kind === "repeat") return part.min > 0 && part.part.kind === "set" && isSeparator(part.part.ranges) ? BORDER : null;
  if (part.kind !== "set") return null;
  const letters = lettersOf(part.ranges, true);
  if (letters?.length === 1 && isWordUnit(letters[0]!.charCodeAt(0))) return isAscii(letters[0]!) ? letters[0]! : OPEN;
  return isSeparator(part.ranges) ? BORDER : null;
}

function isSeparator(ranges: Ranges): boolean {
  if (ranges.length === 0 || ranges.at(-1)! > 0x7f) return false;
  for (const code of codePointsOf(ranges)) if (isWordUnit(code)) return false;
  return true;
}
