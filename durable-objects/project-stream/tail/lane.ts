import { addCounts, countRows, type LevelCounts, noCounts } from "../../../worker/engine/query/query.ts";
import { TAIL_CATCH_UP_MS_MAX, TAIL_CURSOR_PAUSE_MS, TAIL_FRAME_LINES_MAX } from "../../../worker/limits.ts";
import type { TailPosition } from "../types.ts";
import { type Chunk, FrameChunk, StoredChunk } from "./chunk.ts";
import { samePosition } from "./cursor.ts";
import { FrameText, type Gap } from "./frame-text.ts";
import type { Matches, OpenedFrame } from "./frames.ts";
import { Rate } from "./rate.ts";
import type { TailQuery } from "./tail-query.ts";
import type { Viewer } from "./viewer.ts";

/** Rows that the share of matching ones is taken of. */
const SEEN_ROWS_MAX = 50_000;
/** Bytes of an event below which its text is made at once: a waiting row keeps its whole frame in memory. */
const LINE_SIZE = 800;

function chunkOf(query: TailQuery, opened: OpenedFrame, matches: Matches): Chunk {
  const chunk = new FrameChunk(query, opened, matches);
  return matches.rows.length * LINE_SIZE < opened.frame.raw_bytes ? new StoredChunk(chunk.all()) : chunk;
}

/**
 * Sockets that ask the same and stand at the same place: rows are looked at, and frames are made, once for all of them.
 * Who is elsewhere has a lane of their own until they meet.
 */
export class Lane {
  readonly query: TailQuery;
  readonly viewers = new Set<Viewer>();
  /** What has been sent. */
  position: TailPosition;
  /** Frames up to here were looked at; what matched and was not sent waits in chunks. */
  looked: TailPosition;
  /** While segments are read nothing else happens. */
  is_reading_history = false;
  gap: Gap | null = null;
  /** Turns that failed, one after another. */
  failures = 0;
  #chunks: Chunk[] = [];
  #counts: LevelCounts = noCounts();
  readonly #rate: Rate;
  /** Until then every line is sent, however many there are. */
  #catching_up_until_ms: number;
  #framed_ms = 0;
  readonly #was_slow: boolean;
  #dropped = 0;

  /** @param was_slow its reader did not confirm for a while */
  constructor(query: TailQuery, position: TailPosition, now_ms: number, was_slow = false) {
    this.query = query;
    this.position = position;
    this.looked = { ...position, rows: 0 };
    this.#rate = new Rate(now_ms);
    this.#was_slow = was_slow;
    this.#catching_up_until_ms = was_slow ? 0 : now_ms + TAIL_CATCH_UP_MS_MAX;
  }

  /** Lines that one frame carries, as they were lately. */
  capacity = TAIL_FRAME_LINES_MAX;
  #rows_seen = 0;
  #rows_found = 0;

  /** Lines that wait, and those that so many further rows will bring if they are like those before. */
  expected(rows: number): number {
    return this.waiting + (this.#rows_seen === 0 ? 0 : (rows * this.#rows_found) / this.#rows_seen);
  }

  get waiting(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.left, 0);
  }

  isCatchingUp(now_ms: number): boolean {
    return now_ms < this.#catching_up_until_ms;
  }

  /** It has come to the end: from now on it may be sampled. */
  arrived(): void {
    this.#catching_up_until_ms = 0;
  }

  /** Takes in the next frame. Of the one in whose midst the place is only what comes after. @throws FrameError, QueryLimitError */
  look(opened: OpenedFrame, now_ms: number): void {
    const { seq, accepted_us } = opened.frame;
    let matches = opened.match(this.query);
    if (this.position.seq === seq - 1 && this.position.rows > 0 && this.looked.seq === this.position.seq) {
      matches = { ...matches, rows: matches.rows.filter((row) => opened.visibleIndex(row) >= this.position.rows) };
    }
    this.looked = { seq, rows: 0, accepted_ms: Math.floor(accepted_us / 1000) };
    this.#found(matches, opened.frame.rows, now_ms);
    if (matches.rows.length > 0) this.#chunks.push(chunkOf(this.query, opened, matches));
  }

  /** Goes on after a place without having looked at what is before it; the next frame tells. */
  passOver(looked: TailPosition, gap: Gap): void {
    this.looked = looked;
    this.gap = this.gap ? { ...gap, from_ms: this.gap.from_ms } : gap;
  }

  #found({ stored, rows }: Matches, rows_seen: number, now_ms: number): void {
    // Older rows count less: what is found changes.
    if (this.#rows_seen > SEEN_ROWS_MAX) {
      this.#rows_seen /= 2;
      this.#rows_found /= 2;
    }
    this.#rows_seen += rows_seen;
    this.#rows_found += rows.length;
    countRows(this.#counts, stored, rows);
    this.#rate.add(rows.length, now_ms);
  }

  /** Lines from segments, which come before everything that was not looked at yet. */
  addHistory(chunk: Chunk, counts: LevelCounts, looked: TailPosition): void {
    if (chunk.left > 0) this.#chunks.push(chunk);
    addCounts(this.#counts, counts);
    this.looked = looked;
  }

  /** Leaves so many of the lines that wait: an even share of them, or the newest where its reader was slow. */
  bound(lines_max: number): void {
    if (this.#was_slow) {
      for (let over = this.waiting - lines_max; over > 0; over--) {
        this.#dropped += this.#chunks[0]!.weight;
        this.#chunks[0]!.drop();
        if (this.#chunks[0]!.left === 0) this.#chunks.shift();
      }
      return;
    }
    const share = lines_max / this.waiting;
    if (share < 1) for (const chunk of this.#chunks) chunk.thin(share);
  }

  /**
   * The next frame, of at most so many characters but for a first line that is longer; null while there is nothing to say.
   * What is in it is sent: the place moves.
   */
  frame(size_max: number, now_ms: number): FrameText | null {
    if (this.viewers.size === 0) return null;
    const lines: string[] = [];
    let size = 0;
    let stood_for = 0;
    let position = this.position;
    while (this.#chunks.length > 0 && lines.length < TAIL_FRAME_LINES_MAX) {
      const chunk = this.#chunks[0]!;
      const line = chunk.next();
      if (lines.length > 0 && size + line.json.length > size_max) break;
      lines.push(line.json);
      size += line.json.length + 1;
      stood_for += chunk.weight;
      position = line.position;
      chunk.drop();
      if (chunk.left === 0) this.#chunks.shift();
    }
    if (this.#chunks.length === 0) position = this.looked.seq > position.seq ? this.looked : position;
    const has_moved = !samePosition(position, this.position);
    this.position = position;
    const is_due = has_moved && now_ms - this.#framed_ms >= TAIL_CURSOR_PAUSE_MS;
    if (lines.length > 0) this.capacity = Math.min(TAIL_FRAME_LINES_MAX, Math.max(1, Math.floor((size_max * lines.length) / size)));
    if (lines.length === 0 && !this.gap && !is_due) return null;
    this.#framed_ms = now_ms;
    const counts = { ...this.#counts, rate_per_s: this.#rate.perSecond(now_ms) };
    const kept = stood_for > lines.length ? lines.length / stood_for : null;
    const text = new FrameText({ lines, position, counts, kept, dropped: Math.round(this.#dropped), gap: this.gap });
    this.#dropped = 0;
    this.#counts = noCounts();
    this.gap = null;
    return text;
  }

  /** True where both lanes will send the same from now on. */
  meets(other: Lane): boolean {
    const is_settled = (lane: Lane) => lane.waiting === 0 && !lane.is_reading_history && lane.gap === null;
    return this.query.text === other.query.text && samePosition(this.position, other.position) && is_settled(this) && is_settled(other);
  }
}
