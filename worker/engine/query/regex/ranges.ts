/** Sets of code points as flat lists of first and last ones, ascending and apart. */
export type Ranges = readonly number[];

export const CODE_POINT_MAX = 0x10ffff;

/** Sorted, joined where they touch. */
export function normalized(pairs: readonly number[]): Ranges {
  const order: [number, number][] = [];
  for (let index = 0; index < pairs.length; index += 2) order.push([pairs[index]!, pairs[index + 1]!]);
  order.sort((left, right) => left[0] - right[0]);
  const joined: number[] = [];
  for (const [first, last] of order) {
    const end = joined.length - 1;
    if (end > 0 && first <= joined[end]! + 1) joined[end] = Math.max(joined[end]!, last);
    else joined.push(first, last);
  }
  return joined;
}

/** Every other code point. */
export function complement(ranges: Ranges): Ranges {
  const others: number[] = [];
  let next = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    if (ranges[index]! > next) others.push(next, ranges[index]! - 1);
    next = ranges[index + 1]! + 1;
  }
  if (next <= CODE_POINT_MAX) others.push(next, CODE_POINT_MAX);
  return others;
}

export function sizeOf(ranges: Ranges): number {
  let size = 0;
  for (let index = 0; index < ranges.length; index += 2) size += ranges[index + 1]! - ranges[index]! + 1;
  return size;
}

export function* codePointsOf(ranges: Ranges): Generator<number> {
  for (let index = 0; index < ranges.length; index += 2) for (let code = ranges[index]!; code <= ranges[index + 1]!; code++) yield code;
}

/** Letters with another case beyond these are left to the other engine. */
const FOLDED_END = 0x530;
const DOTLESS_I = 0x131;
/** Letters beyond, whose other case is not beyond: old forms of Cyrillic, iota, sharp S, Ohm, Kelvin, Angstrom. */
const RELATED = [0x1c80, 0x1c81, 0x1c82, 0x1c83, 0x1c84, 0x1c85, 0x1c86, 0x1c87, 0x1c88, 0x1fbe, 0x1e9e, 0x2126, 0x212a, 0x212b];

let orbits: Map<number, number[]> | null = null;

/** Code points that are one letter without regard to case, by Unicode's simple case folding. */
function orbitsOf(): Map<number, number[]> {
  if (orbits) return orbits;
  orbits = new Map();
  const codes = new Set(RELATED);
  for (let code = 0; code < FOLDED_END; code++) for (const other of [code, ...otherCases(code)]) codes.add(other);
  const byKey = new Map<string, number[]>();
  for (const code of codes) {
    const key = foldKey(code);
    byKey.set(key, [...(byKey.get(key) ?? []), code]);
  }
  for (const orbit of byKey.values()) if (orbit.length > 1) for (const code of orbit) orbits.set(code, orbit);
  return orbits;
}

/** Upper and lower case, where they are single characters. */
function otherCases(code: number): number[] {
  const letter = String.fromCodePoint(code);
  const cases = [letter.toUpperCase(), letter.toLowerCase()].filter((text) => Array.from(text).length === 1);
  return cases.map((text) => text.codePointAt(0)!);
}

function foldKey(code: number): string {
  const letter = String.fromCodePoint(code);
  if (code === DOTLESS_I) return letter;
  const upper = letter.toUpperCase();
  const one = Array.from(upper).length === 1 ? upper : letter;
  const lower = one.toLowerCase();
  return Array.from(lower).length === 1 ? lower : one;
}

/**
 * The set with every other case of its letters.
 * @returns null where it has letters whose other cases are not known here
 */
export function folded(ranges: Ranges): Ranges | null {
  if (ranges.length > 0 && ranges.at(-1)! >= FOLDED_END) return null;
  const all: number[] = [...ranges];
  for (let index = 0; index < ranges.length; index += 2) {
    for (let code = ranges[index]!; code <= ranges[index + 1]!; code++)
      for (const other of orbitsOf().get(code) ?? []) all.push(other, other);
  }
  return normalized(all);
}

/** A run of UTF-8 bytes, each within a first and last value: `[first, last, first, last …]`. */
export type ByteSequence = readonly number[];

const LENGTH_ENDS = [0x7f, 0x7ff, 0xffff, CODE_POINT_MAX];
const SURROGATES = [0xd800, 0xdfff] as const;

/** The UTF-8 of a set of code points, as sequences of byte ranges (as in Rust's `utf8-ranges`). Surrogates have none. */
export function byteSequences(ranges: Ranges): ByteSequence[] {
  const sequences: ByteSequence[] = [];
  for (let index = 0; index < ranges.length; index += 2) {
    const first = ranges[index]!;
    const last = ranges[index + 1]!;
    if (first < SURROGATES[0]) addSequences(first, Math.min(last, SURROGATES[0] - 1), sequences);
    if (last > SURROGATES[1]) addSequences(Math.max(first, SURROGATES[1] + 1), last, sequences);
  }
  return sequences;
}

function addSequences(first: number, last: number, sequences: ByteSequence[]): void {
  if (first > last) return;
  for (const end of LENGTH_ENDS) {
    if (first <= end && end < last) {
      addSequences(first, end, sequences);
      addSequences(end + 1, last, sequences);
      return;
    }
  }
  const length = LENGTH_ENDS.findIndex((end) => last <= end) + 1;
  for (let byte = 1; byte < length; byte++) {
    const low = (1 << (6 * byte)) - 1;
    if (first >> (6 * byte) === last >> (6 * byte)) continue;
    if ((first & low) !== 0) {
      addSequences(first, first | low, sequences);
      addSequences((first | low) + 1, last, sequences);
      return;
    }
    if ((last & low) !== low) {
      addSequences(first, (last & ~low) - 1, sequences);
      addSequences(last & ~low, last, sequences);
      return;
    }
  }
  const from = encoded(first);
  const to = encoded(last);
  sequences.push(from.flatMap((byte, index) => [byte, to[index]!]));
}

function encoded(code: number): number[] {
  if (code <= 0x7f) return [code];
  if (code <= 0x7ff) return [0xc0 | (code >> 6), 0x80 | (code & 0x3f)];
  if (code <= 0xffff) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
}
