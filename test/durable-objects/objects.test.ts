import { createScheduledController, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ProjectSettings } from "../../durable-objects/project-stream/types.ts";
import { countEvents, countingHouse } from "../../worker/catalog/counting.ts";
import { appendDelivery } from "../../worker/catalog/deliver.ts";
import { journalKey } from "../../worker/catalog/keys.ts";
import { allAlive } from "../../worker/catalog/segments.ts";
import { streamOf, streamsOf } from "../../worker/catalog/stream.ts";
import { usageOf } from "../../worker/catalog/usage.ts";
import { keyedBatchId } from "../../worker/engine/batch/batch-id.ts";
import { joinBytes } from "../../worker/engine/batch/join-bytes.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import { resendJournal } from "../../worker/jobs/resend-journal.ts";
import { runSchedule } from "../../worker/jobs/schedule.ts";
import { FLUSH_AGE_MS, JOURNAL_AGE_MS, WINDOW_LINGER_MS } from "../../worker/limits.ts";
import { evict, houseLater, wrapHouse } from "./support/faults.ts";
import { append, bodyOf, deliveryFrom, found, messages, newProjectId, packed, streamStub } from "./support/project.ts";

const DAY_MS = 86_400_000;

beforeEach(() => {
  // Faults are made on purpose here; what is logged of them says nothing new.
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
});

function settings(project_id: string, changes: Partial<ProjectSettings>): ProjectSettings {
  return { project_id, name: "tests", retention_days: 30, daily_events_max: 1_000, cors_origins: [], deleted_at: null, ...changes };
}

describe("the stream", () => {
  it("says the same whether it falls out of memory between its calls or not", async () => {
    const life = async (between: (project_id: string) => Promise<void>) => {
      const project_id = newProjectId();
      const stream = () => streamOf(env, project_id);
      const heard: unknown[] = [];
      const first = packed(project_id, [...messages("first", 3), { message: "with an id", event_id: "e1" }], { key: "first key" });
      const second = packed(
        project_id,
        [
          { message: "with an id", event_id: "e1" },
          { message: "another", event_id: "e2" },
        ],
        { key: "second" },
      );
      const steps: (() => Promise<unknown>)[] = [
        () => append(first),
        () => append(first),
        () => append(second),
        () => stream().known([`${first.batch_id}0000`, `${keyedBatchId(new Uint8Array(14))}0000`]),
        async () =>
          (await stream().view({ from_us: 0, to_us: Number.MAX_SAFE_INTEGER, after_seq: null, start_seq: null, held: [] })).frames.length,
        async () => (await stream().plan(true))?.frames.map((frame) => [frame.seq, frame.masked]),
        async () => (await stream().plan(false))?.frames.map((frame) => [frame.seq, frame.masked]),
        () => flushStream(houseLater(0), project_id, 0, true),
        () => append(second),
        () => append(packed(project_id, [{ message: "another", event_id: "e2" }], { key: "third" })),
        () => stream().known([`${first.batch_id}0000`]),
        () => flushStream(houseLater(0), project_id, 0, true),
        async () => ({ ...(await stream().status()), oldest_accepted_us: null, raw_bytes_total: 0 }),
        () => found(project_id),
      ];
      for (const step of steps) {
        heard.push(await step());
        await between(project_id);
      }
      return heard;
    };
    const calm = await life(async () => undefined);
    expect(calm.at(-1)).toEqual(["another", "with an id", ...messages("first", 3)].sort());
    expect(await life(evict)).toEqual(calm);
  });

  it("asks for a flush when it is due, and the jobs queue makes a segment that searches find", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("aged", 10), { now_ms: Date.now() - FLUSH_AGE_MS }));
    // Due at once: the alarm rings by itself or now.
    await runDurableObjectAlarm(streamStub(project_id));
    await vi.waitUntil(async () => (await allAlive(env.DB, project_id)).length === 1, { timeout: 15_000, interval: 50 });
    expect(await streamOf(env, project_id).status()).toMatchObject({ window_frames: 0, flushed_seq: 1, outbox: 0 });
    expect(await found(project_id)).toEqual(messages("aged", 10));
  }, 20_000);

  it("asks again where a job was lost", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, ["one"]));
    await streamOf(env, project_id).plan(true);
    await evict(project_id);
    await streamOf(env, project_id).status();
    expect(await runInDurableObject(streamStub(project_id), (_, state) => state.storage.getAlarm())).toBeGreaterThan(Date.now() - 1_000);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 200_000 });
    await evict(project_id);
    expect(await runDurableObjectAlarm(streamStub(project_id))).toBe(true);
    vi.useRealTimers();
    await vi.waitUntil(async () => (await allAlive(env.DB, project_id)).length === 1, { timeout: 15_000, interval: 50 });
    expect(await found(project_id)).toEqual(["one"]);
  }, 20_000);

  it("refuses what comes for a deleted project", async () => {
    const project_id = newProjectId();
    await streamOf(env, project_id).configure(settings(project_id, { deleted_at: new Date().toISOString() }));
    await evict(project_id);
    expect(await append(packed(project_id, ["late"]))).toEqual({ status: "gone" });
    expect(await found(project_id)).toEqual([]);
  });

  it("keeps every row within what an object may store, also where each event bears an id", async () => {
    const project_id = newProjectId();
    const request = () =>
      packed(
        project_id,
        Array.from({ length: 100_000 }, () => ({ message: "m", event_id: randomBytes(6).toString("hex") })),
      );
    const delivery = { project_id, shard: 0, frames: [request(), request()].flatMap((batch) => deliveryFrom(batch).frames) };
    for (const digit of ["0", "1"]) {
      // The second time every event repeats an id, and all are hidden.
      const frames = delivery.frames.map((frame) => ({ ...frame, frame_id: digit + frame.frame_id.slice(1) }));
      expect(await appendDelivery(streamsOf(env), { ...delivery, frames }, false)).toMatchObject({ status: "ok" });
    }
    const sizes = await runInDurableObject(streamStub(project_id), (_, state) =>
      state.storage.sql.exec("SELECT length(head) + length(event_ids) + length(data) AS size FROM slot").toArray(),
    );
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes.map((row) => Number(row.size)))).toBeLessThan(2_000_000);
    expect(await streamOf(env, project_id).status()).toMatchObject({ events_total: 200_000 });
  });

  it("stores nothing of a call that fails half way, and goes on", async () => {
    const project_id = newProjectId();
    const good = packed(project_id, ["good"]);
    await runInDurableObject(streamStub(project_id), (_, state) => {
      state.storage.sql.exec(
        "CREATE TRIGGER refuse BEFORE INSERT ON slot WHEN NEW.seq_min = 2 BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
      );
    });
    await append(good);
    await expect(append(packed(project_id, ["refused"], { key: "again" }))).rejects.toThrow("the disk is full");
    await runInDurableObject(streamStub(project_id), (_, state) => void state.storage.sql.exec("DROP TRIGGER refuse"));
    expect(await streamOf(env, project_id).status()).toMatchObject({ next_seq: 2, window_frames: 1 });
    expect(await append(packed(project_id, ["refused"], { key: "again" }))).toMatchObject({ frames: [{ status: "appended", seq: 2 }] });
    expect(await found(project_id)).toEqual(["good", "refused"]);
  });
});

describe("clocks that are put right", () => {
  it.each([
    ["back by a year", 365 * DAY_MS],
    ["back by an hour", 3_600_000],
    ["ahead by a month", -30 * DAY_MS],
  ])("%s: every event is kept once, and what waits is flushed", async (_, wrong_ms) => {
    const right_ms = Date.now();
    const at = async (now_ms: number, project_id: string) => {
      vi.useFakeTimers({ toFake: ["Date"], now: now_ms });
      await evict(project_id);
    };
    const project_id = newProjectId();
    await at(right_ms + wrong_ms, project_id);
    const first = packed(project_id, messages("first", 5), { key: "one key" });
    await append(first);
    expect(await flushStream(houseLater(0), project_id, 0, true)).toBe(1);
    await append(packed(project_id, messages("second", 5)));
    await at(right_ms, project_id);
    expect(await append(packed(project_id, messages("third", 5)))).toMatchObject({ status: "ok" });
    await at(right_ms + FLUSH_AGE_MS + 1, project_id);
    expect(await flushStream(houseLater(0), project_id, 0, false), "due by age").toBe(1);
    if (wrong_ms > 0) expect(await append(first)).toMatchObject({ frames: [{ status: "duplicate" }] });
    await at(right_ms + FLUSH_AGE_MS + WINDOW_LINGER_MS + 2, project_id);
    await append(packed(project_id, ["last"]));
    const { recent } = await streamOf(env, project_id).view({ from_us: 0, to_us: 1, after_seq: null, start_seq: null, held: [] });
    expect(recent, "what D1 has had for long is forgotten").toEqual([]);
    expect(await found(project_id)).toEqual([...messages("first", 5), ...messages("second", 5), ...messages("third", 5), "last"].sort());
  });
});

describe("the monitor", () => {
  const monitorOf = (project_id: string) => env.MONITOR.getByName(project_id);
  const count = (project_id: string) => countEvents(countingHouse(env), project_id, 0);
  const counted = async (project_id: string) => {
    const { hours, missed_frames } = await usageOf(env, project_id, Date.now() * 1000);
    return { events: hours.reduce((sum, hour) => sum + hour.events, 0), missed_frames };
  };

  it("counts once whatever is told twice, at the same time or after a fall", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, [...messages("first", 7), { message: "id", event_id: "e" }]));
    await append(packed(project_id, [{ message: "id", event_id: "e" }]));
    await Promise.all([count(project_id), count(project_id), count(project_id)]);
    expect(await counted(project_id)).toEqual({ events: 8, missed_frames: 0 });
    await evictMonitor(project_id);
    await count(project_id);
    expect(await counted(project_id)).toEqual({ events: 8, missed_frames: 0 });
  });

  it("catches up after it was away, also with what was flushed meanwhile", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("first", 3)));
    await count(project_id);
    for (let count = 0; count < 5; count++) await append(packed(project_id, messages(`while away ${count}`, 10)));
    await flushStream(houseLater(0), project_id, 0, true);
    await append(packed(project_id, messages("last", 4)));
    await evictMonitor(project_id);
    await count(project_id);
    expect(await counted(project_id)).toEqual({ events: 57, missed_frames: 0 });
  });

  it("finds what was flushed long ago, as long as nobody has counted it", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("first", 3)));
    await count(project_id);
    for (let count = 0; count < 4; count++) await append(packed(project_id, messages(`missed ${count}`, 10)));
    await flushStream(houseLater(0), project_id, 0, true);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + WINDOW_LINGER_MS + 200_000 });
    await evict(project_id);
    await append(packed(project_id, messages("after", 2)));
    await count(project_id);
    expect(await counted(project_id)).toEqual({ events: 45, missed_frames: 0 });
  });

  async function evictMonitor(project_id: string): Promise<void> {
    const { evictDurableObject } = await import("cloudflare:test");
    await evictDurableObject(monitorOf(project_id));
  }
});

describe("the journal", () => {
  const SOON = JOURNAL_AGE_MS + 200_000;

  async function journal(project_id: string, names: string[]): Promise<string> {
    const batch = packed(project_id, names);
    const key = journalKey(project_id, 0, batch.batch_id);
    await env.BUCKET.put(key, bodyOf(batch));
    return key;
  }

  const tick = (cron: string, later_ms: number) =>
    runSchedule(createScheduledController({ cron, scheduledTime: Date.now() + later_ms }), env);

  it("is sent again where its message never came, and goes once its events are in a segment", async () => {
    const project_id = newProjectId();
    const key = await journal(project_id, messages("journaled", 20));
    await tick("*/5 * * * *", 0);
    expect(await found(project_id), "its message may be under way").toEqual([]);
    for (let again = 0; again < 2; again++) await tick("*/5 * * * *", SOON);
    expect(await found(project_id)).toEqual(messages("journaled", 20));
    expect(await env.BUCKET.head(key), "the window points to it").not.toBeNull();
    await flushStream(houseLater(0), project_id, 0, true);
    await tick("*/5 * * * *", SOON);
    expect(await env.BUCKET.head(key), "metrics are counted from it still").not.toBeNull();
    await countEvents(countingHouse(env), project_id, 0);
    await tick("*/5 * * * *", SOON);
    expect(await env.BUCKET.head(key)).toBeNull();
    expect(await found(project_id)).toEqual(messages("journaled", 20));
  });

  it("of one project is looked after though another's is damaged or its object errs", async () => {
    const [damaged, erring, good] = [newProjectId(), newProjectId(), newProjectId()].sort() as [string, string, string];
    const damaged_key = await journal(damaged, ["damaged"]);
    const bytes = new Uint8Array(await (await env.BUCKET.get(damaged_key))!.arrayBuffer());
    bytes[bytes.length - 1]! ^= 1;
    await env.BUCKET.put(damaged_key, bytes);
    const erring_key = await journal(erring, ["erring"]);
    await journal(good, ["good"]);
    const house = houseLater(SOON);
    const broken = {
      ...house,
      stream: (id: string, shard: number) =>
        id === erring ? wrapHouse(house, () => Promise.reject(new Error("away"))).stream(id, shard) : house.stream(id, shard),
    };
    expect(await resendJournal(broken)).toMatchObject({ resent: 1, failed: 2 });
    expect(await found(good)).toEqual(["good"]);
    for (const key of [damaged_key, erring_key]) expect(await env.BUCKET.head(key)).not.toBeNull();
    expect(await resendJournal(house)).toMatchObject({ resent: 1, failed: 1 });
    expect(await found(erring)).toEqual(["erring"]);
    await env.BUCKET.delete(damaged_key);
  });

  it("that is gone though its plan is open makes the flush fail loudly, and nothing is committed", async () => {
    const project_id = newProjectId();
    const key = await journal(project_id, ["held"]);
    await resendJournal(houseLater(SOON));
    const bytes = await (await env.BUCKET.get(key))!.arrayBuffer();
    await env.BUCKET.delete(key);
    await expect(flushStream(houseLater(0), project_id, 0, true)).rejects.toThrow("missing");
    expect(await streamOf(env, project_id).status()).toMatchObject({ flushed_seq: 0, window_frames: 1 });
    await env.BUCKET.put(key, joinBytes([new Uint8Array(bytes)]));
    expect(await flushStream(houseLater(0), project_id, 0, true)).toBe(1);
    expect(await found(project_id)).toEqual(["held"]);
  });
});
