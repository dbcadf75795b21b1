/** The range of a request: times as people and tools write them, absolute or relative to now. All results are whole microseconds. */
import { parseTime_us } from "../engine/query/query.ts";
import { Problem } from "../errors.ts";
import { FUTURE_SKEW_MS_MAX, SEARCH_RANGE_DEFAULT_MS } from "../limits.ts";

/** Half open: `from_us` belongs to it, `to_us` does not. */
export interface TimeRange {
  from_us: number;
  to_us: number;
}

/** Later than any event: times are exact in a double up to here. */
export const TIME_US_MAX = Number.MAX_SAFE_INTEGER;

/** A "+" that was not escaped in an address arrives as a space: `now 1h`, `2026-11-20T10:00:00 02:00`. */
function withPlus(text: string): string {
  return text.replace(/^now (?=\d)/, "now+").replace(/^(.*:\d\d(?:\.\d+)?) (\d\d:?\d\d)$/, "$1+$2");
}

/** Microseconds since the epoch, or null where the text is no time that events can have. */
export function readTime_us(text: string, now_us: number): number | null {
  const time_us = parseTime_us(withPlus(text.trim()), now_us);
  return time_us !== null && Number.isSafeInteger(time_us) && time_us >= 0 ? time_us : null;
}

/** The Problem of one wrong parameter. */
export function wrongParameter(field: string, value: unknown, message: string): Problem {
  return new Problem("invalid", `${field}: ${message}`, { errors: [{ field, value, message }] });
}

function timeOf(field: string, text: string, now_us: number): number {
  const time_us = readTime_us(text, now_us);
  if (time_us !== null) return time_us;
  throw wrongParameter(
    field,
    text,
    "expected an ISO 8601 time, an epoch number (s, ms, us or ns), or a relative time such as -15m or now-1h",
  );
}

/** Forms send what was left empty as an empty text. */
function isMissing(text: string | undefined): text is undefined | "" {
  return text === undefined || text === "";
}

/**
 * @param to_default_us where the range ends when `to` is not given
 * @throws Problem `invalid` where a time cannot be read or `from` is after `to`
 */
export function resolveRange(from: string | undefined, to: string | undefined, now_us: number, to_default_us: number): TimeRange {
  const to_us = isMissing(to) ? to_default_us : timeOf("to", to, now_us);
  const from_us = isMissing(from) ? Math.max(0, Math.min(now_us, to_us) - SEARCH_RANGE_DEFAULT_MS * 1_000) : timeOf("from", from, now_us);
  if (from_us > to_us) throw wrongParameter("from", from, "must not be after to");
  return { from_us, to_us };
}

/** The end of a search that names none: as far ahead as events may be dated, so that senders with a fast clock are seen. */
export function openEnd_us(now_us: number): number {
  return now_us + FUTURE_SKEW_MS_MAX * 1_000;
}
