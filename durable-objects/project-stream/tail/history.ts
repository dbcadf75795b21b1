/** What a reader has missed and the window does not hold any more: read from segments by a Worker, for an object does not do such work itself. */
import { TAIL_BACK_FILLS_AT_ONCE } from "../../../worker/limits.ts";
import type { StreamCore, StreamIdentity } from "../stream-core.ts";
import type { TailHistoryAnswer, TailHistoryRequest } from "../types.ts";
import { StoredChunk } from "./chunk.ts";
import type { Lane } from "./lane.ts";

export type HistoryReader = (request: TailHistoryRequest) => Promise<TailHistoryAnswer>;

interface HistoryHost {
  identity: StreamIdentity;
  core(): StreamCore;
  history: HistoryReader | null;
  now_ms(): number;
}

export class History {
  readonly #host: HistoryHost;
  readonly #done: () => void;
  readonly #waiting: Lane[] = [];
  #running = 0;

  /** @param done called when a lane can go on */
  constructor(host: HistoryHost, done: () => void) {
    this.#host = host;
    this.#done = done;
  }

  /** Reads what the lane has missed; it goes on with the window then. */
  read(lane: Lane): void {
    lane.is_reading_history = true;
    this.#waiting.push(lane);
    this.#next();
  }

  #next(): void {
    while (this.#running < TAIL_BACK_FILLS_AT_ONCE) {
      const lane = this.#waiting.shift();
      if (!lane) return;
      if (lane.viewers.size === 0) continue;
      this.#running++;
      void this.#fill(lane).finally(() => {
        this.#running--;
        lane.is_reading_history = false;
        this.#next();
        this.#done();
      });
    }
  }

  async #fill(lane: Lane): Promise<void> {
    const { identity, history, now_ms } = this.#host;
    const { follow } = this.#host.core();
    const { looked } = lane;
    const after = lane.position.seq === looked.seq ? lane.position : looked;
    const until = Math.max(follow.window_seq - 1, looked.seq + 1);
    const flushes = follow.flushesAfter(looked.seq, now_ms()).filter((flush) => flush.seq_min <= until);
    const [first] = flushes;
    const last = flushes.at(-1);
    if (!first || !last || !history) {
      const to = follow.window_seq > looked.seq + 1 ? follow.window_seq - 1 : looked.seq + 1;
      this.#give(lane, to, history ? "too_old" : "unreadable");
      return;
    }
    if (first.seq_min > looked.seq + 1) {
      const to_ms = first.accepted_ms[0] ?? now_ms();
      lane.passOver({ seq: first.seq_min - 1, rows: 0, accepted_ms: to_ms }, { from_ms: after.accepted_ms, to_ms, reason: "too_old" });
    }
    const place = lane.looked.seq > looked.seq ? lane.looked : after;
    try {
      const answer = await history({ project_id: identity.project_id, after: place, query: lane.query.text, flushes });
      if (answer.cut) lane.passOver(answer.from, { from_ms: place.accepted_ms, to_ms: answer.from.accepted_ms, reason: answer.cut });
      const accepted_ms = last.accepted_ms.at(-1) ?? 0;
      lane.addHistory(new StoredChunk(answer.lines), answer, { seq: last.seq_max, rows: 0, accepted_ms });
    } catch (error) {
      console.error("a live tail could not read segments", identity.project_id, error);
      this.#give(lane, last.seq_max, "unreadable");
    }
  }

  /** Goes on after a place, and says so. */
  #give(lane: Lane, seq: number, reason: "too_old" | "unreadable"): void {
    const now_ms = this.#host.now_ms();
    const to_ms = this.#host.core().follow.acceptedAfter_ms(seq, now_ms) ?? now_ms;
    lane.passOver({ seq, rows: 0, accepted_ms: to_ms }, { from_ms: lane.looked.accepted_ms, to_ms, reason });
  }
}
