/** Counts in time buckets, split by one field. Whole five-minute facts come from the segments' indexes where the filter allows it. */
import type { EventBatch } from "../engine/batch/event-batch.ts";
import { dictionarySize, dictionaryText } from "../engine/query/column-values.ts";
import { type Filter, filterHints } from "../engine/query/query.ts";
import { FACT_BUCKET_US, HISTOGRAM_BUCKETS_MAX, HISTOGRAM_CELLS_MAX, HISTOGRAM_SERIES_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import { type Partial, partialOf } from "./coverage.ts";
import { type CountedFacts, FactCounts, factsDecide } from "./facts.ts";
import { narrowedRange } from "./plan.ts";
import type { Scan } from "./scan.ts";
import { scanView } from "./scan-view.ts";
import { stepColumns } from "./step-columns.ts";
import { textReader } from "./tally.ts";
import { type TimeRange, wrongParameter } from "./time-range.ts";
import { withView } from "./view.ts";

export interface HistogramRequest {
  filter: Filter;
  range: TimeRange;
  interval_us: number;
  /** Column whose values make the series; null for one series of all. */
  by: string | null;
}

export interface Series {
  /** Null: events without a value. */
  value: string | null;
  total: number;
  counts: number[];
}

export interface Histogram {
  /** Start of each bucket; buckets begin at whole multiples of the interval since the epoch. */
  times_us: number[];
  series: Series[];
  /** What series beyond the largest HISTOGRAM_SERIES_MAX hold together, by bucket; null where there are none. */
  other: { total: number; counts: number[] } | null;
  total: number;
  /** Why counts cover less than was asked; null where they are exact. */
  partial: Partial | null;
}

const SECOND = 1_000_000;
const NICE_US = [
  1_000,
  2_000,
  5_000,
  10_000,
  20_000,
  50_000,
  100_000,
  200_000,
  500_000,
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400].map((s) => s * SECOND),
];

function bucketCount(range: TimeRange, interval_us: number): number {
  if (range.to_us <= range.from_us) return 0;
  return Math.floor((range.to_us - 1) / interval_us) - Math.floor(range.from_us / interval_us) + 1;
}

/** The shortest handy interval that needs at most `buckets` buckets. */
export function niceInterval_us(range: TimeRange, buckets: number): number {
  const day_us = 86_400 * SECOND;
  for (const interval_us of NICE_US) if (bucketCount(range, interval_us) <= buckets) return interval_us;
  let interval_us = day_us;
  while (bucketCount(range, interval_us) > buckets) interval_us += day_us * Math.max(1, Math.floor(interval_us / day_us / 4));
  return interval_us;
}

/** Counts by series and bucket, bounded in the number of series. */
class Counts {
  readonly #first: number;
  readonly #interval_us: number;
  readonly #buckets: number;
  readonly series = new Map<string | null, Float64Array>();

  constructor(range: TimeRange, interval_us: number) {
    this.#first = Math.floor(range.from_us / interval_us);
    this.#interval_us = interval_us;
    this.#buckets = bucketCount(range, interval_us);
  }

  seriesOf(value: string | null): Float64Array {
    let counts = this.series.get(value);
    if (counts) return counts;
    if ((this.series.size + 1) * this.#buckets > HISTOGRAM_CELLS_MAX) {
      throw wrongParameter("by", undefined, "the field has too many distinct values for this many buckets");
    }
    counts = new Float64Array(this.#buckets);
    this.series.set(value, counts);
    return counts;
  }

  add(value: string | null, timestamp_us: number, count: number): void {
    this.seriesOf(value)[this.bucketOf(timestamp_us)]! += count;
  }

  bucketOf(timestamp_us: number): number {
    return Math.floor(timestamp_us / this.#interval_us) - this.#first;
  }

  addRows(batch: EventBatch, rows: Uint32Array, by: string | null): void {
    const times = batch.timestamp_us;
    const column = by === null ? null : batch.columns.get(by);
    if (by === null || (column === undefined && !batch.rest)) {
      const counts = rows.length > 0 ? this.seriesOf(null) : null;
      if (counts) for (const row of rows) counts[this.bucketOf(times[row]!)]! += 1;
      return;
    }
    const read = textReader(batch, by);
    if (column?.kind !== "dict") {
      for (const row of rows) this.add(read(row), times[row]!, 1);
      return;
    }
    const by_code: (Float64Array | undefined)[] = new Array(dictionarySize(column));
    const { codes } = column;
    for (const row of rows) {
      const code = codes[row]!;
      if (code >= by_code.length) this.add(read(row), times[row]!, 1);
      else {
        by_code[code] ??= this.seriesOf(dictionaryText(column, code));
        by_code[code][this.bucketOf(times[row]!)]! += 1;
      }
    }
  }

  addFacts({ groups }: CountedFacts, by: string | null): void {
    for (const group of groups) this.add(by === null ? null : by === "level" ? group.level : group.service, group.bucket_us!, group.count);
  }

  result(): Omit<Histogram, "partial"> {
    const times_us = Array.from({ length: this.#buckets }, (_, index) => (this.#first + index) * this.#interval_us);
    const all = [...this.series].map(([value, counts]) => ({
      value,
      total: counts.reduce((sum, count) => sum + count, 0),
      counts: [...counts],
    }));
    all.sort((a, b) => b.total - a.total || ((a.value ?? "") < (b.value ?? "") ? -1 : 1));
    const series = all.slice(0, HISTOGRAM_SERIES_MAX);
    const rest = all.slice(HISTOGRAM_SERIES_MAX);
    const total = all.reduce((sum, one) => sum + one.total, 0);
    if (rest.length === 0) return { times_us, series, other: null, total };
    const counts = times_us.map((_, index) => rest.reduce((sum, one) => sum + one.counts[index]!, 0));
    return { times_us, series, other: { total: rest.reduce((sum, one) => sum + one.total, 0), counts }, total };
  }
}

/** @throws Problem `invalid` where the interval makes too many buckets */
export function checkBuckets(range: TimeRange, interval_us: number): void {
  const buckets = bucketCount(range, interval_us);
  if (buckets <= HISTOGRAM_BUCKETS_MAX) return;
  throw wrongParameter("interval", undefined, `makes ${buckets} buckets of this range, at most ${HISTOGRAM_BUCKETS_MAX} are possible`);
}

const DAY_US = 86_400 * SECOND;

/** Facts by pieces of time of which each lies in one bucket; null where facts cannot tell. */
function factsFor({ filter, interval_us, by }: HistogramRequest): FactCounts | null {
  if (interval_us % FACT_BUCKET_US !== 0 || !factsDecide(filter) || (by !== null && by !== "level" && by !== "service")) return null;
  // Pieces of whole weeks would begin on Mondays.
  const size_us = interval_us % DAY_US === 0 ? DAY_US : interval_us;
  return new FactCounts({ filter, by_level: by === "level", by_service: by === "service", bucket: { size_us, zone_us: 0 } });
}

/** Exact counts: what a `stats count() by …, bucket(…)` over the same filter and range answers. */
export async function histogram(context: SearchContext, request: HistogramRequest): Promise<Histogram> {
  const { filter, range, interval_us, by } = request;
  checkBuckets(range, interval_us);
  const scanned = narrowedRange(range, filterHints(filter));
  return withView(context, scanned, async (view) => {
    const counts = new Counts(range, interval_us);
    const facts = factsFor(request);
    const scan: Scan = {
      filter,
      steps: [],
      names: stepColumns(filter, [], by === null ? [] : [by]),
      range: scanned,
      order: "desc",
      wants: () => true,
      take: ({ batch, rows }) => counts.addRows(batch, rows, by),
    };
    if (facts) scan.takeIndex = (index, row, within) => facts.take(index.facts(), row, within);
    const end = await scanView(context, scan, view);
    if (facts) counts.addFacts(facts.counted(), by);
    return { ...counts.result(), partial: partialOf(context, scanned, scan.order, end) };
  });
}
