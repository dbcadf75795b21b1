const COLON = 0x3a;
const DOT = 0x2e;
const COMMA = 0x2c;
const SPACE = 0x20;
const PLUS = 0x2b;
const DASH = 0x2d;
const US_PER_MINUTE = 60_000_000;
const FRACTION_DIGITS_MAX = 9;

/** Offsets in minutes of the zone names that mail and logs use; any other name is no zone. */
const ZONE_MINUTES: ReadonlyMap<string, number> = new Map([
  ["Z", 0],
  ["UTC", 0],
  ["GMT", 0],
  ["UT", 0],
  ["EST", -300],
  ["EDT", -240],
  ["CST", -360],
  ["CDT", -300],
  ["MST", -420],
  ["MDT", -360],
  ["PST", -480],
  ["PDT", -420],
  ["CET", 60],
  ["CEST", 120],
]);

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** How many digits stand at the place. */
export function digitRun(bytes: Uint8Array, at: number, end: number): number {
  let to = at;
  while (to < end && isDigit(bytes[to]!)) to++;
  return to > at ? to - at : 0;
}

/** The number that `count` digits make; NaN where one of them is no digit. */
export function numberAt(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let to = at + count; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Reads times of day and zones. */
export class Clock {
  end = 0;
  us_of_day = 0;
  /** East of UTC, to be subtracted. */
  offset_us = 0;

  /** `3:04`, `03:04:05`, `03.04.05`, `03:04:05,678`, `3:04:05 PM`; false where there is none. */
  read(b: Uint8Array, at: number, end: number): boolean {
    this.offset_us = 0;
    const hour_digits = digitRun(b, at, end);
    if (hour_digits === 0 || hour_digits > 2) return false;
    const separator = b[at + hour_digits];
    if (separator !== COLON && separator !== DOT) return false;
    const minute_at = at + hour_digits + 1;
    const minute_digits = digitRun(b, minute_at, end);
    if (minute_digits === 0 || minute_digits > 2 || (separator === DOT && minute_digits !== 2)) return false;
    let to = minute_at + minute_digits;
    let second = 0;
    const second_digits = b[to] === separator ? digitRun(b, to + 1, end) : 0;
    if (second_digits === 1 || second_digits === 2) {
      second = numberAt(b, to + 1, second_digits);
      to += 1 + second_digits;
    } else if (separator === DOT || b[to] === COLON) return false;
    const hour = numberAt(b, at, hour_digits);
    return this.#set(hour, numberAt(b, minute_at, minute_digits), second, b, this.#readFraction(b, to, end, second_digits > 0), end);
  }

  /** `0304`, `030405`, `030405.678`. */
  readBasic(b: Uint8Array, at: number, end: number): boolean {
    this.offset_us = 0;
    const digits = digitRun(b, at, end);
    if (digits !== 4 && digits !== 6) return false;
    const second = digits === 6 ? numberAt(b, at + 4, 2) : 0;
    return this.#set(numberAt(b, at, 2), numberAt(b, at + 2, 2), second, b, this.#readFraction(b, at + digits, end, digits === 6), end);
  }

  /** Reads a zone at the place, if there is one: `Z`, `+01:00`, ` +0100`, `+01`, ` UTC`. */
  readZone(b: Uint8Array, at: number, end: number): void {
    this.end = at;
    this.offset_us = 0;
    const spaced = b[at] === SPACE && at < end;
    const from = spaced ? at + 1 : at;
    if (from >= end) return;
    const sign = b[from]!;
    if (sign === PLUS || sign === DASH) this.#readOffset(b, from, end, spaced);
    else if (isLetter(sign)) this.#readZoneName(b, from, end);
  }

  #readOffset(b: Uint8Array, from: number, end: number, spaced: boolean): void {
    const digits = digitRun(b, from + 1, end);
    let to = from + 1 + digits;
    let minutes: number;
    if (digits === 4) minutes = numberAt(b, from + 1, 2) * 60 + numberAt(b, from + 3, 2);
    else if (digits === 2 && b[to] === COLON && digitRun(b, to + 1, end) === 2) {
      minutes = numberAt(b, from + 1, 2) * 60 + numberAt(b, to + 1, 2);
      to += 3;
    } else if (digits === 2 && !spaced) minutes = numberAt(b, from + 1, 2) * 60;
    else return;
    if (minutes > 18 * 60) return;
    this.offset_us = (b[from] === DASH ? -minutes : minutes) * US_PER_MINUTE;
    this.end = to;
  }

  #readZoneName(b: Uint8Array, from: number, end: number): void {
    let to = from;
    while (to < end && to - from < 5 && isLetter(b[to]!)) to++;
    if (to < end && (isLetter(b[to]!) || isDigit(b[to]!))) return;
    const minutes = ZONE_MINUTES.get(String.fromCharCode(...b.subarray(from, to)).toUpperCase());
    if (minutes === undefined) return;
    this.offset_us = minutes * US_PER_MINUTE;
    this.end = to;
  }

  #fraction_us = 0;

  #readFraction(b: Uint8Array, at: number, end: number, allowed: boolean): number {
    this.#fraction_us = 0;
    const mark = b[at];
    if (!allowed || at >= end || (mark !== DOT && mark !== COMMA && mark !== COLON)) return at;
    const digits = digitRun(b, at + 1, end);
    if (digits === 0 || digits > FRACTION_DIGITS_MAX) return at;
    let scale = 100_000;
    for (let to = at + 1; to <= at + digits; to++) {
      this.#fraction_us += (b[to]! - 0x30) * scale;
      scale = scale > 1 ? scale / 10 : 0;
    }
    return at + 1 + digits;
  }

  #set(hour: number, minute: number, second: number, b: Uint8Array, at: number, end: number): boolean {
    let to = at;
    let hours = hour;
    if (b[to] === SPACE && to + 3 <= end && (b[to + 2]! | 0x20) === 0x6d && (to + 3 === end || !isLetter(b[to + 3]!))) {
      const half = b[to + 1]! | 0x20;
      if ((half === 0x61 || half === 0x70) && hour >= 1 && hour <= 12) {
        hours = (hour % 12) + (half === 0x70 ? 12 : 0);
        to += 3;
      }
    }
    // 24:00:00 and leap seconds are moments of the next day and minute.
    if (hours > 24 || minute > 59 || second > 60 || (hours === 24 && minute + second + this.#fraction_us > 0)) return false;
    this.us_of_day = ((hours * 60 + minute) * 60 + second) * 1_000_000 + this.#fraction_us;
    this.end = to;
    return true;
  }
}
