import type { ProjectMonitorRpc } from "../../durable-objects/project-monitor/types.ts";
import type { ProjectStreamRpc } from "../../durable-objects/project-stream/types.ts";
import type { EventsNotice } from "../catalog/deliver.ts";
import { monitorOf } from "../catalog/monitor.ts";
import { streamOf } from "../catalog/stream.ts";
import type { Env } from "../env.ts";

/** What a job works on. The simulated world of the tests is another house with the same jobs in it. */
export interface House {
  db: D1Database;
  bucket: R2Bucket;
  stream(project_id: string, shard: number): ProjectStreamRpc;
  /** Empties the monitor of a deleted project. */
  eraseMonitor(project_id: string): Promise<void>;
  monitor(project_id: string): ProjectMonitorRpc;
  /** Tells those who count a project's metrics that there is something new. */
  nudge(project_id: string, shard: number): Promise<void>;
  /** Sends a message to the jobs queue. */
  ask(job: Job, delay_s?: number): Promise<void>;
  /** Jobs take their time from ingest and searches: the local profile. */
  one_thread: boolean;
  now_ms(): number;
  /** Lets others have the thread: long work without it would hold up every request of the isolate. */
  pause(): Promise<void>;
}

export type Job =
  | { v: 1; kind: "flush"; project_id: string; shard: number }
  | { v: 1; kind: "compact"; project_id: string }
  | { v: 1; kind: "delete-project"; project_id: string }
  | { v: 1; kind: "retain"; project_id: string; retention_days: number }
  /** Writes what a project's monitor counted to history. */
  | { v: 1; kind: "roll"; project_id: string }
  /** Counts new metrics in segments. */
  | { v: 1; kind: "fill"; project_id: string };

export function houseOf(env: Env): House {
  return {
    db: env.DB,
    bucket: env.BUCKET,
    stream: (project_id, shard) => streamOf(env, project_id, shard),
    eraseMonitor: (project_id) => env.MONITOR.getByName(project_id).erase(),
    monitor: (project_id) => monitorOf(env, project_id),
    nudge: async (project_id, shard) => {
      await env.EVENTS.send({ v: 1, kind: "nudge", project_id, shard } satisfies EventsNotice, { contentType: "json" });
    },
    ask: async (job, delay_s = 0) => {
      await env.JOBS.send(job, { contentType: "json", delaySeconds: delay_s });
    },
    one_thread: env.LEDGE_PROFILE === "local",
    now_ms: Date.now,
    pause: () => scheduler.wait(0),
  };
}
