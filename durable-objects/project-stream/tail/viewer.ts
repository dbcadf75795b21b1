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
  metrics: string[];
  dropped: number;
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

/** Tells a reader why nothing more comes. */
function unconfirmedText(ack: number): string {
  const message = JSON.stringify({ type: "ack", ack });
  const error = new Problem("unconfirmed", `Lines are dropped until what was sent is confirmed: send ${message}`);
  return JSON.stringify({ events: [], ack, error: problemBody(error) });
}

/**
 * One open socket. A WebSocket does not tell how much of what was sent still waits in memory, so the reader confirms: a frame with `ack` asks for
 * it, and what is not confirmed is bounded. Beyond it lines are dropped, counted and told with the next frame.
 */
export class Viewer {
  readonly socket: WebSocket;
  readonly who: TailViewer;
  query: TailQuery;
  paused: boolean;
  metrics: ReadonlySet<string>;
  lane: Lane | null = null;
  dropped: number;
  saved_ms = 0;
  /** When somebody last said that this person still may. */
  checked_ms: number;
  /** Where it stands while it has no lane. */
  position: TailPosition;
  #unread: number;
  #asked: Asked | null;
  #ack = 0;
  #stalled = false;
  #messages = 0;
  #messages_since_ms = 0;

  constructor(socket: WebSocket, state: Omit<Attachment, "v" | "query">, query: TailQuery) {
    this.socket = socket;
    this.who = state.viewer;
    this.query = query;
    this.position = state.position;
    this.paused = state.paused;
    this.metrics = new Set(state.metrics);
    this.dropped = state.dropped;
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
    const state = { viewer, checked_ms: now_ms, position, paused: false, metrics: [...metrics], dropped: 0, unread: 0, asked: null };
    return new Viewer(socket, state, query);
  }

  /** A socket that was open before the object fell out of memory; null for one that is none of ours. */
  static restore(socket: WebSocket): Viewer | null {
    const state = socket.deserializeAttachment() as Attachment | null;
    return state?.v === 1 ? new Viewer(socket, state, restoreTailQuery(state.query)) : null;
  }

  save(now_ms: number): void {
    const { who, query, position, paused, metrics, dropped, checked_ms } = this;
    const state = { checked_ms, viewer: who, query: query.text, position, paused, metrics: [...metrics], dropped };
    this.socket.serializeAttachment({ v: 1, ...state, unread: this.#unread, asked: this.#asked } satisfies Attachment);
    this.saved_ms = now_ms;
  }

  /**
   * Sends a frame, or counts its lines as dropped where too much is unread. Either way the reader has passed it.
   * @param unread_max characters
   */
  deliver(frame: FrameText, cursor: string, unread_max: number, now_ms: number): void {
    this.position = frame.position;
    if (this.#unread > 0 && this.#stalled) this.dropped += frame.lines;
    else {
      const ack = this.#toAsk(unread_max);
      const text = frame.text(cursor, { dropped: this.dropped, ...(ack === null ? {} : { ack }) });
      if (this.#unread > 0 && this.#unread + text.length > unread_max) this.#stall(frame.lines);
      else if (this.send(text)) {
        this.dropped = 0;
        if (ack !== null) this.#asked = { ack, size: this.#unread };
      }
    }
    this.save(now_ms);
  }

  #toAsk(unread_max: number): number | null {
    if (this.#asked || this.#unread * 4 < unread_max) return null;
    this.#ack++;
    return this.#ack;
  }

  #stall(lines: number): void {
    this.dropped += lines;
    this.#stalled = true;
    this.#asked ??= { ack: ++this.#ack, size: this.#unread };
    this.send(unconfirmedText(this.#asked.ack));
    this.#asked.size = this.#unread;
  }

  /** What was sent up to a frame with `ack` was read. @returns whether lines were dropped that the reader has not heard of */
  confirm(ack: number | null): boolean {
    if (!this.#asked || (ack !== null && ack !== this.#asked.ack)) return false;
    this.#unread = Math.max(0, this.#unread - this.#asked.size);
    this.#asked = null;
    this.#stalled = false;
    return this.dropped > 0;
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
