import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MonitorCore } from "../../../durable-objects/project-monitor/monitor-core.ts";
import type { ProjectMonitorRpc } from "../../../durable-objects/project-monitor/types.ts";
import { StreamCore } from "../../../durable-objects/project-stream/stream-core.ts";
import type { ProjectStreamRpc } from "../../../durable-objects/project-stream/types.ts";
import type { House } from "../../../worker/jobs/house.ts";
import { bucketOn, type StoredObject } from "./bucket.ts";
import { type Actor, InjectedFault, type Scheduler } from "./scheduler.ts";
import { d1On, objectStorage } from "./sqlite.ts";

const MIGRATION = join(import.meta.dirname, "../../../migrations/0000_first.sql");

/** A message of the events queue: it stays until it is acknowledged, and a lost acknowledgement brings it again. */
export interface QueuedMessage {
  id: string;
  body: unknown;
  attempts: number;
}

/** Messages in the order in which they were sent; any of them may be delivered at any time. */
export class EventsQueue {
  readonly messages = new Map<string, QueuedMessage>();
  sent = 0;
}

/** All that lasts: what is in here survives every crash. Ledge's own code runs on it, one step at a time. */
export class WorldStore {
  readonly objects = new Map<string, StoredObject>();
  readonly catalog = new DatabaseSync(":memory:");
  readonly queue = new EventsQueue();
  /** Told of each frame that a stream takes. */
  on_append: (frame_id: string) => void = () => undefined;
  clock_ms = Date.UTC(2026, 0, 10, 12);
  private readonly storages = new Map<string, DatabaseSync>();
  private readonly cores = new Map<string, StreamCore>();
  has_metrics = false;
  private readonly monitor_storages = new Map<string, DatabaseSync>();
  private readonly monitors = new Map<string, MonitorCore>();

  constructor() {
    for (const statement of String(readFileSync(MIGRATION)).split("--> statement-breakpoint")) this.catalog.exec(statement);
  }

  /** The living object of a stream; after an eviction a new one on the same storage. */
  core(name: string): StreamCore {
    const known = this.cores.get(name);
    if (known) return known;
    const storage = this.storages.get(name) ?? new DatabaseSync(":memory:");
    this.storages.set(name, storage);
    const [project_id = "", shard = "0"] = name.split(":");
    const core = new StreamCore(objectStorage(storage), { project_id, shard: Number(shard) }, () => this.clock_ms);
    this.cores.set(name, core);
    return core;
  }

  evict(name: string): void {
    this.cores.delete(name);
  }

  monitor(project_id: string): MonitorCore {
    const known = this.monitors.get(project_id);
    if (known) return known;
    const storage = this.monitor_storages.get(project_id) ?? new DatabaseSync(":memory:");
    this.monitor_storages.set(project_id, storage);
    const core = new MonitorCore(objectStorage(storage), () => this.clock_ms);
    this.monitors.set(project_id, core);
    return core;
  }

  evictMonitor(project_id: string): void {
    this.monitors.delete(project_id);
  }

  get streamNames(): string[] {
    return [...this.storages.keys()];
  }

  close(): void {
    this.catalog.close();
    for (const storage of [...this.storages.values(), ...this.monitor_storages.values()]) storage.close();
  }
}

/** The stores as one actor sees them: each of its calls is a step. */
export function houseFor(store: WorldStore, scheduler: Scheduler, actor: Actor): House {
  const step = scheduler.stepOf(actor);
  const now_ms = () => store.clock_ms;
  return {
    db: d1On(store.catalog, step),
    bucket: bucketOn(store.objects, step, now_ms),
    stream: (project_id, shard) => streamStub(store, `${project_id}:${shard}`, step),
    eraseMonitor: async () => undefined,
    monitor: (project_id) => monitorStub(store, project_id, step),
    nudge: async () => undefined,
    ask: async () => undefined,
    one_thread: false,
    pause: async () => undefined,
    now_ms,
  };
}

/** The monitor of a project, as its stream. In a world without metrics it is away. */
function monitorStub(store: WorldStore, project_id: string, step: Step): ProjectMonitorRpc {
  const call = <T>(method: string, work: (core: MonitorCore) => T) => {
    if (!store.has_metrics) return Promise.reject(new InjectedFault("the world has no metrics"));
    return step(`monitor.${method}`, () => {
      try {
        return structuredClone(work(store.monitor(project_id)));
      } catch (error) {
        store.evictMonitor(project_id);
        throw error;
      }
    });
  };
  return {
    configure: (request) => call("configure", (core) => core.configure(structuredClone(request))),
    metrics: () => call("metrics", (core) => core.metrics()),
    refill: (names) => call("refill", (core) => core.refill(names)),
    panes: (requests) => call("panes", (core) => requests.map((request) => core.panes(request))),
    health: () => call("health", (core) => core.health()),
    counting: (shard, known_version) => call("counting", (core) => core.counting(shard, known_version)),
    apply: (counted) => call("apply", (core) => core.apply(structuredClone(counted))),
    note: (deltas) => call("note", (core) => core.note(deltas.slice())),
    fillState: () => call("fillState", (core) => core.fillState()),
    fillBegin: (begin) => call("fillBegin", (core) => core.fillBegin(structuredClone(begin))),
    fillApply: (part) => call("fillApply", (core) => core.fillApply(structuredClone(part))),
    fillAbort: (fill_id, error) => call("fillAbort", (core) => core.fillAbort(fill_id, error)),
    rollPlan: (force) => call("rollPlan", (core) => core.rollPlan(force)),
    rollParts: (roll, start) => call("rollParts", (core) => core.rollParts(roll, start)),
    rollDone: (roll) => call("rollDone", (core) => core.rollDone(roll)),
  };
}

type Step = ReturnType<Scheduler["stepOf"]>;

/** Calls travel as copies, and a fault inside makes the object anew from its storage, as the real object does. */
function streamStub(store: WorldStore, name: string, step: Step): ProjectStreamRpc {
  const call = <T>(method: string, work: (core: StreamCore) => T) =>
    step(`stream.${method}`, () => {
      try {
        return structuredClone(work(store.core(name)));
      } catch (error) {
        store.evict(name);
        throw error;
      }
    });
  return {
    append: (request) =>
      call("append", (core) => {
        const answer = core.append(structuredClone(request));
        if (answer.status === "ok") for (const frame of answer.frames) store.on_append(frame.frame_id);
        return answer;
      }),
    view: (request) => call("view", (core) => core.view(request)),
    plan: (force) => call("plan", (core) => core.plan(force)),
    planned: (plan_id, start_seq) => call("planned", (core) => core.planned(plan_id, start_seq)),
    commit: (plan_id, row) => call("commit", (core) => core.commit(plan_id, structuredClone(row))),
    outbox: () => call("outbox", (core) => core.waitingRows()),
    exported: (ids) => call("exported", (core) => core.exported(ids)),
    known: (ids) => call("known", (core) => core.known(ids)),
    knownEventIds: (hashes) => call("knownEventIds", (core) => core.knownEventIds(hashes)),
    uncounted: (after_seq, size_bytes_max) =>
      call("uncounted", (core) => ({ ...core.uncounted(after_seq, size_bytes_max), metrics_watched: [] })),
    status: () => call("status", (core) => core.status()),
    configure: (settings) => call("configure", (core) => core.tenancy.configure(settings)),
    settings: () => call("settings", (core) => core.tenancy.settings()),
    putKey: (key) => call("putKey", (core) => core.tenancy.putKey(key)),
    revokeKey: (key_id, revoked_at) => call("revokeKey", (core) => core.tenancy.revokeKey(key_id, revoked_at)),
    keys: () => call("keys", (core) => core.tenancy.keys()),
    verifyKey: () => {
      throw new InjectedFault("the world has no keys");
    },
    noteUse: (keys, queries) => call("noteUse", (core) => core.tenancy.noteUse(keys, queries)),
    queries: () => call("queries", (core) => core.tenancy.queries()),
    erase: () => {
      throw new InjectedFault("the world deletes no projects");
    },
  };
}
