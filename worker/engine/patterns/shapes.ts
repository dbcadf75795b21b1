/** Finders of where a shape ends: each takes where it begins and returns the end, or -1 where it is not that shape. */
import { CLASS, DIGIT, HEX_LETTER, LETTER, SPACE, STOP, WORD } from "./byte-classes.ts";

const QUOTED_SIZE_BYTES_MAX = 200;
const BRACKETED_SIZE_BYTES_MAX = 400;
const DOUBLE_QUOTE = 0x22;
const PERCENT = 0x25;
const COMMA = 0x2c;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;

/** A run up to a stop byte; a full stop or colon at its end belongs to the sentence. */
export function runEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (CLASS[bytes[at]!]! & STOP) === 0) at++;
  while (at > from + 1 && (bytes[at - 1] === DOT || bytes[at - 1] === COLON)) at--;
  return at;
}

/** As `runEnd`, but commas, semicolons and brackets with more of the URL behind them are part of it. */
export function urlEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    const flags = CLASS[byte]!;
    if ((flags & STOP) !== 0) {
      const inner =
        byte === COMMA || byte === SEMICOLON || byte === OPEN_BRACKET || byte === CLOSE_BRACKET || byte === 0x28 || byte === 0x29;
      if (!inner || at + 1 >= end || (CLASS[bytes[at + 1]!]! & STOP) !== 0) break;
    }
    at++;
  }
  while (at > from && (bytes[at - 1] === DOT || bytes[at - 1] === COLON)) at--;
  return at;
}

/** Behind the closing quote of a run without white space that is more than one plain word. */
export function quotedNameEnd(bytes: Uint8Array, open: number, end: number): number {
  const quote = bytes[open]!;
  const limit = Math.min(end, open + QUOTED_SIZE_BYTES_MAX);
  let letters_only = true;
  for (let at = open + 1; at < limit; at++) {
    const byte = bytes[at]!;
    if (byte === quote) return letters_only ? -1 : at + 1;
    const flags = CLASS[byte]!;
    if ((flags & SPACE) !== 0) return -1;
    if ((flags & LETTER) === 0) letters_only = false;
  }
  return -1;
}

/** Behind the closing quote of any quoted value; backslashes escape. */
export function quotedValueEnd(bytes: Uint8Array, open: number, end: number): number {
  const quote = bytes[open]!;
  const limit = Math.min(end, open + BRACKETED_SIZE_BYTES_MAX);
  for (let at = open + 1; at < limit; at++) {
    const byte = bytes[at]!;
    if (byte === BACKSLASH) at++;
    else if (byte === quote) return at + 1;
  }
  return -1;
}

/** Behind the "]" of a plain list: empty or with a comma, nothing nested, no keys. */
export function listEnd(bytes: Uint8Array, open: number, end: number): number {
  const limit = Math.min(end, open + BRACKETED_SIZE_BYTES_MAX);
  let has_comma = false;
  for (let at = open + 1; at < limit; at++) {
    const byte = bytes[at]!;
    if (byte === CLOSE_BRACKET) return has_comma || at === open + 1 ? at + 1 : -1;
    if (byte === COMMA) has_comma = true;
    else if (byte === OPEN_BRACKET || byte === EQUALS || byte === 0x7b || byte === 0x28 || byte === 0x3c || byte === COLON) return -1;
  }
  return -1;
}

/** Behind the ")" of "(12)", "(1.6 KB)", "(35 %)": a number said again in another unit. */
export function numberInParenthesesEnd(bytes: Uint8Array, open: number, end: number): number {
  let at = open + 1;
  let digits = 0;
  while (at < end && ((CLASS[bytes[at]!]! & DIGIT) !== 0 || bytes[at] === DOT || bytes[at] === COMMA)) {
    if ((CLASS[bytes[at]!]! & DIGIT) !== 0) digits++;
    at++;
  }
  if (digits === 0) return -1;
  if (bytes[at] === 0x20) at++;
  const unit_start = at;
  while (at < end && at - unit_start < 6 && ((CLASS[bytes[at]!]! & LETTER) !== 0 || bytes[at] === PERCENT || bytes[at] === SLASH)) at++;
  return at > unit_start && at < end && bytes[at] === 0x29 ? at + 1 : -1;
}

/** The end of a MAC or IPv6 address: at least two colons, eight bytes, groups of at most four hexadecimal digits. */
export function hexGroupsEnd(bytes: Uint8Array, from: number, end: number): number {
  let colons = 0;
  let group = 0;
  let at = from;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === COLON) {
      if (at + 1 >= end || ((CLASS[bytes[at + 1]!]! & (DIGIT | HEX_LETTER)) === 0 && bytes[at + 1] !== COLON)) break;
      colons++;
      group = 0;
    } else if ((CLASS[byte]! & (DIGIT | HEX_LETTER)) !== 0) {
      if (++group > 4) return -1;
    } else if (byte === DOT && colons > 0 && at + 1 < end && (CLASS[bytes[at + 1]!]! & DIGIT) !== 0) {
      group = 0;
    } else break;
  }
  if (colons < 2 || at - from < 8) return -1;
  if (at < end && (CLASS[bytes[at]!]! & WORD) !== 0) return -1;
  return at;
}

/** True where a double quote at `at` opens the value of a JSON member: `"key":"` or `"key": "`. */
export function opensMemberValue(bytes: Uint8Array, start: number, at: number): boolean {
  let before = at - 1;
  if (before >= start && bytes[before] === 0x20) before--;
  if (before <= start || bytes[before] !== COLON) return false;
  const quote = bytes[before - 1];
  return quote === DOUBLE_QUOTE || quote === 0x27;
}
