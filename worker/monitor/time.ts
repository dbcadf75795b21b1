/** Times and durations of requests, in microseconds. */
import { parseDuration_us, parseTime_us } from "../engine/query/query.ts";
import { Problem } from "../errors.ts";

export function wrongValue(field: string, value: unknown, expected: string): Problem {
  const message = `expected ${expected}`;
  return new Problem("invalid", `${field}: ${message}`, { errors: [{ field, value, expected, message }] });
}

/** @throws Problem `invalid` */
export function timeOf(field: string, text: string | undefined, now_us: number, default_us: number): number {
  if (text === undefined || text === "") return default_us;
  // A "+" that was not escaped in an address arrives as a space.
  const time_us = parseTime_us(text.trim().replace(/^now (?=\d)/, "now+"), now_us);
  if (time_us !== null && time_us >= 0) return Math.round(time_us);
  throw wrongValue(field, text, "an ISO 8601 time, an epoch number (s, ms, us or ns), or a relative time such as -15m or now-1h");
}

/** Null where nothing is given. @throws Problem `invalid` */
export function durationOf(field: string, text: string | undefined): number | null {
  if (text === undefined || text === "") return null;
  const duration_us = parseDuration_us(text.trim());
  if (duration_us !== null && duration_us > 0) return duration_us;
  throw wrongValue(field, text, "a duration such as 30s, 5m or 1h");
}
