/** Marks on an axis of time. */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((days) => days * DAY_MS),
];

export interface TimeTick {
  at_ms: number;
  text: string;
}

/**
 * Round moments of a range: the day where one begins, else the clock; the first says its day where that is not today.
 * @param count_max so many at most, if the longest step allows
 * @param offset_ms how far the reader's clocks are ahead of UTC; taken as the same for the whole range
 */
export function timeTicks(from_ms: number, to_ms: number, count_max: number, offset_ms: number, now_ms = Date.now()): TimeTick[] {
  const step_ms = STEPS_MS.find((step) => (to_ms - from_ms) / step <= Math.max(1, count_max)) ?? STEPS_MS.at(-1)!;
  const ticks: TimeTick[] = [];
  for (let local_ms = Math.ceil((from_ms + offset_ms) / step_ms) * step_ms; local_ms <= to_ms + offset_ms; local_ms += step_ms) {
    const text = new Date(local_ms).toISOString();
    const date = text.slice(5, 10);
    const clock = text.slice(11, step_ms < MINUTE_MS ? 19 : 16);
    const is_today = Math.floor(local_ms / DAY_MS) === Math.floor((now_ms + offset_ms) / DAY_MS);
    const begins_day = local_ms % DAY_MS === 0;
    ticks.push({
      at_ms: local_ms - offset_ms,
      text: begins_day ? date : ticks.length === 0 && !is_today ? `${date} ${clock}` : clock,
    });
  }
  return ticks;
}
