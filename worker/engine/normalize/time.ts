import { FUTURE_SKEW_MS_MAX } from "../../limits.ts";
import { dayNumber, monthAt, timeOf_us, weekdayAt, yearOf } from "./calendar.ts";
import { Clock, digitRun, isDigit, isLetter, numberAt } from "./clock.ts";

/** Numbers below this many seconds (early 1973) are durations or counters, not times. */
const EPOCH_SECONDS_MIN = 1e8;
/** Epoch numbers tell their unit by their size: seconds below 1e11, then milliseconds, microseconds, nanoseconds. */
const EPOCH_MAX = 1e20;
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Reads points in time from UTF-8 bytes, as microseconds since the epoch; NaN where there is none. Shapes without a zone are UTC.
 * Shapes without a year take the year that puts them nearest to the arrival, at most FUTURE_SKEW_MS_MAX ahead of it.
 */
export class TimeReader {
  /** Where the time read last ended. */
  end = 0;
  /** Whether the time read last named the time of day, not a date alone. */
  has_clock = false;
  /** Whether it named its year. */
  has_year = true;
  #received_us: number;
  #clock = new Clock();
  #cached_date = 0;
  #cached_day = Number.NaN;

  constructor(received_us: number) {
    this.#received_us = received_us;
  }

  /** A value that is a time as a whole. */
  read(bytes: Uint8Array, start: number, end: number): number {
    const common = this.#readCommon(bytes, start, end);
    if (!Number.isNaN(common)) return common;
    while (start < end && isPadding(bytes[start]!)) start++;
    while (end > start && isPadding(bytes[end - 1]!)) end--;
    if (bytes[start] === 0x5b && bytes[end - 1] === 0x5d) return this.read(bytes, start + 1, end - 1);
    const epoch = readEpoch(bytes, start, end);
    if (!Number.isNaN(epoch)) return epoch;
    const time = this.readPrefix(bytes, start, end);
    return this.end === end || isZoneTail(bytes, this.end, end) ? checked(time) : Number.NaN;
  }

  /** A time at the beginning of `bytes[start .. end)`, whatever follows; `end` tells where it stops. Epoch numbers are not looked for. */
  readPrefix(bytes: Uint8Array, start: number, end: number): number {
    this.end = start;
    this.has_clock = false;
    this.has_year = true;
    if (start >= end) return Number.NaN;
    return checked(isDigit(bytes[start]!) ? this.#readFromDigit(bytes, start, end) : this.#readFromName(bytes, start, end));
  }

  /** True for a time so far ahead that the arrival time is to be taken instead. */
  isTooFarAhead(time_us: number): boolean {
    return time_us > this.#received_us + FUTURE_SKEW_MS_MAX * 1000;
  }

  /** `2026-01-02T03:04:05[.fraction]Z` without detours. */
  #readCommon(b: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length < 20 || length > 30 || b[end - 1] !== 0x5a || b[start + 4] !== DASH || b[start + 7] !== DASH || b[start + 10] !== 0x54)
      return Number.NaN;
    if (b[start + 13] !== COLON || b[start + 16] !== COLON) return Number.NaN;
    const date = numberAt(b, start, 4) * 10_000 + numberAt(b, start + 5, 2) * 100 + numberAt(b, start + 8, 2);
    const hour = numberAt(b, start + 11, 2);
    const minute = numberAt(b, start + 14, 2);
    const second = numberAt(b, start + 17, 2);
    if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
    let fraction_us = 0;
    if (length > 20) {
      if (b[start + 19] !== DOT || length === 21) return Number.NaN;
      let scale = 100_000;
      for (let at = start + 20; at < end - 1; at++) {
        const digit = b[at]! - 0x30;
        if (digit < 0 || digit > 9) return Number.NaN;
        fraction_us += digit * scale;
        scale = scale > 1 ? scale / 10 : 0;
      }
    }
    this.end = end;
    this.has_clock = true;
    return checked(timeOf_us(this.#day(date), ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction_us));
  }

  /** @param date year * 10,000 + month * 100 + day */
  #day(date: number): number {
    if (date === this.#cached_date) return this.#cached_day;
    this.#cached_date = date;
    this.#cached_day = dayNumber(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
    return this.#cached_day;
  }

  #readFromDigit(b: Uint8Array, start: number, end: number): number {
    const digits = digitRun(b, start, end);
    const after = start + digits;
    const next = b[after];
    if (digits === 4 && (next === DASH || next === SLASH || next === DOT)) return this.#yearFirst(b, start, end, next);
    if (digits === 14) return this.#compact(b, start, after, end);
    if (digits === 8) return this.#basicDate(b, start, after, end);
    if (digits === 6 && next === SPACE && digitRun(b, after + 1, end) === 6) return this.#sixAndSix(b, start, end);
    if (digits > 2) return Number.NaN;
    if (next === SPACE || next === DASH || next === SLASH) {
      if (monthAt(b, after + 1, end)) return this.#dayMonthYear(b, start, digits, end);
      if (digits === 2 && digitRun(b, after + 1, end) === 2) return this.#twoDigits(b, start, end, next);
    }
    return Number.NaN;
  }

  /** `2026-01-02`, `2026/1/2`, `2026.01.02` and what may follow. */
  #yearFirst(b: Uint8Array, start: number, end: number, separator: number): number {
    const month_digits = digitRun(b, start + 5, end);
    const day_at = start + 5 + month_digits + 1;
    if (month_digits > 2 || month_digits === 0 || b[day_at - 1] !== separator) return Number.NaN;
    const day_digits = digitRun(b, day_at, end);
    if (day_digits === 0 || day_digits > 2) return Number.NaN;
    const date = numberAt(b, start, 4) * 10_000 + numberAt(b, start + 5, month_digits) * 100 + numberAt(b, day_at, day_digits);
    return this.#withClock(this.#day(date), b, day_at + day_digits, end, true);
  }

  /** `20260102T030405Z`, `20260102 03:04:05`, `20260102-3:4:5:678`, `20260102`. */
  #basicDate(b: Uint8Array, start: number, after: number, end: number): number {
    return this.#withClock(this.#day(numberAt(b, start, 8)), b, after, end, true);
  }

  /** `20260102030405`. */
  #compact(b: Uint8Array, start: number, after: number, end: number): number {
    const day = this.#day(numberAt(b, start, 8));
    if (!this.#clock.readBasic(b, start + 8, after)) return Number.NaN;
    return this.#finish(day, b, after, end);
  }

  /** `081109 203615`: year, month, day in two digits each. */
  #sixAndSix(b: Uint8Array, start: number, end: number): number {
    const day = this.#day(20_000_000 + numberAt(b, start, 6));
    if (!this.#clock.readBasic(b, start + 7, start + 13)) return Number.NaN;
    return this.#finish(day, b, start + 13, end);
  }

  /** `17/06/09 20:10:40` (year first) and `03-17 16:13:38.811` (no year). */
  #twoDigits(b: Uint8Array, start: number, end: number, separator: number): number {
    const first = numberAt(b, start, 2);
    const second = numberAt(b, start + 3, 2);
    if (b[start + 5] === separator && digitRun(b, start + 6, end) === 2) {
      return this.#withClock(this.#day((2000 + first) * 10_000 + second * 100 + numberAt(b, start + 6, 2)), b, start + 8, end, false);
    }
    return this.#withGuessedYear(first, second, b, start + 5, end);
  }

  /** `17/May/2015:10:05:03 +0000`, `2 Jan 2026 03:04:05 GMT`, `02-Jan-06 03:04:05`. */
  #dayMonthYear(b: Uint8Array, start: number, digits: number, end: number): number {
    const month = monthAt(b, start + digits + 1, end);
    const year_at = skipName(b, start + digits + 1, end) + 1;
    const year_digits = digitRun(b, year_at, end);
    if (year_digits !== 4 && year_digits !== 2) return Number.NaN;
    const year = numberAt(b, year_at, year_digits) + (year_digits === 2 ? 2000 : 0);
    return this.#withClock(dayNumber(year, month, numberAt(b, start, digits)), b, year_at + year_digits, end, false);
  }

  /** `Jan  2 03:04:05`, `Jan 02, 2026 3:04:05 PM`, `Sun Jan 2 03:04:05 2026`, `Mon, 02 Jan 2006 15:04:05 -0700`, `I0102 15:04:05.678901`. */
  #readFromName(b: Uint8Array, start: number, end: number): number {
    let at = start;
    if (digitRun(b, at + 1, end) === 4) return this.#withGuessedYear(numberAt(b, at + 1, 2), numberAt(b, at + 3, 2), b, at + 5, end);
    if (weekdayAt(b, at, end) && !monthIsMeant(b, at, end)) {
      at = skipName(b, at, end);
      if (b[at] === COMMA) at++;
      if (b[at] !== SPACE) return Number.NaN;
      at++;
      if (at < end && isDigit(b[at]!)) return this.#readFromDigit(b, at, end);
    }
    const month = monthAt(b, at, end);
    at = skipName(b, at, end);
    if (month === 0 || b[at] !== SPACE) return Number.NaN;
    while (b[at] === SPACE) at++;
    const day_digits = digitRun(b, at, end);
    if (day_digits === 0 || day_digits > 2) return Number.NaN;
    const day = numberAt(b, at, day_digits);
    at += day_digits;
    const year_at = at + (b[at] === COMMA ? 2 : 1);
    if (digitRun(b, year_at, end) === 4 && b[year_at + 4] !== COLON) {
      return this.#withClock(dayNumber(numberAt(b, year_at, 4), month, day), b, year_at + 4, end, false);
    }
    return this.#clockThenYear(month, day, b, at, end);
  }

  /** What follows month and day: a clock, a zone perhaps, a year perhaps. */
  #clockThenYear(month: number, day: number, b: Uint8Array, at: number, end: number): number {
    if (b[at] !== SPACE || !this.#clock.read(b, at + 1, end)) return Number.NaN;
    let year_at = this.#clock.end + 1;
    if (b[year_at - 1] === SPACE && isLetter(b[year_at] ?? 0) && digitRun(b, skipName(b, year_at, end) + 1, end) === 4) {
      year_at = skipName(b, year_at, end) + 1; // `UTC` before the year, as date(1) prints it
    }
    if (b[year_at - 1] !== SPACE || digitRun(b, year_at, end) !== 4 || !isYear(numberAt(b, year_at, 4))) {
      return this.#withGuessedYear(month, day, b, at, end);
    }
    this.end = year_at + 4;
    this.has_clock = true;
    return timeOf_us(dayNumber(numberAt(b, year_at, 4), month, day), this.#clock.us_of_day) - this.#clock.offset_us;
  }

  #withGuessedYear(month: number, day: number, b: Uint8Array, at: number, end: number): number {
    if (b[at] !== SPACE || !this.#clock.read(b, at + 1, end)) return Number.NaN;
    this.end = this.#clock.end;
    this.has_clock = true;
    this.has_year = false;
    const us = this.#clock.us_of_day - this.#clock.offset_us;
    const latest_us = this.#received_us + FUTURE_SKEW_MS_MAX * 1000;
    // The 29th of February needs up to eight steps back.
    for (let year = yearOf(latest_us), steps = 0; steps < 9; year--, steps++) {
      const time = timeOf_us(dayNumber(year, month, day), us);
      if (time <= latest_us) return time;
    }
    return Number.NaN;
  }

  /** The clock after a date, if there is one; a date alone is midnight. `basic` allows `030405` without colons. */
  #withClock(day: number, b: Uint8Array, at: number, end: number, basic: boolean): number {
    const separator = b[at];
    if (at < end && isDateClockSeparator(separator!)) {
      const clock_at = separator === COMMA && b[at + 1] === SPACE ? at + 2 : at + 1;
      if (this.#clock.read(b, clock_at, end) || (basic && this.#clock.readBasic(b, clock_at, end))) {
        return this.#finish(day, b, this.#clock.end, end);
      }
    }
    this.end = at;
    return timeOf_us(day, 0);
  }

  #finish(day: number, b: Uint8Array, at: number, end: number): number {
    this.#clock.readZone(b, at, end);
    this.end = this.#clock.end;
    this.has_clock = true;
    return timeOf_us(day, this.#clock.us_of_day) - this.#clock.offset_us;
  }
}

/** A number as a point in time, its unit told by its size; NaN for what cannot be one. Fractions of seconds keep microseconds. */
export function epochTime_us(value: number): number {
  if (!(value >= EPOCH_SECONDS_MIN && value < EPOCH_MAX)) return Number.NaN;
  if (value < 1e11) return checked(Math.round(value * 1e6));
  if (value < 1e14) return checked(Math.round(value * 1e3));
  return checked(value < 1e17 ? Math.floor(value) : Math.floor(value / 1e3));
}

/** Digits, with a fraction perhaps: exact where a double would not be (nanoseconds). */
function readEpoch(bytes: Uint8Array, start: number, end: number): number {
  const digits = digitRun(bytes, start, end);
  if (digits < 9 || digits > 20 || digits === 14) return Number.NaN;
  if (start + digits === end) return digits > 15 ? epochFromDigits(bytes, start, digits) : epochTime_us(numberAt(bytes, start, digits));
  if (bytes[start + digits] !== DOT || digits > 13) return Number.NaN;
  const fraction_digits = digitRun(bytes, start + digits + 1, end);
  if (fraction_digits === 0 || start + digits + 1 + fraction_digits !== end) return Number.NaN;
  const kept = Math.min(fraction_digits, 6);
  const fraction = numberAt(bytes, start + digits + 1, kept) / 10 ** kept;
  return epochTime_us(numberAt(bytes, start, digits) + fraction);
}

/** 16 digits and more: microseconds or nanoseconds, read without passing through a double that cannot hold them. */
function epochFromDigits(bytes: Uint8Array, start: number, digits: number): number {
  return checked(digits <= 17 ? numberAt(bytes, start, digits) : numberAt(bytes, start, digits - 3));
}

/** Times before 1970 and after 2255 are not events' times (Go's zero time is of the year 1). */
function checked(time_us: number): number {
  return time_us >= 0 && time_us <= Number.MAX_SAFE_INTEGER ? time_us : Number.NaN;
}

function isPadding(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** T, t, space, `_`, `-` and `:` join a date and a clock; `, ` too. */
function isDateClockSeparator(byte: number): boolean {
  return byte === 0x54 || byte === 0x74 || byte === SPACE || byte === 0x5f || byte === DASH || byte === COLON || byte === COMMA;
}

/** What may stand after an offset: a zone's name (` MST`, `[Europe/Paris]`, ` (CET)`) or Go's monotonic clock. */
function isZoneTail(bytes: Uint8Array, at: number, end: number): boolean {
  if (at === 0 || at >= end) return false;
  const last = bytes[end - 1];
  if (bytes[at] === 0x5b) return last === 0x5d;
  if (bytes[at] !== SPACE) return false;
  if (bytes[at + 1] === 0x28) return last === 0x29;
  let name = at + 1;
  while (name < end && isLetter(bytes[name]!)) name++;
  if (name - at - 1 >= 3 && name - at - 1 <= 5 && name === end) return true;
  const clock = name > at + 1 ? name + 1 : at + 1;
  return bytes[clock] === 0x6d && bytes[clock + 1] === 0x3d;
}

function skipName(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isLetter(bytes[at]!)) at++;
  return at;
}

/** `Mar` and `Mon` share no letters, but a name that is both would be read as the month. */
function monthIsMeant(bytes: Uint8Array, at: number, end: number): boolean {
  return monthAt(bytes, at, end) > 0;
}

function isYear(year: number): boolean {
  return year >= 1970 && year < 2256;
}
