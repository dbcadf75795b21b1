import type { EventBatch } from "../batch/event-batch.ts";
import { rowsOf } from "../query/expressions/evaluate.ts";
import { applyFilter, holdsExpression } from "../query/filters/filters.ts";
import { runSteps } from "../query/pipes/steps.ts";
import { planColumns } from "../query/plan-columns.ts";
import { QueryLimitError } from "../query/query-limit-error.ts";
import type { CompiledMetric } from "./compile-metric.ts";
import type { MetricDelta } from "./deltas.ts";
import { retained_us, tierPane_us } from "./resolution.ts";
import { SeriesState } from "./series-state.ts";

/** A metric that a pass counts. */
export interface CountingMetric {
  metric_id: number;
  compiled: CompiledMetric;
}

export interface CountOptions {
  /** Whether events that came later than their window allows are left out: what counts live does, a back-fill does not. */
  leave_late: boolean;
  /** Events before this are of no interest. */
  from_us?: number;
  /** Since when history has minutes: older events are counted in panes of an hour at least; and those that no monitor retains in minutes. */
  coarse?: { now_us: number; hours_before_us: number };
}

/** Rows of a batch by the pane of time that they fall into. */
interface PanedRows {
  panes: { from_us: number; rows: Uint32Array }[];
  late: number;
}

/** What metrics have in common in one batch. */
interface Shared {
  matched: Map<string, Uint32Array>;
  paned: Map<string, PanedRows>;
}

/** What a metric counts of a batch. */
interface Found extends PanedRows {
  batch: EventBatch;
}

interface Counted {
  events: number;
  late: number;
  panes: Map<number, SeriesState>;
}

/** Counts events into the panes of many metrics. What metrics have in common (filters, panes) is found once for each batch. */
export class EventCounter {
  readonly #metrics: readonly CountingMetric[];
  readonly #options: CountOptions;
  readonly #counted: Counted[];

  constructor(metrics: readonly CountingMetric[], options: CountOptions) {
    this.#metrics = metrics;
    this.#options = options;
    this.#counted = metrics.map(() => ({ events: 0, late: 0, panes: new Map() }));
  }

  /**
   * @param visible 1 for each row that counts; null: all
   * @param counts whether a metric counts this batch; all do where it is missing
   */
  add(batch: EventBatch, visible: Uint8Array | null, counts: (metric: CountingMetric) => boolean = () => true): void {
    const shared: Shared = { matched: new Map(), paned: new Map() };
    for (const [index, metric] of this.#metrics.entries()) if (counts(metric)) this.#count(index, batch, visible, shared);
  }

  /** States that are held. */
  get states(): number {
    return this.#counted.reduce((sum, { panes }) => sum + panes.size, 0);
  }

  /** What was counted of metrics that met an event. The counter must not be used further. */
  deltas(): MetricDelta[] {
    const deltas: MetricDelta[] = [];
    for (const [index, { events, late, panes }] of this.#counted.entries()) {
      if (events === 0 && late === 0) continue;
      const ordered = [...panes].sort(([left], [right]) => left - right);
      const packed = ordered.map(([from_us, state]) => ({ from_us, bytes: state.pack() }));
      deltas.push({ metric_id: this.#metrics[index]!.metric_id, events, late, panes: packed });
    }
    return deltas;
  }

  /** Rows of which an expression makes more text than it may at once are counted in halves: nothing that is declared may stop counting. */
  #count(index: number, batch: EventBatch, visible: Uint8Array | null, shared: Shared): void {
    let found: Found | null;
    try {
      found = this.#find(index, batch, visible, shared);
    } catch (error) {
      const halves = error instanceof QueryLimitError ? halvesOf(batch.rows, visible) : null;
      if (!halves) throw error;
      for (const half of halves) this.#count(index, batch, half, { matched: new Map(), paned: new Map() });
      return;
    }
    if (found) this.#add(index, found);
  }

  /** Null where no event matches. */
  #find(index: number, batch: EventBatch, visible: Uint8Array | null, { matched, paned }: Shared): Found | null {
    const { compiled } = this.#metrics[index]!;
    const { query, window, lateness } = compiled.definition;
    const rows = known(matched, query, () => matchingRows(compiled, batch, visible));
    if (rows.length === 0) return null;
    const stepped = compiled.steps.length > 0 ? runSteps(compiled.steps, batch, rows) : { batch, rows };
    tryConditions(compiled, stepped.batch, stepped.rows);
    // Steps other than `eval` drop rows: what is left is the metric's own.
    const key = [stepped.rows === rows ? query : index, compiled.time, window.step, lateness].join("\n");
    return { batch: stepped.batch, ...known(paned, key, () => panesOf(compiled, stepped.batch, stepped.rows, this.#options)) };
  }

  #add(index: number, { batch, panes, late }: Found): void {
    const counted = this.#counted[index]!;
    const { pipe, series_max } = this.#metrics[index]!.compiled;
    counted.late += late;
    for (const { from_us, rows } of panes) {
      counted.events += rows.length;
      known(counted.panes, from_us, () => new SeriesState(pipe, series_max)).add(batch, rows);
    }
  }
}

/** The columns that must be read to count these metrics; null for all. Times are always there. */
export function countedColumns(metrics: readonly CompiledMetric[]): ReadonlySet<string> | null {
  const names = new Set<string>();
  for (const { filter, steps, pipe } of metrics) {
    const columns = planColumns({ filter, steps, reduce: pipe, table: [] });
    if (columns === "all") return null;
    for (const name of columns.names) names.add(name);
  }
  return names;
}

/** Start of the pane in which a time lies. Steps divide days, so that panes are counted from the epoch. */
export function paneStart_us(time_us: number, step_us: number): number {
  return Math.floor(time_us / step_us) * step_us;
}

/** A state that failed in the middle of a batch could not be used further: conditions of aggregations fail before anything is added. */
function tryConditions({ pipe }: CompiledMetric, batch: EventBatch, rows: Uint32Array): void {
  for (const { where } of pipe.functions) {
    if (!where || !holdsExpression(where)) continue;
    const mask = new Uint8Array(batch.rows);
    for (let index = 0; index < rows.length; index++) mask[rows[index]!] = 1;
    applyFilter(where, batch, mask);
  }
}

/** The first and the second half of the rows that count; null where there are fewer than two. */
function halvesOf(rows: number, visible: Uint8Array | null): [Uint8Array, Uint8Array] | null {
  const counting = rowsOf(visible ?? new Uint8Array(rows).fill(1));
  if (counting.length < 2) return null;
  const halves = [new Uint8Array(rows), new Uint8Array(rows)] as const;
  for (let index = 0; index < counting.length; index++) halves[index * 2 < counting.length ? 0 : 1][counting[index]!] = 1;
  return [...halves];
}

function matchingRows({ filter }: CompiledMetric, batch: EventBatch, visible: Uint8Array | null): Uint32Array {
  const mask = visible ? visible.slice() : new Uint8Array(batch.rows).fill(1);
  applyFilter(filter, batch, mask);
  return rowsOf(mask);
}

/**
 * An event is late where the window that it falls into had, with the allowed lateness, ended when it arrived: its own times decide, so that
 * it does not matter who counts it when, and how often.
 */
function panesOf(metric: CompiledMetric, batch: EventBatch, rows: Uint32Array, options: CountOptions): PanedRows {
  const { leave_late, from_us } = options;
  const { time, step_us, lateness_us } = metric;
  const arrivals = batch.ingest_us;
  const times = time === "timestamp" ? batch.timestamp_us : arrivals;
  const open_us = from_us ?? Number.NEGATIVE_INFINITY;
  const by_pane = new Map<number, number[]>();
  let late = 0;
  let pane: number[] = [];
  let pane_us = Number.NaN;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const start_us = paneStart_us(times[row]!, step_us);
    if (start_us < open_us) continue;
    if (leave_late && start_us + step_us + lateness_us <= arrivals[row]!) {
      late++;
      continue;
    }
    const begin_us = options.coarse ? coarseStart_us(metric, start_us, options.coarse) : start_us;
    if (begin_us !== pane_us) {
      pane = known(by_pane, begin_us, () => []);
      pane_us = begin_us;
    }
    pane.push(row);
  }
  const panes = [...by_pane].map(([start_us, of_pane]) => ({
    from_us: start_us,
    rows: of_pane.length === rows.length ? rows : Uint32Array.from(of_pane),
  }));
  return { panes, late };
}

function coarseStart_us(
  metric: CompiledMetric,
  start_us: number,
  { now_us, hours_before_us }: NonNullable<CountOptions["coarse"]>,
): number {
  if (start_us < hours_before_us) return paneStart_us(start_us, tierPane_us("hour", metric.step_us));
  return start_us < now_us - retained_us(metric) ? paneStart_us(start_us, tierPane_us("minute", metric.step_us)) : start_us;
}

function known<K, V>(values: Map<K, V>, key: K, make: () => V): V {
  let value = values.get(key);
  if (value === undefined) {
    value = make();
    values.set(key, value);
  }
  return value;
}
