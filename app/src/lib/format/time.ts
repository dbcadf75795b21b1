/** Times as people read them, in the zone that the reader chose. Relative in sight, absolute on hover, the zone always said. */
import { preferences, type Zone } from "../preferences.svelte.ts";

const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");

interface Parts {
  year: number;
  month: number;
  day: number;
  hours: number;
  minutes: number;
  seconds: number;
  ms: number;
}

function partsOf(at: Date, zone: Zone): Parts {
  const shown = zone === "utc" ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hours: shown.getUTCHours(),
    minutes: shown.getUTCMinutes(),
    seconds: shown.getUTCSeconds(),
    ms: shown.getUTCMilliseconds(),
  };
}

function sameDay(one: Parts, other: Parts): boolean {
  return one.year === other.year && one.month === other.month && one.day === other.day;
}

/** `14:03:12.481`, with the day before it where it is not today: for lines. */
export function clockTime(timestamp: string, zone: Zone = preferences.zone, now = new Date()): string {
  const at = partsOf(new Date(timestamp), zone);
  const clock = `${pad(at.hours)}:${pad(at.minutes)}:${pad(at.seconds)}.${pad(at.ms, 3)}`;
  const today = partsOf(now, zone);
  if (sameDay(at, today)) return clock;
  const day = `${pad(at.month)}-${pad(at.day)}`;
  return at.year === today.year ? `${day} ${clock}` : `${at.year}-${day} ${clock}`;
}

/** `2026-11-28 14:03:12.481204 UTC+2`: everything that is known, for titles and details. */
export function exactTime(timestamp: string, zone: Zone = preferences.zone): string {
  const at = new Date(timestamp);
  if (Number.isNaN(at.getTime())) return timestamp;
  const { year, month, day, hours, minutes, seconds } = partsOf(at, zone);
  const fraction = /\.(\d+)/.exec(timestamp)?.[1] ?? pad(at.getMilliseconds(), 3);
  return `${year}-${pad(month)}-${pad(day)} ${pad(hours)}:${pad(minutes)}:${pad(seconds)}.${fraction} ${zoneName(zone, at)}`;
}

/** `14:03`, `14:03:20` or `11-20 14:03`: an end of a range, as fine as the range needs. */
export function axisTime(at: Date, range_ms: number, zone: Zone = preferences.zone): string {
  const { month, day, hours, minutes, seconds } = partsOf(at, zone);
  const clock = `${pad(hours)}:${pad(minutes)}${range_ms < 600_000 ? `:${pad(seconds)}` : ""}`;
  return range_ms < 86_400_000 ? clock : `${pad(month)}-${pad(day)} ${clock}`;
}

/** `2026-11-28 14:03:12` as it is typed into a field. */
export function editableTime(at: Date, zone: Zone = preferences.zone): string {
  const { year, month, day, hours, minutes, seconds } = partsOf(at, zone);
  return `${year}-${pad(month)}-${pad(day)} ${pad(hours)}:${pad(minutes)}:${pad(seconds)}`;
}

/** A typed time (`2026-11-28`, `… 14:03`, `… 14:03:12`, or with a zone of its own) in the zone; null where it is none. */
export function parseEditable(text: string, zone: Zone = preferences.zone): Date | null {
  const match = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?)?\s*$/.exec(text);
  if (!match) {
    const at = /\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/.test(text.trim()) ? new Date(text.trim()) : null;
    return at && !Number.isNaN(at.getTime()) ? at : null;
  }
  const [year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const ms = Math.floor(Number(`0.${match[7] ?? 0}`) * 1_000);
  const at =
    zone === "utc"
      ? new Date(Date.UTC(year, month - 1, day, hours, minutes, seconds, ms))
      : new Date(year, month - 1, day, hours, minutes, seconds, ms);
  const read = partsOf(at, zone);
  return read.month === month && read.day === day && read.hours === hours ? at : null;
}

/** How far the zone's clocks are ahead of UTC at a moment. */
export function zoneOffset_ms(at_ms: number, zone: Zone = preferences.zone): number {
  return zone === "utc" ? 0 : -new Date(at_ms).getTimezoneOffset() * 60_000;
}

/** The zone as an offset: `UTC+2`, `UTC−3:30`. */
export function zoneName(zone: Zone = preferences.zone, at = new Date()): string {
  const minutes = zone === "utc" ? 0 : -at.getTimezoneOffset();
  const rest = Math.abs(minutes) % 60;
  const hours = Math.floor(Math.abs(minutes) / 60);
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${hours}${rest === 0 ? "" : `:${pad(rest)}`}`;
}

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** `just now`, `4 min ago`, `in 2 d`. Rounded down; of what is to come a twentieth less counts as whole, so that 30 days are 30 a minute after they began. */
export function relativeTime(timestamp: string | number | Date, now = Date.now()): string {
  const past_ms = now - new Date(timestamp).getTime();
  const whole = (size_ms: number): number => Math.floor(Math.abs(past_ms) / size_ms + (past_ms < 0 ? 0.05 : 0));
  const [size_ms, unit] = UNITS.find(([size]) => whole(size) >= 1) ?? [0, ""];
  if (size_ms === 0) return "just now";
  const text = `${whole(size_ms)} ${unit}`;
  return past_ms < 0 ? `in ${text}` : `${text} ago`;
}
