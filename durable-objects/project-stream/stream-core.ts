import { joinBytes } from "../../worker/engine/batch/join-bytes.ts";
import type { SegmentRow } from "../../worker/engine/segment/segment-row.ts";
import {
  CLOCK_SKEW_MS_MAX,
  FLUSH_AGE_MS,
  FLUSH_PLAN_SIZE_BYTES_MAX,
  FLUSH_READ_SIZE_BYTES,
  FLUSH_RETRY_MS,
  FLUSH_SIZE_BYTES,
  UNCOUNTED_SIZE_BYTES_MAX,
  VIEW_SIZE_BYTES_MAX,
  WINDOW_SIZE_BYTES_MAX,
} from "../../worker/limits.ts";
import { readState, type SqlDatabase, writeState } from "../storage.ts";
import { RememberedEventIds } from "./client-event-ids.ts";
import { type FlushedFrame, FlushedLog } from "./flushed-frames.ts";
import { Following } from "./following.ts";
import { Outbox } from "./outbox.ts";
import { SeenIds } from "./seen-ids.ts";
import { createTables, STATE } from "./tables.ts";
import { Tenancy } from "./tenancy.ts";
import { Tickets } from "./tickets.ts";
import type {
  AppendAnswer,
  AppendedFrame,
  AppendRequest,
  FlushPlan,
  StreamStatus,
  UncountedAnswer,
  ViewAnswer,
  ViewFrame,
  ViewRequest,
} from "./types.ts";
import { addUsage, dayOf, eventsOn, noUsage, secondsToMidnight, type Usage } from "./usage.ts";
import { type NewFrame, Window, type WindowFrame } from "./window.ts";

export interface StreamIdentity {
  project_id: string;
  shard: number;
}

/** What has left the window, persisted with each commit. */
interface Progress {
  flushed_seq: number;
  usage: Usage;
}

/** A frozen plan as it is persisted; its frames are those of the sequence range. */
type StoredPlan = Omit<FlushPlan, "frames" | "next_seq">;

/**
 * The stream of one project and shard: everything that decides whether an event is kept, and that only once.
 * All state is in SQLite and read back by the constructor, so that an eviction between any two calls changes nothing.
 * It knows no runtime: the Durable Object gives it storage and the clock, and so does the simulated world of the tests.
 */
export class StreamCore {
  readonly tenancy: Tenancy;
  readonly follow: Following;
  readonly tickets: Tickets;
  private readonly sql: SqlDatabase;
  private readonly identity: StreamIdentity;
  private readonly now_ms: () => number;
  private readonly window: Window;
  private readonly seen: SeenIds;
  private readonly event_ids: RememberedEventIds;
  private readonly outbox: Outbox;
  private readonly flushed: FlushedLog;
  private progress: Progress;
  private open_plan: StoredPlan | null;
  /** Ids of frames whose rows are still with the object. */
  private readonly window_ids = new Set<string>();
  private window_usage: Usage = noUsage();
  private window_size_bytes = 0;
  /** Up to where D1 has had everything for a while; and what the monitor has counted, 0 where it was not heard of since the object woke. */
  private forgotten_seq = 0;
  private counted_seq = 0;

  constructor(sql: SqlDatabase, identity: StreamIdentity, now_ms: () => number) {
    createTables(sql);
    this.sql = sql;
    this.identity = identity;
    this.now_ms = now_ms;
    this.tenancy = new Tenancy(sql);
    this.tickets = new Tickets(sql);
    this.window = new Window(sql);
    this.seen = new SeenIds(sql);
    this.event_ids = new RememberedEventIds(sql, now_ms());
    this.outbox = new Outbox(sql);
    this.flushed = new FlushedLog(sql);
    this.follow = new Following(this.window, this.flushed, () => this.nextSeq() - 1);
    this.progress = readState<Progress>(sql, STATE.progress) ?? { flushed_seq: 0, usage: noUsage() };
    this.open_plan = readState<StoredPlan>(sql, STATE.plan);
    for (const slot of this.window.slotsAfter(this.progress.flushed_seq)) this.event_ids.recall(this.window.eventIdHashes(slot));
    for (const frame of this.unflushed()) this.enter(frame);
  }

  // ── Append ────────────────────────────────────────────────────────────────

  /** Takes frames that it has not seen; see the spine, rule 1. All of the request or nothing is stored. */
  append(request: AppendRequest): AppendAnswer {
    const now_ms = this.now_ms();
    if (this.tenancy.isDeleted()) return { status: "gone" };
    const unique = new Map(request.frames.map((frame) => [frame.frame_id, frame]));
    const fresh = [...unique.values()].filter((frame) => !this.isKnown(frame.frame_id));
    const size_bytes = fresh.reduce((sum, frame) => sum + frame.size_bytes, 0);
    if (fresh.length > 0 && this.window_size_bytes + size_bytes > WINDOW_SIZE_BYTES_MAX) return { status: "full" };
    const rows = fresh.reduce((sum, frame) => sum + frame.rows, 0);
    if (request.enforce_quota && rows > 0 && this.eventsToday(now_ms) + rows > this.tenancy.dailyEventsMax()) {
      return { status: "quota", retry_after_s: secondsToMidnight(now_ms) };
    }
    let seq = this.nextSeq();
    let event_ids_overflowed = false;
    const stored: NewFrame[] = fresh.map((frame) => {
      const taken = frame.event_ids ? this.event_ids.take(frame.event_ids, now_ms) : null;
      if (taken?.overflowed) event_ids_overflowed = true;
      return { frame, seq: seq++, masked: taken && taken.masked.length > 0 ? taken.masked : null };
    });
    if (stored.length > 0) {
      this.release(now_ms);
      this.sql.transaction(() => this.window.store(stored));
      for (const { frame, masked } of stored) this.enter({ ...frame, masked });
    }
    const answers = new Map(stored.map((entry) => [entry.frame.frame_id, entry]));
    return { status: "ok", frames: request.frames.map(({ frame_id }) => answerFor(frame_id, answers.get(frame_id))), event_ids_overflowed };
  }

  private isKnown(frame_id: string): boolean {
    return this.window_ids.has(frame_id) || this.seen.has(frame_id);
  }

  private enter(frame: Pick<WindowFrame, "frame_id" | "rows" | "raw_bytes" | "size_bytes" | "accepted_us" | "masked">): void {
    this.window_ids.add(frame.frame_id);
    this.window_size_bytes += frame.size_bytes;
    this.window_usage = addUsage(this.window_usage, [frame]);
  }

  private nextSeq(): number {
    return Math.max(this.window.seq_last, this.progress.flushed_seq) + 1;
  }

  private unflushed(): WindowFrame[] {
    return this.window.framesAfter(this.progress.flushed_seq);
  }

  // ── View ──────────────────────────────────────────────────────────────────

  /**
   * What a search must know besides D1; see the spine, rule 8. Where a pinned view asks for frames that the window has let go of,
   * the answer is a fresh view: its `flushed_seq` differs from the one that was pinned.
   */
  view(request: ViewRequest): ViewAnswer {
    const after_seq = this.stillHas(request.after_seq) ? request.after_seq : this.progress.flushed_seq;
    const start_seq = after_seq === request.after_seq ? (request.start_seq ?? 0) : 0;
    const frames = this.window
      .framesAfter(after_seq)
      .filter((frame) => frame.seq >= start_seq && frame.ts_max_us >= request.from_us && frame.ts_min_us <= request.to_us);
    const read = this.window.read(frames, new Set(request.held), VIEW_SIZE_BYTES_MAX);
    return { shards: 1, flushed_seq: after_seq, frames: read.frames, next_seq: read.next_seq, recent: this.outbox.recent(this.now_ms()) };
  }

  private stillHas(after_seq: number | null): after_seq is number {
    if (after_seq === null) return false;
    return this.window.framesAfter(after_seq).length === this.nextSeq() - 1 - after_seq;
  }

  // ── Flush ─────────────────────────────────────────────────────────────────

  /** The open plan, or a new one where a flush is due or forced; see the spine, rule 3. */
  plan(force: boolean): FlushPlan | null {
    if (this.tenancy.isDeleted()) return null;
    if (!this.open_plan) {
      if (!force && !this.flushIsDue()) return null;
      this.open_plan = this.freeze();
      if (!this.open_plan) return null;
      const plan = this.open_plan;
      this.sql.transaction(() => writeState(this.sql, STATE.plan, plan));
    }
    return { ...this.open_plan, ...this.readPlan(this.open_plan, this.open_plan.seq_min) };
  }

  /** Frames of the open plan from `start_seq` on; null where it is another plan that is open, or none. */
  planned(plan_id: string, start_seq: number): { frames: ViewFrame[]; next_seq: number | null } | null {
    return this.open_plan?.plan_id === plan_id ? this.readPlan(this.open_plan, start_seq) : null;
  }

  /** Little at a time: a large message is copied several times on its way, each time into memory that is fresh from the system. */
  private readPlan({ seq_max }: StoredPlan, start_seq: number): { frames: ViewFrame[]; next_seq: number | null } {
    const frames = this.window.framesAfter(start_seq - 1).filter((frame) => frame.seq <= seq_max);
    return this.window.read(frames, new Set(), FLUSH_READ_SIZE_BYTES);
  }

  /** Whole rows from the oldest on, so that a row is flushed at once and its place becomes free at once. */
  private freeze(): StoredPlan | null {
    const slots = this.window.slotsAfter(this.progress.flushed_seq);
    let size_bytes = 0;
    let end = 0;
    for (const slot of slots) {
      const slot_size_bytes = slot.frames.reduce((sum, frame) => sum + frame.size_bytes, 0);
      if (end > 0 && size_bytes + slot_size_bytes > FLUSH_PLAN_SIZE_BYTES_MAX) break;
      size_bytes += slot_size_bytes;
      end++;
    }
    if (end === 0) return null;
    const seq_min = slots[0]!.seq_min;
    const seq_max = slots[end - 1]!.seq_max;
    const ids = slots.slice(0, end).flatMap((slot) => slot.frames.map((frame) => frame.frame_id));
    const plan_id = `${this.identity.shard}-${padded(seq_min)}-${padded(seq_max)}-${hashOf(ids)}`;
    return { plan_id, ...this.identity, seq_min, seq_max, created_us: this.now_ms() * 1000 };
  }

  private framesOf(plan: StoredPlan): WindowFrame[] {
    return this.window.framesAfter(plan.seq_min - 1).filter((frame) => frame.seq <= plan.seq_max);
  }

  /**
   * The plan's events are in R2: the window may let go of them. Idempotent.
   * @param row null where every row of the plan was masked, so that there is no segment
   */
  commit(plan_id: string, row: SegmentRow | null): void {
    const plan = this.open_plan;
    if (plan?.plan_id !== plan_id) {
      if (seqMaxOf(plan_id) <= this.progress.flushed_seq || this.tenancy.isDeleted()) return;
      throw new Error(`commit of plan ${plan_id}, which is neither open nor done`);
    }
    const now_ms = this.now_ms();
    const frames = this.framesOf(plan);
    const rows = frames.reduce((sum, frame) => sum + frame.rows - (frame.masked?.length ?? 0), 0);
    if (rows !== (row?.rows ?? 0)) throw new Error(`commit of plan ${plan_id} with ${row?.rows ?? 0} rows, the plan has ${rows}`);
    const progress: Progress = { flushed_seq: plan.seq_max, usage: addUsage(this.progress.usage, frames) };
    const slots = this.window.slotsAfter(plan.seq_min - 1).filter((slot) => slot.seq_max <= plan.seq_max);
    this.sql.transaction(() => {
      this.seen.add(
        frames.map((frame) => frame.frame_id),
        now_ms,
      );
      this.event_ids.keep(joinBytes(slots.map((slot) => this.window.eventIdHashes(slot))), now_ms);
      this.outbox.add(plan.seq_max, row, now_ms);
      this.flushed.add(frames.map(flushedFrame), row, now_ms);
      writeState(this.sql, STATE.progress, progress);
      writeState(this.sql, STATE.plan, null);
    });
    this.progress = progress;
    this.open_plan = null;
    for (const frame of frames) {
      this.window_ids.delete(frame.frame_id);
      this.window_size_bytes -= frame.size_bytes;
    }
    this.window_usage = addUsage(noUsage(), this.unflushed());
  }

  waitingRows(): SegmentRow[] {
    return this.outbox.waiting();
  }

  exported(segment_ids: readonly string[]): void {
    this.sql.transaction(() => this.outbox.markExported(segment_ids, this.now_ms()));
  }

  private release(now_ms: number): void {
    this.forgotten_seq = Math.max(this.forgotten_seq, this.outbox.forget(now_ms));
    const seq = Math.min(
      this.forgotten_seq,
      Math.max(this.counted_seq, this.window.seqBeyond(this.forgotten_seq, UNCOUNTED_SIZE_BYTES_MAX)),
    );
    if (seq > 0) this.window.release(seq);
  }

  /** Frames still with the object after a sequence number, for the monitor, which has counted everything up to there. */
  uncounted(after_seq: number, size_bytes_max: number): Omit<UncountedAnswer, "metrics_watched"> {
    this.counted_seq = Math.max(this.counted_seq, after_seq);
    const oldest_seq = this.window.firstAfter(0)?.seq ?? this.nextSeq();
    const { frames, next_seq } = this.window.read(this.window.framesAfter(after_seq), new Set(), size_bytes_max);
    return { oldest_seq, frames, more: next_seq !== null };
  }

  /** Frames in R2's journal that nobody has counted yet: their objects must stay though their events are in segments. */
  private awaited(): ReadonlySet<string> {
    return new Set(this.window.framesAfter(this.counted_seq).flatMap(({ frame_id, journal }) => (journal === null ? [] : [frame_id])));
  }

  /** Of hashes of client event ids: a byte each, 1 where the id is remembered. */
  knownEventIds(hashes: Uint8Array): Uint8Array {
    return this.event_ids.known(hashes);
  }

  known(frame_ids: readonly string[]): { frame_id: string; seen: boolean; in_window: boolean }[] {
    const awaited = this.awaited();
    const in_window = (frame_id: string) => this.window_ids.has(frame_id) || awaited.has(frame_id);
    return frame_ids.map((frame_id) => ({ frame_id, seen: this.isKnown(frame_id), in_window: in_window(frame_id) }));
  }

  // ── When to wake ──────────────────────────────────────────────────────────

  private flushIsDue(): boolean {
    const due_ms = this.flushDue_ms();
    return due_ms !== null && due_ms <= this.now_ms();
  }

  private flushDue_ms(): number | null {
    const oldest = this.window.firstAfter(this.progress.flushed_seq);
    if (!oldest) return null;
    if (this.window_size_bytes >= FLUSH_SIZE_BYTES) return 0;
    return this.pastTime_ms(oldest.accepted_us / 1000) + FLUSH_AGE_MS;
  }

  /**
   * When the object should next ask for a flush job; null while there is nothing to do.
   * @param asked_ms when it last asked without a commit since; 0 where it did not
   */
  wakeAt_ms(asked_ms: number): number | null {
    if (this.tenancy.isDeleted()) return null;
    const last_ms = this.pastTime_ms(asked_ms);
    const begun_ms = this.open_plan ? this.open_plan.created_us / 1000 : this.outbox.waitingSince_ms();
    if (begun_ms !== null) return Math.max(this.pastTime_ms(begun_ms), last_ms) + FLUSH_RETRY_MS;
    const due_ms = this.flushDue_ms();
    return due_ms === null || due_ms > last_ms ? due_ms : last_ms === 0 ? 0 : last_ms + FLUSH_RETRY_MS;
  }

  /** A remembered time; 0 where it lies ahead, for then the clock was put back since and nobody knows how long ago it was. */
  private pastTime_ms(time_ms: number): number {
    return time_ms > this.now_ms() + CLOCK_SKEW_MS_MAX ? 0 : time_ms;
  }

  eventsToday(now_ms: number): number {
    const day = dayOf(now_ms);
    return eventsOn(this.progress.usage, day) + eventsOn(this.window_usage, day);
  }

  status(): StreamStatus {
    const frames = this.unflushed();
    return {
      next_seq: this.nextSeq(),
      flushed_seq: this.progress.flushed_seq,
      window_frames: frames.length,
      window_rows: this.window_usage.events,
      window_size_bytes: this.window_size_bytes,
      oldest_accepted_us: frames[0]?.accepted_us ?? null,
      plan_id: this.open_plan?.plan_id ?? null,
      outbox: this.outbox.waiting().length,
      events_today: this.eventsToday(this.now_ms()),
      events_total: this.progress.usage.events + this.window_usage.events,
      raw_bytes_total: this.progress.usage.raw_bytes + this.window_usage.raw_bytes,
    };
  }
}

function answerFor(frame_id: string, entry: NewFrame | undefined): AppendedFrame {
  return { frame_id, status: entry ? "appended" : "duplicate", seq: entry?.seq ?? 0, masked_rows: entry?.masked?.length ?? 0 };
}

function flushedFrame({ seq, rows, masked, accepted_us }: WindowFrame): FlushedFrame {
  return { seq, rows: rows - (masked?.length ?? 0), accepted_ms: Math.floor(accepted_us / 1000) };
}

function padded(seq: number): string {
  return String(seq).padStart(12, "0");
}

function seqMaxOf(plan_id: string): number {
  return Number(plan_id.split("-")[2]);
}

/** FNV-1a over the ids: a stream set back in time gives its next plan another name than the one that took its numbers before. */
function hashOf(ids: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const id of ids) for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
