import { TIMESERIES_POINTS } from "../../limits.ts";

/** Half open. */
export interface TimeSpan {
  from_us: number;
  to_us: number;
}

const SECOND_US = 1_000_000;
/** Pieces of time that people read easily; they divide each other or the day. */
const STEPS_S = [
  0.001, 0.01, 0.1, 0.5, 1, 5, 10, 15, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000,
  31_536_000,
];
const STEP_WITHOUT_SPAN_US = 3_600 * SECOND_US;

/** A step that cuts the span into at most TIMESERIES_POINTS pieces. */
export function timeStep_us(span: TimeSpan | null): number {
  if (!span) return STEP_WITHOUT_SPAN_US;
  const least_us = (span.to_us - span.from_us) / TIMESERIES_POINTS;
  const step_s = STEPS_S.find((each) => each * SECOND_US >= least_us);
  return step_s === undefined ? Math.ceil(least_us / (604_800 * SECOND_US)) * 604_800 * SECOND_US : Math.round(step_s * SECOND_US);
}

/** What two spans have in common; null where one of its ends is open. */
export function commonSpan(left: TimeSpan, right: TimeSpan): TimeSpan | null {
  const from_us = Math.max(left.from_us, right.from_us);
  const to_us = Math.min(left.to_us, right.to_us);
  return Number.isFinite(from_us) && Number.isFinite(to_us) ? { from_us, to_us: Math.max(from_us, to_us) } : null;
}
