/** Frames of a stream evaluated for a project's metrics. */
import type { CountedMetric } from "../../durable-objects/project-monitor/types.ts";
import type { ViewFrame } from "../../durable-objects/project-stream/types.ts";
import type { Column, EventBatch } from "../engine/batch/event-batch.ts";
import { withColumns } from "../engine/query/pipes/computed-batch.ts";
import { computesByBatch } from "../engine/query/pipes/steps.ts";
import { unpackFrame } from "../engine/segment/frame.ts";
import { LAG_FIELD, RAW_BYTES_FIELD } from "../engine/windows/built-in.ts";
import { compileMetric } from "../engine/windows/compile-metric.ts";
import { type CountingMetric, type CountOptions, countedColumns, EventCounter } from "../engine/windows/count-events.ts";
import { MetricError } from "../engine/windows/definition.ts";
import type { MetricDelta } from "../engine/windows/deltas.ts";
import { JoinedBatches } from "../engine/windows/join-batches.ts";
import { COUNT_JOIN_ROWS_MAX, COUNT_JOIN_SIZE_BYTES_MAX, COUNT_JOINED_FRAME_ROWS_MAX } from "../limits.ts";

/** A metric ready to be counted, and the frames that it counts. */
interface LiveMetric extends CountingMetric {
  since_seq: number;
}

/** Definitions of one version, made ready. */
export interface ReadyMetrics {
  version: number;
  metrics: LiveMetric[];
  columns: ReadonlySet<string> | null;
  /** Whether frames may be evaluated together: not where what is computed of an event depends on those beside it. */
  joinable: boolean;
}

/** Definitions made ready; one that this version of Ledge does not understand is left out and said in the log. */
export function readyMetrics(version: number, metrics: readonly CountedMetric[]): ReadyMetrics {
  const ready = metrics.flatMap(({ metric_id, definition, since_seq }): LiveMetric[] => {
    if (since_seq === null) return [];
    try {
      return [{ metric_id, since_seq, compiled: compileMetric(definition) }];
    } catch (error) {
      if (!(error instanceof MetricError)) throw error;
      console.error("a metric is not counted", definition.name, error.message);
      return [];
    }
  });
  const compiled = ready.map((metric) => metric.compiled);
  return { version, metrics: ready, columns: countedColumns(compiled), joinable: !compiled.some(({ steps }) => computesByBatch(steps)) };
}

/** Frames that wait to be evaluated together. */
interface Waiting {
  batches: JoinedBatches;
  frames: ViewFrame[];
  rows: number;
  size_bytes: number;
  /** The last frame that the same metrics count. */
  until_seq: number;
}

/** Counts frames; small ones that follow one another, and are counted by the same metrics, are evaluated together. */
export class FrameCounter {
  readonly #ready: ReadyMetrics;
  readonly #every_metric: boolean;
  readonly #counter: EventCounter;
  #waiting: Waiting | null = null;

  /** @param every_metric whether all metrics count all frames; else those whose counting began before a frame */
  constructor(ready: ReadyMetrics, options: CountOptions, every_metric = false) {
    this.#ready = ready;
    this.#every_metric = every_metric;
    this.#counter = new EventCounter(ready.metrics, options);
  }

  /** @param frame after those that were added before */
  add(frame: ViewFrame, bytes: Uint8Array): void {
    const batch = unpackFrame(bytes, this.#ready.columns);
    if (!this.#joins(frame, batch)) {
      this.#evaluate();
      this.#waiting = this.#begin(frame, batch);
    }
    const waiting = this.#waiting!;
    waiting.frames.push(frame);
    waiting.rows += frame.rows;
    waiting.size_bytes += frame.size_bytes;
  }

  /** Some rows of events that are in no frame. @param raw_bytes that all of the batch came in */
  addBatch(batch: EventBatch, raw_bytes: number, { from_row, to_row }: { from_row: number; to_row: number }): void {
    const whole = from_row === 0 && to_row === batch.rows;
    const visible = whole ? null : new Uint8Array(batch.rows).fill(1, from_row, to_row);
    this.#counter.add(withMeasures(batch, [{ rows: batch.rows, raw_bytes }]), visible);
  }

  /** States that are held. */
  get states(): number {
    this.#evaluate();
    return this.#counter.states;
  }

  /** What was counted. The counter must not be used further. */
  deltas(): MetricDelta[] {
    this.#evaluate();
    return this.#counter.deltas();
  }

  #begin({ seq }: ViewFrame, batch: EventBatch): Waiting {
    const batches = new JoinedBatches();
    batches.take(batch);
    const later = this.#every_metric ? [] : this.#ready.metrics.map(({ since_seq }) => since_seq).filter((since_seq) => since_seq >= seq);
    return { batches, frames: [], rows: 0, size_bytes: 0, until_seq: Math.min(...later) };
  }

  #joins(frame: ViewFrame, batch: EventBatch): boolean {
    const { joinable } = this.#ready;
    const waiting = this.#waiting;
    return (
      waiting !== null &&
      joinable &&
      frame.seq <= waiting.until_seq &&
      Math.max(frame.rows, waiting.frames.at(-1)!.rows) <= COUNT_JOINED_FRAME_ROWS_MAX &&
      waiting.rows + frame.rows <= COUNT_JOIN_ROWS_MAX &&
      waiting.size_bytes + frame.size_bytes <= COUNT_JOIN_SIZE_BYTES_MAX &&
      waiting.batches.take(batch)
    );
  }

  #evaluate(): void {
    if (!this.#waiting) return;
    const { batches, frames, rows } = this.#waiting;
    this.#waiting = null;
    const [{ seq }] = frames as [ViewFrame];
    const counts = (metric: CountingMetric) => this.#every_metric || seq > (metric as LiveMetric).since_seq;
    this.#counter.add(withMeasures(batches.joined(), frames), visibleRows(frames, rows), counts);
  }
}

/** 1 for each row of the frames, one after another, that was not masked; null where none was. */
function visibleRows(frames: readonly ViewFrame[], rows: number): Uint8Array | null {
  if (!frames.some(({ masked }) => masked)) return null;
  const visible = new Uint8Array(rows).fill(1);
  let first_row = 0;
  for (const { rows: count, masked } of frames) {
    if (masked) for (let index = 0; index < masked.length; index++) visible[first_row + masked[index]!] = 0;
    first_row += count;
  }
  return visible;
}

/**
 * The batch with what built-in metrics are taken of: each event's share of the bytes that came (all shares together are all of them), and its lag.
 * @param parts rows that came together, and the bytes that they came in
 */
export function withMeasures(batch: EventBatch, parts: readonly { rows: number; raw_bytes: number }[]): EventBatch {
  const { rows, timestamp_us, ingest_us } = batch;
  const shares = new Float64Array(rows);
  let at = 0;
  for (const { rows: count, raw_bytes } of parts) {
    let before = 0;
    for (let row = 1; row <= count; row++) {
      const after = Math.floor((raw_bytes * row) / count);
      shares[at++] = after - before;
      before = after;
    }
  }
  const lags = new Float64Array(rows);
  for (let row = 0; row < rows; row++) lags[row] = (ingest_us[row]! - timestamp_us[row]!) / 1_000_000;
  const computed = new Map<string, Column>([
    [`attributes.${RAW_BYTES_FIELD}`, { kind: "int64", values: shares, present: null }],
    [`attributes.${LAG_FIELD}`, { kind: "double", values: lags, present: null }],
  ]);
  return withColumns(batch, computed);
}
