const UNIT_US: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
  w: 604_800_000_000,
};
export const DURATION_UNITS: readonly string[] = Object.keys(UNIT_US);

const DURATION = /^(\d+(?:\.\d+)?)(us|ms|s|m|h|d|w)$/;
const CALENDAR = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(?:([Zz])|([+-])(\d\d):?(\d\d))?$/;
const RELATIVE = /^(?:now)?([+-])(.+)$/;
const EPOCH = /^-?\d+(\.\d+)?$/;
/** Times beyond this are not exact in microseconds. */
const TIME_US_MAX = 2 ** 53 - 1;

/** Microseconds of `5m`, `1.5h`, `250ms`; null for what is no duration, or none of whole microseconds. */
export function parseDuration_us(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  const duration_us = Number(match[1]) * (UNIT_US[match[2] ?? ""] ?? Number.NaN);
  const whole_us = Math.round(duration_us);
  return Math.abs(duration_us - whole_us) < 1e-3 && whole_us <= TIME_US_MAX ? whole_us : null;
}

/** The shortest text of whole units that means the duration. */
export function formatDuration_us(duration_us: number): string {
  for (const unit of ["w", "d", "h", "m", "s", "ms"]) {
    const size_us = UNIT_US[unit] ?? 1;
    if (duration_us >= size_us && duration_us % size_us === 0) return `${duration_us / size_us}${unit}`;
  }
  return `${duration_us}us`;
}

/**
 * The time that a text means, in microseconds since the epoch: RFC 3339 (date alone, minutes, up to nine digits of fraction, no zone = UTC),
 * `now`, `-15m`, `now-1h`, or a number since the epoch in seconds, milliseconds, microseconds or nanoseconds, told apart by its size.
 * Null where it means none.
 */
export function parseTime_us(text: string, now_us: number): number | null {
  if (text === "now") return now_us;
  const time_us = EPOCH.test(text) ? epochTime(Number(text)) : (relativeTime(text, now_us) ?? calendarTime(text));
  return time_us !== null && Math.abs(time_us) <= TIME_US_MAX ? time_us : null;
}

function relativeTime(text: string, now_us: number): number | null {
  const match = RELATIVE.exec(text);
  const duration_us = match ? parseDuration_us(match[2] ?? "") : null;
  if (!match || duration_us === null) return null;
  return match[1] === "-" ? now_us - duration_us : now_us + duration_us;
}

/** Seconds reach to the year 5138 before they are taken for milliseconds, and so on by factors of 1,000. */
function epochTime(value: number): number {
  const size = Math.abs(value);
  if (size < 1e11) return Math.round(value * 1e6);
  if (size < 1e14) return Math.round(value * 1e3);
  if (size < 1e17) return Math.round(value);
  return Math.floor(value / 1e3);
}

function calendarTime(text: string): number | null {
  const match = CALENDAR.exec(text);
  if (!match) return null;
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60 || part(10) > 23 || part(11) > 59) return null;
  const offset_minutes = (part(10) * 60 + part(11)) * (match[9] === "-" ? -1 : 1);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const seconds = date.getTime() / 1000 + hour * 3600 + (minute - offset_minutes) * 60 + second;
  const fraction_us = Number((match[7] ?? "").padEnd(6, "0").slice(0, 6));
  return seconds * 1e6 + fraction_us;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Microseconds that a calendar time leaves open: a day for a date alone, then a minute or a second; 0 for what names a point in time. */
export function timeSpan_us(text: string): number {
  const match = CALENDAR.exec(text);
  if (!match || match[7] !== undefined) return 0;
  if (match[4] === undefined) return 86_400_000_000;
  return match[6] === undefined ? 60_000_000 : 1_000_000;
}
