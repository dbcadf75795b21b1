/** From decoded events to durable ones: what every way in shares. */
import { createHash, randomBytes } from "node:crypto";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { refusedId, storeRefused } from "../catalog/refused.ts";
import { SHARD_ZERO } from "../catalog/stream.ts";
import { keyedBatchId, randomBatchId } from "../engine/batch/batch-id.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "../engine/decode/types.ts";
import { rejoinStackTraces } from "../engine/normalize/stack-traces.ts";
import { Problem } from "../errors.ts";
import { EVENTS_PER_REQUEST_MAX, REFUSED_REQUESTS_PER_MINUTE_MAX } from "../limits.ts";
import { count } from "../metrics.ts";
import { type DurableResult, makeDurable } from "./durable.ts";
import { packBatches } from "./pack.ts";
import { noteRejected } from "./rejected-notes.ts";

/** What a body without events holds. */
export const NOTHING: Decoded = { batches: [], accepted: 0, rejected: 0, errors: [] };

/**
 * Runs a decoder. A body that holds no event (blank lines, an empty array) is nothing, not an error.
 * @throws Problem `bad_request` where nothing could be understood, `too_large` above EVENTS_PER_REQUEST_MAX
 */
export function decoding<D extends Decoded>(decode: () => D): D | Decoded {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    if (error.code === "empty") return NOTHING;
    if (error.code === "too_many_events") throw new Problem("too_large", error.message, { limit_events: EVENTS_PER_REQUEST_MAX });
    throw new Problem("bad_request", error.message, { accepted: 0, rejected: error.errors.length, errors: error.errors });
  }
}

/** The id of what a request brings: made from the client's key, where there is one, so that repeating the request changes nothing. */
export function batchIdOf(project_id: string, idempotency_key: string | null, body: Uint8Array, now_ms: number): string {
  if (idempotency_key === null) return randomBatchId(now_ms, randomBytes(8));
  const digest = createHash("sha256").update(`${project_id}\n${idempotency_key}\n`).update(body).digest();
  return keyedBatchId(digest);
}

/** Values for events that do not bring their own, as a query names them. */
export function defaultsOf(query: {
  service?: string;
  host?: string;
  env?: string;
  source?: string;
  level?: string;
}): DecodeContext["defaults"] {
  const { service, host, env, source, level } = query;
  return { service, host, environment: env, source, level };
}

export interface Received {
  /** A protocol's name, or "api". */
  protocol: string;
  ms: number;
  size_bytes: number;
}

/** What may be asked of a source besides defaults: `join=stack_traces` puts together what its agent sent line by line. */
export function rejoined<D extends Decoded>(decoded: D, join: string | null | undefined): D {
  if (join !== "stack_traces") return decoded;
  return { ...decoded, batches: decoded.batches.map(({ batch, raw_bytes }) => ({ batch: rejoinStackTraces(batch), raw_bytes })) };
}

/** Makes decoded events durable; returns only once they are. What was refused is kept apart, where that works. @throws Problem */
export async function store(c: Context<AppEnv>, decoded: Decoded, batch_id: string, received: Received): Promise<DurableResult> {
  const { project_id } = c.var.access;
  count("ledge_events_rejected_total", {}, decoded.rejected);
  keepRefused(c, decoded, batch_id, received);
  if (decoded.rejected > 0) noteRejected(c.env, (work) => c.executionCtx.waitUntil(work), project_id, decoded, Date.now());
  const frames = packBatches(decoded.batches, { batch_id, project_id, shard: SHARD_ZERO, accepted_us: received.ms * 1000 });
  const wait_until = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const result = await makeDurable(c.env, wait_until, { project_id, shard: SHARD_ZERO, batch_id, frames });
  count("ledge_events_accepted_total", {}, decoded.accepted);
  count("ledge_ingest_body_bytes_total", {}, received.size_bytes);
  return result;
}

let refused_minute = 0;
let refused_requests = 0;

/** Refused records are kept for whoever mends their sender; nothing waits for it, and nothing fails with it. */
function keepRefused(c: Context<AppEnv>, { refused = [] }: Decoded, batch_id: string, { protocol, ms }: Received): void {
  if (refused.length === 0) return;
  const minute = Math.floor(ms / 60_000);
  refused_requests = minute === refused_minute ? refused_requests + 1 : 1;
  refused_minute = minute;
  if (refused_requests > REFUSED_REQUESTS_PER_MINUTE_MAX) {
    count("ledge_refused_records_unkept_total", {}, refused.length);
    return;
  }
  const source = {
    protocol,
    path: c.req.path,
    content_type: c.req.header("content-type") ?? null,
    received_at: new Date(ms).toISOString(),
  };
  const records = refused.map(({ index, message, bytes }) => ({ index, reason: message, bytes }));
  const storing = storeRefused(c.env.BUCKET, c.var.access.project_id, refusedId(ms, batch_id), source, records);
  c.executionCtx.waitUntil(storing.catch(() => count("ledge_refused_records_unkept_total", {}, refused.length)));
}
