import { replayDeadLetters } from "../../../worker/catalog/dead-letters.ts";
import { appendDelivery, deliveryOf } from "../../../worker/catalog/deliver.ts";
import { journalKey } from "../../../worker/catalog/keys.ts";
import { searchedSegments } from "../../../worker/catalog/segments.ts";
import { consumeDeadLetters } from "../../../worker/consume/dead-letters.ts";
import { consumeEvents } from "../../../worker/consume/events.ts";
import { frameId, keyedBatchId, randomBatchId } from "../../../worker/engine/batch/batch-id.ts";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { parseQuery } from "../../../worker/engine/query/parse.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import type { Env } from "../../../worker/env.ts";
import type { House } from "../../../worker/jobs/house.ts";
import type { ByteCache } from "../../../worker/search/byte-cache.ts";
import { SearchContext } from "../../../worker/search/context.ts";
import type { Position } from "../../../worker/search/cursor.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";
import { batchOf, type WorldEvent } from "./events.ts";
import type { EventsQueue } from "./house.ts";
import type { Oracle, SentFrame } from "./oracle.ts";
import type { Scheduler } from "./scheduler.ts";

/** One request of a client; sent again with the same key it is the same batch. */
export interface Request {
  project_id: string;
  batch_id: string;
  frames: Uint8Array[];
  sent: SentFrame[];
}

export type Way = "direct" | "queue" | "journal" | "journal without message";

const DAY_US = 86_400_000_000;

export function makeRequest(scheduler: Scheduler, number: number, project_id: string, now_ms: number): Request {
  const random = Uint8Array.from({ length: 14 }, () => scheduler.below(256));
  const batch_id = scheduler.chance(0.3) ? keyedBatchId(random) : randomBatchId(now_ms - scheduler.below(5_000), random);
  const sent: SentFrame[] = [];
  const frames = Array.from({ length: scheduler.chance(0.2) ? 2 : 1 }, (_, ordinal) => {
    const events: WorldEvent[] = [];
    for (let row = 0; row <= scheduler.below(4); row++) {
      const timestamp_us = now_ms * 1000 - scheduler.below(3) * DAY_US - scheduler.below(4);
      const event: WorldEvent = {
        timestamp_us,
        message: `request ${number} frame ${ordinal} row ${row}`,
        service: scheduler.pick(["api", "web"]),
        event_id: null,
      };
      for (let copy = 0; copy <= (scheduler.chance(0.2) ? 1 : 0); copy++) events.push(event);
    }
    sent.push({ frame_id: frameId(batch_id, ordinal), messages: events.map((event) => event.message) });
    return packFrame(batchOf(events, now_ms * 1000), {
      frame_id: frameId(batch_id, ordinal),
      project_id,
      shard: 0,
      accepted_us: now_ms * 1000,
      raw_bytes: 100,
    });
  });
  return { project_id, batch_id, frames, sent };
}

/** A request of one event that bears a client's event id; others like it repeat the same event. */
export function makeEventWithId(scheduler: Scheduler, name: string, project_id: string, now_ms: number): Request {
  const batch_id = randomBatchId(
    now_ms,
    Uint8Array.from({ length: 8 }, () => scheduler.below(256)),
  );
  const event: WorldEvent = { timestamp_us: now_ms * 1000, message: `event ${name}`, service: "api", event_id: name };
  const meta = { frame_id: frameId(batch_id, 0), project_id, shard: 0, accepted_us: now_ms * 1000, raw_bytes: 100 };
  return {
    project_id,
    batch_id,
    frames: [packFrame(batchOf([event], now_ms * 1000), meta)],
    sent: [{ frame_id: meta.frame_id, messages: [event.message] }],
  };
}

/** Sends a request one of the ways that ingest has, and notes the answer. */
export async function send(
  house: House,
  oracle: Oracle,
  queue: EventsQueue,
  step: <T>(name: string, effect: () => T) => Promise<T>,
  request: Request,
  way: Way,
): Promise<void> {
  const { project_id, batch_id, sent } = request;
  oracle.sending(project_id, sent);
  const bytes = joinBytes(request.frames);
  const message = (body: unknown) =>
    step("queue.send", () => {
      const id = `m${++queue.sent}`;
      queue.messages.set(id, { id, body, attempts: 0 });
    });
  if (way === "direct") {
    const answer = await appendDelivery(house.stream, deliveryOf(bytes), true);
    if (answer.status === "ok") oracle.acknowledged(project_id, sent);
    return;
  }
  if (way === "queue") await message(bytes.slice().buffer);
  else {
    const key = journalKey(project_id, 0, batch_id);
    await house.bucket.put(key, bytes, { onlyIf: { etagDoesNotMatch: "*" } });
    oracle.acknowledged(project_id, sent);
    if (way === "journal") await message({ v: 1, kind: "journal", project_id, shard: 0, key, size_bytes: bytes.length });
  }
  oracle.acknowledged(project_id, sent);
}

function envOf(house: House): Env {
  const monitor = { getByName: (project_id: string) => house.monitor(project_id) };
  const stream = { getByName: (name: string) => house.stream(name.split(":")[0]!, Number(name.split(":")[1])) };
  return { DB: house.db, BUCKET: house.bucket, STREAM: stream, MONITOR: monitor } as unknown as Env;
}

/** One delivery: any messages, in any grouping. An acknowledgement may be lost, so that the message comes again. */
export async function deliver(
  house: House,
  queue: EventsQueue,
  keys: readonly string[],
  scheduler: Scheduler,
  dead: boolean,
): Promise<void> {
  const messages = keys.flatMap((key) => {
    const queued = queue.messages.get(key);
    if (!queued) return [];
    queued.attempts++;
    const ack = () => {
      if (!scheduler.chance(0.2)) queue.messages.delete(key);
    };
    return [
      { id: queued.id, body: queued.body, attempts: queued.attempts, timestamp: new Date(house.now_ms()), ack, retry: () => undefined },
    ];
  });
  const batch = { queue: "ledge-events", messages } as unknown as MessageBatch;
  await (dead ? consumeDeadLetters(batch, envOf(house)) : consumeEvents(batch, envOf(house)));
}

export async function replay(house: House, project_id: string): Promise<void> {
  await replayDeadLetters(envOf(house), project_id, "all");
}

/** Reads a project from end to end in pages, as a client does, each page in any of the isolates, and compares with what was promised when it began. */
export async function read(
  house: House,
  oracle: Oracle,
  scheduler: Scheduler,
  isolates: readonly ByteCache[],
  project_id: string,
  at_the_end: boolean,
): Promise<string[]> {
  const promised = oracle.promised(project_id, at_the_end);
  const found: string[] = [];
  const { filter } = parseQuery("", { now_us: house.now_ms() * 1000 });
  const order = scheduler.pick(["asc", "desc"] as const);
  const range = { from_us: 0, to_us: house.now_ms() * 1000 + DAY_US };
  let after: Position | null = null;
  for (;;) {
    const context = new SearchContext(
      {
        project_id,
        stream: (shard) => house.stream(project_id, shard),
        segments: (request) => searchedSegments(house.db, project_id, request),
        // Jobs run in other isolates than searches.
        changes: () => 0,
        shared: null,
        parts: null,
        objects: house.bucket,
        now_us: () => house.now_ms() * 1000,
        signal: null,
      },
      scheduler.pick(isolates),
    );
    const page = await searchEvents(context, { filter, range, order, limit: 1 + scheduler.below(12), after });
    // An answer that says that it is partial is right only where a fault made it so; it is no answer to hold against the oracle.
    if (context.lost.length > 0) throw new Error("segments could not be read", { cause: context.lost_cause });
    found.push(...page.events.map((event) => event.record.message ?? ""));
    if (!page.more) break;
    after = page.last;
  }
  oracle.check(project_id, promised, found);
  return found;
}
