/** Answers from the facts in segments' indexes (counts by five minutes, level and service), where filter and question need nothing else. */
import type { DictColumn, EventBatch } from "../engine/batch/event-batch.ts";
import { timesOf } from "../engine/batch/pages.ts";
import { formatTimestamp_us } from "../engine/batch/record.ts";
import { type Bucket, bucketStart_us } from "../engine/query/bucket.ts";
import { dictionarySize, dictionaryText } from "../engine/query/column-values.ts";
import {
  compareCells,
  type Filter,
  filterFields,
  matchRows,
  type Plan,
  type StatsPipe,
  type Table,
  type TableValue,
} from "../engine/query/query.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { FACT_BUCKET_US, FACT_CELLS_MAX, STATS_GROUPS_MAX } from "../limits.ts";
import { type FactIndex, type FactSeries, HOUR_US, levelName, levelOfSlot, serviceOfSlot, slotBatch } from "./fact-index.ts";
import type { TimeRange } from "./time-range.ts";

/** A question that counts events, by what facts know. */
export interface FactQuestion {
  filter: Filter;
  by_level: boolean;
  by_service: boolean;
  /** Pieces of time, in which whole facts fit; null: all time together. */
  bucket: Bucket | null;
}

/** How many events of these have all the same; null where the question does not ask for it, or the events have none. */
export interface FactGroup {
  level: string | null;
  service: string | null;
  bucket_us: number | null;
  count: number;
}

/** Whether facts of five minutes each lie in one piece. */
export function factsFit({ size_us, zone_us }: Bucket): boolean {
  return size_us % FACT_BUCKET_US === 0 && zone_us % FACT_BUCKET_US === 0;
}

const KNOWN: ReadonlySet<string> = new Set(["level", "service"]);

/** Whether facts can tell which events match. */
export function factsDecide(filter: Filter): boolean {
  return [...filterFields(filter)].every((field) => KNOWN.has(field));
}

/** The question that a plan asks of facts; null where they do not answer it. */
export function factQuestion(plan: Plan): FactQuestion | null {
  const { filter, steps, reduce } = plan;
  if (steps.length > 0 || reduce?.kind !== "stats" || !factsDecide(filter)) return null;
  if (reduce.functions.some(({ name, field, where }) => name !== "count" || field !== null || where)) return null;
  const question: FactQuestion = { filter, by_level: false, by_service: false, bucket: null };
  for (const key of reduce.by) {
    if (key.kind === "bucket") {
      if (question.bucket || !factsFit(key)) return null;
      question.bucket = { size_us: key.size_us, zone_us: key.zone_us };
    } else if (key.field === "level") question.by_level = true;
    else if (key.field === "service") question.by_service = true;
    else return null;
  }
  return question;
}

/** The buckets of which every event of the segment lies in the range; infinite where the segment ends before the range does. */
function wholeBuckets({ ts_min_us, ts_max_us }: SegmentRow, range: TimeRange): TimeRange {
  return {
    from_us: ts_min_us >= range.from_us ? Number.NEGATIVE_INFINITY : Math.ceil(range.from_us / FACT_BUCKET_US) * FACT_BUCKET_US,
    to_us: ts_max_us < range.to_us ? Number.POSITIVE_INFINITY : Math.floor(range.to_us / FACT_BUCKET_US) * FACT_BUCKET_US,
  };
}

/** The first entry at or after a time. */
function placeOf({ start_us }: FactSeries, time_us: number): number {
  let low = 0;
  let high = start_us.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (start_us[middle]! < time_us) low = middle + 1;
    else high = middle;
  }
  return low;
}

const NOT_COUNTED = -1;
const ALL_TIME_US = 0;
/** Columns of a piece of time for which room is made at first. */
const COLUMNS_MIN = 8;

function dictOf(batch: EventBatch, name: string): DictColumn | null {
  const column = batch.columns.get(name);
  return column?.kind === "dict" ? column : null;
}

/** Plain data, for another invocation's counts. */
export interface CountedFacts {
  groups: FactGroup[];
  overflow_events: number;
}

/** Adds up the facts of segments that answer a question. */
export class FactCounts {
  readonly #question: FactQuestion;
  readonly #needs_service: boolean;
  readonly #needs_level: boolean;
  readonly #by_hours: boolean;
  /** Levels and services that are told apart. */
  readonly #columns: { level: string | null; service: string | null }[] = [];
  readonly #column_of = new Map<string, number>();
  /** By the services of segments: the column of each slot. */
  readonly #slot_columns = new Map<string, Int32Array>();
  /** By piece of time: counts by column. */
  readonly #counts = new Map<number, Float64Array>();
  #cells = 0;
  #overflow_events = 0;

  constructor(question: FactQuestion) {
    this.#question = question;
    const { bucket, by_level, by_service, filter } = question;
    const fields = filterFields(filter);
    this.#needs_level = by_level || fields.has("level");
    this.#needs_service = by_service || fields.has("service");
    this.#by_hours = bucket === null || (bucket.size_us % HOUR_US === 0 && bucket.zone_us % HOUR_US === 0);
  }

  /** Whether the row of the catalog alone says how many events count; then they are counted. */
  takeRow(row: SegmentRow, range: TimeRange): boolean {
    if (this.#question.filter.kind !== "all" || this.#needs_level || this.#needs_service || this.#question.bucket) return false;
    if (row.ts_min_us < range.from_us || row.ts_max_us >= range.to_us) return false;
    this.#count(ALL_TIME_US, this.#columnOf(null, null), row.rows);
    return true;
  }

  /** Counts events that were read. @param rows those that match */
  add(batch: EventBatch, rows: Uint32Array): void {
    const { by_level, by_service, bucket } = this.#question;
    const level = by_level ? dictOf(batch, "level") : null;
    const service = by_service ? dictOf(batch, "service") : null;
    const levels = level ? dictionarySize(level) : 0;
    const services = service ? dictionarySize(service) : 0;
    /** By codes of level and service, the last of each for events without one. */
    const columns = new Int32Array((levels + 1) * (services + 1)).fill(NOT_COUNTED);
    const times = bucket ? timesOf(batch, rows) : null;
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      const level_code = level ? Math.min(level.codes[row]!, levels) : 0;
      const service_code = service ? Math.min(service.codes[row]!, services) : 0;
      const pair = level_code * (services + 1) + service_code;
      if (columns[pair] === NOT_COUNTED) {
        columns[pair] = this.#columnOf(
          level && level_code < levels ? dictionaryText(level, level_code) : null,
          service && service_code < services ? dictionaryText(service, service_code) : null,
        );
      }
      this.#count(bucket ? bucketStart_us(times![index]!, bucket) : ALL_TIME_US, columns[pair]!, 1);
    }
  }

  /**
   * Counts the events of whole five minutes.
   * @returns the parts of the range whose events must be read, or null for the whole range
   */
  take(index: FactIndex, row: SegmentRow, range: TimeRange): TimeRange[] | null {
    if ((this.#needs_service && !index.tells_service) || (this.#needs_level && !index.tells_level)) return null;
    const whole = wholeBuckets(row, range);
    if (whole.from_us >= whole.to_us) return null;
    this.#addIndex(index, whole);
    const edges = [
      { from_us: range.from_us, to_us: whole.from_us },
      { from_us: whole.to_us, to_us: range.to_us },
    ];
    return edges.filter(({ from_us, to_us }) => Number.isFinite(from_us) && Number.isFinite(to_us) && from_us < to_us);
  }

  merge({ groups, overflow_events }: CountedFacts): void {
    for (const { level, service, bucket_us, count } of groups) this.#count(bucket_us ?? ALL_TIME_US, this.#columnOf(level, service), count);
    this.#overflow_events += overflow_events;
  }

  counted(): CountedFacts {
    const groups: FactGroup[] = [];
    for (const [start_us, counts] of this.#counts) {
      for (const [column, count] of counts.entries()) {
        if (count > 0) groups.push({ ...this.#columns[column]!, bucket_us: this.#question.bucket ? start_us : null, count });
      }
    }
    return { groups, overflow_events: this.#overflow_events };
  }

  #addIndex(index: FactIndex, whole: TimeRange): void {
    const columns = this.#columnsOf(index);
    const is_all = whole.from_us === Number.NEGATIVE_INFINITY && whole.to_us === Number.POSITIVE_INFINITY;
    if (is_all && !this.#question.bucket) {
      for (let slot = 0; slot < index.slots; slot++)
        if (index.totals[slot]! > 0) this.#count(ALL_TIME_US, columns[slot]!, index.totals[slot]!);
      return;
    }
    const hours = { from_us: Math.ceil(whole.from_us / HOUR_US) * HOUR_US, to_us: Math.floor(whole.to_us / HOUR_US) * HOUR_US };
    if (!this.#by_hours || hours.from_us >= hours.to_us) this.#addSeries(index.fine, columns, whole);
    else {
      this.#addSeries(index.fine, columns, { from_us: whole.from_us, to_us: hours.from_us });
      this.#addSeries(index.hours, columns, hours);
      this.#addSeries(index.fine, columns, { from_us: hours.to_us, to_us: whole.to_us });
    }
  }

  #addSeries(series: FactSeries, columns: Int32Array, { from_us, to_us }: TimeRange): void {
    if (from_us >= to_us) return;
    const { bucket } = this.#question;
    const { start_us, slot, count } = series;
    const end = placeOf(series, to_us);
    let time_us = Number.NaN;
    let piece_us = ALL_TIME_US;
    for (let entry = placeOf(series, from_us); entry < end; entry++) {
      const column = columns[slot[entry]!]!;
      if (column === NOT_COUNTED) continue;
      if (bucket && start_us[entry] !== time_us) {
        time_us = start_us[entry]!;
        piece_us = bucketStart_us(time_us, bucket);
      }
      this.#count(piece_us, column, count[entry]!);
    }
  }

  #last_us = Number.NaN;
  #last: Float64Array | null = null;

  #count(piece_us: number, column: number, count: number): void {
    if (column === NOT_COUNTED) return;
    if (piece_us !== this.#last_us || !this.#last || column >= this.#last.length) {
      this.#last = this.#countsAt(piece_us);
      this.#last_us = piece_us;
    }
    if (this.#last) this.#last[column]! += count;
    else this.#overflow_events += count;
  }

  /** Counts of a piece of time by column; null where there is no room for another piece. */
  #countsAt(piece_us: number): Float64Array | null {
    const known = this.#counts.get(piece_us);
    const width = Math.max(COLUMNS_MIN, this.#columns.length);
    if (known && known.length >= width) return known;
    if (!known && this.#cells + width > FACT_CELLS_MAX) return null;
    this.#cells += width - (known?.length ?? 0);
    const counts = new Float64Array(width);
    if (known) counts.set(known);
    this.#counts.set(piece_us, counts);
    return counts;
  }

  #columnsOf(index: FactIndex): Int32Array {
    const known = this.#slot_columns.get(index.services_key);
    if (known) return known;
    const { by_level, by_service, filter } = this.#question;
    const columns = new Int32Array(index.slots).fill(NOT_COUNTED);
    for (const slot of matchRows(filter, slotBatch(index))) {
      const level = by_level ? levelName(levelOfSlot(slot)) : null;
      columns[slot] = this.#columnOf(level, by_service ? index.services[serviceOfSlot(slot)]! : null);
    }
    this.#slot_columns.set(index.services_key, columns);
    return columns;
  }

  #columnOf(level: string | null, service: string | null): number {
    const key = JSON.stringify([level, service]);
    const column = this.#column_of.get(key) ?? this.#columns.push({ level, service }) - 1;
    this.#column_of.set(key, column);
    return column;
  }
}

/** Numbers of the distinct values in their order. */
function ranks<T extends string | number | null>(values: readonly T[], compare: (left: T, right: T) => number): Map<T, number> {
  return new Map([...new Set(values)].sort(compare).map((value, rank) => [value, rank]));
}

/** The table of a `stats` of plain counts. */
export function factTable({ groups, overflow_events }: CountedFacts, { by, functions }: StatsPipe): Table {
  const columns = [...by, ...functions].map(({ as }) => as);
  if (by.length === 0) {
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    return { columns, rows: [functions.map(() => count)], overflow: null };
  }
  const keys = by.map((key): { of: keyof FactGroup; rank: Map<FactGroup[keyof FactGroup], number> } => {
    const of = key.kind === "bucket" ? "bucket_us" : (key.field as "level" | "service");
    return {
      of,
      rank: ranks(
        groups.map((group) => group[of]),
        compareCells,
      ),
    };
  });
  const placed = groups.map((group) => ({
    group,
    place: keys.reduce((place, { of, rank }) => place * rank.size + rank.get(group[of])!, 0),
  }));
  placed.sort((left, right) => left.place - right.place);
  let overflow = overflow_events;
  for (const { group } of placed.splice(STATS_GROUPS_MAX)) overflow += group.count;
  const times = new Map(
    [...new Set(groups.map(({ bucket_us }) => bucket_us))].map((time) => [time, time === null ? null : formatTimestamp_us(time)]),
  );
  const rows = placed.map(({ group }) => [
    ...keys.map(({ of }): TableValue => (of === "bucket_us" ? times.get(group.bucket_us)! : group[of])),
    ...functions.map(() => group.count),
  ]);
  return { columns, rows, overflow: overflow > 0 ? { events: overflow } : null };
}
