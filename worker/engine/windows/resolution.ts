/** How finely a metric is kept over time, and how finely a range of it is read. */
import {
  METRIC_HISTORY_DAYS_MAX,
  METRIC_MINUTES_DAYS_MAX,
  METRIC_PANES_READ_MAX,
  METRIC_POINTS_DEFAULT,
  METRIC_POINTS_MAX,
  METRIC_RETAIN_MS,
} from "../../limits.ts";

export const MINUTE_US = 60_000_000;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

export type Tier = "minute" | "hour" | "day";
export type Resolution = "step" | Tier;

/** What history keeps: panes of `pane_us` (or of a metric's step, where that is longer) for `days`, packed in blocks. */
export const TIERS: Readonly<Record<Tier, { pane_us: number; days: number }>> = {
  minute: { pane_us: MINUTE_US, days: METRIC_MINUTES_DAYS_MAX },
  hour: { pane_us: HOUR_US, days: METRIC_HISTORY_DAYS_MAX },
  day: { pane_us: DAY_US, days: METRIC_HISTORY_DAYS_MAX },
};
export const TIER_NAMES: readonly Tier[] = ["minute", "hour", "day"];

export interface Block {
  /** Sorts by time. */
  name: string;
  from_us: number;
  to_us: number;
}

/** The block that a time is in: an hour of minutes, a day of hours, a month of days, all UTC. */
export function blockOf(tier: Tier, time_us: number): Block {
  const iso = new Date(Math.floor(time_us / 1000)).toISOString();
  const length = tier === "minute" ? 13 : tier === "hour" ? 10 : 7;
  const name = iso.slice(0, length);
  if (tier === "day") {
    const [year, month] = [Number(name.slice(0, 4)), Number(name.slice(5))];
    return { name, from_us: Date.UTC(year, month - 1) * 1000, to_us: Date.UTC(year, month) * 1000 };
  }
  const size_us = tier === "minute" ? HOUR_US : DAY_US;
  const from_us = Math.floor(time_us / size_us) * size_us;
  return { name, from_us, to_us: from_us + size_us };
}

/** Blocks of a range, ascending. */
export function blocksOf(tier: Tier, from_us: number, to_us: number): Block[] {
  const blocks: Block[] = [];
  for (let at_us = from_us; at_us < to_us; ) {
    const block = blockOf(tier, at_us);
    blocks.push(block);
    at_us = block.to_us;
  }
  return blocks;
}

/** The length of a metric's panes in a tier. */
export function tierPane_us(tier: Tier, step_us: number): number {
  return Math.max(TIERS[tier].pane_us, step_us);
}

/** How long a metric can be read as finely as it is counted. */
export function retained_us({ size_us, step_us, lateness_us }: { size_us: number; step_us: number; lateness_us: number }): number {
  return Math.max(METRIC_RETAIN_MS * 1000, size_us + lateness_us + step_us);
}

export interface ReadRequest {
  from_us: number;
  to_us: number;
  /** Time between two points; null: what fits the range. */
  step_us: number | null;
}

export interface ReadPlan {
  resolution: Resolution;
  /** Length of the panes that are read. */
  pane_us: number;
  step_us: number;
  window_us: number;
  /** From where on panes are needed: the beginning of the first window. */
  from_us: number;
}

const NICE_US = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400].map(
  (s) => s * 1e6,
);

/**
 * How a range is read. As finely as the metric is counted where all of it is with the monitor; else as history has it: in minutes while those
 * are kept and few enough, in hours, in days where the step is of days. A window is as long as the metric's, or as the step where that is longer.
 * @param whole_from_us from where on the monitor has all panes
 */
export function readPlan(
  metric: { step_us: number; size_us: number },
  request: ReadRequest,
  whole_from_us: number,
  now_us: number,
): ReadPlan {
  const span_us = Math.max(0, request.to_us - request.from_us);
  const wanted_us = Math.max(metric.step_us, request.step_us ?? niceStep_us(span_us / METRIC_POINTS_DEFAULT), span_us / METRIC_POINTS_MAX);
  const fine = planOf("step", metric.step_us, metric, wanted_us, request);
  if (fine.from_us >= whole_from_us) return fine;
  // A back-fill counts the last of its days in hours.
  const old_us = now_us - (TIERS.minute.days - 1) * DAY_US;
  const plans = TIER_NAMES.map((tier) => planOf(tier, tierPane_us(tier, metric.step_us), metric, wanted_us, request));
  const [minutes, hours, days] = plans as [ReadPlan, ReadPlan, ReadPlan];
  const isExact = (plan: ReadPlan) => plan.step_us === minutes.step_us && plan.window_us === minutes.window_us;
  if (isExact(days)) return days;
  if (isExact(hours)) return hours;
  const few = (span_us + minutes.window_us) / minutes.pane_us <= METRIC_PANES_READ_MAX;
  if (few && minutes.from_us >= old_us) return minutes;
  return (span_us + hours.window_us) / hours.pane_us <= METRIC_PANES_READ_MAX ? hours : days;
}

function planOf(resolution: Resolution, pane_us: number, metric: { size_us: number }, wanted_us: number, request: ReadRequest): ReadPlan {
  const step_us = roundUp(wanted_us, pane_us);
  const window_us = roundUp(Math.max(metric.size_us, step_us), pane_us);
  const first_end_us = Math.floor(request.from_us / step_us) * step_us + step_us;
  return { resolution, pane_us, step_us, window_us, from_us: first_end_us - window_us };
}

/** The next longer step that people use. */
export function niceStep_us(least_us: number): number {
  return NICE_US.find((step_us) => step_us >= least_us) ?? roundUp(least_us, DAY_US);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
