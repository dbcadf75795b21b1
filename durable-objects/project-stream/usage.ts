import type { FrameSummary } from "./types.ts";

const DAY_MS = 86_400_000;
const DAYS_KEPT = 3;

/** Events and raw bytes taken, in all and by UTC day of arrival. Rows that repeat a client's event id do not count. */
export interface Usage {
  events: number;
  raw_bytes: number;
  /** The last days only; older ones are in the segments. */
  days: Record<string, number>;
}

export function noUsage(): Usage {
  return { events: 0, raw_bytes: 0, days: {} };
}

export function addUsage(
  usage: Usage,
  frames: Iterable<Pick<FrameSummary, "rows" | "raw_bytes" | "accepted_us"> & { masked: Uint32Array | null }>,
): Usage {
  const sum: Usage = { ...usage, days: { ...usage.days } };
  for (const frame of frames) {
    const events = frame.rows - (frame.masked?.length ?? 0);
    const day = dayOf(frame.accepted_us / 1000);
    sum.events += events;
    sum.raw_bytes += frame.raw_bytes;
    sum.days[day] = (sum.days[day] ?? 0) + events;
  }
  for (const day of Object.keys(sum.days).sort().slice(0, -DAYS_KEPT)) delete sum.days[day];
  return sum;
}

export function eventsOn(usage: Usage, day: string): number {
  return usage.days[day] ?? 0;
}

/** UTC day as YYYY-MM-DD. */
export function dayOf(time_ms: number): string {
  return new Date(time_ms).toISOString().slice(0, 10);
}

export function secondsToMidnight(time_ms: number): number {
  return Math.ceil((DAY_MS - (time_ms % DAY_MS)) / 1000);
}
