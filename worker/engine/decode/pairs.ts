import { ByteDictionary } from "../batch/builder-dictionary.ts";
import { BODY, type Draft, FALSE, Path, SCRATCH, TRUE } from "../normalize/draft.ts";
import { aliasOf, ROLES, type RoleName } from "../normalize/fields.ts";
import { findByte } from "./find-byte.ts";
import { unescapeInto } from "./json-escapes.ts";

const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NAME_SIZE_BYTES_MAX = 64;
const NAMES_MAX = 4096;
const EXACT_DIGITS = 15;
const ANYWHERE: ReadonlySet<RoleName> = new Set<RoleName>(["level", "trace_id", "span_id", "request_id"]);

const NAME_BYTE: Uint8Array = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-@/");
/** What may stand before a name; `?` and `&` may not: parameters of URLs are no pairs. */
const BEFORE_NAME: Uint8Array = tableOf(" \t,;([{|<");
/** What ends an unquoted value in prose … */
const PROSE_END: Uint8Array = tableOf(' \t\r\n,;)]}|>"');
/** … and in a line that is made of pairs. */
const PAIRS_END: Uint8Array = tableOf(" \t\r\n");
/** Values with these are printed structures, not values. */
const STRUCTURE: Uint8Array = tableOf("{[(=");

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let at = 0; at < characters.length; at++) table[characters.charCodeAt(at)] = 1;
  return table;
}

/** Reads `key=value` and `key="quoted value"` out of a line into a draft, values typed. */
export class PairReader {
  #draft: Draft;
  /** Names in lines of prose, where only some may be fields, and in lines made of pairs. */
  #prose = new Names(true);
  #pairs = new Names(false);
  /** The first `=` at or after the place searched last: lines without any cost nothing. */
  #equals = -1;
  #searched: Uint8Array | null = null;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** True where the text from `at` on is made of pairs: it begins with one, and ends there or goes on with another. */
  areAt(bytes: Uint8Array, at: number, end: number): boolean {
    const value_at = valueAfterName(bytes, at, end);
    if (value_at < 0) return false;
    let to = value_at;
    if (bytes[to] === QUOTE) to = closingQuote(bytes, to + 1, end) + 1;
    else while (to < end && PAIRS_END[bytes[to]!] === 0 && STRUCTURE[bytes[to]!] === 0) to++;
    if (to <= value_at) return false;
    while (to < end && PAIRS_END[bytes[to]!] === 1) to++;
    return to >= end || (PAIRS_END[bytes[to - 1]!] === 1 && valueAfterName(bytes, to, end) >= 0);
  }

  /** Adds the pairs of `bytes[start .. end)`. @param only_pairs the line is made of pairs, so that names mean fields */
  read(bytes: Uint8Array, start: number, end: number, only_pairs: boolean): void {
    let at = start;
    for (;;) {
      const equals = this.#nextEquals(bytes, at);
      if (equals >= end) return;
      at = this.#pair(bytes, Math.max(at, start), equals, end, only_pairs);
    }
  }

  #nextEquals(bytes: Uint8Array, at: number): number {
    if (this.#searched !== bytes || this.#equals < at) {
      const found = bytes.indexOf(EQUALS, at);
      this.#equals = found < 0 ? bytes.length : found;
      this.#searched = bytes;
    }
    return this.#equals;
  }

  /** Takes the pair around the `=`, if there is one; returns where to go on. */
  #pair(bytes: Uint8Array, from: number, equals: number, end: number, only_pairs: boolean): number {
    let name_at = equals;
    while (name_at > from && NAME_BYTE[bytes[name_at - 1]!] === 1) name_at--;
    const size_bytes = equals - name_at;
    const value_at = equals + 1;
    if (size_bytes === 0 || size_bytes > NAME_SIZE_BYTES_MAX || value_at >= end || !isNameStart(bytes[name_at]!)) return value_at;
    if (name_at > from && BEFORE_NAME[bytes[name_at - 1]!] === 0) return value_at;
    const path = (only_pairs ? this.#pairs : this.#prose).path(bytes, name_at, equals);
    if (bytes[value_at] === QUOTE) return this.#quoted(bytes, path, value_at + 1, end);
    const stops = only_pairs ? PAIRS_END : PROSE_END;
    let at = value_at;
    let structured = bytes[at] === EQUALS;
    for (; at < end && stops[bytes[at]!] === 0; at++) if (!only_pairs && STRUCTURE[bytes[at]!] === 1) structured = true;
    if (path !== null && at > value_at && !structured) this.#addValue(bytes, path, value_at, at);
    return at;
  }

  #quoted(bytes: Uint8Array, path: Path | null, start: number, end: number): number {
    const close = closingQuote(bytes, start, end);
    if (close < 0) return start;
    if (path !== null) this.#addQuoted(bytes, path, start, close);
    return close + 1;
  }

  #addQuoted(bytes: Uint8Array, path: Path, start: number, end: number): void {
    const draft = this.#draft;
    if (findByte(bytes, BACKSLASH, start, end) >= 0) {
      draft.reserveScratch(end - start);
      const from = draft.scratch_used;
      const used = unescapeInto(draft.scratch, from, bytes, start, end);
      if (used >= 0) {
        draft.scratch_used = used;
        draft.addBytes(path, SCRATCH, from, used);
        return;
      }
    }
    draft.addBytes(path, BODY, start, end);
  }

  #addValue(bytes: Uint8Array, path: Path, start: number, end: number): void {
    const number = plainNumber(bytes, start, end);
    if (!Number.isNaN(number)) this.#draft.addNumber(path, number);
    else if (isWord(bytes, start, end, "true")) this.#draft.addLiteral(path, TRUE);
    else if (isWord(bytes, start, end, "false")) this.#draft.addLiteral(path, FALSE);
    else this.#draft.addBytes(path, BODY, start, end);
  }
}

/** Paths of names by their bytes; null for names that are not to be taken, since the message has their value already. */
class Names {
  #known = new ByteDictionary();
  #paths: (Path | null)[] = [];
  #in_prose: boolean;

  constructor(in_prose: boolean) {
    this.#in_prose = in_prose;
  }

  path(bytes: Uint8Array, start: number, end: number): Path | null {
    if (this.#known.size >= NAMES_MAX) {
      this.#known.clear();
      this.#paths.length = 0;
    }
    const index = this.#known.add(bytes, start, end);
    if (index === this.#paths.length) this.#paths.push(this.#learn(String.fromCharCode(...bytes.subarray(start, end))));
    return this.#paths[index]!;
  }

  #learn(name: string): Path | null {
    const alias = aliasOf(name);
    if (alias === null) return new Path(name, null);
    const role = ROLES[alias.role]!;
    if (role === "message") return null;
    if (!this.#in_prose) return new Path(name, alias);
    // `level=50` in prose is more often that of a battery than one of severity.
    return new Path(name, ANYWHERE.has(role) ? { ...alias, weak: alias.weak || role === "level" } : null);
  }
}

/** The number that the text is as a whole, in the form in which it would be printed again; NaN for any other text. */
function plainNumber(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === 0x2d;
  let at = negative ? start + 1 : start;
  if (end - at > EXACT_DIGITS + 1 || at === end) return Number.NaN;
  if (bytes[at] === 0x30 && at + 1 < end && bytes[at + 1] !== 0x2e) return Number.NaN;
  let value = 0;
  let scale = 0;
  for (const first = at; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x2e && scale === 0 && at > first && at + 1 < end) scale = 1;
    else if (byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + byte - 0x30;
      if (scale > 0) scale *= 10;
    } else return Number.NaN;
  }
  if (scale > 0) value /= scale;
  return negative ? -value : value;
}

/** Where the value of the pair begins whose name stands at the place, -1 where there is none. */
function valueAfterName(bytes: Uint8Array, name_at: number, end: number): number {
  let at = name_at;
  while (at < end && NAME_BYTE[bytes[at]!] === 1) at++;
  if (at === name_at || at + 1 >= end || bytes[at] !== EQUALS || bytes[at + 1] === EQUALS) return -1;
  return isNameStart(bytes[name_at]!) ? at + 1 : -1;
}

/** The quote that closes the text that begins at the place, -1 where there is none. */
function closingQuote(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] === BACKSLASH) at++;
  }
  return -1;
}

function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let index = 0; index < word.length; index++) if (bytes[start + index] !== word.charCodeAt(index)) return false;
  return true;
}

function isNameStart(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f || byte === 0x40;
}
