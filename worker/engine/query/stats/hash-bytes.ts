/**
 * 64-bit hashes of values, as two words: lanes, rounds and finish of MurmurHash3 (Austin Appleby, public domain), each lane over all of the
 * bytes. Partial results of one query carry them between invocations; nothing stored depends on them.
 */
const A1 = 0xcc9e2d51;
const A2 = 0x1b873593;
const B1 = 0xab0e9789;
const B2 = 0x38b34ae5;
const TEXT_SEED = 0x2f0b4a27;
const NUMBER_SEED = 0x9747b28c;

function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function close(a: number, b: number, length: number, target: Uint32Array): void {
  let low = ((a ^ length) + b) | 0;
  let high = ((b ^ length) + low) | 0;
  low = finish(low);
  high = finish(high);
  low = (low + high) | 0;
  high = (high + low) | 0;
  target[0] = low;
  target[1] = high;
}

/** Hashes bytes[start..end) to target[0] (low) and target[1] (high). */
export function hashBytes(bytes: Uint8Array, start: number, end: number, target: Uint32Array): void {
  let a = TEXT_SEED;
  let b = ~TEXT_SEED;
  let at = start;
  while (at < end) {
    let word = bytes[at]!;
    if (at + 4 <= end) word |= (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    else {
      if (at + 1 < end) word |= bytes[at + 1]! << 8;
      if (at + 2 < end) word |= bytes[at + 2]! << 16;
    }
    at += 4;
    let mixed = Math.imul(word, A1);
    a ^= Math.imul((mixed << 15) | (mixed >>> 17), A2);
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    mixed = Math.imul(word, B1);
    b ^= Math.imul((mixed << 16) | (mixed >>> 16), B2);
    b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0;
  }
  close(a, b, end - start, target);
}

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** Hashes a number; minus zero as zero. */
export function hashNumber(value: number, target: Uint32Array): void {
  number[0] = value + 0;
  const low = Math.imul(words[0]!, A1);
  const high = Math.imul(words[1]!, B1);
  const a = Math.imul(NUMBER_SEED ^ Math.imul((low << 15) | (low >>> 17), A2), 5) + high;
  const b = Math.imul(~NUMBER_SEED ^ Math.imul((high << 16) | (high >>> 16), B2), 5) + low;
  close(a | 0, b | 0, 8, target);
}

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const EXACT_DIGITS_MAX = 15;
const NUMBER_LENGTH_MAX = 25;

/** The number whose usual text (`String(number)`) these bytes are; NaN where they are another text. */
export function spelledNumber(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]!;
  const digits = first === MINUS ? start + 1 : start;
  const length = end - digits;
  if (length === 0 || length > NUMBER_LENGTH_MAX || !(bytes[digits]! >= ZERO && bytes[digits]! <= NINE)) return Number.NaN;
  let value = 0;
  for (let at = digits; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < ZERO || byte > NINE || length > EXACT_DIGITS_MAX) return unusualNumber(bytes, start, end);
    value = value * 10 + byte - ZERO;
  }
  if (bytes[digits] === ZERO && (length > 1 || first === MINUS)) return Number.NaN;
  return first === MINUS ? -value : value;
}

function unusualNumber(bytes: Uint8Array, start: number, end: number): number {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  const value = Number(text);
  return String(value) === text ? value : Number.NaN;
}

/** Hashes a text to target; one that spells a number gets the number's hash, for the two are one value. */
export function hashText(bytes: Uint8Array, start: number, end: number, target: Uint32Array): void {
  const first = start < end ? bytes[start]! : 0;
  const value = first <= NINE && first >= MINUS ? spelledNumber(bytes, start, end) : Number.NaN;
  if (Number.isNaN(value)) hashBytes(bytes, start, end, target);
  else hashNumber(value, target);
}
