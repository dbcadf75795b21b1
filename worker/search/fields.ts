/** Which fields the events of a range have, and the values of one field that occur most. */
import { Buffer } from "node:buffer";
import { ATTRIBUTE_PREFIX, type Column, type EventBatch, NULL_CODE } from "../engine/batch/event-batch.ts";
import { restAt } from "../engine/batch/record.ts";
import { ALL, type Filter, REST_COLUMN, shortName } from "../engine/query/query.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { FIELD_NAMES_MAX, FIELD_VALUES_DISTINCT_MAX, FIELDS_ROWS_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import { partialOf } from "./coverage.ts";
import { FactCounts, factsDecide } from "./facts.ts";
import type { OpenIndex, Scan } from "./scan.ts";
import { scanView } from "./scan-view.ts";
import { stepColumns } from "./step-columns.ts";
import { tally } from "./tally.ts";
import type { TimeRange } from "./time-range.ts";
import { type View, withView } from "./view.ts";

export type FieldType = "time" | "string" | "number" | "boolean" | "array" | "object" | "mixed";

export interface FieldCount {
  /** As a query names it. */
  name: string;
  type: FieldType;
  /** Events that have it. */
  count: number;
}

export interface FieldList {
  fields: FieldCount[];
  events: number;
  /** Why counts cover less than the range, or null where they are exact. */
  partial: string | null;
}

const TYPE_OF_KIND: Record<Column["kind"], FieldType> = {
  dict: "string",
  bytes: "string",
  int64: "number",
  double: "number",
  bool: "boolean",
};

class FieldCounts {
  readonly fields = new Map<string, { type: FieldType; count: number }>();
  events = 0;
  rows_read = 0;
  overflowed = false;

  add(name: string, type: FieldType, count: number): void {
    if (count === 0) return;
    const known = this.fields.get(name);
    if (known) {
      known.count += count;
      if (known.type !== type) known.type = "mixed";
    } else if (this.fields.size < FIELD_NAMES_MAX) this.fields.set(name, { type, count });
    else this.overflowed = true;
  }

  addTimes(events: number): void {
    this.events += events;
    this.add("timestamp", "time", events);
    this.add("ingest_ts", "time", events);
  }

  addRows(batch: EventBatch, rows: Uint32Array): void {
    this.addTimes(rows.length);
    for (const [name, column] of batch.columns) this.add(name, TYPE_OF_KIND[column.kind], presentRows(column, rows));
    this.addRest(batch, rows);
  }

  addRest(batch: EventBatch, rows: Uint32Array): void {
    if (!batch.rest) return;
    for (const row of rows) {
      for (const [name, value] of Object.entries(restAt(batch, row) ?? {})) {
        const type = Array.isArray(value) ? "array" : (typeof value as FieldType);
        if (value !== null) this.add(ATTRIBUTE_PREFIX + name, type, 1);
      }
    }
  }

  /** A segment that lies wholly in the range tells its columns in its index. */
  addIndex({ columns }: OpenIndex, { rows }: SegmentRow): void {
    this.addTimes(rows);
    for (const { name, kind, nulls } of columns) {
      if (name !== "timestamp" && name !== "ingest_ts" && name !== REST_COLUMN) this.add(name, TYPE_OF_KIND[kind], rows - nulls);
    }
  }
}

function presentRows(column: Column, rows: Uint32Array): number {
  let count = 0;
  if (column.kind === "dict") {
    const { codes } = column;
    for (const row of rows) if (codes[row] !== NULL_CODE) count++;
    return count;
  }
  const { present } = column;
  if (!present) return rows.length;
  for (const row of rows) count += present[row]!;
  return count;
}

/** Whether some row keeps attributes outside of columns, so that their names can only be had by reading. */
function hasRest({ columns }: OpenIndex, { rows }: SegmentRow): boolean {
  return columns.some(({ name, nulls }) => name === REST_COLUMN && nulls < rows);
}

/** Counts by indexes and, where those do not tell, by reading the newest events, up to FIELDS_ROWS_MAX of them. */
class FieldScan {
  readonly counts = new FieldCounts();
  readonly #range: TimeRange;
  /** Segments whose index told all but the names of rare attributes. */
  readonly with_rest: SegmentRow[] = [];
  is_cut = false;

  constructor(range: TimeRange) {
    this.#range = range;
  }

  #wants = (): boolean => {
    if (this.counts.rows_read < FIELDS_ROWS_MAX) return true;
    this.is_cut = true;
    return false;
  };

  /** Of every event that matches. */
  everything(filter: Filter): Scan {
    const scan: Scan = {
      filter,
      steps: [],
      names: null,
      range: this.#range,
      order: "desc",
      wants: this.#wants,
      take: ({ batch, rows }) => {
        this.counts.rows_read += batch.rows;
        this.counts.addRows(batch, rows);
      },
    };
    if (filter.kind !== "all") return scan;
    // What indexes tell costs nothing and has no bound.
    scan.wants = () => true;
    scan.takeIndex = (index, row, { from_us, to_us }) => {
      if (row.ts_min_us < from_us || row.ts_max_us >= to_us) return this.#wants() ? null : [];
      this.counts.addIndex(index, row);
      if (hasRest(index, row)) this.with_rest.push(row);
      return [];
    };
    return scan;
  }

  /** Of attributes without a column alone. */
  rest(): Scan {
    return {
      filter: ALL,
      steps: [],
      names: new Set([REST_COLUMN]),
      range: this.#range,
      order: "desc",
      width: 1,
      wants: this.#wants,
      take: ({ batch, rows }) => {
        this.counts.rows_read += batch.rows;
        this.counts.addRest(batch, rows);
      },
    };
  }
}

function onlySegments(view: View, rows: SegmentRow[]): View {
  return { ...view, rows, async *windowPages() {} };
}

export async function listFields(context: SearchContext, filter: Filter, range: TimeRange): Promise<FieldList> {
  return withView(context, range, async (view) => {
    const fields = new FieldScan(range);
    const end = await scanView(context, fields.everything(filter), view);
    let partial = partialOf(context, range, "desc", end);
    if (fields.with_rest.length > 0 && !partial) {
      const cost = { ...context.cost };
      const rest_end = await scanView(context, fields.rest(), onlySegments(view, fields.with_rest));
      const { segments_considered, segments_skipped, segments_read, window_frames } = cost;
      Object.assign(context.cost, { segments_considered, segments_skipped, segments_read, window_frames });
      partial = partialOf(context, range, "desc", rest_end);
    }
    const { counts } = fields;
    const listed = [...counts.fields].map(([column, { type, count }]) => ({ name: shortName(column), type, count }));
    listed.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
    return { fields: listed, events: counts.events, partial: partial?.detail ?? whyPartial(fields) };
  });
}

function whyPartial({ is_cut, counts }: FieldScan): string | null {
  if (is_cut) return `the newest ${FIELDS_ROWS_MAX} rows were read for what indexes do not tell; narrow the range for exact counts`;
  return counts.overflowed ? `more than ${FIELD_NAMES_MAX} names occur; the first ones met are listed` : null;
}

export interface ValuesRequest {
  filter: Filter;
  range: TimeRange;
  /** Column name. */
  field: string;
  prefix: string;
  limit: number;
}

export interface ValueList {
  values: { value: string; count: number }[];
  /** Distinct values that were counted. */
  distinct: number;
  /** Events that have the field. */
  events: number;
  partial: string | null;
}

/** Distinct values of one field with how many events have each, up to FIELD_VALUES_DISTINCT_MAX of them. */
class ValueCounts {
  readonly found = new Map<string, number>();
  readonly #prefix: string;
  events = 0;
  overflowed = false;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add = (value: string | null, count: number): void => {
    if (value === null || !value.startsWith(this.#prefix)) return;
    const known = this.found.get(value);
    if (known === undefined && this.found.size >= FIELD_VALUES_DISTINCT_MAX) {
      this.overflowed = true;
      return;
    }
    // A value cut from a row group's dictionary would keep all of it in memory.
    this.found.set(known === undefined ? Buffer.from(value).toString() : value, (known ?? 0) + count);
    this.events += count;
  };
}

/** The values that occur most, by exact counts. */
export async function topValues(context: SearchContext, request: ValuesRequest): Promise<ValueList> {
  const { filter, range, field, prefix, limit } = request;
  return withView(context, range, async (view) => {
    const counts = new ValueCounts(prefix);
    const by_facts = factsDecide(filter) && (field === "level" || field === "service");
    const facts = by_facts ? new FactCounts({ filter, by_level: field === "level", by_service: field === "service", bucket: null }) : null;
    const scan: Scan = {
      filter,
      steps: [],
      names: stepColumns(filter, [], [field]),
      range,
      order: "desc",
      wants: () => true,
      take: ({ batch, rows }) => tally(batch, field, rows, counts.add),
    };
    if (facts) scan.takeIndex = (index, row, within) => facts.take(index.facts(), row, within);
    const end = await scanView(context, scan, view);
    for (const { level, service, count } of facts?.counted().groups ?? []) counts.add(field === "level" ? level : service, count);
    const values = [...counts.found].map(([value, count]) => ({ value, count }));
    values.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
    const cut = counts.overflowed
      ? `more than ${FIELD_VALUES_DISTINCT_MAX} distinct values occur; only the first ones met are counted`
      : null;
    const partial = partialOf(context, range, scan.order, end)?.detail ?? cut;
    return { values: values.slice(0, limit), distinct: counts.found.size, events: counts.events, partial };
  });
}
