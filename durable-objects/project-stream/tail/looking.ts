/** One turn of all filters over what is new in the window. */
import { QueryLimitError } from "../../../worker/engine/query/query-limit-error.ts";
import { FrameError } from "../../../worker/engine/segment/frame.ts";
import { TAIL_LAG_ROWS_SKIPPED, TAIL_LANES_WAITING_MAX, TAIL_LATE_FRAMES_MAX, TAIL_ROWS_PER_TURN_MAX } from "../../../worker/limits.ts";
import type { Following } from "../following.ts";
import type { FrameReader } from "./frames.ts";
import type { Lane } from "./lane.ts";

/** Rows that are left to a filter that was too far behind. */
const LEFT_ROWS = 20_000;

export class Looking {
  readonly #following: Following;
  readonly #reader: FrameReader;
  readonly #now_ms: number;
  readonly #missing = new Set<Lane>();
  #rows_left = TAIL_ROWS_PER_TURN_MAX;
  #waiting = 0;

  constructor(following: Following, reader: FrameReader, now_ms: number) {
    this.#following = following;
    this.#reader = reader;
    this.#now_ms = now_ms;
  }

  /** Frames that the lane stands before and that the window does not hold: they are to be read from segments. */
  misses(lane: Lane): boolean {
    return this.#missing.has(lane);
  }

  /** Looks at frames until enough lines wait, the window's end is reached, or the turn is over. */
  async look(lane: Lane): Promise<void> {
    if (lane.waiting === 0 && this.#waiting >= TAIL_LANES_WAITING_MAX) return;
    const following = this.#following;
    let lag = following.rowsAfter(lane.looked.seq);
    const is_free = lane.isCatchingUp(this.#now_ms);
    if (lag > TAIL_LAG_ROWS_SKIPPED && !is_free) {
      lane.passOver(following.placeBefore(LEFT_ROWS), { from_ms: lane.looked.accepted_ms, to_ms: this.#now_ms, reason: "overload" });
      lag = following.rowsAfter(lane.looked.seq);
    }
    const late = TAIL_LATE_FRAMES_MAX * lane.capacity;
    while (lane.looked.seq < following.last_seq && this.#rows_left > 0) {
      if (lane.waiting >= lane.capacity && (is_free || lane.expected(lag) <= late)) break;
      const rows = await this.#next(lane);
      if (rows === null) break;
      lag -= rows;
      this.#rows_left -= rows;
    }
    if (lane.looked.seq >= following.last_seq && lane.waiting <= lane.capacity) lane.arrived();
    if (!is_free && lane.waiting > late) lane.bound(Math.ceil(late / 2));
    if (lane.waiting > 0) this.#waiting++;
  }

  /** @returns rows looked at; null where the frame is not there */
  async #next(lane: Lane): Promise<number | null> {
    const seq = lane.looked.seq + 1;
    const opened = seq < this.#following.window_seq ? null : await this.#reader.open(seq);
    if (opened === null || opened === "missing") {
      this.#missing.add(lane);
      return null;
    }
    const { rows, accepted_us } = opened.frame;
    try {
      lane.look(opened, this.#now_ms);
    } catch (error) {
      // Such a frame costs itself only.
      if (!(error instanceof FrameError || error instanceof QueryLimitError)) throw error;
      if (error instanceof FrameError) console.error("a live tail passes over a damaged frame", opened.frame.frame_id, error);
      const accepted_ms = Math.floor(accepted_us / 1000);
      const reason = error instanceof FrameError ? "unreadable" : "query";
      lane.passOver({ seq, rows: 0, accepted_ms }, { from_ms: accepted_ms, to_ms: accepted_ms, reason });
    }
    return rows;
  }
}
