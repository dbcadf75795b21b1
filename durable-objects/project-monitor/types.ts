/** What a ProjectMonitor can be asked. Workers import these types; the object implements them. All times are explicit about their unit. */
import type { MetricDefinition } from "../../worker/engine/windows/definition.ts";
import type { ReadPlan, ReadRequest } from "../../worker/engine/windows/resolution.ts";

/** A metric as the object keeps it. */
export interface MetricRecord {
  /** A number of its own for each way of counting: a definition whose counting changes gets a new one and begins anew. */
  metric_id: number;
  definition: MetricDefinition;
  built_in: boolean;
  created_us: number;
  changed_us: number;
  /** By shard the sequence number after which live counting counts it; null until its back-fill has fixed that. */
  since_seq: Record<string, number> | null;
  fill: FillProgress;
}

/** How far a metric's values reach back. */
export interface FillProgress {
  /** `none`: nothing to fill (built-in metrics, and those of a project without events). */
  state: "none" | "waiting" | "running" | "done" | "failed";
  /** Of the events in segments when it began. */
  rows_total: number;
  rows_done: number;
  segments_total: number;
  segments_done: number;
  began_us: number | null;
  ended_us: number | null;
  /** Why it failed; it is tried again by the next job. */
  error: string | null;
}

/** What counting met of a metric, since its definition was put. */
export interface MetricCounters {
  events: number;
  /** Events that came after the lateness of their window: in none of the values. */
  late: number;
}

export interface MetricStatus extends MetricRecord {
  counters: MetricCounters;
  /** What the object holds of it. */
  size_bytes: number;
}

export type ConfigureAnswer =
  | { status: "ok"; version: number; metrics: MetricStatus[] }
  /** Somebody else changed the definitions since `expected_version`. */
  | { status: "conflict"; version: number }
  /** METRICS_PER_PROJECT_MAX would be passed. */
  | { status: "full" };

export interface ConfigureRequest {
  /** Definitions in normal form (`normalMetric`): those whose name is known replace the one before. */
  put: MetricDefinition[];
  /** Names; unknown ones are passed over. */
  remove: string[];
  /** Refused where the definitions are of another version; null: whatever there is. */
  expected_version: number | null;
}

/** Packed partial states of one metric and one pane of time (`engine/windows/series-state.ts`). */
export interface PaneBytes {
  /** Start of the pane. */
  from_us: number;
  bytes: Uint8Array;
}

/** What the object knows of a span of time; history in R2 has the rest. Read through `catalog/metric-series.ts`. */
export interface PanesAnswer {
  record: MetricRecord;
  counters: MetricCounters;
  /** Everything that arrived up to this time is counted: the time of arrival of the newest counted events. 0 before the first. */
  watermark_us: number;
  /** How the range is read. */
  plan: ReadPlan;
  /** From here on the object has all panes. Before it only what history does not have yet: `open` and `frozen`. */
  whole_from_us: number;
  /** At or after `whole_from_us`. */
  panes: PaneBytes[];
  /** Before `whole_from_us`, not in history. */
  open: PaneBytes[];
  /** Before `whole_from_us`, being written to history as this roll: blocks of history that name it have them already. */
  frozen: PaneBytes[];
  /** The last roll that is wholly in history, and the one that is being written; of which life of the object. */
  rolled: number;
  frozen_roll: number | null;
  life: number;
}

export interface PanesRequest extends ReadRequest {
  name: string;
}

/** What a counting Worker asks for before it counts. */
export interface CountingState {
  /** By shard everything up to here is counted (spine, rule 2). */
  applied_seq: number;
  /** Of the definitions. A counter that holds another asks for `definitions`. */
  version: number;
  /** Null where the asker holds this version already. */
  metrics: CountedMetric[] | null;
  /** True where nothing is taken until the object's state has been rolled into history. */
  full: boolean;
}

/** What of a metric those who count must know. */
export interface CountedMetric {
  metric_id: number;
  definition: MetricDefinition;
  /** Frames up to here are none of its live counting; null: not counted live yet. */
  since_seq: number | null;
}

/** What frames (from_seq, to_seq] of a shard counted. */
export interface CountedDeltas {
  shard: number;
  from_seq: number;
  to_seq: number;
  version: number;
  /** The latest arrival among the frames. */
  accepted_us: number;
  /** Packed panes of metrics (`engine/windows/deltas.ts`). */
  deltas: Uint8Array;
  /** Frames of the range that were gone before they were counted. */
  missed_frames: number;
}

export type ApplyAnswer =
  | { status: "applied" }
  /** The cursor is elsewhere, or the definitions changed: nothing was taken; ask again and count anew. */
  | { status: "stale"; applied_seq: number; version: number }
  /** The object holds as much as it may: count later. */
  | { status: "full" };

/** A back-fill: frozen when it begins (spine, rule 3), the same for every holder until it is done. Its segments are listed in R2. */
export interface FillPlan {
  fill_id: string;
  metric_ids: number[];
  /** By shard: events up to here are in the listed segments. */
  seam_seq: Record<string, number>;
  /** By shard: frames after the seam up to here belong to the back-fill; live counting counts those after it. */
  live_seq: Record<string, number>;
  /** Parts that are taken are those before it. */
  next_part: number;
  /** Where the next part begins. */
  position: FillPosition;
}

export interface FillPosition {
  /** Of the window: everything up to here is counted. */
  seq: number;
  /** Of the listed segments: the next row group. */
  segment: number;
  group: number;
  /** Of that group: the next row; missing where it is the first. */
  row?: number;
}

export interface FillState {
  open: { plan: FillPlan; metrics: CountedMetric[] } | null;
  /** Metrics that wait for a back-fill. */
  waiting: number[];
}

export interface FillBegin {
  fill_id: string;
  metric_ids: number[];
  /** By shard (one is shipped). */
  seam_seq: Record<string, number>;
  rows_total: number;
  segments_total: number;
}

export interface FillPart {
  fill_id: string;
  part: number;
  /** Packed, as of counted frames. */
  deltas: Uint8Array;
  rows: number;
  segments: number;
  /** Where the next part begins. */
  position: FillPosition;
  last: boolean;
}

/** A rolling into history: all that was counted up to a number, frozen until it is done. */
export interface RollPlan {
  roll: number;
  /** Tells this object from one that was before it under the same name: numbers of metrics and rolls are its own. */
  life: number;
  /** Metrics that are alive: blocks of history drop all others. */
  metrics: { metric_id: number; definition: MetricDefinition; built_in: boolean }[];
}

export interface MonitorHealth {
  version: number;
  applied_seq: Record<string, number>;
  watermark_us: number;
  missed_frames: number;
  /** Packed states in the object, and those of them that history does not have yet. */
  size_bytes: number;
  unrolled_size_bytes: number;
  rolled: number;
  parts: number;
}

export interface ProjectMonitorRpc {
  // ── Definitions ──
  /** All or nothing. */
  configure(request: ConfigureRequest): Promise<ConfigureAnswer>;
  /** Declared ones by name, built-in ones after them, and the version that `configure` may name. */
  metrics(): Promise<{ version: number; metrics: MetricStatus[] }>;
  /** Counts these metrics anew from segments; all where none is named. */
  refill(names: string[] | null): Promise<void>;

  // ── Reading ──
  /** An answer for each request; null where there is no such metric. */
  panes(requests: PanesRequest[]): Promise<(PanesAnswer | null)[]>;
  health(): Promise<MonitorHealth>;

  // ── Counting ──
  counting(shard: number, known_version: number | null): Promise<CountingState>;
  apply(counted: CountedDeltas): Promise<ApplyAnswer>;
  /** Adds what was counted outside of frames; not idempotent. @param deltas packed, of built-in metrics of that source */
  note(deltas: Uint8Array): Promise<void>;

  // ── Jobs ──
  fillState(): Promise<FillState>;
  /** False where the metrics are no longer what they were, or another back-fill is open. */
  fillBegin(begin: FillBegin): Promise<boolean>;
  /** `stale`: another holder has gone on, or the back-fill is over. */
  fillApply(part: FillPart): Promise<"applied" | "stale" | "full">;
  /** The metrics begin anew with the next back-fill. */
  fillAbort(fill_id: string, error: string): Promise<void>;
  /** The open plan, a new one where a rolling is due (or `force`), else null. */
  rollPlan(force: boolean): Promise<RollPlan | null>;
  /** Packed deltas of the plan, from a place on; null where the plan is not open any more. */
  rollParts(roll: number, start: number): Promise<{ parts: Uint8Array[]; next: number | null } | null>;
  /** Idempotent. */
  rollDone(roll: number): Promise<void>;
}
