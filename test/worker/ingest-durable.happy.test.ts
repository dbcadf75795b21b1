import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { newProjectId } from "../../worker/auth/key-text.ts";
import { journalKey } from "../../worker/catalog/keys.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import { readFrameHeader, splitFrames } from "../../worker/engine/segment/frame.ts";
import { makeDurable } from "../../worker/ingest/durable.ts";
import { QUEUE_MESSAGE_SIZE_BYTES_MAX } from "../../worker/limits.ts";
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
    expect(splitFrames(stored)).toEqual(batch.frames);
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
});
