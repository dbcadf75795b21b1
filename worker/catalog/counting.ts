/** Counting a project's metrics: what its monitor has not counted yet is read from its stream, evaluated here, and handed to the monitor. */
import type { ProjectMonitorRpc } from "../../durable-objects/project-monitor/types.ts";
import type { ProjectStreamRpc, ViewFrame } from "../../durable-objects/project-stream/types.ts";
import { packDeltas } from "../engine/windows/deltas.ts";
import type { Env } from "../env.ts";
import { COUNT_PASSES_MAX, COUNT_READ_SIZE_BYTES } from "../limits.ts";
import { count } from "../metrics.ts";
import { FrameCounter, type ReadyMetrics, readyMetrics } from "./count-frames.ts";
import { monitorOf } from "./monitor.ts";
import { streamsOf } from "./stream.ts";

/** What counting needs; `countingHouse(env)`, or another in tests. */
export interface CountingHouse {
  monitor(project_id: string): ProjectMonitorRpc;
  stream(project_id: string, shard: number): ProjectStreamRpc;
  bucket: R2Bucket;
  /** Definitions made ready, by project: an isolate keeps them from one pass to the next. */
  ready: Map<string, ReadyMetrics>;
  /** Told of the metrics that open sockets follow, where events were counted. */
  watched?(names: string[]): void;
}

export function countingHouse(env: Env): CountingHouse {
  return { monitor: (project_id) => monitorOf(env, project_id), stream: streamsOf(env), bucket: env.BUCKET, ready: kept };
}

/** Ready metrics that an isolate keeps, by project. */
const kept = new Map<string, ReadyMetrics>();
const KEPT_PROJECTS_MAX = 200;

/**
 * Counts what came since the last time. Repeating it, or several at once, changes nothing: the monitor takes only what follows what it has.
 * @returns whether everything that the stream had is counted
 * @throws what stream, monitor or R2 threw; the next call goes on from there
 */
export async function countEvents(house: CountingHouse, project_id: string, shard: number): Promise<boolean> {
  for (let pass = 0; pass < COUNT_PASSES_MAX; pass++) {
    const ended = await countOnce(house, project_id, shard);
    if (ended !== "more") return ended === "done";
  }
  return false;
}

async function countOnce(house: CountingHouse, project_id: string, shard: number): Promise<"more" | "done" | "full"> {
  const known = house.ready.get(project_id);
  const state = await house.monitor(project_id).counting(shard, known?.version ?? null);
  if (state.full) return "full";
  const ready = state.metrics ? keep(house.ready, project_id, readyMetrics(state.version, state.metrics)) : known!;
  const from_seq = state.applied_seq;
  const { frames, oldest_seq, more, metrics_watched } = await house.stream(project_id, shard).uncounted(from_seq, COUNT_READ_SIZE_BYTES);
  if (frames.length === 0) return "done";
  const counter = new FrameCounter(ready, { leave_late: true });
  let missed_frames = Math.max(0, oldest_seq - from_seq - 1);
  for (const frame of frames) {
    const bytes = await frameBytes(house.bucket, frame);
    if (bytes) counter.add(frame, bytes);
    else missed_frames++;
  }
  const answer = await house.monitor(project_id).apply({
    shard,
    from_seq,
    to_seq: frames.at(-1)!.seq,
    version: state.version,
    accepted_us: Math.max(...frames.map(({ accepted_us }) => accepted_us)),
    deltas: packDeltas(counter.deltas()),
    missed_frames,
  });
  if (answer.status === "full") return "full";
  if (answer.status === "applied" && metrics_watched.length > 0) house.watched?.(metrics_watched);
  if (answer.status === "applied" && missed_frames > 0) count("ledge_metrics_missed_frames_total", {}, missed_frames);
  // Objects of the journal stay until the stream hears that their frames are counted: with the next question.
  const heard = frames.every(({ journal }) => journal === null);
  return answer.status === "stale" || more || !heard ? "more" : "done";
}

function keep(kept: Map<string, ReadyMetrics>, project_id: string, ready: ReadyMetrics): ReadyMetrics {
  if (kept.size >= KEPT_PROJECTS_MAX) kept.clear();
  kept.set(project_id, ready);
  return ready;
}

/** Null where the journal object that held them is gone. */
export async function frameBytes(bucket: R2Bucket, { bytes, journal, size_bytes }: ViewFrame): Promise<Uint8Array | null> {
  if (bytes || !journal) return bytes;
  const object = await bucket.get(journal.key, { range: { offset: journal.offset, length: size_bytes } });
  return object ? new Uint8Array(await object.arrayBuffer()) : null;
}
