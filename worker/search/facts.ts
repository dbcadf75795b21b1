/** Answers from the facts in a segment's index (counts by five minutes, level and service), where filter and question need nothing else. */
import { type EventBatch, LEVELS, NULL_CODE } from "../engine/batch/event-batch.ts";
import { type Filter, filterFields, matchRows, type StatsPipe } from "../engine/query/query.ts";
import type { SegmentFacts } from "../engine/segment/facts.ts";
import type { Segment } from "../engine/segment/read.ts";
import { FACT_BUCKET_US } from "../limits.ts";
import type { TimeRange } from "./time-range.ts";

/** Facts as a batch with one row per fact, so that filters and groups work on them as on events. */
export interface FactBatch {
  batch: EventBatch;
  /** Facts that match and lie in the part of the range that they answer. */
  rows: Uint32Array;
  counts: Uint32Array;
}

/** Fields that facts know. */
const KNOWN = new Set(["level", "service"]);

function toBatch(facts: SegmentFacts): EventBatch {
  const no_service = facts.services.indexOf("");
  return {
    rows: facts.count.length,
    timestamp_us: facts.bucket_us,
    ingest_us: facts.bucket_us,
    columns: new Map([
      [
        "level",
        { kind: "dict", values: [...LEVELS], codes: Uint32Array.from(facts.level, (level) => (level < LEVELS.length ? level : NULL_CODE)) },
      ],
      ["service", { kind: "dict", values: facts.services, codes: facts.service.map((code) => (code === no_service ? NULL_CODE : code)) }],
    ]),
    rest: null,
  };
}

/** The buckets of which every event of the segment lies in the range; infinite where the segment ends before the range does. */
function wholeBuckets(segment: Segment, range: TimeRange): TimeRange {
  const { ts_min_us, ts_max_us } = segment.row;
  return {
    from_us: ts_min_us >= range.from_us ? Number.NEGATIVE_INFINITY : Math.ceil(range.from_us / FACT_BUCKET_US) * FACT_BUCKET_US,
    to_us: ts_max_us < range.to_us ? Number.POSITIVE_INFINITY : Math.floor(range.to_us / FACT_BUCKET_US) * FACT_BUCKET_US,
  };
}

/**
 * For `Scan.takeIndex`: hands the facts of whole buckets to `take` and leaves the edges of the range to be read.
 * @param fields what the question needs besides the filter: names of columns
 * @returns null where facts cannot answer
 */
export function takeFacts(
  filter: Filter,
  fields: readonly string[],
  take: (facts: FactBatch) => void,
): ((segment: Segment, range: TimeRange) => TimeRange[] | null) | null {
  const needed = new Set([...filterFields(filter), ...fields]);
  for (const field of needed) if (!KNOWN.has(field)) return null;
  return (segment, range) => {
    const facts = segment.facts();
    // "" stands for events without a service and for those that sent an empty name: rows must tell them apart.
    if (needed.has("service") && facts.services.includes("")) return null;
    const whole = wholeBuckets(segment, range);
    if (whole.from_us >= whole.to_us) return null;
    const batch = toBatch(facts);
    const rows = matchRows(filter, batch).filter((row) => {
      const bucket_us = facts.bucket_us[row]!;
      return bucket_us >= whole.from_us && bucket_us < whole.to_us;
    });
    take({ batch, rows, counts: facts.count });
    const edges = [
      { from_us: range.from_us, to_us: whole.from_us },
      { from_us: whole.to_us, to_us: range.to_us },
    ];
    return edges.filter(({ from_us, to_us }) => Number.isFinite(from_us) && Number.isFinite(to_us) && from_us < to_us);
  };
}

/** Columns that a `stats` of plain counts groups by, or null where facts cannot answer it. */
export function factColumns(pipe: StatsPipe): string[] | null {
  if (pipe.functions.some(({ name, field }) => name !== "count" || field !== null)) return null;
  const columns: string[] = [];
  for (const key of pipe.by) {
    if (key.kind === "field") columns.push(key.field);
    else if (key.size_us % FACT_BUCKET_US !== 0 || key.zone_us % FACT_BUCKET_US !== 0) return null;
  }
  return columns;
}

const REPEATED_ROWS_MAX = 65_536;

/** Each fact's row as often as it counts, in pieces: what adds up rows adds up events. */
export function* repeatedRows({ rows, counts }: FactBatch): Generator<Uint32Array> {
  const piece = new Uint32Array(REPEATED_ROWS_MAX);
  let length = 0;
  for (const row of rows) {
    for (let left = counts[row]!; left > 0; ) {
      const taken = Math.min(left, REPEATED_ROWS_MAX - length);
      piece.fill(row, length, length + taken);
      length += taken;
      left -= taken;
      if (length < REPEATED_ROWS_MAX) continue;
      yield piece;
      length = 0;
    }
  }
  if (length > 0) yield piece.subarray(0, length);
}
