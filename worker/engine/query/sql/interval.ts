import { civilDate, DAY_US, daysTo } from "../expressions/functions/calendar.ts";

/** A length of time: months have no length of their own. */
export interface Interval {
  months: number;
  us: number;
}

const UNITS: readonly [names: RegExp, unit: keyof Interval, size: number][] = [
  [/^(?:us|usecs?|microseconds?|µs)$/, "us", 1],
  [/^(?:ms|msecs?|milliseconds?)$/, "us", 1_000],
  [/^(?:s|secs?|seconds?)$/, "us", 1_000_000],
  [/^(?:m|mins?|minutes?)$/, "us", 60_000_000],
  [/^(?:h|hrs?|hours?)$/, "us", 3_600_000_000],
  [/^(?:d|days?)$/, "us", DAY_US],
  [/^(?:w|weeks?)$/, "us", 7 * DAY_US],
  [/^(?:mons?|months?)$/, "months", 1],
  [/^(?:qtrs?|quarters?)$/, "months", 3],
  [/^(?:y|yrs?|years?)$/, "months", 12],
];
const PART = /\s*([+-]?)\s*(?:(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?|(\d+(?:\.\d*)?|\.\d+)\s*([a-zµ]+))\s*/y;
const ISO =
  /^P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const ISO_UNITS = ["year", "month", "week", "day", "hour", "minute", "second"];

/** `1 day 2 hours`, `90 minutes`, `-1h30m`, `01:30:00`, `2 weeks ago`, `P1DT2H`; null for what is no interval of whole microseconds. */
export function parseInterval(text: string): Interval | null {
  const lower = text.trim().toLowerCase();
  if (lower === "") return null;
  const iso = ISO.exec(text.trim());
  const parts = iso ? isoParts(iso) : plainParts(lower.replace(/\bago$/, ""));
  if (!parts) return null;
  const sum = parts.reduce((total, part) => ({ months: total.months + part.months, us: total.us + part.us }), { months: 0, us: 0 });
  const sign = !iso && lower.endsWith("ago") ? -1 : 1;
  const whole = Number.isInteger(sum.months) && Math.abs(sum.us - Math.round(sum.us)) < 1e-3 && Number.isSafeInteger(Math.round(sum.us));
  return whole ? { months: sign * sum.months, us: sign * Math.round(sum.us) } : null;
}

function isoParts(iso: RegExpExecArray): Interval[] | null {
  const parts = ISO_UNITS.flatMap((unit, index) => (iso[index + 1] === undefined ? [] : [sizeOf(Number(iso[index + 1]), unit)!]));
  return parts.length > 0 ? parts : null;
}

function plainParts(text: string): Interval[] | null {
  const parts: Interval[] = [];
  for (let at = 0; at < text.length; ) {
    PART.lastIndex = at;
    const match = PART.exec(text);
    if (!match) return null;
    at += match[0].length;
    const sign = match[1] === "-" ? -1 : 1;
    const part =
      match[2] === undefined
        ? sizeOf(sign * Number(match[5]), match[6]!)
        : { months: 0, us: sign * (Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)) * 1_000_000 };
    if (!part) return null;
    parts.push(part);
  }
  return parts.length > 0 ? parts : null;
}

function sizeOf(count: number, name: string): Interval | null {
  const unit = UNITS.find(([names]) => names.test(name));
  if (!unit) return null;
  return unit[1] === "us" ? { months: 0, us: count * unit[2] } : { months: count * unit[2], us: 0 };
}

/** A time moved by an interval; the last day of a month where the day does not exist in the month arrived at. */
export function addInterval_us(time_us: number, { months, us }: Interval): number {
  if (months === 0) return time_us + us;
  const days = Math.floor(time_us / DAY_US);
  const { year, month, day } = civilDate(days, { year: 0, month: 0, day: 0 });
  const count = year * 12 + month - 1 + months;
  const [to_year, to_month] = [Math.floor(count / 12), (((count % 12) + 12) % 12) + 1];
  const last = daysTo(to_month === 12 ? to_year + 1 : to_year, to_month === 12 ? 1 : to_month + 1, 1) - daysTo(to_year, to_month, 1);
  return daysTo(to_year, to_month, Math.min(day, last)) * DAY_US + (time_us - days * DAY_US) + us;
}
