/** Events in a project without the way over the queue, and what a search answers. */
import { env } from "cloudflare:workers";
import { randomBytes } from "node:crypto";
import { streamOf } from "../../../worker/catalog/stream.ts";
import { randomBatchId } from "../../../worker/engine/batch/batch-id.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { readFrameHeader } from "../../../worker/engine/segment/frame.ts";
import { packBatches } from "../../../worker/ingest/pack.ts";
import { call, type TestProject } from "./api.ts";

export interface SentEvent {
  timestamp: string;
  level?: string;
  service?: string;
  host?: string;
  message?: string;
  trace_id?: string;
  event_id?: string;
  [attribute: string]: unknown;
}

export interface ShownEvent {
  event_id: string;
  timestamp: string;
  message?: string;
  service?: string;
  level?: string;
  attributes: Record<string, unknown>;
}

export interface ShownStats {
  took_ms: number;
  segments: { considered: number; skipped: number; read: number };
  window_frames: number;
  bytes_read: number;
  reads: number;
  rows_scanned: number;
}

export interface SearchAnswer {
  events: ShownEvent[];
  cursor: string | null;
  hints?: { field: string; suggestion: string }[];
  stats: ShownStats;
}

/** Puts events into the project's window, as one batch. */
export async function putEvents(project: TestProject, events: readonly SentEvent[]): Promise<void> {
  const accepted_us = Date.now() * 1_000;
  const body = new TextEncoder().encode(JSON.stringify(events));
  const { batches, rejected } = decodeJson(body, { received_us: accepted_us, defaults: {} });
  if (rejected > 0) throw new Error(`${rejected} events were refused`);
  const meta = { batch_id: randomBatchId(Date.now(), randomBytes(8)), project_id: project.project_id, shard: 0, accepted_us };
  const frames = packBatches(batches, meta).map((bytes) => {
    const { frame_id, rows, raw_bytes, size_bytes, ts_min_us, ts_max_us } = readFrameHeader(bytes);
    return { frame_id, rows, raw_bytes, size_bytes, ts_min_us, ts_max_us, accepted_us, bytes, journal: null, event_ids: null };
  });
  const answer = await streamOf(env, project.project_id).append({ project_id: project.project_id, shard: 0, frames, enforce_quota: false });
  if (answer.status !== "ok") throw new Error(`append answered ${answer.status}`);
}

/** The JSON of a route that must answer 200. */
export async function get<T = SearchAnswer>(
  project: TestProject,
  path: string,
  parameters: Record<string, string | number> = {},
): Promise<T> {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  const answer = await call(`${path}?${query}`, { key: project.key });
  if (answer.status !== 200) throw new Error(`${path}?${query} answered ${answer.status}: ${await answer.text()}`);
  return answer.json<T>();
}

const SERVICES = ["api", "web", "billing"];
const LEVELS = ["INFO", "ERROR", "WARN"];

/** Events a second apart from `start_ms`, a few of them at one moment. */
export function someEvents(start_ms: number, count: number): SentEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: new Date(start_ms + Math.floor(index / 3) * 1_000).toISOString(),
    level: LEVELS[index % 3]!,
    service: SERVICES[Math.floor(index / 2) % 3]!,
    host: `host-${index % 4}`,
    message: index % 10 === 7 ? `connection reset by peer ${index}` : `request ${index} served`,
    status: index % 5 === 0 ? 500 : 200,
    path: `/items/${index % 6}`,
  }));
}
