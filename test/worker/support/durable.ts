import { env } from "cloudflare:workers";
import { randomBytes } from "node:crypto";
import { randomBatchId } from "../../../worker/engine/batch/batch-id.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import type { Env } from "../../../worker/env.ts";
import type { PackedBatch } from "../../../worker/ingest/durable.ts";
import { packBatches } from "../../../worker/ingest/pack.ts";

export interface SentMessage {
  /** A copy of bytes, or the value. */
  body: unknown;
  content_type: string | undefined;
}

/** A queue that does to buffers what the real one does: it takes them away. */
export function queueDouble(fail: (attempt: number) => Promise<void> | void = () => {}): { queue: Queue; sent: SentMessage[] } {
  const sent: SentMessage[] = [];
  let attempt = 0;
  const send = async (body: unknown, options?: QueueSendOptions) => {
    await fail(attempt++);
    const kept = body instanceof Uint8Array ? structuredClone(body, { transfer: [body.buffer] }) : body;
    sent.push({ body: kept, content_type: options?.contentType });
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  };
  return { queue: { send } as unknown as Queue, sent };
}

export function edgeEnv(changes: Partial<Env>): Env {
  return { ...env, LEDGE_PROFILE: "edge", ...changes };
}

/** A batch as ingest packs it: `count` events of about `size_bytes` that do not compress. */
export function packedBatch(project_id: string, count: number, size_bytes: number): PackedBatch {
  const events = Array.from({ length: count }, () => ({ message: randomBytes(size_bytes / 2).toString("hex") }));
  const body = new TextEncoder().encode(JSON.stringify(events));
  const batch_id = randomBatchId(Date.now(), randomBytes(8));
  const { batches } = decodeJson(body, { received_us: Date.now() * 1000, defaults: {} });
  return {
    project_id,
    shard: 0,
    batch_id,
    frames: packBatches(batches, { batch_id, project_id, shard: 0, accepted_us: Date.now() * 1000 }),
  };
}

/** Collects what goes on after the answer. */
export function afterwards(): { wait_until: (work: Promise<unknown>) => void; settled: () => Promise<unknown> } {
  const works: Promise<unknown>[] = [];
  return { wait_until: (work) => void works.push(work), settled: () => Promise.all(works) };
}
