/** Values of a project's metrics over time: recent ones from its monitor, older ones from history in R2, merged. */
import type { MetricStatus } from "../../durable-objects/project-monitor/types.ts";
import type { TableValue } from "../engine/query/table.ts";

export interface SeriesRequest {
  name: string;
  /** Half open. */
  from_us: number;
  to_us: number;
  /** Time between two points; null: what fits the range (at most METRIC_POINTS_DEFAULT points). Rounded up to what the metric and its history have. */
  step_us: number | null;
  /** Only series with these values of group-by fields; null as a value: series without one. */
  match?: Record<string, TableValue>;
}

export interface MetricPoint {
  /** End of the window that the point is of. */
  at_us: number;
  /** Null where the window has none (an average of nothing). */
  value: number | null;
  /** By name of the aggregation. */
  aggregates: Record<string, number | null>;
}

export interface MetricSeries {
  /** By group-by field. */
  labels: Record<string, TableValue>;
  /** The series of all events that no series had room for. */
  overflow: boolean;
  /** Ascending; one for each step at which a window ends in the range. */
  points: MetricPoint[];
}

export interface SeriesAnswer {
  metric: MetricStatus | null;
  step_us: number;
  /** How much time each value is of: the window's size, or the step where that is longer. */
  window_us: number;
  /** `step`: as fine as the metric is counted; the others as history holds it. */
  resolution: "step" | "minute" | "hour" | "day";
  /** Windows that end after this may still change; null where nothing was counted. */
  final_until_us: number | null;
  series: MetricSeries[];
}

/** The current value of one series: of the last window that has ended, and of the one under way. */
export interface LiveValue {
  name: string;
  labels: Record<string, TableValue>;
  overflow: boolean;
  value: number | null;
  from_us: number;
  to_us: number;
}

/** How series are read: `readMetricSeries` below and `readLiveValues`, of the project that was authenticated. */
export type ReadSeries = (project_id: string, request: SeriesRequest) => Promise<SeriesAnswer>;
export type ReadLiveValues = (project_id: string, names: readonly string[] | null) => Promise<LiveValue[]>;
