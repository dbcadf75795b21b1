/** A chunk is a word, number, name or path: word bytes with joiners between them. This file reads one and says what it stands for. */
import { CLASS, DIGIT, HIGH, JOINER, LETTER, LOWER, NOT_HEX, SPACE, UNDERSCORE, UPPER, WORD } from "./byte-classes.ts";
import type { MaskedForm } from "./masked-form.ts";
import { hexGroupsEnd, runEnd, urlEnd } from "./shapes.ts";
import { FILE_ENDINGS, MONTHS, TIME_ZONES, TOP_LEVEL_DOMAINS, UNITS, WEEKDAYS } from "./vocabulary.ts";

export const IS_WORD = 0;
export const IS_MASK = 1;
/** A mask that stands for a plain number: a unit may follow. */
export const IS_NUMBER = 2;
/** Letters and a short number: the letters count. */
export const IS_NUMBERED = 3;
/** A dotted lower-case name (domain, package): a variable, unless it is all the message says. */
export const IS_DOTTED = 4;
/** A unit after its number, a time zone after its time: says nothing. */
export const IS_NOTHING = 5;
export type ChunkKind = 0 | 1 | 2 | 3 | 4 | 5;

const DOLLAR = 0x24;
const PLUS = 0x2b;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const AT = 0x40;
const BACKSLASH = 0x5c;
const NUMBER_OF_WORD_DIGITS_MAX = 3;
const HEX_WORD_LENGTH_MIN = 8;

/** What was read of the chunk at hand; one instance is used again for every chunk. */
export class Chunk {
  start = 0;
  end = 0;
  /** Where the letters of a numbered word end. */
  letters_end = 0;
  private flags = 0;
  private dots = 0;
  private slashes = 0;
  /** All of them, colons too. */
  private joiners = 0;
  private colons = 0;
  private ats = 0;
  private last_dot = 0;
  private last_slash = 0;

  /**
   * Reads on the chunk that begins at `start`, of which the word bytes up to `from` with these `flags` are known, and says what it is.
   * `form` is what was written before it.
   */
  read(bytes: Uint8Array, start: number, end: number, from: number, flags: number, form: MaskedForm): ChunkKind {
    this.start = start;
    this.scan(bytes, end, from, flags);
    if (this.end < end && bytes[this.end] === COLON) {
      if (this.colons === 0 && (this.flags & NOT_HEX) === 0) {
        const groups_end = hexGroupsEnd(bytes, start, end);
        if (groups_end > 0) {
          this.end = groups_end;
          return IS_MASK;
        }
      }
      if (this.end + 1 < end && this.takesRest(bytes, end)) return IS_MASK;
    }
    return (this.flags & DIGIT) === 0 ? this.kindOfLetters(bytes, end, form) : this.kindWithDigits(bytes);
  }

  private scan(bytes: Uint8Array, end: number, from: number, known_flags: number): void {
    let flags = known_flags;
    let joiners = 0;
    let dots = 0;
    let slashes = 0;
    let ats = 0;
    let colons = 0;
    let at = from;
    while (at < end) {
      const byte = bytes[at]!;
      const kind = CLASS[byte]!;
      if ((kind & WORD) !== 0) {
        flags |= kind;
        at++;
        continue;
      }
      let next = at + 1;
      if ((kind & JOINER) !== 0) {
        if (byte === DASH) while (next < end && bytes[next] === DASH) next++;
        if (next >= end || (CLASS[bytes[next]!]! & WORD) === 0) break;
        if (byte === DOT) {
          dots++;
          this.last_dot = at;
        } else if (byte === SLASH) {
          slashes++;
          this.last_slash = at;
        } else if (byte === AT) ats++;
      } else if (byte === COLON && next < end && (CLASS[bytes[at - 1]!]! & CLASS[bytes[next]!]! & DIGIT) !== 0) colons++;
      else break;
      joiners++;
      at = next;
    }
    this.end = at;
    this.flags = flags;
    this.joiners = joiners;
    this.dots = dots;
    this.slashes = slashes;
    this.ats = ats;
    this.colons = colons;
  }

  /** URLs, Windows paths and ports: what a colon goes on with. */
  private takesRest(bytes: Uint8Array, end: number): boolean {
    const colon = this.end;
    const next = bytes[colon + 1]!;
    if (next === SLASH && colon + 2 < end && bytes[colon + 2] === SLASH && (this.flags & DIGIT) === 0) {
      this.end = urlEnd(bytes, colon + 3, end);
      return true;
    }
    if (colon - this.start === 1 && (next === BACKSLASH || next === SLASH) && (this.flags & (LOWER | UPPER)) !== 0) {
      this.end = runEnd(bytes, colon + 1, end);
      return true;
    }
    if (this.dots > 0 && (CLASS[next]! & DIGIT) !== 0 && (this.flags & LETTER) !== 0) {
      let at = colon + 1;
      while (at < end && (CLASS[bytes[at]!]! & DIGIT) !== 0) at++;
      if (at < end && (CLASS[bytes[at]!]! & LETTER) !== 0) return false;
      this.end = at;
      return true;
    }
    return false;
  }

  private kindOfLetters(bytes: Uint8Array, limit: number, form: MaskedForm): ChunkKind {
    const { start, end } = this;
    if (this.joiners === 0) {
      if (end - start <= 4) {
        if (form.followsNumber && UNITS.has(bytes, start, end)) return IS_NOTHING;
        if ((this.flags & LOWER) === 0 && TIME_ZONES.has(bytes, start, end) && form.followsMask) return IS_NOTHING;
        if (isDateWord(bytes, start, end, limit, form)) return IS_MASK;
      }
      return (this.flags & NOT_HEX) === 0 && end - start >= HEX_WORD_LENGTH_MIN ? IS_MASK : IS_WORD;
    }
    if (this.ats > 0 || this.slashes >= 2) return IS_MASK;
    if (this.slashes === 1 && this.dots > 0 && this.last_dot > this.last_slash) return IS_MASK;
    if (this.dots === 0 || this.slashes > 0) return IS_WORD;
    if ((this.flags & UPPER) !== 0) return IS_WORD;
    if (this.dots >= 2) return IS_DOTTED;
    const ending = this.last_dot + 1;
    return TOP_LEVEL_DOMAINS.has(bytes, ending, end) || FILE_ENDINGS.has(bytes, ending, end) ? IS_DOTTED : IS_WORD;
  }

  private kindWithDigits(bytes: Uint8Array): ChunkKind {
    const { start, end } = this;
    const joiners = this.joiners;
    if ((this.flags & (LETTER | UNDERSCORE)) === 0) return joiners === this.dots && joiners <= 1 ? IS_NUMBER : IS_MASK;
    if (joiners === 0) return this.kindOfMixedWord(bytes);
    if (this.ats === 0 && this.slashes === 0 && this.dots > 0 && this.endsWithClassName(bytes)) return IS_WORD;
    return end > start ? IS_MASK : IS_WORD;
  }

  /** Letters and digits without joiners. */
  private kindOfMixedWord(bytes: Uint8Array): ChunkKind {
    const { start, end } = this;
    if ((CLASS[bytes[start]!]! & DIGIT) !== 0 || ((this.flags & NOT_HEX) === 0 && end - start >= 4)) return IS_MASK;
    let letters_end = start;
    while (letters_end < end && (CLASS[bytes[letters_end]!]! & (LETTER | UNDERSCORE)) !== 0) letters_end++;
    if (end - letters_end > NUMBER_OF_WORD_DIGITS_MAX) return IS_MASK;
    for (let at = letters_end; at < end; at++) if ((CLASS[bytes[at]!]! & DIGIT) === 0) return IS_MASK;
    if (isAddressFamily(bytes, start, end)) return IS_WORD;
    this.letters_end = letters_end;
    return IS_NUMBERED;
  }

  /** org.x.v2.app.MRAppMaster: the last part begins with a capital and has no digit. */
  private endsWithClassName(bytes: Uint8Array): boolean {
    const last = this.last_dot + 1;
    if ((CLASS[bytes[last]!]! & UPPER) === 0) return false;
    for (let at = last + 1; at < this.end; at++) {
      const kind = CLASS[bytes[at]!]!;
      if ((kind & (LETTER | UNDERSCORE)) === 0 && bytes[at] !== DOLLAR) return false;
    }
    return true;
  }
}

/** ipv4, ipv6: names of kinds, not numbered things. */
function isAddressFamily(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 4) return false;
  const digit = bytes[start + 3];
  return (
    (bytes[start]! | 0x20) === 0x69 &&
    (bytes[start + 1]! | 0x20) === 0x70 &&
    (bytes[start + 2]! | 0x20) === 0x76 &&
    (digit === 0x34 || digit === 0x36)
  );
}

/** A capitalised weekday or month that stands with a number. */
function isDateWord(bytes: Uint8Array, start: number, end: number, limit: number, form: MaskedForm): boolean {
  if (end - start !== 3 || (CLASS[bytes[start]!]! & UPPER) === 0) return false;
  let next = end;
  while (next < limit && ((CLASS[bytes[next]!]! & SPACE) !== 0 || bytes[next] === 0x2c)) next++;
  const before_digit = next < limit && (CLASS[bytes[next]!]! & DIGIT) !== 0;
  if (MONTHS.has(bytes, start, end)) return before_digit || form.followsMask;
  if (!WEEKDAYS.has(bytes, start, end)) return false;
  return before_digit || form.followsMask || (next + 3 <= limit && MONTHS.has(bytes, next, next + 3));
}

/** Base64 is padded with "="; the padding is part of a long mixed chunk. */
export function paddingEnd(bytes: Uint8Array, chunk_start: number, chunk_end: number, limit: number): number {
  if (chunk_end - chunk_start < 16) return chunk_end;
  let at = chunk_end;
  if (at < limit && (bytes[at] === PLUS || bytes[at] === SLASH)) at++;
  while (at < limit && at - chunk_end < 3 && bytes[at] === 0x3d) at++;
  if (at === chunk_end || (at < limit && (CLASS[bytes[at]!]! & (WORD | HIGH)) !== 0)) return chunk_end;
  return at;
}
