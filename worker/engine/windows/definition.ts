/** What a metric is: plain data, as it is stored with the project's monitor, shown, exported and sent to those who count. */

/** Whose time decides into which window an event falls. By the time of arrival no event is ever late. */
export type MetricTime = "timestamp" | "ingest_ts";

export interface MetricWindow {
  kind: "tumbling" | "sliding";
  /** A duration such as `5m`: how much time one value is of. */
  size: string;
  /** How often there is a value. Of tumbling windows the same as `size`. */
  step: string;
}

/**
 * A declared metric. All texts are in their normal form: parsing and printing them again changes nothing, so that two definitions of
 * the same meaning are the same text.
 */
export interface MetricDefinition {
  /** `[a-z][a-z0-9_]*`; names that begin with `ledge_` are built in. */
  name: string;
  description: string;
  /** Shown beside values: `ms`, `bytes`; empty where there is none. */
  unit: string;
  /** A filter of the query language, and the pipes `where`, `eval` and `extract` after it. */
  query: string;
  time: MetricTime;
  /** By name a function of `stats`, such as `count() where (level:error)` or `p99(duration_ms)`. */
  aggregations: Record<string, string>;
  /** What the metric shows: an expression over the names of the aggregations, such as `errors / total * 100`. */
  value: string;
  /** Fields whose values tell the series apart. */
  group_by: string[];
  /** Series told apart at most; the events of all others are counted together in one that is marked as such. */
  series_max: number;
  window: MetricWindow;
  /** How long after the end of a window events may still arrive that correct it. Later ones are counted apart. */
  lateness: string;
}

/** What a user writes: everything but name, aggregations and window may be left out. */
export interface MetricInput {
  name: string;
  description?: string | undefined;
  unit?: string | undefined;
  query?: string | undefined;
  time?: MetricTime | undefined;
  aggregations: Record<string, string>;
  value?: string | undefined;
  group_by?: string[] | undefined;
  series_max?: number | undefined;
  window: { kind: "tumbling" | "sliding"; size: string; step?: string | undefined };
  lateness?: string | undefined;
}

/** What is wrong with a definition: the path of the field (`aggregations.p99`), its value, and what was expected. */
export class MetricError extends Error {
  readonly field: string;
  readonly value: unknown;
  readonly expected: string;
  /** Offset into the value where it is a text that was parsed. */
  readonly position: number | null;

  constructor(field: string, value: unknown, expected: string, details: { message?: string; position?: number } = {}) {
    super(details.message ?? `${field}: expected ${expected}`);
    this.name = "MetricError";
    this.field = field;
    this.value = value;
    this.expected = expected;
    this.position = details.position ?? null;
  }
}
