const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BROKEN_DEPTH_MAX = 1000;

/** Where the string whose content begins at `at` has its closing quote; where it is broken, -1 minus the place. */
export function skipString(bytes: Uint8Array, at: number, limit: number): number {
  while (at < limit) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte < 0x20) return -1 - at;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return -1 - limit;
}

/** Where the array or object that begins at `at` ends, by counting brackets outside of strings; -1 where it does not. Kinds of brackets are not compared. */
export function skipValue(bytes: Uint8Array, at: number, limit: number): number {
  let depth = 0;
  while (at < limit) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = skipString(bytes, at + 1, limit);
      if (at < 0) return -1;
    } else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1;
    at++;
  }
  return -1;
}

/** As `skipValue`, but -1 too where a bracket is closed by one of the other kind, or nesting is deeper than any event's: for text that is known to be broken. */
export function skipBroken(bytes: Uint8Array, at: number, limit: number): number {
  const closings: number[] = [];
  while (at < limit) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = skipString(bytes, at + 1, limit);
      if (at < 0) return -1;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (closings.push(byte + 2) > BROKEN_DEPTH_MAX) return -1;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (closings.pop() !== byte) return -1;
      if (closings.length === 0) return at + 1;
    }
    at++;
  }
  return -1;
}

/** Where the next line begins. */
export function nextLine(bytes: Uint8Array, at: number, limit: number): number {
  const newline = bytes.indexOf(0x0a, at);
  return newline < 0 || newline >= limit ? limit : newline + 1;
}

/** The first byte from `at` on that is not white space. */
export function skipBlank(bytes: Uint8Array, at: number, limit: number): number {
  while (at < limit && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)) at++;
  return at;
}
