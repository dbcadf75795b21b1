import { Problem } from "../../../worker/errors.ts";
import {
  TAIL_FRAME_PAUSE_MS,
  TAIL_FRAME_SIZE_MAX,
  TAIL_OUTPUT_SIZE_MAX,
  TAIL_SAVE_PAUSE_MS,
  TAIL_UNREAD_SIZE_MAX,
  TAIL_UNREAD_SIZE_MIN,
  TAIL_UNREAD_TOTAL_SIZE_MAX,
} from "../../../worker/limits.ts";
import type { TailPosition } from "../types.ts";
import { encodeTailCursor } from "./cursor.ts";
import type { FrameText } from "./frame-text.ts";
import { FrameReader } from "./frames.ts";
import { History } from "./history.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { Looking } from "./looking.ts";
import type { TailHost } from "./tail.ts";
import type { Viewer } from "./viewer.ts";

/** Turns of a lane that may fail one after another, as where R2 does not answer, before its readers are sent away. */
const FAILURES_MAX = 20;

/** What the turns need of those who are served. */
export interface Served {
  lanes: Lanes;
  /** Open sockets, those that wait for nothing included. */
  sockets(): number;
  beforeSending(): Promise<void>;
  refuse(viewer: Viewer, problem: Problem): void;
}

/** Looks at what is new and sends it, at most every TAIL_FRAME_PAUSE_MS. A timer runs only while there is something to do: otherwise the object may sleep. */
export class Turns {
  readonly #host: TailHost;
  readonly #served: Served;
  readonly #history: History;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #is_running = false;
  #ran_ms = 0;
  #count = 0;

  constructor(host: TailHost, served: Served) {
    this.#host = host;
    this.#served = served;
    this.#history = new History(host, () => this.schedule());
  }

  get #following() {
    return this.#host.core().follow;
  }

  /** True where something may have to be sent. */
  get is_due(): boolean {
    const { last_seq } = this.#following;
    return this.#served.lanes
      .all()
      .some((lane) => !lane.is_reading_history && (lane.waiting > 0 || lane.gap !== null || lane.looked.seq < last_seq));
  }

  /** The next turn comes as soon as it may. */
  schedule(): void {
    if (this.#timer !== null || this.#is_running) return;
    const wait_ms = Math.min(TAIL_FRAME_PAUSE_MS, Math.max(0, this.#ran_ms + TAIL_FRAME_PAUSE_MS - this.#host.now_ms()));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#run();
    }, wait_ms);
  }

  async #run(): Promise<void> {
    this.#is_running = true;
    this.#ran_ms = this.#host.now_ms();
    try {
      await this.#turn(this.#ran_ms);
    } finally {
      this.#is_running = false;
    }
    if (this.is_due) this.schedule();
  }

  async #turn(now_ms: number): Promise<void> {
    const { lanes } = this.#served;
    const following = this.#following;
    const looking = new Looking(following, new FrameReader(following, this.#host.journal), now_ms);
    for (const lane of this.#inTurn()) await this.#look(looking, lane);
    await this.#served.beforeSending();
    for (const lane of lanes.all()) this.#send(lane, now_ms);
    lanes.merge();
  }

  /** Each turn begins with another lane: where a turn ends before all had theirs, it is not always the same ones that wait. */
  #inTurn(): Lane[] {
    const lanes = this.#served.lanes.all();
    const first = this.#count++ % Math.max(1, lanes.length);
    return [...lanes.slice(first), ...lanes.slice(0, first)];
  }

  async #look(looking: Looking, lane: Lane): Promise<void> {
    if (lane.is_reading_history || lane.viewers.size === 0) return;
    try {
      await looking.look(lane);
      lane.failures = 0;
    } catch (error) {
      console.error("a live tail could not look at what arrived", this.#host.identity.project_id, error);
      if (++lane.failures < FAILURES_MAX) return;
      const problem = new Problem("unavailable", "What arrived cannot be read at the moment; come back with the cursor.");
      for (const viewer of [...lane.viewers]) this.#served.refuse(viewer, problem);
    }
    if (looking.misses(lane)) this.#history.read(lane);
  }

  #send(lane: Lane, now_ms: number): void {
    const before = lane.position;
    const frame = lane.frame(Math.min(TAIL_FRAME_SIZE_MAX, TAIL_OUTPUT_SIZE_MAX / Math.max(1, this.#served.sockets())), now_ms);
    if (frame) {
      this.#deliver(lane, frame, before, now_ms);
      return;
    }
    for (const viewer of lane.viewers) {
      viewer.position = lane.position;
      if (now_ms - viewer.saved_ms >= TAIL_SAVE_PAUSE_MS) viewer.save(now_ms);
    }
  }

  /** @param before where its readers were: who has too much unread waits there */
  #deliver(lane: Lane, frame: FrameText, before: TailPosition, now_ms: number): void {
    const cursor = encodeTailCursor(this.#host.identity, frame.position);
    const unread_max = this.unreadMax();
    for (const viewer of [...lane.viewers]) {
      if (!viewer.deliver(frame, before, cursor, unread_max, now_ms)) this.#served.lanes.leave(viewer, before);
    }
  }

  /** Characters that one socket may have unread. */
  unreadMax(): number {
    const share = TAIL_UNREAD_TOTAL_SIZE_MAX / Math.max(1, this.#served.sockets());
    return Math.max(TAIL_UNREAD_SIZE_MIN, Math.min(TAIL_UNREAD_SIZE_MAX, share));
  }
}
