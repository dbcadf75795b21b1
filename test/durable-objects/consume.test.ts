import { createExecutionContext, createMessageBatch, getQueueResult, type QueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AppendAnswer } from "../../durable-objects/project-stream/types.ts";
import { listDeadLetters, UNKNOWN_PROJECT } from "../../worker/catalog/dead-letters.ts";
import type { EventsNotice } from "../../worker/catalog/deliver.ts";
import { DEAD_LETTER_PREFIX, journalKey } from "../../worker/catalog/keys.ts";
import { allAlive, insertRows } from "../../worker/catalog/segments.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import { usageOf } from "../../worker/catalog/usage.ts";
import { consumeDeadLetters } from "../../worker/consume/dead-letters.ts";
import { consumeEvents } from "../../worker/consume/events.ts";
import type { Env } from "../../worker/env.ts";
import type { PackedBatch } from "../../worker/ingest/durable.ts";
import { compactProject } from "../../worker/jobs/compact.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import { APPEND_TIMEOUT_MS } from "../../worker/limits.ts";
import { call, createProject } from "../worker/support/api.ts";
import { houseLater, InjectedFault, wrapBucket, wrapDatabase, wrapHouse, wrapStream } from "./support/faults.ts";
import { append, bodyOf, found, messages, newProjectId, packed } from "./support/project.ts";

beforeEach(() => {
  // Faults are made on purpose here; what is logged of them says nothing new.
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
});

type Consumer = (batch: MessageBatch, env: Env) => Promise<void>;
interface Message {
  id: string;
  body: unknown;
}

/** When a message was sent: the same in each of its deliveries. */
const SENT_AT = new Date();
let number = 0;
const messageOf = (body: unknown): Message => ({ id: `m${++number}`, body });
const framesOf = (batch: PackedBatch): Message => messageOf(bodyOf(batch));
/** The same message once more: each delivery has a body of its own. */
const again = ({ id, body }: Message): Message => ({ id, body: structuredClone(body) });

async function deliver(sent: Message[], changes: Partial<Env> = {}, consumer: Consumer = consumeEvents): Promise<QueueResult> {
  const batch = createMessageBatch(
    "ledge-events",
    sent.map((message) => ({ ...message, timestamp: SENT_AT, attempts: 1 })),
  );
  const ctx = createExecutionContext();
  await consumer(batch, { ...env, ...changes });
  return getQueueResult(batch, ctx);
}

const acked = (result: QueueResult) => [...result.explicitAcks].sort();
const retried = (result: QueueResult) => result.retryMessages.map((message) => message.msgId).sort();
const idsOf = (...sent: Message[]) => sent.map((message) => message.id).sort();

/** The real objects, but for one project's, whose `append` is another. */
function streamsBut(project_id: string, append_instead: () => Promise<AppendAnswer>): Pick<Env, "STREAM"> {
  const getByName = (name: string) => (name === `${project_id}:0` ? { append: append_instead } : env.STREAM.getByName(name));
  return { STREAM: { getByName } as unknown as Env["STREAM"] };
}

describe("a delivery", () => {
  it("twice, regrouped and mixed over projects stores every event once, in its own project", async () => {
    const [one, other] = [newProjectId(), newProjectId()];
    const sent = ["a", "b", "c"].flatMap((name) => [
      framesOf(packed(one, messages(`one ${name}`, 4))),
      framesOf(packed(other, messages(`other ${name}`, 3))),
    ]);
    const copies = [sent, sent.slice(0, 2), [sent[5]!, sent[0]!, sent[3]!], [...sent].reverse()];
    for (const group of copies.map((messages) => messages.map(again))) expect(acked(await deliver(group))).toEqual(idsOf(...group));
    await flushStream(houseLater(0), one, 0, true);
    expect(acked(await deliver(sent.map(again)))).toEqual(idsOf(...sent));
    expect(await found(one)).toEqual(["a", "b", "c"].flatMap((name) => messages(`one ${name}`, 4)));
    expect(await found(other)).toEqual(["a", "b", "c"].flatMap((name) => messages(`other ${name}`, 3)));
    const { hours, missed_frames } = await usageOf(env, one, Date.now() * 1000);
    expect({ events: hours.reduce((sum, hour) => sum + hour.events, 0), missed_frames }).toEqual({ events: 12, missed_frames: 0 });
  });

  it("sets a damaged message aside and takes the good ones", async () => {
    const project_id = newProjectId();
    const torn = bodyOf(packed(project_id, ["torn"]));
    new Uint8Array(torn)[torn.byteLength - 1]! ^= 1;
    const mixed = new Uint8Array([
      ...new Uint8Array(bodyOf(packed(project_id, ["x"]))),
      ...new Uint8Array(bodyOf(packed(newProjectId(), ["y"]))),
    ]);
    const bad = [torn, new ArrayBuffer(0), mixed.buffer, null, 7, { v: 1 }, { v: 9, kind: "journal", project_id, shard: 0, key: "x" }].map(
      messageOf,
    );
    const good = [framesOf(packed(project_id, ["before"])), framesOf(packed(project_id, ["after"]))];
    const result = await deliver([good[0]!, ...bad, good[1]!]);
    expect(acked(result)).toEqual(idsOf(...good, ...bad));
    expect(await found(project_id)).toEqual(["after", "before"]);
    const { letters } = await listDeadLetters(env, UNKNOWN_PROJECT);
    expect(letters.map((letter) => letter.letter_id.split("-")[1]).sort()).toEqual(idsOf(...bad));
    const kept = await env.BUCKET.get(
      `${DEAD_LETTER_PREFIX}${UNKNOWN_PROJECT}/${letters.find((letter) => letter.letter_id.endsWith(bad[0]!.id))!.letter_id}`,
    );
    expect(new Uint8Array(await kept!.arrayBuffer())).toEqual(new Uint8Array(torn));
  });

  it("keeps a damaged message in the queue while the bucket is away", async () => {
    const good = framesOf(packed(newProjectId(), ["good"]));
    const bad = messageOf(new ArrayBuffer(3));
    const BUCKET = wrapBucket(env.BUCKET, () => Promise.reject(new InjectedFault("R2 is away")));
    const result = await deliver([bad, good], { BUCKET });
    expect([acked(result), retried(result)]).toEqual([idsOf(good), idsOf(bad)]);
  });

  it.each<[string, () => Promise<AppendAnswer>]>([
    ["throws", () => Promise.reject(new Error("the object is overloaded"))],
    ["is full", async () => ({ status: "full" })],
  ])("keeps the messages of a project whose object %s, and takes those of others", async (_, append_instead) => {
    const [failing, other] = [newProjectId(), newProjectId()];
    const kept = [framesOf(packed(failing, ["one"])), framesOf(packed(failing, ["two"]))];
    const taken = framesOf(packed(other, ["fine"]));
    const result = await deliver([kept[0]!, taken, kept[1]!].map(again), streamsBut(failing, append_instead));
    expect([acked(result), retried(result)]).toEqual([idsOf(taken), idsOf(...kept)]);
    expect(await found(failing)).toEqual([]);
    expect(acked(await deliver([...kept, taken].map(again)))).toEqual(idsOf(...kept, taken));
    expect([await found(failing), await found(other)]).toEqual([["one", "two"], ["fine"]]);
  });

  it("waits for an object that hangs no longer than the limit, and acknowledges the others first", async () => {
    const [hanging, other] = [newProjectId(), newProjectId()];
    const kept = framesOf(packed(hanging, ["hangs"]));
    const taken = framesOf(packed(other, ["fine"]));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const delivered = deliver(
      [kept, taken].map(again),
      streamsBut(hanging, () => new Promise(() => {})),
    );
    await vi.waitUntil(async () => (await streamOf(env, other).status()).events_total === 1);
    await vi.advanceTimersByTimeAsync(APPEND_TIMEOUT_MS + 1);
    vi.useRealTimers();
    const result = await delivered;
    expect([acked(result), retried(result)]).toEqual([idsOf(taken), idsOf(kept)]);
  });

  it("that an object took though its answer was lost is taken once", async () => {
    const project_id = newProjectId();
    const sent = framesOf(packed(project_id, messages("answered", 3)));
    const lost = async (): Promise<AppendAnswer> => {
      await append(batch);
      throw new Error("the connection was lost");
    };
    const batch = packed(project_id, messages("answered", 3), { key: "lost" });
    sent.body = bodyOf(batch);
    expect(retried(await deliver([again(sent)], streamsBut(project_id, lost)))).toEqual(idsOf(sent));
    expect(acked(await deliver([again(sent)]))).toEqual(idsOf(sent));
    expect(await found(project_id)).toEqual(messages("answered", 3));
  });

  it("for a deleted project is acknowledged and dropped", async () => {
    const project_id = newProjectId();
    const sent = framesOf(packed(project_id, ["gone"]));
    expect(
      acked(
        await deliver(
          [sent],
          streamsBut(project_id, async () => ({ status: "gone" })),
        ),
      ),
    ).toEqual(idsOf(sent));
    expect((await listDeadLetters(env, project_id)).letters).toEqual([]);
  });

  it("counts though the monitor is away, once it is back", async () => {
    const project_id = newProjectId();
    const MONITOR = {
      getByName: () => ({ counting: () => Promise.reject(new Error("the monitor is away")) }),
    } as unknown as Env["MONITOR"];
    const sent = framesOf(packed(project_id, messages("uncounted", 6)));
    expect(acked(await deliver([sent], { MONITOR }))).toEqual(idsOf(sent));
    const nudge = messageOf({ v: 1, kind: "nudge", project_id, shard: 0 } satisfies EventsNotice);
    expect(acked(await deliver([nudge]))).toEqual(idsOf(nudge));
    expect((await usageOf(env, project_id, Date.now() * 1000)).hours[0]?.events).toBe(6);
  });
});

describe("a journal message", () => {
  async function journaled(project_id: string, names: string[]): Promise<Message & { key: string }> {
    const batch = packed(project_id, names);
    const key = journalKey(project_id, 0, batch.batch_id);
    const body = bodyOf(batch);
    await env.BUCKET.put(key, body);
    return { ...messageOf({ v: 1, kind: "journal", project_id, shard: 0, key, size_bytes: body.byteLength } satisfies EventsNotice), key };
  }

  it("brings the object's events into the window, any number of times, also when the object is gone", async () => {
    const project_id = newProjectId();
    const sent = await journaled(project_id, messages("journaled", 9));
    for (let time = 0; time < 2; time++) expect(acked(await deliver([again(sent)]))).toEqual(idsOf(sent));
    const view = await streamOf(env, project_id).view({
      from_us: 0,
      to_us: Number.MAX_SAFE_INTEGER,
      after_seq: null,
      start_seq: null,
      held: [],
    });
    expect(view.frames.map((frame) => [frame.bytes, frame.journal])).toEqual([[null, { key: sent.key, offset: 0 }]]);
    expect(await found(project_id)).toEqual(messages("journaled", 9));
    await flushStream(houseLater(0), project_id, 0, true);
    await env.BUCKET.delete(sent.key);
    expect(acked(await deliver([again(sent)]))).toEqual(idsOf(sent));
    expect(await found(project_id)).toEqual(messages("journaled", 9));
  });

  it("waits in the queue while the bucket is away; the message beside it does not", async () => {
    const project_id = newProjectId();
    const sent = await journaled(project_id, ["journaled"]);
    const beside = framesOf(packed(project_id, ["beside"]));
    const BUCKET = wrapBucket(env.BUCKET, () => Promise.reject(new InjectedFault("R2 is away")));
    const result = await deliver([sent, beside].map(again), { BUCKET });
    expect([acked(result), retried(result)]).toEqual([idsOf(beside), idsOf(sent)]);
    await deliver([again(sent)]);
    expect(await found(project_id)).toEqual(["beside", "journaled"]);
  });

  it("that names another project's object is set aside, and neither project gets its events", async () => {
    const [one, other] = [newProjectId(), newProjectId()];
    const { key } = await journaled(other, ["secret"]);
    const forged = messageOf({ v: 1, kind: "journal", project_id: one, shard: 0, key, size_bytes: 1 } satisfies EventsNotice);
    expect(acked(await deliver([forged]))).toEqual(idsOf(forged));
    expect([await found(one), await found(other)]).toEqual([[], []]);
  });
});

describe("dead letters", () => {
  interface Letters {
    letters: { letter_id: string; reason: string; size_bytes: number }[];
    cursor: string | null;
  }

  it("are kept, listed, replayed once and then gone, each project its own", async () => {
    const [project, other] = [await createProject(), await createProject()];
    const list = async (key: string) => (await (await call("/api/v1/dead-letters", { key })).json<Letters>()).letters;
    const replay = async (key: string, json: unknown) => (await call("/api/v1/dead-letters/replay", { key, json })).json();
    const sent = framesOf(packed(project.project_id, messages("dead", 5)));
    const large = packed(project.project_id, messages("journaled", 5));
    const journal_key = journalKey(project.project_id, 0, large.batch_id);
    await env.BUCKET.put(journal_key, bodyOf(large));
    const notice = messageOf({
      v: 1,
      kind: "journal",
      project_id: project.project_id,
      shard: 0,
      key: journal_key,
      size_bytes: 1,
    } satisfies EventsNotice);
    for (let time = 0; time < 2; time++) await deliver([sent, notice].map(again), {}, consumeDeadLetters);
    const letters = await list(project.key);
    expect(letters).toHaveLength(2);
    expect(await list(other.key)).toEqual([]);
    const ids = letters.map((letter) => letter.letter_id);
    expect(await replay(other.key, { ids })).toMatchObject({ replayed: [], failed: ids.map((letter_id) => ({ letter_id })) });
    expect(await found(project.project_id)).toEqual([]);
    expect(await replay(project.key, { all: true })).toEqual({ replayed: ids, failed: [] });
    expect(await list(project.key)).toEqual([]);
    expect(await found(project.project_id)).toEqual([...messages("dead", 5), ...messages("journaled", 5)]);
    // The queue may bring it once more, and then it is replayed once more.
    await deliver([again(sent)]);
    await deliver([again(sent)], {}, consumeDeadLetters);
    expect(await replay(project.key, { all: true })).toMatchObject({ failed: [] });
    expect(await found(project.project_id)).toEqual([...messages("dead", 5), ...messages("journaled", 5)]);
  });

  it("stay in their queue while the bucket is away", async () => {
    const sent = framesOf(packed(newProjectId(), ["dead"]));
    const BUCKET = wrapBucket(env.BUCKET, () => Promise.reject(new InjectedFault("R2 is away")));
    expect(retried(await deliver([sent], { BUCKET }, consumeDeadLetters))).toEqual(idsOf(sent));
  });
});

describe("a flush", () => {
  it("empties the window while D1 is away; the rows wait and searches find their events", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("first", 5)));
    const house = houseLater(0);
    const away = { ...house, db: wrapDatabase(house.db, () => Promise.reject(new InjectedFault("D1 is away"))) };
    for (const name of ["second", "third"]) {
      await expect(flushStream(away, project_id, 0, true)).rejects.toThrow("INSERT INTO segments");
      await append(packed(project_id, messages(name, 5)));
      expect((await streamOf(env, project_id).status()).window_frames, name).toBe(1);
    }
    expect(await allAlive(env.DB, project_id)).toEqual([]);
    const all = ["first", "second", "third"].flatMap((name) => messages(name, 5));
    expect(await found(project_id)).toEqual(all);
    expect(await flushStream(house, project_id, 0, false)).toBe(0);
    expect((await allAlive(env.DB, project_id)).map((row) => row.rows)).toEqual([5, 5]);
    expect(await streamOf(env, project_id).status()).toMatchObject({ outbox: 0, window_frames: 1 });
    expect(await found(project_id)).toEqual(all);
  });

  it("exports rows of many services with long names", async () => {
    const project_id = newProjectId();
    const services = Array.from({ length: 64 }, (_, index) => String(index).padStart(1_000, "é"));
    const row = (await segmentRow(project_id))!;
    const rows = Array.from({ length: 120 }, (_, index) => ({ ...row, segment_id: `made-${index}`, services }));
    await insertRows(env.DB, rows);
    expect(await allAlive(env.DB, project_id)).toHaveLength(121);
  });

  async function segmentRow(project_id: string) {
    await append(packed(project_id, ["one"]));
    await flushStream(houseLater(0), project_id, 0, true);
    return (await allAlive(env.DB, project_id))[0];
  }

  it("keeps the window while the bucket is away, and exports what it had committed", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, ["kept"]));
    const house = houseLater(0);
    const away = { ...house, bucket: wrapBucket(house.bucket, () => Promise.reject(new InjectedFault("R2 is away"))) };
    await expect(flushStream(away, project_id, 0, true)).rejects.toThrow("R2 is away");
    expect(await streamOf(env, project_id).status()).toMatchObject({ flushed_seq: 0, window_frames: 1, outbox: 0 });
    expect(await found(project_id)).toEqual(["kept"]);
    expect(await flushStream(house, project_id, 0, false), "the plan is still open").toBe(1);
    expect(await found(project_id)).toEqual(["kept"]);
  });

  it("that finds its object there takes the row from the stored footer", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("stored", 5)));
    const early = houseLater(0);
    const committing = {
      ...early,
      stream: (id: string, shard: number) =>
        wrapStream(early.stream(id, shard), (name, call) => (name === "stream.commit" ? Promise.reject(new InjectedFault(name)) : call())),
    };
    await expect(flushStream(committing, project_id, 0, true)).rejects.toThrow("stream.commit");
    const stored = (await env.BUCKET.list({ prefix: `segments/v1/${project_id}/` })).objects[0]!;
    await append(packed(project_id, ["later"]));
    await flushStream(houseLater(1_000), project_id, 0, false);
    const [row] = await allAlive(env.DB, project_id);
    expect(row).toMatchObject({ object_key: stored.key, size_bytes: stored.size, rows: 5 });
    expect((await env.BUCKET.head(stored.key))!.version).toBe(stored.version);
    expect(await found(project_id)).toEqual(["later", ...messages("stored", 5)]);
  });

  it("by many holders at once makes one segment of each plan", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("first", 20)));
    const all = Array.from({ length: 6 }, () => flushStream(houseLater(0), project_id, 0, true));
    await append(packed(project_id, messages("second", 20)));
    await Promise.all(all);
    await flushStream(houseLater(0), project_id, 0, true);
    expect((await allAlive(env.DB, project_id)).reduce((sum, row) => sum + row.rows, 0)).toBe(40);
    await Promise.all(Array.from({ length: 3 }, () => compactProject(houseLater(0), project_id, true)));
    expect(await found(project_id)).toEqual([...messages("first", 20), ...messages("second", 20)]);
  });

  it("whose holder wakes after others have flushed, merged and forgotten changes nothing", async () => {
    const project_id = newProjectId();
    await append(packed(project_id, messages("first", 5)));
    let others: Promise<unknown> | null = null;
    const late = wrapHouse(houseLater(0), async (name, call) => {
      if (name === "r2.put" && others === null) {
        others = flushStream(houseLater(0), project_id, 0, true);
        await others;
        await append(packed(project_id, messages("second", 5)));
        await flushStream(houseLater(0), project_id, 0, true);
        await compactProject(houseLater(0), project_id, true);
      }
      return call();
    });
    await flushStream(late, project_id, 0, true);
    expect(await found(project_id)).toEqual([...messages("first", 5), ...messages("second", 5)]);
  });
});
