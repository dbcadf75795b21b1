import { normalMetric } from "./compile-metric.ts";
import type { MetricDefinition, MetricInput } from "./definition.ts";

/** The column of an event's share of the bytes that came: those of its request, shared out evenly among the request's events. */
export const RAW_BYTES_FIELD = "ledge.raw_bytes";
/** The column of how many seconds after its own time an event arrived. */
export const LAG_FIELD = "ledge.lag_seconds";
/** Fields of what is noted of refused records. */
export const REJECTED_FIELD = "ledge.rejected";
export const REASON_FIELD = "ledge.rejected_field";

export interface BuiltIn {
  /** Definitions of one number are counted once. A change of how one counts needs a new number. */
  metric_id: number;
  definition: MetricDefinition;
  /** `frames`: counted from events; `notes`: from what ingest tells. */
  source: "frames" | "notes";
}

export const VOLUME_ID = 1;
export const REJECTED_ID = 3;
/** Declared metrics and later generations of built-in ones are numbered from here. */
export const DECLARED_ID_FIRST = 1_000;

const VOLUME = {
  aggregations: { events: "count()", bytes: `sum(${RAW_BYTES_FIELD})`, errors: "count() where (level:(error, fatal))" },
  group_by: ["service", "level"],
  series_max: 500,
};

/** By arrival, a minute each: what came in that minute never changes afterwards. */
function builtIn(metric_id: number, source: BuiltIn["source"], input: Omit<MetricInput, "time" | "window" | "lateness">): BuiltIn {
  const definition = normalMetric({ ...input, time: "ingest_ts", window: { kind: "tumbling", size: "1m" }, lateness: "0s" }, true);
  return { metric_id, source, definition };
}

/** What is counted of every project without being declared. */
export const BUILT_INS: readonly BuiltIn[] = [
  builtIn(VOLUME_ID, "frames", {
    ...VOLUME,
    name: "ledge_events",
    description: "Events that arrived, by service and level.",
    value: "events",
  }),
  builtIn(VOLUME_ID, "frames", {
    ...VOLUME,
    name: "ledge_bytes",
    description: "Bytes of events as they came; a request's bytes are shared out evenly among its events.",
    unit: "bytes",
    value: "bytes",
  }),
  builtIn(VOLUME_ID, "frames", {
    ...VOLUME,
    name: "ledge_errors",
    description: "Events of the levels ERROR and FATAL that arrived, by service and level.",
    value: "errors",
  }),
  builtIn(2, "frames", {
    name: "ledge_ingest_lag_seconds",
    description: "How long after their own time events arrived: the 99th percentile; the aggregations have median and longest too.",
    unit: "s",
    aggregations: { p50: `p50(${LAG_FIELD})`, p99: `p99(${LAG_FIELD})`, longest: `max(${LAG_FIELD})` },
    value: "p99",
    group_by: ["service"],
  }),
  builtIn(REJECTED_ID, "notes", {
    name: "ledge_rejected",
    description:
      "Records that were refused when they came, by the field that was at fault. Counted as they happen: what a crash interrupts is not made up for.",
    aggregations: { rejected: `sum(${REJECTED_FIELD})` },
    value: "rejected",
    group_by: [REASON_FIELD],
  }),
];
