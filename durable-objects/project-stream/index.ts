import { DurableObject } from "cloudflare:workers";
import type { SegmentRow } from "../../worker/engine/segment/segment-row.ts";
import type { Env } from "../../worker/env.ts";
import { sqlOf } from "../storage.ts";
import { eraseAll } from "./erase.ts";
import { StreamCore, type StreamIdentity } from "./stream-core.ts";
import { Tail } from "./tail/tail.ts";
import type {
  AppendAnswer,
  AppendRequest,
  FlushPlan,
  KeyAnswer,
  KeyRecord,
  ProjectSettings,
  ProjectStreamRpc,
  ProjectTailRpc,
  StreamStatus,
  TailHistoryAnswer,
  TailHistoryRequest,
  TailTicket,
  TailViewer,
  UncountedAnswer,
  ViewAnswer,
  ViewFrame,
  ViewRequest,
} from "./types.ts";

/** Entry points of the Worker that do for the object what an object does not do itself; missing where they are not exported. */
interface TailEntries {
  TailHistory?: { read(request: TailHistoryRequest): Promise<TailHistoryAnswer> };
  TailAccess?: { mayWatch(project_id: string, viewer: TailViewer): Promise<boolean> };
}

/**
 * One object per project and shard, named `<project_id>:<shard>`. It keeps; Workers work: where a flush is due, its alarm asks for a job.
 */
export class ProjectStream extends DurableObject<Env> implements ProjectStreamRpc, ProjectTailRpc {
  private readonly identity: StreamIdentity;
  private core: StreamCore;
  private readonly tail: Tail;
  private alarm_ms: number | null = null;
  private asked_ms = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.identity = identityOf(ctx.id);
    this.core = this.load();
    this.tail = this.openTail();
    void ctx.blockConcurrencyWhile(async () => {
      this.alarm_ms = await ctx.storage.getAlarm();
      await this.schedule();
    });
  }

  private load(): StreamCore {
    return new StreamCore(sqlOf(this.ctx.storage), this.identity, () => Date.now());
  }

  private openTail(): Tail {
    const { ctx, env, identity } = this;
    const { TailHistory, TailAccess } = ctx.exports as TailEntries;
    return new Tail({
      identity,
      ctx,
      core: () => this.core,
      now_ms: () => Date.now(),
      history: TailHistory ? (request) => TailHistory.read(request) : null,
      access: TailAccess ? (viewer) => TailAccess.mayWatch(identity.project_id, viewer) : null,
      async journal({ journal, size_bytes }) {
        const object = journal && (await env.BUCKET.get(journal.key, { range: { offset: journal.offset, length: size_bytes } }));
        return object ? new Uint8Array(await object.arrayBuffer()) : null;
      },
    });
  }

  /** What is in memory follows from what is stored: where a call fails between the two, memory is made anew. */
  private run<T>(work: (core: StreamCore) => T): T {
    try {
      return work(this.core);
    } catch (error) {
      this.core = this.load();
      throw error;
    }
  }

  async append(request: AppendRequest): Promise<AppendAnswer> {
    const answer = this.run((core) => core.append(request));
    this.tail.arrived();
    await this.schedule();
    return answer;
  }

  async view(request: ViewRequest): Promise<ViewAnswer> {
    return this.run((core) => core.view(request));
  }

  async plan(force: boolean): Promise<FlushPlan | null> {
    return this.run((core) => core.plan(force));
  }

  async planned(plan_id: string, start_seq: number): Promise<{ frames: ViewFrame[]; next_seq: number | null } | null> {
    return this.run((core) => core.planned(plan_id, start_seq));
  }

  async commit(plan_id: string, row: SegmentRow | null): Promise<void> {
    this.run((core) => core.commit(plan_id, row));
    this.asked_ms = 0;
    await this.schedule();
  }

  async outbox(): Promise<SegmentRow[]> {
    return this.core.waitingRows();
  }

  async exported(segment_ids: string[]): Promise<void> {
    this.run((core) => core.exported(segment_ids));
  }

  async uncounted(after_seq: number, size_bytes_max: number): Promise<UncountedAnswer> {
    return { ...this.core.uncounted(after_seq, size_bytes_max), metrics_watched: this.tail.metricsWatched() };
  }

  async known(frame_ids: string[]): Promise<{ frame_id: string; seen: boolean; in_window: boolean }[]> {
    return this.core.known(frame_ids);
  }

  async knownEventIds(hashes: Uint8Array): Promise<Uint8Array> {
    return this.core.knownEventIds(hashes);
  }

  async status(): Promise<StreamStatus> {
    return this.core.status();
  }

  async configure(settings: ProjectSettings): Promise<void> {
    this.run((core) => core.tenancy.configure(settings));
    this.tail.recheck();
  }

  async settings(): Promise<ProjectSettings | null> {
    return this.core.tenancy.settings();
  }

  async putKey(key: KeyRecord): Promise<void> {
    this.run((core) => core.tenancy.putKey(key));
    this.tail.recheck();
  }

  async revokeKey(key_id: string, revoked_at: string): Promise<boolean> {
    const is_known = this.run((core) => core.tenancy.revokeKey(key_id, revoked_at));
    this.tail.recheck();
    return is_known;
  }

  async keys(): Promise<KeyRecord[]> {
    return this.core.tenancy.keys();
  }

  async verifyKey(hash: string): Promise<KeyAnswer> {
    const { tenancy } = this.core;
    const events_today = this.core.eventsToday(Date.now());
    return {
      key: tenancy.findKey(hash),
      settings: tenancy.settings(),
      events_today,
      quota_exceeded: events_today >= tenancy.dailyEventsMax(),
    };
  }

  async noteUse(keys: Record<string, string>, queries: Record<string, number>): Promise<void> {
    this.run((core) => core.tenancy.noteUse(keys, queries));
  }

  async queries(): Promise<Record<string, number>> {
    return this.core.tenancy.queries();
  }

  async erase(): Promise<void> {
    if (!this.core.tenancy.isDeleted()) throw new Error("erase: the project was not deleted");
    for (const socket of this.ctx.getWebSockets()) {
      try {
        socket.close(1008, "the project was deleted");
      } catch {
        // It was about to close by itself.
      }
    }
    eraseAll(sqlOf(this.ctx.storage), this.core.tenancy.stub());
    this.core = this.load();
    this.alarm_ms = null;
    await this.ctx.storage.deleteAlarm();
  }

  // ── Live tail ─────────────────────────────────────────────────────────────

  /** Opens a socket; see `tailAddress`. */
  override async fetch(request: Request): Promise<Response> {
    const answer = this.run(() => this.tail.open(request));
    await this.schedule();
    return answer;
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.tail.message(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.tail.closed(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.tail.closed(socket);
  }

  async issueTicket(ticket: TailTicket): Promise<boolean> {
    return this.run((core) => core.tickets.issue(ticket, Date.now()));
  }

  async isWatched(): Promise<boolean> {
    return this.tail.is_watched;
  }

  async metricsWatched(): Promise<string[]> {
    return this.tail.metricsWatched();
  }

  async publish(name: string, value: unknown): Promise<number> {
    return this.tail.publish(name, value);
  }

  // ── Waking ────────────────────────────────────────────────────────────────

  /** Asks for a flush job. The queue may lose it locally and repeat it anywhere: the next alarm asks again until the work is done. */
  override async alarm(): Promise<void> {
    this.alarm_ms = null;
    this.tail.recheck();
    const due_ms = this.core.wakeAt_ms(this.asked_ms);
    if (due_ms !== null && due_ms <= Date.now()) {
      this.asked_ms = Date.now();
      await this.env.JOBS.send({ v: 1, kind: "flush", ...this.identity }, { contentType: "json" });
    }
    await this.schedule();
  }

  /** An alarm is a billed write: it is set only where none is due earlier. */
  private async schedule(): Promise<void> {
    const flush_ms = this.core.wakeAt_ms(this.asked_ms) ?? Number.POSITIVE_INFINITY;
    const wake_ms = Math.min(flush_ms, this.tail.recheckAt_ms() ?? Number.POSITIVE_INFINITY);
    if (wake_ms === Number.POSITIVE_INFINITY) return;
    const at_ms = Math.max(wake_ms, Date.now());
    if (this.alarm_ms !== null && this.alarm_ms <= at_ms) return;
    this.alarm_ms = at_ms;
    await this.ctx.storage.setAlarm(at_ms);
  }
}

function identityOf(id: DurableObjectId): StreamIdentity {
  const [project_id = "", shard = "0"] = (id.name ?? "").split(":");
  return { project_id, shard: Number(shard) };
}
