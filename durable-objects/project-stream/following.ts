import type { FlushedLog } from "./flushed-frames.ts";
import type { FlushedFrames, TailPosition, ViewFrame } from "./types.ts";
import type { Window, WindowFrame } from "./window.ts";

/** The stream as one who follows it meets it: frames in their order, first those that are flushed already, then those of the window. */
export class Following {
  private readonly window: Window;
  private readonly flushed: FlushedLog;
  private readonly lastSeq: () => number;

  constructor(window: Window, flushed: FlushedLog, lastSeq: () => number) {
    this.window = window;
    this.flushed = flushed;
    this.lastSeq = lastSeq;
  }

  /** The sequence number of the newest frame; 0 where there was none. */
  get last_seq(): number {
    return this.lastSeq();
  }

  /** The sequence number of the oldest frame that the window still has, flushed or not. */
  get window_seq(): number {
    return this.window.firstAfter(0)?.seq ?? this.lastSeq() + 1;
  }

  /** The place of a reader for whom nothing has happened yet. */
  end(): TailPosition {
    const seq = this.lastSeq();
    return { seq, rows: 0, accepted_ms: acceptedOf(this.window.firstAfter(seq - 1)) };
  }

  /** The next frames after `seq` with their bytes, up to a size, one at least. */
  frames(seq: number, size_bytes_max: number): ViewFrame[] {
    const frames: WindowFrame[] = [];
    let size_bytes = 0;
    for (const slot of this.window.slotsAfter(seq)) {
      for (const frame of slot.frames) if (frame.seq > seq) frames.push(frame);
      size_bytes += slot.frames.reduce((sum, frame) => sum + frame.size_bytes, 0);
      if (size_bytes >= size_bytes_max) break;
    }
    return this.window.read(frames, new Set(), size_bytes_max).frames;
  }

  /** Rows of the window's frames after `seq`. */
  rowsAfter(seq: number): number {
    return this.window.framesAfter(seq).reduce((sum, frame) => sum + frame.rows, 0);
  }

  /** The last frame of the window after which at most so many rows follow, as a place. */
  placeBefore(rows_max: number): TailPosition {
    let rows = 0;
    for (const frame of this.window.framesAfter(0).toReversed()) {
      rows += frame.rows;
      if (rows > rows_max) return { seq: frame.seq, rows: 0, accepted_ms: acceptedOf(frame) };
    }
    return { seq: this.window_seq - 1, rows: 0, accepted_ms: 0 };
  }

  /** When the first frame after `seq` arrived, where it is still known. */
  acceptedAfter_ms(seq: number, now_ms: number): number | null {
    const [flush] = this.flushed.after(seq, now_ms);
    if (flush) return flush.accepted_ms[Math.max(0, seq + 1 - flush.seq_min)] ?? null;
    const frame = this.window.firstAfter(seq);
    return frame ? acceptedOf(frame) : null;
  }

  /** Committed flushes with frames after `seq` that the window does not have any more, ascending; the newest where not all are known. */
  flushesAfter(seq: number, now_ms: number): FlushedFrames[] {
    const { window_seq } = this;
    return this.flushed.after(seq, now_ms).filter((flush) => flush.seq_min < window_seq);
  }

  /**
   * The place before the first frame that arrived at this time or later.
   * @returns with `is_known` false where there may be older ones of which nothing is known any more
   */
  placeSince(since_ms: number, now_ms: number): { position: TailPosition; is_known: boolean } {
    const oldest_seq = this.flushed.oldestSeq(now_ms) ?? this.window_seq;
    const first = this.flushed.firstSince(since_ms, now_ms) ?? this.firstInWindow(since_ms);
    if (!first) return { position: this.end(), is_known: true };
    const position = { seq: first.seq - 1, rows: 0, accepted_ms: 0 };
    return { position, is_known: first.seq > oldest_seq || oldest_seq <= 1 };
  }

  private firstInWindow(since_ms: number): { seq: number } | null {
    return this.window.framesAfter(0).find((frame) => frame.accepted_us >= since_ms * 1000) ?? null;
  }
}

function acceptedOf(frame: WindowFrame | undefined): number {
  return frame ? Math.floor(frame.accepted_us / 1000) : 0;
}
