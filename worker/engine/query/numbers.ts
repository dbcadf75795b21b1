const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;

/** The finite number that a text spells in decimal digits, else null. */
export function readNumber(text: string): number | null {
  if (!NUMBER.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** As `readNumber`, but null for a whole number beyond ±2^53 that no stored number equals. */
export function readExactNumber(text: string): number | null {
  const value = readNumber(text);
  const exact = value === null ? null : exactInteger(text, value);
  return exact !== null && exact !== BigInt(value as number) ? null : value;
}

/** A number of a query beside which values are put. Whole numbers beyond ±2^53 are compared exactly with texts that spell such. */
export interface Comparand {
  value: number;
  exact: bigint | null;
}

export function comparand(text: string): Comparand {
  return { value: Number(text), exact: exactInteger(text, Number(text)) };
}

/** Negative, zero or positive as the number that `text` spells is below, at or above the comparand; NaN where it spells none. */
export function compareText(text: string, to: Comparand): number {
  const value = readNumber(text);
  if (value === null) return Number.NaN;
  if (value !== to.value || Number.isSafeInteger(value)) return value - to.value;
  const exact = exactInteger(text, value);
  if (exact === null && to.exact === null) return 0;
  const difference = (exact ?? BigInt(value)) - (to.exact ?? BigInt(to.value));
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}

/** As `compareText`, for a value that is a number already. */
export function compareNumber(value: number, to: Comparand): number {
  if (value !== to.value || to.exact === null) return value - to.value;
  const difference = BigInt(value) - to.exact;
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}

function exactInteger(text: string, value: number): bigint | null {
  if (Number.isSafeInteger(value) || !INTEGER.test(text)) return null;
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}

/** Order of texts by their UTF-8 bytes, which is the order of their code points. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Puts surrogates above the other units: they stand for the code points beyond U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
