/** First and last of times; 0 where there are none. */
export function timeBounds(times_us: Float64Array): { ts_min_us: number; ts_max_us: number } {
  if (times_us.length === 0) return { ts_min_us: 0, ts_max_us: 0 };
  let ts_min_us = Number.POSITIVE_INFINITY;
  let ts_max_us = Number.NEGATIVE_INFINITY;
  for (const time of times_us) {
    if (time < ts_min_us) ts_min_us = time;
    if (time > ts_max_us) ts_max_us = time;
  }
  return { ts_min_us, ts_max_us };
}
