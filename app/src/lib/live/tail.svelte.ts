/** The live tail: one socket, opened by a ticket; frames are gathered and shown once for each picture that the screen draws. */
import { api, ask, type Schemas } from "../api/client.ts";
import { ApiError, isAbort, shownError } from "../api/problem.ts";
import type { LogEvent } from "../lines/event-fields.ts";
import { LineBuffer } from "./line-buffer.ts";
import { RateHistory } from "./rate-history.ts";

export type Frame = Schemas["TailFrame"];
export type TailState = "off" | "connecting" | "live" | "paused" | "lost";

/** Codes of closes from here on carry the status of a problem. */
const PROBLEM_CODE = 4_000;
/** A session or ticket may be renewed; too many requests, and confirmations that were late, pass. */
const PASSING = new Set([401, 408, 409, 429]);
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 15_000;
/** Frames that wait to be shown; a page in the background is given no pictures. */
const WAITING_MAX = 500;
const SHOW_HIDDEN_MS = 1_000;

export class LiveTail {
  state = $state<TailState>("off");
  error = $state.raw<ApiError | null>(null);
  /** What came, newest last; a new list for each picture. */
  lines = $state.raw<LogEvent[]>([]);
  /** How many lines came since the page was opened. */
  received = $state(0);
  /** Lines that this reader missed, since too much was under way. */
  dropped = $state(0);
  /** The share of lines that is shown; null for all. */
  kept = $state<number | null>(null);
  /** Lines that arrived between two moments and are not shown; `from` is null where that is not known. */
  gap = $state.raw<{ from: string | null; to: string; detail: string } | null>(null);
  rate_per_s = $state(0);
  /** Lines by level, of those that matched since the page was opened. */
  levels = $state.raw<Record<string, number>>({});
  readonly rates = new RateHistory();

  readonly #buffer = new LineBuffer();
  #socket: WebSocket | null = null;
  #cursor: string | null = null;
  #query = "";
  #since: string | null = null;
  #waiting: Frame[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Takes the next change of the page back; null where none is planned. */
  #cancelPicture: (() => void) | null = null;
  #retry_ms = RETRY_FIRST_MS;
  #opening: AbortController | null = null;

  /** Begins anew. @param since lines that arrived since then come first; null for new ones only */
  start(query: string, since: string | null): void {
    this.stop();
    this.clear();
    this.#query = query;
    this.#since = since;
    this.#cursor = null;
    void this.#open();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#opening?.abort();
    this.#opening = null;
    this.#close();
    this.state = "off";
  }

  clear(): void {
    this.#waiting = [];
    this.#buffer.clear();
    this.lines = [];
    this.received = 0;
    this.dropped = 0;
    this.gap = null;
    this.error = null;
    this.levels = {};
    this.rates.clear();
  }

  dismissGap(): void {
    this.gap = null;
  }

  /** Nothing more comes until it is resumed; then what came meanwhile, from where it was stopped. */
  pause(): void {
    if (this.state !== "live") return;
    this.#say({ type: "pause" });
    this.state = "paused";
  }

  resume(): void {
    if (this.state !== "paused") return;
    this.#say({ type: "resume", from: "pause" });
    this.state = "live";
  }

  /** Tries at once, where it would have waited. */
  retry(): void {
    if (this.state !== "lost") return;
    clearTimeout(this.#timer);
    this.#retry_ms = RETRY_FIRST_MS;
    void this.#open();
  }

  async #open(): Promise<void> {
    const opening = new AbortController();
    this.#opening = opening;
    if (this.state !== "lost") this.state = "connecting";
    try {
      const check = await ask(api.GET("/api/v1/query", { params: { query: { q: this.#query } }, signal: opening.signal }));
      const refused = refusal(check);
      if (refused) {
        this.error = refused;
        this.state = "off";
        return;
      }
      const { ticket } = await ask(api.POST("/api/v1/logs/stream/ticket", { signal: opening.signal }));
      if (!opening.signal.aborted) this.#connect(ticket);
    } catch (error) {
      if (opening.signal.aborted || isAbort(error)) return;
      const shown = shownError(error);
      // Without an answer, or with one that passes, it is tried again; what is forbidden stays so.
      if (shown.status === 0 || shown.status >= 500 || shown.status === 429) this.#again();
      else {
        this.error = shown;
        this.state = "off";
      }
    }
  }

  #connect(ticket: string): void {
    const parameters = new URLSearchParams({ ticket, q: this.#query });
    if (this.#cursor !== null) parameters.set("cursor", this.#cursor);
    else if (this.#since !== null) parameters.set("since", this.#since);
    const address = new URL(`/api/v1/logs/stream?${parameters}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      if (this.#socket !== socket) return;
      this.#retry_ms = RETRY_FIRST_MS;
      this.state = "live";
      this.error = null;
    });
    socket.addEventListener("message", ({ data }) => this.#socket === socket && this.#take(JSON.parse(String(data)) as Frame));
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#show();
      if (isRefusal(code)) this.state = "off";
      else this.#again();
    });
  }

  #again(): void {
    this.state = "lost";
    clearTimeout(this.#timer);
    // Many readers come back after a lost connection; not all in the same moment.
    this.#timer = setTimeout(() => void this.#open(), this.#retry_ms * (0.5 + Math.random()));
    this.#retry_ms = Math.min(RETRY_MOST_MS, this.#retry_ms * 2);
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#cancelPicture?.();
    this.#cancelPicture = null;
  }

  #say(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #take(frame: Frame): void {
    // Confirmed as soon as it is read: what waits to be shown is bounded here.
    if (frame.ack !== undefined) this.#say({ type: "ack", ack: frame.ack });
    this.#waiting.push(frame);
    if (this.#waiting.length > WAITING_MAX) this.#show();
    this.#cancelPicture ??= nextPicture(() => this.#show());
  }

  /** Everything that waits becomes one change of the page. */
  #show(): void {
    this.#cancelPicture?.();
    this.#cancelPicture = null;
    const frames = this.#waiting;
    this.#waiting = [];
    const levels = { ...this.levels };
    let added = 0;
    for (const frame of frames) {
      const { cursor, events = [], counts, dropped = 0, sampling, gap, error } = frame;
      if (cursor) this.#cursor = cursor;
      this.#buffer.add(events as LogEvent[]);
      added += events.length;
      this.dropped += dropped;
      if (sampling !== undefined) this.kept = sampling?.kept ?? null;
      if (gap) this.gap = { from: gap.from, to: gap.to, detail: gap.detail };
      if (counts) {
        this.rate_per_s = counts.rate_per_s;
        for (const [level, count] of Object.entries(counts.levels)) levels[level] = (levels[level] ?? 0) + count;
      }
      // Lines that were dropped until a confirmation came are counted with the next frame.
      if (error && error.code !== "unconfirmed") this.error = new ApiError(error.status, error as never);
    }
    this.rates.add(this.rate_per_s);
    this.levels = levels;
    if (added === 0) return;
    this.received += added;
    this.lines = this.#buffer.lines();
  }
}

/** A close that another try would end in, too: the problem itself came before it. */
function isRefusal(code: number): boolean {
  const status = code - PROBLEM_CODE;
  return status >= 400 && status < 500 && !PASSING.has(status);
}

/** What a tail cannot follow. */
function refusal(check: Schemas["QueryCheck"]): ApiError | null {
  const [fault] = check.errors;
  if (fault)
    return new ApiError(400, {
      code: "bad_query",
      title: "The query could not be understood",
      detail: fault.message,
      position: fault.position,
      found: fault.found,
      expected: fault.expected,
      suggestion: fault.suggestion ?? undefined,
    });
  const kinds = new Set(["where", "fields", "eval", "extract"]);
  const other = check.pipes.find((kind) => !kinds.has(kind));
  if (other === undefined) return null;
  return new ApiError(400, {
    code: "bad_query",
    title: "That cannot be watched live",
    detail: `Lines can be watched with the pipes where, fields, eval and extract; ${other} needs all of them. Look at it in Explore.`,
  });
}

/** Runs before the next picture; a page in the background is given none, and waits a moment. */
function nextPicture(run: () => void): () => void {
  if (document.hidden) {
    const timer = setTimeout(run, SHOW_HIDDEN_MS);
    return () => clearTimeout(timer);
  }
  const picture = requestAnimationFrame(run);
  return () => cancelAnimationFrame(picture);
}
