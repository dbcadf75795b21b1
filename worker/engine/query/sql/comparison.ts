/** Both sides of a comparison as what they are compared by: literals take the type of the other side. */
import { LEVEL_SPELLINGS, levelOf } from "../levels.ts";
import { suggest } from "../suggest.ts";
import { parseTime_us } from "../time.ts";
import { fail, type Span } from "./fail.ts";
import { parseInterval } from "./interval.ts";
import { intervalConstant, literal, type Typed, timeConstant } from "./typed.ts";

export interface Reading {
  source: string;
  now_us: number;
}

/** The side as it is compared with the other. */
export function alike(side: Typed, other: Typed, at: Span, reading: Reading): Typed {
  if (side.type === "interval" && other.type !== "interval") return seconds(side, at, reading);
  if (typeof side.constant !== "string") return side;
  if (other.type === "time") return timeConstant(readTime(side.constant, at, reading));
  if (other.type === "level") return literal(readLevel(side.constant, at, reading));
  return side;
}

/** Differences of times are seconds. */
export function seconds(side: Typed, at: Span, { source }: Reading): Typed {
  if (side.interval!.months !== 0) fail("months have no fixed length", at, source, "an interval of days, hours, minutes or seconds");
  return literal(side.interval!.us / 1e6);
}

export function readTime(text: string, at: Span, { source, now_us }: Reading): number {
  // PostgreSQL writes offsets of whole hours without minutes.
  const time_us = parseTime_us(text.trim().replace(/(?<=:\d\d(?:\.\d+)?)([+-]\d\d)$/, "$1:00"), now_us);
  return time_us ?? fail("this is no time", at, source, "a time such as '2026-03-01T12:00:00Z', '2026-03-01' or now() - interval '1 hour'");
}

export function readLevel(text: string, at: Span, { source }: Reading): string {
  const level = levelOf(text);
  if (level !== null) return level;
  return fail(`${text} is no level`, at, source, "TRACE, DEBUG, INFO, WARN, ERROR or FATAL", suggest(text, LEVEL_SPELLINGS)?.toUpperCase());
}

export function readInterval(text: string, at: Span, { source }: Reading): Typed {
  const interval = parseInterval(text);
  if (!interval) fail("this is no interval", at, source, "an interval such as '1 hour', '5 minutes' or '1 day 2 hours'");
  return intervalConstant(interval!);
}
