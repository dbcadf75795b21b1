/** A row group as a batch whose columns decode when they are touched. */
import type { BytesColumn, Column, EventBatch, NumberColumn } from "../batch/event-batch.ts";

export interface LazyParts {
  rows: number;
  /** Null where the times were not asked for. */
  times: { timestamp: NumberColumn; ingest_ts: NumberColumn } | null;
  columns: Map<string, Column>;
  rest: BytesColumn | null;
}

/** Its getters are its own members, so that a batch that is spread into another one takes their values along. */
export function lazyBatch({ rows, times, columns, rest }: LazyParts): EventBatch {
  const asked = (): NonNullable<typeof times> => {
    if (times === null) throw new Error("times of a row group that were not asked for");
    return times;
  };
  return {
    rows,
    get timestamp_us() {
      return asked().timestamp.values;
    },
    get ingest_us() {
      return asked().ingest_ts.values;
    },
    columns,
    rest,
    ...(times === null ? {} : { time_columns: times }),
  };
}

/** The same events in plain arrays, which hold nothing of what they were decoded from. */
export function plainBatch(batch: EventBatch): EventBatch {
  const columns = new Map<string, Column>();
  for (const [name, column] of batch.columns) columns.set(name, plainColumn(column));
  return {
    rows: batch.rows,
    timestamp_us: batch.timestamp_us,
    ingest_us: batch.ingest_us,
    columns,
    rest: batch.rest === null ? null : (plainColumn(batch.rest) as BytesColumn),
  };
}

function plainColumn(column: Column): Column {
  switch (column.kind) {
    case "dict":
      return { kind: "dict", values: column.values, codes: column.codes };
    case "bytes":
      return { kind: "bytes", offsets: column.offsets, bytes: column.bytes, present: column.present };
    case "bool":
      return { kind: "bool", values: column.values, present: column.present };
    default:
      return { kind: column.kind, values: column.values, present: column.present };
  }
}
