import { EXPRESSION_TEXT_LENGTH_MAX } from "../../../../limits.ts";
import { formatZone_us } from "../../bucket.ts";
import { civilDate, DAY_US, daysTo } from "./calendar.ts";

const MONTH_NAMES = "January February March April May June July August September October November December".split(" ");
const DAY_NAMES = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** A time taken apart in its zone. */
interface Parts {
  year: number;
  month: number;
  day: number;
  /** From 1970-01-01. */
  days: number;
  /** Into the day. */
  time_us: number;
  zone_us: number;
  utc_us: number;
}

function pad(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, "0");
}

function year(value: number): string {
  return value < 0 ? `-${pad(-value, 4)}` : pad(value, 4);
}

function weekday({ days }: Parts): string {
  return DAY_NAMES[(((days + 4) % 7) + 7) % 7]!;
}

function hour({ time_us }: Parts): number {
  return Math.floor(time_us / 3_600_000_000);
}

function clock(parts: Parts): string {
  return `${CODES.H!(parts)}:${CODES.M!(parts)}:${CODES.S!(parts)}`;
}

const CODES: Readonly<Record<string, (parts: Parts) => string>> = {
  Y: (parts) => year(parts.year),
  y: (parts) => pad(((parts.year % 100) + 100) % 100, 2),
  m: ({ month }) => pad(month, 2),
  d: ({ day }) => pad(day, 2),
  e: ({ day }) => String(day).padStart(2, " "),
  H: (parts) => pad(hour(parts), 2),
  I: (parts) => pad(((hour(parts) + 11) % 12) + 1, 2),
  p: (parts) => (hour(parts) < 12 ? "AM" : "PM"),
  M: ({ time_us }) => pad((time_us % 3_600_000_000) / 60_000_000, 2),
  S: ({ time_us }) => pad((time_us % 60_000_000) / 1_000_000, 2),
  L: ({ time_us }) => pad((time_us % 1_000_000) / 1_000, 3),
  f: ({ time_us }) => pad(time_us % 1_000_000, 6),
  B: ({ month }) => MONTH_NAMES[month - 1]!,
  b: ({ month }) => MONTH_NAMES[month - 1]!.slice(0, 3),
  A: weekday,
  a: (parts) => weekday(parts).slice(0, 3),
  j: (parts) => pad(parts.days - daysTo(parts.year, 1, 1) + 1, 3),
  s: ({ utc_us }) => String(Math.floor(utc_us / 1_000_000)),
  z: ({ zone_us }) => formatZone_us(zone_us).replace(":", ""),
  F: (parts) => `${year(parts.year)}-${pad(parts.month, 2)}-${pad(parts.day, 2)}`,
  T: clock,
  "%": () => "%",
};

/**
 * A time as text by the codes of `strftime`; a code that is none stays as it is.
 * @returns null where the text would be too long
 */
export function formatTime(utc_us: number, format: string, zone_us: number): string | null {
  if (format.length * 9 > EXPRESSION_TEXT_LENGTH_MAX) return null;
  const local_us = utc_us + zone_us;
  const days = Math.floor(local_us / DAY_US);
  const parts: Parts = { ...civilDate(days, { year: 0, month: 0, day: 0 }), days, time_us: local_us - days * DAY_US, zone_us, utc_us };
  return format.replace(/%(.)/g, (whole, code: string) => (Object.hasOwn(CODES, code) ? CODES[code]!(parts) : whole));
}
