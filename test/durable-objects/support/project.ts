/** A project without keys: what goes into its stream, and all that a search finds of it. */
import { env } from "cloudflare:workers";
import { randomBytes } from "node:crypto";
import type { AppendAnswer } from "../../../durable-objects/project-stream/types.ts";
import { newProjectId } from "../../../worker/auth/key-text.ts";
import { appendDelivery, type Delivery, deliveryOf } from "../../../worker/catalog/deliver.ts";
import { searchedSegments } from "../../../worker/catalog/segments.ts";
import { streamName, streamsOf } from "../../../worker/catalog/stream.ts";
import { keyedBatchId, randomBatchId } from "../../../worker/engine/batch/batch-id.ts";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { parseQuery } from "../../../worker/engine/query/parse.ts";
import type { PackedBatch } from "../../../worker/ingest/durable.ts";
import { packBatches } from "../../../worker/ingest/pack.ts";
import { ByteCache } from "../../../worker/search/byte-cache.ts";
import { SearchContext } from "../../../worker/search/context.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";

export interface Sent {
  message: string;
  timestamp?: string;
  event_id?: string;
}

export { newProjectId };

export function streamStub(project_id: string) {
  return env.STREAM.getByName(streamName(project_id, 0));
}

/** What ingest makes of one request. @param key the same key and events give the same batch */
export function packed(
  project_id: string,
  events: readonly (Sent | string)[],
  options: { key?: string; now_ms?: number } = {},
): PackedBatch {
  const now_ms = options.now_ms ?? Date.now();
  const body = new TextEncoder().encode(JSON.stringify(events.map((event) => (typeof event === "string" ? { message: event } : event))));
  const { batches, rejected } = decodeJson(body, { received_us: now_ms * 1000, defaults: {} });
  if (rejected > 0) throw new Error(`${rejected} events were refused`);
  const batch_id =
    options.key === undefined
      ? randomBatchId(now_ms, randomBytes(8))
      : keyedBatchId(new TextEncoder().encode(options.key.padEnd(14, ".").slice(-14)));
  return { project_id, shard: 0, batch_id, frames: packBatches(batches, { batch_id, project_id, shard: 0, accepted_us: now_ms * 1000 }) };
}

/** The body of a queue message: a fresh buffer each time. */
export function bodyOf(batch: PackedBatch): ArrayBuffer {
  return joinBytes(batch.frames).slice().buffer as ArrayBuffer;
}

export function deliveryFrom(batch: PackedBatch): Delivery {
  return deliveryOf(joinBytes(batch.frames));
}

/** Appends over the object's RPC. */
export function append(batch: PackedBatch): Promise<AppendAnswer> {
  return appendDelivery(streamsOf(env), deliveryFrom(batch), false);
}

/** Messages of all events of the project, sorted: by way of window, catalog and bucket, page by page, nothing from a cache. */
export async function found(project_id: string, query = ""): Promise<string[]> {
  const messages: string[] = [];
  const { filter } = parseQuery(query, { now_us: Date.now() * 1000 });
  const range = { from_us: 0, to_us: Date.now() * 1000 + 400 * 86_400_000_000 };
  let after = null;
  for (;;) {
    const context = new SearchContext(
      {
        project_id,
        stream: (shard) => streamsOf(env)(project_id, shard),
        segments: (request) => searchedSegments(env.DB, project_id, request),
        changes: () => 0,
        shared: null,
        parts: null,
        objects: env.BUCKET,
        now_us: () => Date.now() * 1000,
        signal: null,
      },
      new ByteCache(1_000_000),
    );
    const page = await searchEvents(context, { filter, range, order: "asc", limit: 1_000, after });
    messages.push(...page.events.map((event) => event.record.message ?? ""));
    if (!page.more) return messages.sort();
    after = page.last;
  }
}

/** `count` messages of their own, in the order in which `found` gives them. */
export function messages(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name} number ${String(index).padStart(5, "0")}`);
}
