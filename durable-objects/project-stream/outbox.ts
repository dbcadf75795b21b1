import type { SegmentRow } from "../../worker/engine/segment/segment-row.ts";
import { WINDOW_LINGER_MS } from "../../worker/limits.ts";
import { FreeRows, type SqlDatabase } from "../storage.ts";

interface Entry {
  row_id: number;
  seq_max: number;
  committed_ms: number;
  exported_ms: number | null;
  /** Null where a plan held only masked rows and made no segment. */
  segment: SegmentRow | null;
}

/**
 * Catalog rows of committed flushes: exported to D1 until D1 confirms, and kept for some minutes after, so that a search that read D1 a moment
 * too early finds them here (spine, rules 4 and 5).
 */
export class Outbox {
  private readonly sql: SqlDatabase;
  /** Ascending by sequence number. */
  private entries: Entry[] = [];
  private readonly free: FreeRows;

  constructor(sql: SqlDatabase) {
    this.sql = sql;
    const rows = sql.exec("SELECT row_id, seq_max, committed_ms, exported_ms, segment FROM outbox").toArray();
    this.entries = rows.map((row) => ({
      row_id: row.row_id as number,
      seq_max: row.seq_max as number,
      committed_ms: row.committed_ms as number,
      exported_ms: row.exported_ms as number | null,
      segment: row.segment === null ? null : (JSON.parse(row.segment as string) as SegmentRow),
    }));
    this.entries.sort((a, b) => a.seq_max - b.seq_max);
    const ids = this.entries.map((entry) => entry.row_id);
    this.free = new FreeRows(ids, Math.max(0, ...ids));
  }

  add(seq_max: number, segment: SegmentRow | null, now_ms: number): void {
    const exported_ms = segment ? null : now_ms;
    this.write({ row_id: this.free.take(), seq_max, committed_ms: now_ms, exported_ms, segment });
  }

  markExported(segment_ids: readonly string[], now_ms: number): void {
    for (const entry of this.entries) {
      if (entry.exported_ms !== null || !entry.segment || !segment_ids.includes(entry.segment.segment_id)) continue;
      this.write({ ...entry, exported_ms: now_ms });
    }
  }

  waiting(): SegmentRow[] {
    return this.entries.flatMap((entry) => (entry.exported_ms === null && entry.segment ? [entry.segment] : []));
  }

  /** When the oldest row that D1 does not have was committed; null where D1 has them all. */
  waitingSince_ms(): number | null {
    return this.entries.find((entry) => entry.exported_ms === null)?.committed_ms ?? null;
  }

  /** Rows that D1 may not have yet, or has had for less than WINDOW_LINGER_MS. */
  recent(now_ms: number): SegmentRow[] {
    return this.entries.flatMap((entry) => (entry.segment && !isForgettable(entry, now_ms) ? [entry.segment] : []));
  }

  /**
   * Forgets entries that D1 has had for WINDOW_LINGER_MS, oldest first.
   * @returns the sequence number up to which everything is forgotten; the window's rows up to there may be taken again
   */
  forget(now_ms: number): number {
    let seq = 0;
    while (this.entries.length > 0) {
      const entry = this.entries[0]!;
      if (!isForgettable(entry, now_ms)) break;
      seq = entry.seq_max;
      this.entries.shift();
      this.free.giveBack(entry.row_id);
    }
    return seq;
  }

  private write(entry: Entry): void {
    const segment = entry.segment ? JSON.stringify(entry.segment) : null;
    this.sql.exec(
      "REPLACE INTO outbox (row_id, seq_max, committed_ms, exported_ms, segment) VALUES (?, ?, ?, ?, ?)",
      entry.row_id,
      entry.seq_max,
      entry.committed_ms,
      entry.exported_ms,
      segment,
    );
    this.entries = [...this.entries.filter((other) => other.row_id !== entry.row_id), entry].sort((a, b) => a.seq_max - b.seq_max);
  }
}

function isForgettable(entry: Entry, now_ms: number): boolean {
  if (entry.exported_ms === null) return false;
  // Dated ahead: the clock was put back since. A search that is surprised by that plans again.
  return entry.exported_ms + WINDOW_LINGER_MS <= now_ms || entry.exported_ms > now_ms + WINDOW_LINGER_MS;
}
