/** The proleptic Gregorian calendar in whole numbers; all times are UTC. */
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const US_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;

/** Days since 1970-01-01; NaN where there is no such date. (Days from civil, Howard Hinnant's algorithm.) */
export function dayNumber(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const year_of_era = y - era * 400;
  const day_of_year = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const day_of_era = year_of_era * 365 + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100) + day_of_year;
  return era * 146_097 + day_of_era - 719_468;
}

export function daysInMonth(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap ? 29 : MONTH_DAYS[month - 1]!;
}

/** Microseconds since the epoch of a day and the microseconds in it. */
export function timeOf_us(day: number, us_of_day: number): number {
  return day * SECONDS_PER_DAY * US_PER_SECOND + us_of_day;
}

export function yearOf(time_us: number): number {
  return new Date(time_us / 1000).getUTCFullYear();
}

const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
const WEEKDAYS = "sunmontuewedthufrisat";

/** 1..12 for three letters of a month's English name at the place, else 0. */
export function monthAt(bytes: Uint8Array, at: number, end: number): number {
  return indexOfName(MONTHS, bytes, at, end);
}

/** 1..7 for three letters of a weekday's English name at the place, else 0. */
export function weekdayAt(bytes: Uint8Array, at: number, end: number): number {
  return indexOfName(WEEKDAYS, bytes, at, end);
}

function indexOfName(names: string, bytes: Uint8Array, at: number, end: number): number {
  if (at + 3 > end) return 0;
  const a = bytes[at]! | 0x20;
  const b = bytes[at + 1]! | 0x20;
  const c = bytes[at + 2]! | 0x20;
  for (let index = 0; index < names.length; index += 3) {
    if (names.charCodeAt(index) === a && names.charCodeAt(index + 1) === b && names.charCodeAt(index + 2) === c) return index / 3 + 1;
  }
  return 0;
}
