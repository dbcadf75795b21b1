import { Problem, problemBody, problemResponse } from "../../../worker/errors.ts";
import { TAIL_MESSAGE_LENGTH_MAX, TAIL_SOCKETS_MAX } from "../../../worker/limits.ts";
import type { StreamCore, StreamIdentity } from "../stream-core.ts";
import type { TailOpening, TailPosition, TailViewer } from "../types.ts";
import { firstExpiry_ms, PeopleCheck, refusalOf } from "./access.ts";
import { decodeTailCursor, encodeTailCursor } from "./cursor.ts";
import type { JournalReader } from "./frames.ts";
import type { HistoryReader } from "./history.ts";
import { Lanes } from "./lanes.ts";
import { type ClientMessage, metricNames, readMessage } from "./messages.ts";
import { readOpening, sinceOf } from "./open-request.ts";
import { readTailQuery } from "./tail-query.ts";
import { Turns } from "./turns.ts";
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
  readonly #lanes: Lanes;
  readonly #people: PeopleCheck;
  readonly #turns: Turns;

  constructor(host: TailHost) {
    this.#host = host;
    this.#lanes = new Lanes(host.now_ms);
    this.#people = new PeopleCheck(host.access, host.now_ms);
    this.#turns = new Turns(host, {
      lanes: this.#lanes,
      sockets: () => this.#viewers.size,
      beforeSending: () => this.#checkPeople(),
      refuse: (viewer, problem) => this.#refuse(viewer, problem),
    });
    for (const socket of host.ctx.getWebSockets()) {
      const viewer = Viewer.restore(socket);
      if (viewer) this.#add(viewer);
    }
    if (this.#turns.is_due) this.#turns.schedule();
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
    if (this.#turns.is_due) this.#turns.schedule();
  }

  #end(now_ms: number): TailPosition {
    const end = this.#following.end();
    return end.accepted_ms > 0 ? end : { ...end, accepted_ms: now_ms };
  }

  /** Tells a reader what holds for it: first of all, and after each message that changes something. */
  #greet(viewer: Viewer, now_ms: number): void {
    const { query, paused, metrics } = viewer;
    const cursor = encodeTailCursor(this.#host.identity, this.#placeOf(viewer));
    const counts = { total: 0, levels: {}, rate_per_s: 0 };
    viewer.send(
      JSON.stringify({ events: [], cursor, counts, sampling: null, dropped: 0, state: { q: query.text, paused, metrics: [...metrics] } }),
    );
    viewer.save(now_ms);
  }

  #add(viewer: Viewer): void {
    this.#viewers.set(viewer.socket, viewer);
    this.#lanes.join(viewer);
  }

  #placeOf(viewer: Viewer): TailPosition {
    return viewer.lane?.position ?? viewer.position;
  }

  /** Something was appended. Takes no time of whoever appended it. */
  arrived(): void {
    if (this.#lanes.size > 0) this.#turns.schedule();
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
      if (viewer.mayHold(text.length, this.#turns.unreadMax())) viewer.send(text);
      else this.#dismiss(viewer, CLOSE.policy, "answers are not read");
    }
  }

  #do(viewer: Viewer, message: ClientMessage, now_ms: number): void {
    switch (message.type) {
      case "ack":
        if (viewer.confirm(message.ack)) this.#lanes.join(viewer, true);
        viewer.save(now_ms);
        if (this.#turns.is_due) this.#turns.schedule();
        return;
      case "pause":
        this.#lanes.leave(viewer);
        viewer.paused = true;
        break;
      case "resume":
        if (viewer.paused && message.from === "now") viewer.position = this.#end(now_ms);
        if (!viewer.paused) break;
        viewer.paused = false;
        this.#lanes.join(viewer);
        break;
      case "filter": {
        const query = readTailQuery(message.q, now_ms * 1000);
        this.#lanes.leave(viewer);
        viewer.query = query;
        this.#lanes.join(viewer);
        break;
      }
      case "metrics":
        viewer.metrics = new Set(message.names);
        break;
    }
    this.#greet(viewer, now_ms);
    if (this.#turns.is_due) this.#turns.schedule();
  }

  /** The socket is closed, by whomever. */
  closed(socket: WebSocket): void {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return;
    this.#lanes.leave(viewer);
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

  #checkPeople(): Promise<void> {
    return this.#people.check(this.#viewers.values(), (viewer, problem) => this.#refuse(viewer, problem));
  }

  #refuse(viewer: Viewer, problem: Problem): void {
    viewer.send(JSON.stringify({ events: [], error: problemBody(problem) }));
    this.#dismiss(viewer, PROBLEM_CODE + problem.status, problem.code);
  }

  // ── Metrics ───────────────────────────────────────────────────────────────

  metricsWatched(): string[] {
    return [...new Set([...this.#viewers.values()].flatMap(({ metrics }) => [...metrics]))];
  }

  async publish(name: string, value: unknown): Promise<number> {
    const text = JSON.stringify({ metrics: { [name]: value } });
    await this.#checkPeople();
    const unread_max = this.#turns.unreadMax();
    let sent = 0;
    for (const viewer of this.#viewers.values()) {
      if (viewer.metrics.has(name) && viewer.mayHold(text.length, unread_max) && viewer.send(text)) sent++;
    }
    return sent;
  }
}
