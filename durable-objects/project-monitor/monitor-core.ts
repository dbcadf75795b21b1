import { MONITOR_HOURS_MAX } from "../../worker/limits.ts";
import type { StreamChanges } from "../project-stream/types.ts";
import { readState, type SqlDatabase, STATE_TABLE, writeState } from "../storage.ts";

export interface VolumeHour {
  /** Start of the hour of arrival, UTC, as an ISO time. */
  hour: string;
  events: number;
  raw_bytes: number;
}

interface MonitorState {
  /** By shard: everything up to here is counted (spine, rule 2). */
  applied_seq: Record<string, number>;
  hours: Record<string, { events: number; raw_bytes: number }>;
  /** Frames that the stream had let go of before they were counted. */
  missed_frames: number;
}

const VOLUME = 1;

/**
 * The counts of one project by hour of arrival, merged from what the stream tells. The cursor is stored with the counts in one row,
 * so that a delivery told twice counts once.
 */
export class MonitorCore {
  private readonly sql: SqlDatabase;
  private state: MonitorState;

  constructor(sql: SqlDatabase) {
    sql.exec(STATE_TABLE);
    this.sql = sql;
    this.state = readState<MonitorState>(sql, VOLUME) ?? { applied_seq: {}, hours: {}, missed_frames: 0 };
  }

  appliedSeq(shard: number): number {
    return this.state.applied_seq[shard] ?? 0;
  }

  apply(shard: number, changes: StreamChanges): void {
    const applied = this.appliedSeq(shard);
    const fresh = changes.frames.filter((frame) => frame.seq > applied);
    if (fresh.length === 0) return;
    const next: MonitorState = structuredClone(this.state);
    next.missed_frames += Math.max(0, changes.oldest_seq - applied - 1);
    for (const frame of fresh) {
      const hour = `${new Date(frame.accepted_us / 1000).toISOString().slice(0, 13)}:00:00Z`;
      const sum = next.hours[hour] ?? { events: 0, raw_bytes: 0 };
      next.hours[hour] = { events: sum.events + frame.rows, raw_bytes: sum.raw_bytes + frame.raw_bytes };
    }
    next.applied_seq[shard] = fresh.at(-1)!.seq;
    for (const hour of Object.keys(next.hours).sort().slice(0, -MONITOR_HOURS_MAX)) delete next.hours[hour];
    writeState(this.sql, VOLUME, next);
    this.state = next;
  }

  volume(): { hours: VolumeHour[]; missed_frames: number } {
    const hours = Object.entries(this.state.hours).map(([hour, sum]) => ({ hour, ...sum }));
    return { hours: hours.sort((a, b) => (a.hour < b.hour ? -1 : 1)), missed_frames: this.state.missed_frames };
  }
}
