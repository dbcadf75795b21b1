/** Which fields the events of a range have, and the values of one field that occur most. */
import { Buffer } from "node:buffer";
import { ATTRIBUTE_PREFIX, type Column, type EventBatch } from "../engine/batch/event-batch.ts";
import { restAt } from "../engine/batch/record.ts";
import { type Filter, shortName } from "../engine/query/query.ts";
import type { Segment } from "../engine/segment/read.ts";
import { FIELD_NAMES_MAX, FIELD_VALUES_DISTINCT_MAX, FIELDS_ROWS_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import { type FactBatch, takeFacts } from "./facts.ts";
import { type Part, scanView } from "./scan.ts";
import { columnsFor } from "./search-events.ts";
import { fieldColumns, tally, textReader } from "./tally.ts";
import type { TimeRange } from "./time-range.ts";
import { withView } from "./view.ts";

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

  /** A segment that lies wholly in the range tells its columns in its footer. */
  addIndex(segment: Segment): void {
    const { rows } = segment.row;
    this.addTimes(rows);
    for (const { name, kind, nulls } of segment.columns) {
      if (name !== "timestamp" && name !== "ingest_ts" && name !== "attributes") this.add(name, TYPE_OF_KIND[kind], rows - nulls);
    }
  }
}

function presentRows(column: Column, rows: Uint32Array): number {
  let count = 0;
  if (column.kind === "dict") {
    for (const row of rows) if (column.codes[row]! < column.values.length) count++;
    return count;
  }
  const { present } = column;
  if (!present) return rows.length;
  for (const row of rows) count += present[row]!;
  return count;
}

function isWhole(segment: Segment, range: TimeRange): boolean {
  return segment.row.ts_min_us >= range.from_us && segment.row.ts_max_us < range.to_us;
}

/** Whether some row keeps attributes outside of columns, so that their names can only be had by reading. */
function hasRest(segment: Segment): boolean {
  return segment.columns.some(({ name, nulls }) => name === "attributes" && nulls < segment.row.rows);
}

/** Exact over the newest FIELDS_ROWS_MAX rows that must be read; what footers tell costs nothing and has no bound. */
export async function listFields(context: SearchContext, filter: Filter, range: TimeRange): Promise<FieldList> {
  return withView(context, range, async (view) => {
    const counts = new FieldCounts();
    let cut = false;
    const everything = filter.kind === "all";
    const scan = {
      filter,
      names: null,
      range,
      order: "desc" as const,
      wants: () => {
        if (counts.rows_read < FIELDS_ROWS_MAX) return true;
        cut = true;
        return false;
      },
      takeIndex: (segment: Segment) => {
        if (!everything || !isWhole(segment, range) || hasRest(segment)) return null;
        counts.addIndex(segment);
        return [];
      },
      take: ({ batch, rows }: Part) => {
        counts.rows_read += batch.rows;
        counts.addRows(batch, rows);
      },
    };
    await scanView(context, scan, view);
    const fields = [...counts.fields].map(([column, { type, count }]) => ({ name: shortName(column), type, count }));
    fields.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
    let partial: string | null = null;
    if (cut) partial = `the newest ${FIELDS_ROWS_MAX} rows were read; narrow the range for exact counts`;
    else if (counts.overflowed) partial = `more than ${FIELD_NAMES_MAX} names occur; the first ones met are listed`;
    return { fields, events: counts.events, partial };
  });
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

/** The values that occur most, by exact counts of up to FIELD_VALUES_DISTINCT_MAX distinct ones. */
export async function topValues(context: SearchContext, request: ValuesRequest): Promise<ValueList> {
  const { filter, range, field, prefix, limit } = request;
  const names = columnsFor(filter, fieldColumns(field));
  return withView(context, range, async (view) => {
    const found = new Map<string, number>();
    let events = 0;
    let overflowed = false;
    const add = (value: string | null, count: number) => {
      if (value === null || !value.startsWith(prefix)) return;
      const known = found.get(value);
      if (known === undefined && found.size >= FIELD_VALUES_DISTINCT_MAX) {
        overflowed = true;
        return;
      }
      // A value cut from a row group's dictionary would keep all of it in memory.
      found.set(known === undefined ? Buffer.from(value).toString() : value, (known ?? 0) + count);
      events += count;
    };
    const addFacts = ({ batch, rows, counts }: FactBatch) => {
      const read = textReader(batch, field);
      for (const row of rows) add(read(row), counts[row]!);
    };
    const scan = {
      filter,
      names,
      range,
      order: "desc" as const,
      wants: () => true,
      takeIndex: takeFacts(filter, [field], addFacts) ?? undefined,
      take: ({ batch, rows }: Part) => tally(batch, field, rows, add),
    };
    await scanView(context, scan, view);
    const values = [...found].map(([value, count]) => ({ value, count }));
    values.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
    const partial = overflowed ? `more than ${FIELD_VALUES_DISTINCT_MAX} distinct values occur; only the first ones met are counted` : null;
    return { values: values.slice(0, limit), distinct: found.size, events, partial };
  });
}
