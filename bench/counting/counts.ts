/** What the bindings were asked for, by the names of the price table (bench/prices.ts). One module per isolate: Worker and objects share it. */
export const COUNTS = {
  http_requests: 0,
  queue_invocations: 0,
  cron_invocations: 0,
  queue_messages: 0,
  /** Each message costs one write, one read and one delete per 64 KB begun. */
  queue_writes: 0,
  queue_reads: 0,
  queue_deletes: 0,
  queue_sent_bytes: 0,
  r2_puts: 0,
  r2_put_bytes: 0,
  r2_lists: 0,
  r2_gets: 0,
  r2_get_bytes: 0,
  r2_deletes: 0,
  d1_queries: 0,
  d1_rows_read: 0,
  d1_rows_written: 0,
  object_calls: 0,
  object_alarms: 0,
  object_rows_read: 0,
  object_rows_written: 0,
};

export type CountName = keyof typeof COUNTS;
export type Counts = Record<CountName, number>;

export function resetCounts(): void {
  for (const name of Object.keys(COUNTS) as CountName[]) COUNTS[name] = 0;
}
