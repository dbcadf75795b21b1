import { DECLARED_ID_FIRST, REJECTED_ID } from "../../worker/engine/windows/built-in.ts";
import type { MetricDelta } from "../../worker/engine/windows/deltas.ts";
import { packDeltas } from "../../worker/engine/windows/deltas.ts";
import { readPlan, retained_us } from "../../worker/engine/windows/resolution.ts";
import {
  METRIC_JOB_RETRY_MS,
  METRIC_ROLL_AGE_MS,
  METRIC_ROLL_SIZE_BYTES,
  METRIC_STATE_SIZE_BYTES_MAX,
  VIEW_SIZE_BYTES_MAX,
} from "../../worker/limits.ts";
import { readState, type SqlDatabase, writeState } from "../storage.ts";
import { compiledOf, mergeParts, retainParts } from "./merge-parts.ts";
import { MetricSet, WAITING } from "./metric-set.ts";
import { type Cursor, type Part, PartStore, ROLLED } from "./part-store.ts";
import { createTables, STATE } from "./tables.ts";
import type {
  ApplyAnswer,
  ConfigureAnswer,
  ConfigureRequest,
  CountedDeltas,
  CountedMetric,
  CountingState,
  FillBegin,
  FillPart,
  FillPlan,
  FillState,
  MetricRecord,
  MetricStatus,
  MonitorHealth,
  PaneBytes,
  PanesAnswer,
  PanesRequest,
  RollPlan,
} from "./types.ts";

/** What is written when definitions change and jobs go on, not with each pass. */
interface Progress {
  version: number;
  next_metric_id: number;
  /** Parts up to this number are in history, as of this roll. */
  rolled_n: number;
  rolled: number;
  open_roll: { roll: number; n: number } | null;
  /** When the object first wrote; 0 before. */
  life: number;
  /** By metric, from where on all its panes are here. */
  whole_from_us: Record<string, number>;
  fill: Omit<FillPlan, "next_part" | "position"> | null;
}

const BEGINNING: Progress = {
  version: 1,
  next_metric_id: DECLARED_ID_FIRST,
  rolled_n: 0,
  rolled: 0,
  open_roll: null,
  life: 0,
  whole_from_us: {},
  fill: null,
};

/**
 * The metrics of one project: definitions, what was counted lately, and up to where. All state is in SQLite and read back by the constructor, so
 * that an eviction between any two calls changes nothing. It knows no runtime: the Durable Object gives it storage and the clock.
 */
export class MonitorCore {
  readonly #sql: SqlDatabase;
  readonly #now_ms: () => number;
  readonly #metrics: MetricSet;
  readonly #store: PartStore;
  #progress: Progress;

  constructor(sql: SqlDatabase, now_ms: () => number) {
    createTables(sql);
    this.#sql = sql;
    this.#now_ms = now_ms;
    this.#metrics = new MetricSet(sql);
    this.#store = new PartStore(sql);
    this.#progress = readState<Progress>(sql, STATE.progress) ?? BEGINNING;
  }

  // ── Definitions ───────────────────────────────────────────────────────────

  configure(request: ConfigureRequest): ConfigureAnswer {
    const { version } = this.#progress;
    if (request.expected_version !== null && request.expected_version !== version) return { status: "conflict", version };
    if (!this.#metrics.hasRoom(request)) return { status: "full" };
    this.#sql.transaction(() => {
      let next_metric_id = this.#progress.next_metric_id;
      const changed = this.#metrics.configure(request, this.#now_us(), () => next_metric_id++);
      if (changed) this.#write({ next_metric_id, version: version + 1 });
    });
    return { status: "ok", ...this.metrics() };
  }

  metrics(): { version: number; metrics: MetricStatus[] } {
    return { version: this.#progress.version, metrics: this.#metrics.all().map((record) => this.#statusOf(record)) };
  }

  refill(names: readonly string[] | null): void {
    this.#sql.transaction(() => this.#beginAnew((record) => names?.includes(record.definition.name) ?? true, null));
  }

  #statusOf(record: MetricRecord): MetricStatus {
    const { rows_done, segments_done, fill_id } = this.#store.cursor.fill ?? { rows_done: 0, segments_done: 0, fill_id: "" };
    const running = record.fill.state === "running" && this.#progress.fill?.fill_id === fill_id;
    const fill = running ? { ...record.fill, rows_done, segments_done } : record.fill;
    const deltas = this.#deltasOf(record.metric_id).map(({ delta }) => delta);
    const size_bytes = deltas.reduce((sum, { panes }) => sum + panes.reduce((bytes, pane) => bytes + pane.bytes.length, 0), 0);
    return { ...record, fill, counters: countersOf(deltas), size_bytes };
  }

  /** Metrics of this kind are counted by a number of their own from now on, from the next back-fill on. One that is under way ends. */
  #beginAnew(which: (record: MetricRecord) => boolean, error: string | null): void {
    let { next_metric_id } = this.#progress;
    const filling = this.#progress.fill?.metric_ids ?? [];
    const records = this.#metrics.all();
    const ends = records.some((record) => which(record) && filling.includes(record.metric_id));
    const ids = new Map<number, number>();
    for (const record of records) {
      // What was told and not found in frames cannot be found again.
      if (isNoted(record) || !(which(record) || (ends && filling.includes(record.metric_id)))) continue;
      // Built-in metrics that are counted together stay together.
      const metric_id = ids.get(record.metric_id) ?? next_metric_id++;
      ids.set(record.metric_id, metric_id);
      this.#metrics.write({ ...record, metric_id, since_seq: null, fill: { ...WAITING, error } });
    }
    this.#write({ next_metric_id, version: this.#progress.version + 1, fill: ends ? null : this.#progress.fill });
  }

  // ── Reading ───────────────────────────────────────────────────────────────

  panes(request: PanesRequest): PanesAnswer | null {
    const record = this.#metrics.get(request.name);
    if (!record) return null;
    const { whole_from_us: whole, rolled_n, open_roll, rolled, life } = this.#progress;
    const known_us = whole[record.metric_id] ?? Number.NEGATIVE_INFINITY;
    const compiled = compiledOf(record.definition);
    const plan = readPlan(compiled, request, Math.max(known_us, this.#now_us() - retained_us(compiled)), this.#now_us());
    const { from_us, pane_us } = plan;
    const whole_from_us = Math.max(from_us, Math.ceil(known_us / pane_us) * pane_us);
    const found = this.#deltasOf(record.metric_id);
    const answer: PanesAnswer = {
      record,
      counters: countersOf(found.map(({ delta }) => delta)),
      watermark_us: this.#store.cursor.watermark_us,
      plan,
      whole_from_us,
      panes: [],
      open: [],
      frozen: [],
      rolled,
      frozen_roll: open_roll?.roll ?? null,
      life,
    };
    for (const { part, delta } of found) {
      for (const pane of delta.panes) {
        if (pane.from_us < from_us || pane.from_us >= request.to_us) continue;
        if (pane.from_us >= whole_from_us) answer.panes.push(own(pane));
        else if (part.n > rolled_n) (open_roll && part.n <= open_roll.n ? answer.frozen : answer.open).push(own(pane));
      }
    }
    return answer;
  }

  #deltasOf(metric_id: number): { part: Part; delta: MetricDelta }[] {
    return this.#store.parts.flatMap((part) => {
      const delta = part.deltas.get(metric_id);
      return delta ? [{ part, delta }] : [];
    });
  }

  health(): MonitorHealth {
    const { version, rolled } = this.#progress;
    const { applied_seq, watermark_us, missed_frames } = this.#store.cursor;
    const { size_bytes, parts } = this.#store;
    const unrolled_size_bytes = sizeOf(this.#unrolled());
    return { version, applied_seq, watermark_us, missed_frames, size_bytes, unrolled_size_bytes, rolled, parts: parts.length };
  }

  // ── Counting ──────────────────────────────────────────────────────────────

  counting(shard: number, known_version: number | null): CountingState {
    const { version } = this.#progress;
    const metrics = known_version === version ? null : this.#counted(shard);
    return { applied_seq: this.#appliedSeq(shard), version, metrics, full: this.#isFull() };
  }

  /** Those that frames are counted for, each way of counting once. */
  #counted(shard: number): CountedMetric[] {
    const counted = new Map<number, CountedMetric>();
    for (const record of this.#metrics.all()) {
      const { metric_id, definition, since_seq } = record;
      if (isNoted(record) || counted.has(metric_id)) continue;
      counted.set(metric_id, { metric_id, definition, since_seq: since_seq && (since_seq[shard] ?? 0) });
    }
    return [...counted.values()];
  }

  #appliedSeq(shard: number): number {
    return this.#store.cursor.applied_seq[shard] ?? 0;
  }

  #isFull(): boolean {
    return this.#store.size_bytes > METRIC_STATE_SIZE_BYTES_MAX;
  }

  /** Compare and set: what was counted after another number, or by other definitions, is not taken. */
  apply(counted: CountedDeltas): ApplyAnswer {
    const { shard, from_seq, to_seq } = counted;
    const { version } = this.#progress;
    const applied_seq = this.#appliedSeq(shard);
    if (from_seq !== applied_seq || counted.version !== version) return { status: "stale", applied_seq, version };
    if (this.#isFull()) return { status: "full" };
    const before = this.#store.cursor;
    const cursor: Cursor = {
      ...before,
      applied_seq: { ...before.applied_seq, [shard]: to_seq },
      watermark_us: Math.max(before.watermark_us, counted.accepted_us),
      missed_frames: before.missed_frames + counted.missed_frames,
    };
    this.#sql.transaction(() => {
      this.#store.add(counted.deltas, cursor, this.#now_ms());
      // What is missing now is in segments: everything is counted anew from there.
      if (counted.missed_frames > 0) this.#beginAnew(() => true, null);
    });
    this.#compact();
    return { status: "applied" };
  }

  note(deltas: Uint8Array): void {
    if (this.#isFull()) return;
    this.#sql.transaction(() => this.#store.add(deltas, this.#store.cursor, this.#now_ms()));
    this.#compact();
  }

  // ── Back-fill ─────────────────────────────────────────────────────────────

  fillState(): FillState {
    const { fill } = this.#progress;
    const records = this.#metrics.all();
    const waiting = [...new Set(records.filter((record) => record.fill.state === "waiting").map(({ metric_id }) => metric_id))];
    if (!fill) return { open: null, waiting };
    const metrics = this.#counted(0).filter(({ metric_id }) => fill.metric_ids.includes(metric_id));
    return { open: { plan: { ...fill, ...this.#fillPlace(fill) }, metrics }, waiting };
  }

  #fillPlace({ fill_id, seam_seq }: Pick<FillPlan, "fill_id" | "seam_seq">): Pick<FillPlan, "next_part" | "position"> {
    const { fill } = this.#store.cursor;
    if (fill?.fill_id !== fill_id) return { next_part: 0, position: { seq: seam_seq[0] ?? 0, segment: 0, group: 0 } };
    return { next_part: fill.next_part, position: fill.position };
  }

  fillBegin(begin: FillBegin): boolean {
    if (this.#progress.fill?.fill_id === begin.fill_id) return true;
    const { waiting } = this.fillState();
    if (this.#progress.fill || begin.metric_ids.some((metric_id) => !waiting.includes(metric_id))) return false;
    const { fill_id, metric_ids, seam_seq, rows_total, segments_total } = begin;
    const live_seq = Object.fromEntries(
      Object.entries(seam_seq).map(([shard, seq]) => [shard, Math.max(seq, this.#appliedSeq(Number(shard)))]),
    );
    this.#sql.transaction(() => {
      this.#changeFill(metric_ids, (record) => ({
        ...record,
        since_seq: live_seq,
        fill: { ...WAITING, state: "running", rows_total, segments_total, began_us: this.#now_us() },
      }));
      this.#write({ fill: { fill_id, metric_ids, seam_seq, live_seq }, version: this.#progress.version + 1 });
    });
    return true;
  }

  #changeFill(metric_ids: readonly number[], change: (record: MetricRecord) => MetricRecord): void {
    for (const record of this.#metrics.all()) if (metric_ids.includes(record.metric_id)) this.#metrics.write(change(record));
  }

  fillApply({ fill_id, part, deltas, rows, segments, position, last }: FillPart): "applied" | "stale" | "full" {
    const { fill } = this.#progress;
    if (fill?.fill_id !== fill_id || this.#fillPlace(fill).next_part !== part) return "stale";
    if (this.#isFull()) return "full";
    const before = this.#store.cursor.fill;
    const done = before?.fill_id === fill_id ? before : { rows_done: 0, segments_done: 0 };
    const progress = {
      fill_id,
      next_part: part + 1,
      position,
      rows_done: done.rows_done + rows,
      segments_done: done.segments_done + segments,
    };
    this.#sql.transaction(() => {
      this.#store.add(deltas, { ...this.#store.cursor, fill: progress }, this.#now_ms());
      if (!last) return;
      const { rows_done, segments_done } = progress;
      this.#changeFill(fill.metric_ids, (record) => ({
        ...record,
        fill: { ...record.fill, state: "done", rows_done, segments_done, ended_us: this.#now_us() },
      }));
      this.#write({ fill: null });
    });
    this.#compact();
    return "applied";
  }

  fillAbort(fill_id: string, error: string): void {
    const { fill } = this.#progress;
    if (fill?.fill_id !== fill_id) return;
    this.#sql.transaction(() => {
      this.#write({ fill: null });
      this.#beginAnew(({ metric_id }) => fill.metric_ids.includes(metric_id), error);
    });
  }

  // ── Rolling into history ──────────────────────────────────────────────────

  #unrolled(): Part[] {
    return this.#store.parts.filter(({ n }) => n > this.#progress.rolled_n);
  }

  rollPlan(force: boolean): RollPlan | null {
    if (!this.#progress.open_roll) {
      const due_ms = this.#rollDue_ms();
      if (due_ms === null || (!force && due_ms > this.#now_ms())) return null;
      const open_roll = { roll: this.#progress.rolled + 1, n: this.#store.last };
      this.#sql.transaction(() => this.#write({ open_roll }));
    }
    const { open_roll, life } = this.#progress;
    const metrics = this.#metrics.all().map(({ metric_id, definition, built_in }) => ({ metric_id, definition, built_in }));
    return { roll: open_roll!.roll, life, metrics };
  }

  rollParts(roll: number, start: number): { parts: Uint8Array[]; next: number | null } | null {
    const { open_roll } = this.#progress;
    if (open_roll?.roll !== roll) return null;
    const frozen = this.#unrolled().filter(({ n }) => n <= open_roll.n);
    const parts: Uint8Array[] = [];
    let size_bytes = 0;
    for (let index = start; index < frozen.length; index++) {
      const part = frozen[index]!;
      if (parts.length > 0 && size_bytes + part.size_bytes > VIEW_SIZE_BYTES_MAX) return { parts, next: index };
      parts.push(packDeltas([...part.deltas.values()]));
      size_bytes += part.size_bytes;
    }
    return { parts, next: null };
  }

  /** Panes that history has now stay only as long as windows need them. */
  rollDone(roll: number): void {
    const { open_roll } = this.#progress;
    if (open_roll?.roll !== roll) return;
    const parts = this.#store.parts.filter(({ n }) => n <= open_roll.n);
    const retained = retainParts(parts, this.#metrics.all(), this.#store.cursor.watermark_us, this.#progress.whole_from_us);
    this.#sql.transaction(() => {
      this.#store.replace(parts, retained.deltas, ROLLED);
      this.#write({ rolled_n: open_roll.n, rolled: roll, open_roll: null, whole_from_us: retained.whole_from_us });
    });
  }

  /** Parts of one level that follow one another become one of the next level; a frozen plan stays as it is. */
  #compact(): void {
    const frozen_n = this.#progress.open_roll?.n ?? this.#progress.rolled_n;
    const free = this.#store.parts.filter(({ n }) => n > frozen_n);
    for (const [level, parts] of Map.groupBy(free, (part) => part.level)) {
      const merged = mergeParts(parts, this.#metrics.all());
      if (!merged) continue;
      this.#sql.transaction(() => this.#store.replace(parts, merged, level + 1));
      this.#compact();
      return;
    }
  }

  // ── When to wake ──────────────────────────────────────────────────────────

  #rollDue_ms(): number | null {
    const unrolled = this.#unrolled();
    if (unrolled.length === 0) return null;
    if (sizeOf(unrolled) >= METRIC_ROLL_SIZE_BYTES || this.#isFull()) return 0;
    return Math.min(...unrolled.map(({ at_ms }) => at_ms)) + METRIC_ROLL_AGE_MS;
  }

  /** Jobs that there is work for. */
  dueJobs(): ("roll" | "fill")[] {
    const jobs: ("roll" | "fill")[] = [];
    const roll_ms = this.#rollDue_ms();
    if (this.#progress.open_roll || (roll_ms !== null && roll_ms <= this.#now_ms())) jobs.push("roll");
    if (this.#progress.fill || this.fillState().waiting.length > 0) jobs.push("fill");
    return jobs;
  }

  /**
   * When the object should next ask for jobs; null while there is nothing to do.
   * @param asked_ms when it last asked; 0 where it did not
   */
  wakeAt_ms(asked_ms: number): number | null {
    const again_ms = asked_ms + METRIC_JOB_RETRY_MS;
    if (this.dueJobs().length > 0) return asked_ms === 0 ? 0 : again_ms;
    return this.#rollDue_ms();
  }

  #now_us(): number {
    return this.#now_ms() * 1000;
  }

  #write(changes: Partial<Progress>): void {
    const life = this.#progress.life || this.#now_ms();
    const progress = { ...this.#progress, life, ...changes };
    writeState(this.#sql, STATE.progress, progress);
    this.#progress = progress;
  }
}

function isNoted({ metric_id, built_in }: MetricRecord): boolean {
  return built_in && metric_id === REJECTED_ID;
}

function countersOf(deltas: readonly MetricDelta[]): { events: number; late: number } {
  return {
    events: deltas.reduce((sum, delta) => sum + delta.events, 0),
    late: deltas.reduce((sum, delta) => sum + delta.late, 0),
  };
}

function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.size_bytes, 0);
}

/** A part to be sent: it must not take the whole along. */
function own({ from_us, bytes }: PaneBytes): PaneBytes {
  return { from_us, bytes: bytes.slice() };
}
