import { Problem, problemBody, problemResponse } from "../../../worker/errors.ts";
import {
  TAIL_CHECK_MS,
  TAIL_FRAME_PAUSE_MS,
  TAIL_FRAME_SIZE_MAX,
  TAIL_MESSAGE_LENGTH_MAX,
  TAIL_OUTPUT_SIZE_MAX,
  TAIL_SAVE_PAUSE_MS,
  TAIL_SOCKETS_MAX,
  TAIL_UNREAD_SIZE_MAX,
  TAIL_UNREAD_SIZE_MIN,
  TAIL_UNREAD_TOTAL_SIZE_MAX,
} from "../../../worker/limits.ts";
import type { StreamCore, StreamIdentity } from "../stream-core.ts";
import type { TailOpening, TailPosition, TailViewer } from "../types.ts";
import { firstExpiry_ms, refusalOf } from "./access.ts";
import { decodeTailCursor, encodeTailCursor, samePosition } from "./cursor.ts";
import type { FrameText } from "./frame-text.ts";
import { FrameReader, type JournalReader } from "./frames.ts";
import { History, type HistoryReader } from "./history.ts";
import { Lane } from "./lane.ts";
import { Looking } from "./looking.ts";
import { type ClientMessage, metricNames, readMessage } from "./messages.ts";
import { readOpening, sinceOf } from "./open-request.ts";
import { readTailQuery } from "./tail-query.ts";
import { Viewer } from "./viewer.ts";

/** Codes with which a socket is closed: 4000 and the status of the problem, and those of the protocol. */
export const CLOSE = { unacceptable: 1003, policy: 1008, too_big: 1009 } as const;
const PROBLEM_CODE = 4_000;

/** What the tail needs of the object that it is part of. */
export interface TailHost {
  identity: StreamIdentity;
  ctx: DurableObjectState;
  /** The stream as it is now: after a failure it is made anew. */
  core(): StreamCore;
  journal: JournalReader;
  history: HistoryReader | null;
  /** Whether a person still may; null where nobody can be asked. */
  access: ((viewer: TailViewer) => Promise<boolean>) | null;
  now_ms(): number;
}

/**
 * The open sockets of a project. Between events they cost nothing: the platform keeps them while the object is out of memory, and what must
 * be known of each is attached to it. A timer runs only while lines wait to be sent.
 */
export class Tail {
  readonly #host: TailHost;
  readonly #viewers = new Map<WebSocket, Viewer>();
  readonly #lanes = new Set<Lane>();
  readonly #history: History;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #is_running = false;
  #ran_ms = 0;

  constructor(host: TailHost) {
    this.#host = host;
    this.#history = new History(host, () => this.#schedule());
    for (const socket of host.ctx.getWebSockets()) {
      const viewer = Viewer.restore(socket);
      if (viewer) this.#add(viewer);
    }
    if ([...this.#lanes].some((lane) => lane.looked.seq < this.#following.last_seq)) this.#schedule();
  }

  get #following() {
    return this.#host.core().follow;
  }

  /** Whether somebody waits for lines. */
  get is_watched(): boolean {
    return this.#lanes.size > 0;
  }

  // ── Opening ───────────────────────────────────────────────────────────────

  /** Answers the request of the Worker for a socket. The Worker has asked who it is for, or brings the hash of a ticket. */
  open(request: Request): Response {
    const now_ms = this.#host.now_ms();
    let asked: TailOpening;
    let viewer: TailViewer;
    try {
      asked = readOpening(request);
      viewer = asked.viewer ?? this.#redeem(asked.ticket_hash, now_ms);
    } catch (error) {
      return problemResponse(error);
    }
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    try {
      this.#accept(server, asked, viewer, now_ms);
    } catch (error) {
      // A browser cannot read the answer to a request for a socket: it is told on the socket.
      const problem = problemBody(error);
      server.accept();
      server.send(JSON.stringify({ events: [], error: problem }));
      server.close(PROBLEM_CODE + Number(problem.status), String(problem.code));
    }
    return new Response(null, { status: 101, webSocket: client });
  }

  #redeem(hash: string | null, now_ms: number): TailViewer {
    const ticket = hash === null ? null : this.#host.core().tickets.redeem(hash, now_ms);
    if (!ticket) throw new Problem("unauthenticated", "This ticket is not known, was used, or is older than a minute.");
    return ticket.viewer;
  }

  #accept(socket: WebSocket, asked: TailOpening, who: TailViewer, now_ms: number): void {
    const { ctx, identity, core } = this.#host;
    const refusal = refusalOf(core().tenancy, who, now_ms);
    if (refusal) throw refusal;
    if (ctx.getWebSockets().length >= TAIL_SOCKETS_MAX) {
      throw new Problem("rate_limited", `A project has at most ${TAIL_SOCKETS_MAX} open tails.`, { limit: TAIL_SOCKETS_MAX });
    }
    const query = readTailQuery(asked.q, now_ms * 1000);
    const metrics = metricNames(asked.metrics);
    const following = this.#following;
    const since_ms = asked.cursor === null ? sinceOf(asked, now_ms) : null;
    const since = since_ms === null ? null : following.placeSince(since_ms, now_ms);
    const position = asked.cursor !== null ? decodeTailCursor(identity, asked.cursor) : (since?.position ?? this.#end(now_ms));
    ctx.acceptWebSocket(socket);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    const viewer = Viewer.open(socket, who, query, position, metrics, now_ms);
    this.#add(viewer);
    if (since_ms !== null && !since?.is_known) {
      const to_ms = following.acceptedAfter_ms(position.seq, now_ms) ?? now_ms;
      viewer.lane!.gap = { from_ms: since_ms, to_ms, reason: "too_old" };
    }
    this.#greet(viewer, now_ms);
    if (position.seq < following.last_seq || viewer.lane?.gap) this.#schedule();
  }

  #end(now_ms: number): TailPosition {
    const end = this.#following.end();
    return end.accepted_ms > 0 ? end : { ...end, accepted_ms: now_ms };
  }

  /** Tells a reader what holds for it: first of all, and after each message that changes something. */
  #greet(viewer: Viewer, now_ms: number): void {
    const { query, paused, metrics, dropped } = viewer;
    const cursor = encodeTailCursor(this.#host.identity, this.#placeOf(viewer));
    const counts = { total: 0, levels: {}, rate_per_s: 0 };
    viewer.dropped = 0;
    viewer.send(
      JSON.stringify({ events: [], cursor, counts, sampling: null, dropped, state: { q: query.text, paused, metrics: [...metrics] } }),
    );
    viewer.save(now_ms);
  }

  #placeOf(viewer: Viewer): TailPosition {
    return viewer.lane?.position ?? viewer.position;
  }

  // ── Lanes ─────────────────────────────────────────────────────────────────

  #add(viewer: Viewer): void {
    this.#viewers.set(viewer.socket, viewer);
    if (!viewer.paused) this.#join(viewer);
  }

  #join(viewer: Viewer): void {
    const { query, position } = viewer;
    const meeting = [...this.#lanes].find((lane) => lane.query.text === query.text && samePosition(lane.position, position) && !lane.gap);
    const lane = meeting ?? new Lane(query, position, this.#host.now_ms());
    this.#lanes.add(lane);
    lane.viewers.add(viewer);
    viewer.lane = lane;
  }

  #leave(viewer: Viewer): void {
    const { lane } = viewer;
    if (!lane) return;
    viewer.position = lane.position;
    viewer.lane = null;
    lane.viewers.delete(viewer);
    if (lane.viewers.size === 0) this.#lanes.delete(lane);
  }

  #mergeLanes(): void {
    const met = new Map<string, Lane>();
    for (const lane of [...this.#lanes]) {
      const first = met.get(lane.query.text);
      if (!first?.meets(lane)) {
        if (!first) met.set(lane.query.text, lane);
        continue;
      }
      for (const viewer of lane.viewers) {
        first.viewers.add(viewer);
        viewer.lane = first;
      }
      this.#lanes.delete(lane);
    }
  }

  // ── Running ───────────────────────────────────────────────────────────────

  /** Something was appended. Takes no time of whoever appended it. */
  arrived(): void {
    if (this.#lanes.size > 0) this.#schedule();
  }

  #schedule(): void {
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
    let more = true;
    try {
      more = await this.#turn(this.#ran_ms);
    } catch (error) {
      console.error("a turn of the live tail failed", this.#host.identity.project_id, error);
    } finally {
      this.#is_running = false;
    }
    if (more) this.#schedule();
  }

  /** Looks at what is new, and sends. @returns whether there is more to do */
  async #turn(now_ms: number): Promise<boolean> {
    const following = this.#following;
    const looking = new Looking(following, new FrameReader(following, this.#host.journal), now_ms);
    for (const lane of [...this.#lanes]) {
      if (!lane.is_reading_history) await looking.look(lane);
      if (looking.misses(lane)) this.#history.read(lane);
    }
    this.#checkPeople(now_ms);
    for (const lane of this.#lanes) this.#sendLane(lane, now_ms);
    this.#mergeLanes();
    return [...this.#lanes].some((lane) => !lane.is_reading_history && (lane.waiting > 0 || lane.looked.seq < this.#following.last_seq));
  }

  #sendLane(lane: Lane, now_ms: number): void {
    const sockets = Math.max(1, this.#viewers.size);
    const frame = lane.frame(Math.min(TAIL_FRAME_SIZE_MAX, TAIL_OUTPUT_SIZE_MAX / sockets), now_ms);
    if (frame) this.#deliver(lane, frame, now_ms);
    else
      for (const viewer of lane.viewers) {
        viewer.position = lane.position;
        if (now_ms - viewer.saved_ms >= TAIL_SAVE_PAUSE_MS) viewer.save(now_ms);
      }
  }

  #deliver(lane: Lane, frame: FrameText, now_ms: number): void {
    const cursor = encodeTailCursor(this.#host.identity, frame.position);
    const unread_max = this.#unreadMax();
    for (const viewer of lane.viewers) viewer.deliver(frame, cursor, unread_max, now_ms);
  }

  #unreadMax(): number {
    const share = TAIL_UNREAD_TOTAL_SIZE_MAX / Math.max(1, this.#viewers.size);
    return Math.max(TAIL_UNREAD_SIZE_MIN, Math.min(TAIL_UNREAD_SIZE_MAX, share));
  }

  // ── What clients say ──────────────────────────────────────────────────────

  message(socket: WebSocket, message: string | ArrayBuffer): void {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return;
    const now_ms = this.#host.now_ms();
    if (typeof message !== "string") {
      this.#dismiss(viewer, CLOSE.unacceptable, "messages are text");
      return;
    }
    if (message.length > TAIL_MESSAGE_LENGTH_MAX) {
      this.#dismiss(viewer, CLOSE.too_big, `at most ${TAIL_MESSAGE_LENGTH_MAX} characters`);
      return;
    }
    if (!viewer.admits(now_ms)) {
      this.#dismiss(viewer, CLOSE.policy, "too many messages");
      return;
    }
    try {
      this.#do(viewer, readMessage(message), now_ms);
    } catch (error) {
      const text = JSON.stringify({
        events: [],
        cursor: encodeTailCursor(this.#host.identity, this.#placeOf(viewer)),
        error: problemBody(error),
      });
      if (viewer.mayHold(text.length, this.#unreadMax())) viewer.send(text);
      else this.#dismiss(viewer, CLOSE.policy, "answers are not read");
    }
  }

  #do(viewer: Viewer, message: ClientMessage, now_ms: number): void {
    switch (message.type) {
      case "ack":
        if (viewer.confirm(message.ack)) this.#greet(viewer, now_ms);
        else viewer.save(now_ms);
        return;
      case "pause":
        this.#leave(viewer);
        viewer.paused = true;
        break;
      case "resume":
        if (viewer.paused && message.from === "now") viewer.position = this.#end(now_ms);
        if (viewer.paused) this.#join(viewer);
        viewer.paused = false;
        break;
      case "filter": {
        const query = readTailQuery(message.q, now_ms * 1000);
        this.#leave(viewer);
        viewer.query = query;
        if (!viewer.paused) this.#join(viewer);
        break;
      }
      case "metrics":
        viewer.metrics = new Set(message.names);
        break;
    }
    this.#greet(viewer, now_ms);
    if (viewer.lane && viewer.lane.looked.seq < this.#following.last_seq) this.#schedule();
  }

  /** The socket is closed, by whomever. */
  closed(socket: WebSocket): void {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return;
    this.#leave(viewer);
    this.#viewers.delete(socket);
  }

  #dismiss(viewer: Viewer, code: number, reason: string): void {
    this.closed(viewer.socket);
    viewer.close(code, reason);
  }

  // ── Who still may ─────────────────────────────────────────────────────────

  /** Closes the sockets of those who may not any more. To be called after keys or settings changed, and when a key expires. */
  recheck(): void {
    const now_ms = this.#host.now_ms();
    for (const viewer of [...this.#viewers.values()]) {
      const problem = refusalOf(this.#host.core().tenancy, viewer.who, now_ms);
      if (problem) this.#refuse(viewer, problem);
    }
  }

  /** When the first of the keys that hold sockets expires; null where none does. */
  recheckAt_ms(): number | null {
    return firstExpiry_ms(
      this.#host.core().tenancy,
      [...this.#viewers.values()].map(({ who }) => who),
    );
  }

  /** Asks about people whose sockets get something, now and then; nothing waits for it. Who cannot be asked about stays, as with keys. */
  #checkPeople(now_ms: number): void {
    const { access } = this.#host;
    if (!access) return;
    for (const viewer of this.#viewers.values()) {
      if (viewer.who.kind !== "user" || now_ms - viewer.checked_ms < TAIL_CHECK_MS) continue;
      viewer.checked_ms = now_ms;
      access(viewer.who).then(
        (may) => {
          if (!may) this.#refuse(viewer, new Problem("forbidden", "The session has ended, or the project is not one of yours any more."));
        },
        (error: unknown) => console.error("a live tail could not ask about a person", this.#host.identity.project_id, error),
      );
    }
  }

  #refuse(viewer: Viewer, problem: Problem): void {
    viewer.send(JSON.stringify({ events: [], error: problemBody(problem) }));
    this.#dismiss(viewer, PROBLEM_CODE + problem.status, problem.code);
  }

  // ── Metrics ───────────────────────────────────────────────────────────────

  metricsWatched(): string[] {
    return [...new Set([...this.#viewers.values()].flatMap(({ metrics }) => [...metrics]))];
  }

  publish(name: string, value: unknown): number {
    const text = JSON.stringify({ metrics: { [name]: value } });
    const unread_max = this.#unreadMax();
    this.#checkPeople(this.#host.now_ms());
    let sent = 0;
    for (const viewer of this.#viewers.values()) {
      if (viewer.metrics.has(name) && viewer.mayHold(text.length, unread_max) && viewer.send(text)) sent++;
    }
    return sent;
  }
}
