import type { Counts } from "./counting/counts.ts";

/** List prices beyond what is included, USD (Workers Paid, November 2026). */
const USD_PER_MILLION = {
  request: 0.3,
  cpu_ms: 0.02,
  queue_operation: 0.4,
  r2_class_a: 4.5,
  r2_class_b: 0.36,
  d1_row_read: 0.001,
  d1_row_written: 1,
  object_call: 0.15,
  object_gb_s: 12.5,
  object_row_read: 0.001,
  object_row_written: 1,
};
const USD_PER_GB_MONTH = 0.015;
/** How long a call keeps an object of 128 MB awake: not measurable here, see docs of Durable Objects pricing. */
const OBJECT_CALL_ACTIVE_S = 0.01;
const OBJECT_MEMORY_GB = 0.128;

export interface PriceLine {
  what: string;
  /** Per million events. */
  amount: number;
  usd: number;
}

export interface Priced {
  events: number;
  counts: Counts;
  /** CPU of the whole runtime, simulated storage included: more than Workers would be billed for. */
  cpu_ms: number;
  stored_bytes: number;
}

/** What a million events cost, line by line, at list price and without the included amounts. */
export function priceOf({ events, counts, cpu_ms, stored_bytes }: Priced): PriceLine[] {
  const scale = 1_000_000 / events;
  const line = (what: string, amount: number, usd_per_million: number): PriceLine => ({
    what,
    amount: amount * scale,
    usd: (amount * scale * usd_per_million) / 1e6,
  });
  const calls = counts.object_calls + counts.object_alarms;
  return [
    line("HTTP requests", counts.http_requests, USD_PER_MILLION.request),
    line("queue and cron invocations", counts.queue_invocations + counts.cron_invocations, USD_PER_MILLION.request),
    line("CPU ms", cpu_ms, USD_PER_MILLION.cpu_ms),
    line("queue operations", counts.queue_writes + counts.queue_reads + counts.queue_deletes, USD_PER_MILLION.queue_operation),
    line("R2 puts and lists", counts.r2_puts + counts.r2_lists, USD_PER_MILLION.r2_class_a),
    line("R2 gets", counts.r2_gets, USD_PER_MILLION.r2_class_b),
    line("D1 rows read", counts.d1_rows_read, USD_PER_MILLION.d1_row_read),
    line("D1 rows written", counts.d1_rows_written, USD_PER_MILLION.d1_row_written),
    line("object calls and alarms", calls, USD_PER_MILLION.object_call),
    line("object GB-s (10 ms a call)", calls * OBJECT_CALL_ACTIVE_S * OBJECT_MEMORY_GB, USD_PER_MILLION.object_gb_s),
    line("object rows read", counts.object_rows_read, USD_PER_MILLION.object_row_read),
    line("object rows written", counts.object_rows_written, USD_PER_MILLION.object_row_written),
    { what: "R2 GB, one month", amount: (stored_bytes * scale) / 1e9, usd: ((stored_bytes * scale) / 1e9) * USD_PER_GB_MONTH },
  ];
}
