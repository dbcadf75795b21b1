import type { SegmentRow } from "../../worker/engine/segment/segment-row.ts";
import { FLUSH_FRAMES_LENGTH_MAX, FLUSHES_KEPT_MAX, FLUSHES_KEPT_MS } from "../../worker/limits.ts";
import { FreeRows, type SqlDatabase } from "../storage.ts";
import type { FlushedFrames } from "./types.ts";

interface Kept {
  row_id: number;
  seq_min: number;
  seq_max: number;
  committed_ms: number;
  /** Of the frame that arrived last. */
  accepted_ms_max: number;
}

/** A frame of a flush, as much of it as its segment does not say. */
export interface FlushedFrame {
  seq: number;
  rows: number;
  accepted_ms: number;
}

/**
 * Which frames the segments of the last flushes hold, in which order. Rows of a segment do not bear sequence numbers; with this a reader whose place has
 * left the window finds it in the flushed segment, to the row, as long as that is there.
 */
export class FlushedLog {
  private readonly sql: SqlDatabase;
  /** Ascending, without a hole. */
  private kept: Kept[];
  private readonly free: FreeRows;

  constructor(sql: SqlDatabase) {
    this.sql = sql;
    const rows = sql.exec("SELECT row_id, seq_min, seq_max, committed_ms, accepted_ms_max FROM flushed").toArray();
    this.kept = (rows as unknown as Kept[]).sort((a, b) => a.seq_min - b.seq_min);
    const ids = this.kept.map((entry) => entry.row_id);
    this.free = new FreeRows(ids, Math.max(0, ...ids));
    this.kept = this.kept.filter(
      (entry, index) => this.kept[index + 1] === undefined || entry.seq_max + 1 === this.kept[index + 1]!.seq_min,
    );
  }

  /** Part of the transaction that commits the flush. */
  add(frames: readonly FlushedFrame[], segment: SegmentRow | null, now_ms: number): void {
    const text = JSON.stringify([frames.map(({ rows }) => rows), frames.map(({ accepted_ms }) => accepted_ms)]);
    const [seq_min, seq_max] = [frames[0]!.seq, frames.at(-1)!.seq];
    const follows = (this.kept.at(-1)?.seq_max ?? seq_min - 1) === seq_min - 1;
    const is_told = text.length <= FLUSH_FRAMES_LENGTH_MAX;
    this.forget(follows && is_told ? this.kept.filter((entry) => entry.committed_ms + FLUSHES_KEPT_MS < now_ms).length : this.kept.length);
    this.forget(this.kept.length - FLUSHES_KEPT_MAX + 1);
    if (!is_told) return;
    const accepted_ms_max = frames.reduce((latest, { accepted_ms }) => Math.max(latest, accepted_ms), 0);
    const entry: Kept = { row_id: this.free.take(), seq_min, seq_max, committed_ms: now_ms, accepted_ms_max };
    this.sql.exec(
      "REPLACE INTO flushed (row_id, seq_min, seq_max, committed_ms, accepted_ms_max, segment, frames) VALUES (?, ?, ?, ?, ?, ?, ?)",
      entry.row_id,
      seq_min,
      seq_max,
      now_ms,
      accepted_ms_max,
      segment === null ? null : JSON.stringify(segment),
      text,
    );
    this.kept.push(entry);
  }

  private forget(count: number): void {
    for (const entry of this.kept.splice(0, Math.max(0, count))) this.free.giveBack(entry.row_id);
  }

  /** The lowest sequence number from which on every flushed frame is known; null where none is. */
  oldestSeq(now_ms: number): number | null {
    return this.kept.find((entry) => entry.committed_ms + FLUSHES_KEPT_MS >= now_ms)?.seq_min ?? null;
  }

  /** Known flushes that hold frames after `seq`, ascending. */
  after(seq: number, now_ms: number): FlushedFrames[] {
    const flushes: FlushedFrames[] = [];
    for (const entry of this.kept.toReversed()) {
      if (entry.seq_max <= seq || entry.committed_ms + FLUSHES_KEPT_MS < now_ms) break;
      flushes.unshift(this.read(entry));
    }
    return flushes;
  }

  /** The first known flushed frame that arrived at this time or later. */
  firstSince(since_ms: number, now_ms: number): { seq: number } | null {
    for (const entry of this.kept) {
      if (entry.accepted_ms_max < since_ms || entry.committed_ms + FLUSHES_KEPT_MS < now_ms) continue;
      const index = this.read(entry).accepted_ms.findIndex((accepted_ms) => accepted_ms >= since_ms);
      if (index >= 0) return { seq: entry.seq_min + index };
    }
    return null;
  }

  private read({ row_id, seq_min, seq_max }: Kept): FlushedFrames {
    const row = this.sql.exec("SELECT segment, frames FROM flushed WHERE row_id = ?", row_id).toArray()[0]!;
    const [rows, accepted_ms] = JSON.parse(row.frames as string) as [number[], number[]];
    return {
      seq_min,
      seq_max,
      rows,
      accepted_ms,
      segment: row.segment === null ? null : (JSON.parse(row.segment as string) as SegmentRow),
    };
  }
}
