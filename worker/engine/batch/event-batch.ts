/**
 * EventBatch: the one shape of many events, in memory.
 *
 * A struct of arrays. Decoders produce it, frames carry it, windows store it, segments encode it and searches return it
 * (with only the columns that were asked for). A column that a batch does not have means: null in every row.
 *
 * Column names are the event's field names (`FIELDS`), then `attributes.<dotted name>` for each attribute that got a column of its own.
 * Attributes without a column, and values whose type differs from their column's, live in `rest`: one JSON object per row.
 * The value of attribute X in a row is therefore: the column's value if it is not null, else `rest[row]?.[X]`.
 *
 * A batch that was read from a segment decodes a column, and of a column each of its members, when it is first touched: whoever is fast
 * touches little. What is optional below says the same as the members beside it in a form that costs less, and is never needed. Columns
 * are objects with getters: never spread one, it would come out empty.
 */
export interface EventBatch {
  rows: number;
  /** Event time, microseconds since the epoch (whole numbers, exact in a double until the year 2255). */
  timestamp_us: Float64Array;
  /** Arrival time, microseconds since the epoch. */
  ingest_us: Float64Array;
  /** By column name; `timestamp` and `ingest_ts` are not in here. */
  columns: Map<string, Column>;
  /** JSON object text per row with the remaining attributes (flat, dotted names), null where there are none. */
  rest: BytesColumn | null;
  /** The times as columns in pages: a few rows of them cost less than `timestamp_us` and `ingest_us`. */
  time_columns?: { timestamp: NumberColumn; ingest_ts: NumberColumn };
}

/** The pages of a column, each decoded when it is asked for. */
export interface ColumnPages {
  /** First row of each page, then the number of rows of the batch. */
  starts: Uint32Array;
  /** The rows of a page, counted from its first, as a column of their own; null where none of them has a value. */
  page(index: number): Column | null;
  /** Stored bytes of all pages: roughly what decoding them costs. */
  size_bytes: number;
  /** 0 for each page of which it is known, without decoding it, that no row has all these lower-cased words; null where nothing is known. */
  withWords?(words: readonly string[]): Uint8Array | null;
}

/** Strings of few distinct values: `codes[row]` indexes `values`; NULL_CODE means null. */
export interface DictColumn {
  kind: "dict";
  values: string[];
  codes: Uint32Array;
  /** The same values as `values`, as UTF-8; there where making strings of all of them would cost. */
  utf8?: Utf8Values;
  /** The same codes as `codes`, as runs; there where few runs say it. */
  runs?: CodeRuns;
  /** Length of `values`. */
  value_count?: number;
  /** Rows without a value. */
  null_count?: number;
  pages?: ColumnPages;
  /** UTF-8 of one value. */
  valueBytes?(code: number): Uint8Array;
  /** The code of a value given as UTF-8; NULL_CODE where the dictionary has no such value. */
  codeOf?(value: Uint8Array): number;
  /** `codes[row]`. */
  codeAt?(row: number): number;
  /** Clears the rows of `mask` whose value has no mark, and those without a value. @param marks 0 or 1 by code, and a 0 at the end */
  keep?(marks: Uint8Array, mask: Uint8Array): void;
  /** As `codes`, with the number of values for null; null where there are too many values. Not to be written to. */
  shortCodes?(): Uint16Array | null;
  /** What is made of the values alone, from a memory where there is one. @param name of what is made, the same in every query */
  derived?<T>(name: string, make: (values: Utf8Values) => Derived<T>): T;
}

export interface Derived<T> {
  value: T;
  /** What keeping it takes. */
  size_bytes: number;
}

/** Value i is `bytes[offsets[i] .. offsets[i + 1]]`. */
export interface Utf8Values {
  /** One entry more than there are values. */
  offsets: Uint32Array;
  bytes: Uint8Array;
}

/** Run i has `codes[i]` in rows `starts[i]` to `starts[i + 1]` (the last to the end of the batch). */
export interface CodeRuns {
  starts: Uint32Array;
  codes: Uint32Array;
}

/** Strings of many distinct values: UTF-8 bytes of row r are `bytes[offsets[r] .. offsets[r + 1]]`. */
export interface BytesColumn {
  kind: "bytes";
  /** rows + 1 entries, non-decreasing, starts at 0. */
  offsets: Uint32Array;
  bytes: Uint8Array;
  /** 1 where the row has a value; null where every row has one. */
  present: Uint8Array | null;
  pages?: ColumnPages;
}

/** `int64` holds whole numbers within ±2^53 only (larger ones are kept as strings); `double` any finite number. */
export interface NumberColumn {
  kind: "int64" | "double";
  values: Float64Array;
  present: Uint8Array | null;
  /** The same numbers by code, NULL_CODE for null; there where the column was stored so. */
  dictionary?: NumberDictionary;
  pages?: ColumnPages;
  /** No value is below or above, where that is known without decoding. */
  range?: { min: number; max: number };
}

export interface NumberDictionary {
  values: Float64Array;
  codes: Uint32Array;
  /** As of a DictColumn. */
  codeAt?(row: number): number;
  keep?(marks: Uint8Array, mask: Uint8Array): void;
  shortCodes?(): Uint16Array | null;
}

export interface BoolColumn {
  kind: "bool";
  /** 0 or 1. */
  values: Uint8Array;
  present: Uint8Array | null;
  pages?: ColumnPages;
}

export type Column = DictColumn | BytesColumn | NumberColumn | BoolColumn;

export const NULL_CODE = 0xffffffff;

/** Levels in ascending severity. Each stands for a range of four OpenTelemetry severity numbers (TRACE = 1..4 … FATAL = 21..24). */
export const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;
export type Level = (typeof LEVELS)[number];

/**
 * The string fields of an event besides time, in the order in which they are shown and stored.
 * `level`, `service`, `environment`, `host`, `source` are always DictColumn where present; `message`, `trace_id`, `span_id`, `request_id`,
 * `event_id` may be dict or bytes. `fingerprint` is an int64 column (53 bits, `engine/patterns`). `event_id` is there only where the client sent one.
 */
export const STRING_FIELDS = [
  "level",
  "service",
  "environment",
  "host",
  "source",
  "message",
  "trace_id",
  "span_id",
  "request_id",
  "event_id",
] as const;
export type StringField = (typeof STRING_FIELDS)[number];

export const ATTRIBUTE_PREFIX = "attributes.";

/** One event as a plain object, the form in which the API shows it. Attributes are flat with dotted names; arrays stay arrays. */
export interface EventRecord {
  timestamp: string;
  ingest_ts: string;
  event_id?: string;
  level?: string;
  service?: string;
  environment?: string;
  host?: string;
  source?: string;
  message?: string;
  trace_id?: string;
  span_id?: string;
  request_id?: string;
  fingerprint?: string;
  attributes: Record<string, unknown>;
}
