/** What a project used, day by day, and about what that costs at Cloudflare's list prices. */
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { segments } from "../catalog/schema.ts";

export interface UsedHour {
  hour: string;
  events: number;
  raw_bytes: number;
}

export interface UsedDay {
  day: string;
  events: number;
  raw_bytes: number;
  stored_bytes: number;
  queries: number;
  estimated_cost_usd: number;
}

/**
 * USD, November 2026, beyond what is included. docs/accounts.md has the formula; bench/RESULTS.md what was counted.
 * Taking in: HTTP requests and CPU, three operations of the queue, calls and rows of the project's object, segments put and merged, their rows in D1.
 */
export const PRICES = {
  /** A gigabyte of events as they come, in requests of some hundred events: $0.020 to $0.057 for 0.3 GB. */
  raw_gb_usd: 0.13,
  stored_gb_month_usd: 0.015,
  /** A request, 50 ms of CPU, two calls of objects, some ten reads of the bucket, some thousand rows of D1. */
  query_usd: 0.000_007,
} as const;

const DAYS_PER_MONTH = 30;
const GB = 1e9;

/** What a day costs: what came in, what is stored of it for a day, and what was asked. */
export function estimatedCost_usd({ raw_bytes, stored_bytes, queries }: Pick<UsedDay, "raw_bytes" | "stored_bytes" | "queries">): number {
  const taking = (raw_bytes / GB) * PRICES.raw_gb_usd;
  const keeping = ((stored_bytes / GB) * PRICES.stored_gb_month_usd) / DAYS_PER_MONTH;
  const usd = taking + keeping + queries * PRICES.query_usd;
  return Math.round(usd * 1e6) / 1e6;
}

/** Bytes in living segments by the UTC day in which their events begin. */
export async function storedByDay(db: D1Database, project_id: string): Promise<Map<string, number>> {
  const rows = await drizzle(db).all<{ day: string; size_bytes: number }>(sql`
    SELECT date(${segments.ts_min_us} / 1000000, 'unixepoch') AS day, SUM(${segments.size_bytes}) AS size_bytes FROM ${segments}
    WHERE ${segments.project_id} = ${project_id} AND ${segments.replaced_us} IS NULL GROUP BY 1`);
  return new Map(rows.map((row) => [row.day, row.size_bytes]));
}

/** The days from `from_day` on, oldest first, those without anything too. */
export function daysOf(
  used: { hours: readonly UsedHour[]; stored: ReadonlyMap<string, number>; queries: Readonly<Record<string, number>> },
  from_day: string,
  to_day: string,
): UsedDay[] {
  const days: UsedDay[] = [];
  for (let day = from_day; day <= to_day; day = dayAfter(day)) {
    const hours = used.hours.filter(({ hour }) => hour.startsWith(day));
    const sums = {
      events: hours.reduce((sum, { events }) => sum + events, 0),
      raw_bytes: hours.reduce((sum, hour) => sum + hour.raw_bytes, 0),
      stored_bytes: used.stored.get(day) ?? 0,
      queries: used.queries[day] ?? 0,
    };
    days.push({ day, ...sums, estimated_cost_usd: estimatedCost_usd(sums) });
  }
  return days;
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}
