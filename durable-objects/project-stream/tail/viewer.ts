import { Problem, problemBody } from "../../../worker/errors.ts";
import { TAIL_MESSAGES_PER_10_S_MAX } from "../../../worker/limits.ts";
import type { TailPosition, TailViewer } from "../types.ts";
import type { FrameText } from "./frame-text.ts";
import type { Lane } from "./lane.ts";
import { restoreTailQuery, type TailQuery } from "./tail-query.ts";

/** What the platform keeps of a socket while the object is out of memory. */
interface Attachment {
  v: 1;
  viewer: TailViewer;
  query: string;
  position: TailPosition;
  paused: boolean;
  stalled: boolean;
  confirmed: boolean;
  metrics: string[];
  unread: number;
  asked: Asked | null;
  checked_ms: number;
}

/** A confirmation that was asked for: what had been sent by then. */
interface Asked {
  ack: number;
  size: number;
}

const RATE_SPAN_MS = 10_000;

/** Tells a reader who never confirmed anything why nothing more comes. */
function unconfirmedText(ack: number): string {
  const message = JSON.stringify({ type: "ack", ack });
  const error = new Problem("unconfirmed", `Nothing more is sent until what was sent is confirmed: send ${message}`);
  return JSON.stringify({ events: [], ack, error: problemBody(error) });
}

/**
 * One open socket. A WebSocket does not tell how much of what was sent still waits in memory, so the reader confirms: a frame with `ack` asks for
 * it, and what is not confirmed is bounded. Beyond it nothing is sent: lines wait where they are stored, and the reader goes on from its place once it
 * has confirmed.
 */
export class Viewer {
  readonly socket: WebSocket;
  readonly who: TailViewer;
  query: TailQuery;
  paused: boolean;
  metrics: ReadonlySet<string>;
  lane: Lane | null = null;
  /** Too much is unread. */
  stalled: boolean;
  saved_ms = 0;
  /** When somebody last said that this person still may. */
  checked_ms: number;
  /** Where it stands while it has no lane. */
  position: TailPosition;
  #unread: number;
  #asked: Asked | null;
  #ack = 0;
  /** Whether it ever confirmed. */
  #confirmed: boolean;
  #messages = 0;
  #messages_since_ms = 0;

  constructor(socket: WebSocket, state: Omit<Attachment, "v" | "query">, query: TailQuery) {
    this.socket = socket;
    this.who = state.viewer;
    this.query = query;
    this.position = state.position;
    this.paused = state.paused;
    this.metrics = new Set(state.metrics);
    this.stalled = state.stalled;
    this.#confirmed = state.confirmed;
    this.checked_ms = state.checked_ms;
    this.#unread = state.unread;
    this.#asked = state.asked;
    this.#ack = state.asked?.ack ?? 0;
  }

  static open(
    socket: WebSocket,
    viewer: TailViewer,
    query: TailQuery,
    position: TailPosition,
    metrics: readonly string[],
    now_ms: number,
  ): Viewer {
    const state = { viewer, checked_ms: now_ms, position, paused: false, stalled: false, confirmed: false };
    return new Viewer(socket, { ...state, metrics: [...metrics], unread: 0, asked: null }, query);
  }

  /** A socket that was open before the object fell out of memory; null for one that is none of ours. */
  static restore(socket: WebSocket): Viewer | null {
    const state = socket.deserializeAttachment() as Attachment | null;
    return state?.v === 1 ? new Viewer(socket, state, restoreTailQuery(state.query)) : null;
  }

  save(now_ms: number): void {
    const { who, query, position, paused, stalled, metrics, checked_ms } = this;
    const state = {
      viewer: who,
      checked_ms,
      query: query.text,
      position,
      paused,
      stalled,
      confirmed: this.#confirmed,
      metrics: [...metrics],
    };
    this.socket.serializeAttachment({ v: 1, ...state, unread: this.#unread, asked: this.#asked } satisfies Attachment);
    this.saved_ms = now_ms;
  }

  /**
   * Sends a frame where that much more may wait unread.
   * @param before its place
   * @param unread_max characters
   * @returns false where it has to wait there
   */
  deliver(frame: FrameText, before: TailPosition, cursor: string, unread_max: number, now_ms: number): boolean {
    const ack = this.#toAsk(unread_max);
    const text = frame.text(cursor, ack === null ? {} : { ack });
    if (!this.mayHold(text.length, unread_max)) {
      this.position = before;
      this.#stall();
      this.save(now_ms);
      return false;
    }
    this.position = frame.position;
    if (this.send(text) && ack !== null) this.#asked = { ack, size: this.#unread };
    this.save(now_ms);
    return true;
  }

  #toAsk(unread_max: number): number | null {
    if (this.#asked || this.#unread * 4 < unread_max) return null;
    this.#ack++;
    return this.#ack;
  }

  #stall(): void {
    this.stalled = true;
    this.#asked ??= { ack: ++this.#ack, size: this.#unread };
    if (this.#confirmed) return;
    this.send(unconfirmedText(this.#asked.ack));
    this.#asked.size = this.#unread;
  }

  /** What was sent up to a frame with `ack` was read. @returns whether it goes on now */
  confirm(ack: number | null): boolean {
    if (!this.#asked || (ack !== null && ack !== this.#asked.ack)) return false;
    this.#unread = Math.max(0, this.#unread - this.#asked.size);
    this.#asked = null;
    this.#confirmed = true;
    const { stalled } = this;
    this.stalled = false;
    return stalled;
  }

  /** Sends what is not part of the stream. False where the socket is closed. */
  send(text: string): boolean {
    try {
      this.socket.send(text);
      this.#unread += text.length;
      return true;
    } catch {
      return false;
    }
  }

  /** Whether so much more may be sent. */
  mayHold(size: number, unread_max: number): boolean {
    return this.#unread === 0 || this.#unread + size <= unread_max;
  }

  close(code: number, reason: string): void {
    try {
      this.socket.close(code, reason);
    } catch {
      // It is closed already.
    }
  }

  /** Counts a message of the client; false where it sends too many. */
  admits(now_ms: number): boolean {
    if (now_ms - this.#messages_since_ms >= RATE_SPAN_MS) {
      this.#messages = 0;
      this.#messages_since_ms = now_ms;
    }
    this.#messages++;
    return this.#messages <= TAIL_MESSAGES_PER_10_S_MAX;
  }
}
