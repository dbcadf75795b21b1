import type { Env } from "../env.ts";
import { USAGE_HOURS_MAX } from "../limits.ts";
import { readMetricSeries } from "./metric-series.ts";
import { monitorOf } from "./monitor.ts";

export interface UsageHour {
  /** Start of the hour of arrival, UTC, as an ISO time. */
  hour: string;
  events: number;
  raw_bytes: number;
}

const HOUR_US = 3_600_000_000;
/** Its aggregations count events and bytes by time of arrival. */
const VOLUME = "ledge_events";

/**
 * What a project received, by hour of arrival, oldest first; hours without events are left out.
 * @throws what monitor or R2 threw
 */
export async function usageOf(env: Env, project_id: string, now_us: number): Promise<{ hours: UsageHour[]; missed_frames: number }> {
  const monitor = monitorOf(env, project_id);
  const to_us = Math.ceil(now_us / HOUR_US) * HOUR_US;
  const request = { name: VOLUME, from_us: to_us - USAGE_HOURS_MAX * HOUR_US, to_us, step_us: HOUR_US };
  const [answer, { missed_frames }] = await Promise.all([
    readMetricSeries({ monitor, bucket: env.BUCKET }, project_id, request),
    monitor.health(),
  ]);
  const sums = new Map<number, { events: number; raw_bytes: number }>();
  for (const { points } of answer?.series ?? []) {
    for (const { at_us, aggregates } of points) {
      if (!aggregates.events) continue;
      const sum = sums.get(at_us) ?? { events: 0, raw_bytes: 0 };
      sums.set(at_us, { events: sum.events + aggregates.events, raw_bytes: sum.raw_bytes + (aggregates.bytes ?? 0) });
    }
  }
  const ordered = [...sums].sort(([left], [right]) => left - right);
  return { hours: ordered.map(([end_us, sum]) => ({ hour: hourText(end_us - HOUR_US), ...sum })), missed_frames };
}

function hourText(time_us: number): string {
  return `${new Date(time_us / 1000).toISOString().slice(0, 13)}:00:00Z`;
}
