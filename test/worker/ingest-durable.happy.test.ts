import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { newProjectId } from "../../worker/auth/key-text.ts";
import { journalKey } from "../../worker/catalog/keys.ts";
import { streamName, streamOf } from "../../worker/catalog/stream.ts";
import { readFrameHeader, splitFrames } from "../../worker/engine/segment/frame.ts";
import { makeDurable } from "../../worker/ingest/durable.ts";
import { FLUSH_SIZE_BYTES, QUEUE_MESSAGE_SIZE_BYTES_MAX } from "../../worker/limits.ts";
import { afterwards, edgeEnv, packedBatch, queueDouble } from "./support/durable.ts";

describe("at the edge", () => {
  it("a batch that fits is one message of its frames, back to back", async () => {
    const { queue, sent } = queueDouble();
    const batch = packedBatch(newProjectId(), 20, 1_000);
    await makeDurable(edgeEnv({ EVENTS: queue }), afterwards().wait_until, batch);
    expect(sent.map((message) => message.content_type)).toEqual(["bytes"]);
    const frames = splitFrames(sent[0]!.body as Uint8Array);
    expect(frames.map((frame) => readFrameHeader(frame).frame_id)).toEqual([`${batch.batch_id}0000`]);
    expect(frames).toEqual(batch.frames);
    expect(batch.frames[0]!.length).toBeGreaterThan(0);
  });

  it("a larger one is one object of the journal, and one message that names it", async () => {
    const { queue, sent } = queueDouble();
    const batch = packedBatch(newProjectId(), 1_000, 1_000);
    const after = afterwards();
    await makeDurable(edgeEnv({ EVENTS: queue }), after.wait_until, batch);
    await after.settled();
    const key = journalKey(batch.project_id, 0, batch.batch_id);
    const stored = new Uint8Array(await (await env.BUCKET.get(key))!.arrayBuffer());
    expect(stored.length).toBeGreaterThan(QUEUE_MESSAGE_SIZE_BYTES_MAX);
    expect(Buffer.from(stored).equals(Buffer.concat(batch.frames))).toBe(true);
    expect(sent).toEqual([
      { body: { v: 1, kind: "journal", project_id: batch.project_id, shard: 0, key, size_bytes: stored.length }, content_type: "json" },
    ]);
  });

  it("the same batch twice is the same object, untouched", async () => {
    const batch = packedBatch(newProjectId(), 1_000, 1_000);
    const key = journalKey(batch.project_id, 0, batch.batch_id);
    await makeDurable(edgeEnv({ EVENTS: queueDouble().queue }), afterwards().wait_until, batch);
    const first = await env.BUCKET.head(key);
    await makeDurable(edgeEnv({ EVENTS: queueDouble().queue }), afterwards().wait_until, batch);
    expect((await env.BUCKET.head(key))!.version).toBe(first!.version);
  });

  it.each([
    ["a message", 10],
    ["an object of the journal", 1_000],
  ])(
    "%s reaches the project's window by way of the queue",
    async (_, events) => {
      const batch = packedBatch(newProjectId(), events, 1_000);
      const after = afterwards();
      await makeDurable(edgeEnv({}), after.wait_until, batch);
      await after.settled();
      const stored = async () => (await streamOf(env, batch.project_id).status()).events_total;
      await vi.waitUntil(async () => (await stored()) > 0, { timeout: 15_000, interval: 100 });
      expect(await stored()).toBe(events);
    },
    20_000,
  );

  it("nothing is sent of a batch without events", async () => {
    const { queue, sent } = queueDouble();
    const batch = { project_id: newProjectId(), shard: 0, batch_id: "0".repeat(28), frames: [] };
    await makeDurable(edgeEnv({ EVENTS: queue }), afterwards().wait_until, batch);
    expect(sent).toEqual([]);
  });
});

describe("on one machine", () => {
  it("a batch is in the project's object before the answer, and a nudge follows", async () => {
    const { queue, sent } = queueDouble();
    const batch = packedBatch(newProjectId(), 12_000, 100);
    expect(batch.frames.length).toBeGreaterThan(1);
    const after = afterwards();
    await makeDurable({ ...env, EVENTS: queue }, after.wait_until, batch);
    expect(await streamOf(env, batch.project_id).status()).toMatchObject({ window_frames: batch.frames.length, window_rows: 12_000 });
    await after.settled();
    expect(sent).toEqual([{ body: { v: 1, kind: "nudge", project_id: batch.project_id, shard: 0 }, content_type: "json" }]);
  });

  it("the same batch twice is stored once", async () => {
    const batch = packedBatch(newProjectId(), 10, 100);
    for (let time = 0; time < 2; time++) await makeDurable({ ...env, EVENTS: queueDouble().queue }, afterwards().wait_until, batch);
    expect(await streamOf(env, batch.project_id).status()).toMatchObject({ window_frames: 1, events_total: 10 });
  });

  it("a window that has passed the size of a flush goes on accepting, and its object comes back after a fall", async () => {
    const project_id = newProjectId();
    const append = () =>
      makeDurable({ ...env, EVENTS: queueDouble().queue }, afterwards().wait_until, packedBatch(project_id, 2_000, 1_000));
    const made_size_bytes = packedBatch(project_id, 2_000, 1_000).frames.reduce((sum, frame) => sum + frame.length, 0);
    const batches = Math.ceil(FLUSH_SIZE_BYTES / made_size_bytes) + 1;
    for (let batch = 0; batch < batches; batch++) await append();
    await evictDurableObject(env.STREAM.getByName(streamName(project_id, 0)));
    await append();
    expect((await streamOf(env, project_id).status()).events_total).toBe((batches + 1) * 2_000);
  });
});
