import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TailViewer } from "../../durable-objects/project-stream/types.ts";
import { tailOf } from "../../worker/catalog/stream.ts";
import { consumeEvents } from "../../worker/consume/events.ts";
import { makeDurable } from "../../worker/ingest/durable.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import { FLUSHES_KEPT_MS, TAIL_SOCKETS_MAX, TAIL_UNREAD_SIZE_MAX, TAIL_WATCH_ASK_MS, WINDOW_LINGER_MS } from "../../worker/limits.ts";
import { afterwards, edgeEnv, queueDouble } from "../worker/support/durable.ts";
import type { TailClient } from "../worker/support/tail.ts";
import { houseLater } from "./support/faults.ts";
import { append, messages, newProjectId, packed, streamStub } from "./support/project.ts";
import { evictTail, inside, letIn, openTail } from "./support/tail.ts";

let project_id: string;
beforeEach(async () => {
  project_id = newProjectId();
  await letIn(project_id);
});
afterEach(() => {
  vi.useRealTimers();
});

/** The clock goes on; nothing waits for it. */
function later(ms: number): void {
  const now = Date.now() + ms;
  vi.useFakeTimers({ toFake: ["Date"], now });
}

/** The monitor has counted everything so far, and D1 has its segments for a while: the window lets go of it at the next append. */
async function letGo(): Promise<void> {
  await inside(project_id, (core) => core.uncounted(core.follow.last_seq, 0));
  later(WINDOW_LINGER_MS + 1_000);
}

/** Everything so far goes to R2, and the window lets go of it. */
async function flushAway(): Promise<void> {
  await flushStream(houseLater(0), project_id, 0, true);
  await letGo();
}

const windowSeq = () => inside(project_id, (core) => core.follow.window_seq);

describe("an idle socket", () => {
  it("does not keep the object in memory, nor wake it for pings; the next line does", async () => {
    const client = await openTail(project_id);
    await append(packed(project_id, ["before"]));
    await client.line("before");
    await evictTail(project_id);
    let pongs = 0;
    client.socket.addEventListener("message", ({ data }) => {
      if (data === "pong") pongs++;
    });
    for (let count = 1; count <= 5; count++) {
      client.send("ping");
      await client.until(() => pongs === count, "pong");
    }
    // What is not in memory cannot be taken out of it: nothing woke the object.
    await expect(evictTail(project_id)).rejects.toThrow();
    await append(packed(project_id, ["after"]));
    await client.line("after");
    expect(client.messages).toEqual(["before", "after"]);
  });

  it.each<[string, TailViewer]>([
    ["a key", { kind: "key", key_id: "reader" }],
    ["a person", { kind: "user", user_id: "usr", session_id: "ses" }],
  ])(
    "of %s costs nothing all night: no alarm is set, nothing is written or sent; what asks every project once an hour leaves it so",
    async (_, viewer) => {
      const client = await openTail(project_id, { viewer });
      await append(packed(project_id, ["before"]));
      await client.line("before");
      await flushStream(houseLater(0), project_id, 0, true);
      const night = { alarms: 0, rows_written: 0 };
      const looked = async () =>
        runInDurableObject(streamStub(project_id), async (_object, { storage }) => ({
          alarm_ms: await storage.getAlarm(),
          changes: storage.sql.exec<{ count: number }>("SELECT total_changes() AS count").one().count,
        }));
      const ringing = async () => {
        const { alarm_ms } = await looked();
        if (alarm_ms === null || alarm_ms > Date.now()) return false;
        night.alarms++;
        return runDurableObjectAlarm(streamStub(project_id));
      };
      // What the line before left to do is done within the first hour.
      later(3_600_000);
      for (let rounds = 0; rounds < 5 && (await ringing()); rounds++);
      Object.assign(night, { alarms: 0 });
      const frames = client.frames.length;
      for (let hour = 1; hour <= 12; hour++) {
        later(3_600_000);
        await evictTail(project_id);
        const { changes } = await looked();
        await flushStream(houseLater(0), project_id, 0, false);
        await ringing();
        night.rows_written += (await looked()).changes - changes;
      }
      expect(night).toEqual({ alarms: 0, rows_written: 0 });
      expect((await looked()).alarm_ms).toBeNull();
      expect([client.frames.length, client.closed]).toEqual([frames, null]);
    },
  );

  it("of a key that ends is woken once, when it does", async () => {
    const expires_ms = Date.now() + 5 * 3_600_000;
    const ending = { name: "", prefix: "", scopes: ["read" as const], created_at: "", revoked_at: null };
    await streamStub(project_id).putKey({ ...ending, key_id: "ending", hash: "ending", expires_at: new Date(expires_ms).toISOString() });
    const client = await openTail(project_id, { viewer: { kind: "key", key_id: "ending" } });
    const alarm = () => runInDurableObject(streamStub(project_id), (_object, { storage }) => storage.getAlarm());
    expect(await alarm()).toBe(expires_ms);
    later(5 * 3_600_000);
    await runDurableObjectAlarm(streamStub(project_id));
    expect(await client.ended()).toMatchObject({ code: 4401 });
    expect(await alarm()).toBeNull();
  });
});

describe("a reader", () => {
  it("misses nothing and sees nothing twice where the object falls out of memory in mid-stream", async () => {
    const clients = [await openTail(project_id), await openTail(project_id, { q: "odd" }), await openTail(project_id, { q: "last" })];
    const sent: string[] = [];
    for (let round = 0; round < 12; round++) {
      const lines = Array.from({ length: 20 }, (_, index) => `${round}/${index} ${index % 2 === 1 ? "odd" : "even"}`);
      sent.push(...lines);
      await append(packed(project_id, lines));
      if (round % 3 !== 2) await evictTail(project_id);
    }
    await append(packed(project_id, ["the last"]));
    for (const client of clients.slice(0, 3)) if (client !== clients[1]) await client.line("the last");
    await append(packed(project_id, ["odd end"]));
    await clients[1]!.line("odd end");
    expect(clients[0]!.messages.filter((line) => line.includes("/"))).toEqual(sent);
    expect(clients[1]!.messages).toEqual([...sent.filter((line) => line.includes("odd")), "odd end"]);
    expect(clients[2]!.messages).toEqual(["the last"]);
  });

  it("keeps its filter, its pause and its metrics while the object is out of memory", async () => {
    const client = await openTail(project_id, { q: "level:error OR kept" });
    await client.say({ type: "metrics", names: ["errors"] });
    await client.say({ type: "pause" });
    await evictTail(project_id);
    await append(packed(project_id, ["not this", "kept"]));
    expect(await tailOf(env, project_id).isWatched()).toBe(false);
    expect(await tailOf(env, project_id).metricsWatched()).toEqual(["errors"]);
    await evictTail(project_id);
    expect((await client.say({ type: "resume" })).state).toEqual({ q: "level:ERROR OR kept", paused: false, metrics: ["errors"] });
    await client.line("kept");
    expect(client.messages).toEqual(["kept"]);
  });

  it("who comes back after its place was flushed goes on at its row", async () => {
    const first = await openTail(project_id);
    const lines = messages("line", 3_500);
    // Rows that repeat an event id are hidden: they are in the window's frames, not in the segment's.
    const withIds = lines.slice(0, 100).flatMap((message, index) => [
      { message, event_id: `id ${index}` },
      { message: "hidden", event_id: `id ${index >> 1}` },
    ]);
    await append(packed(project_id, withIds));
    await append(packed(project_id, lines.slice(100, 2_000)));
    await append(packed(project_id, lines.slice(2_000, 3_400)));
    await first.line(lines[3_399]!);
    expect(first.messages).toEqual(lines.slice(0, 3_400));
    const places = first.frames.slice(1).map(({ cursor, events }) => ({ cursor, lines: events.length }));
    expect(places.length).toBeGreaterThan(3);
    await flushAway();
    await append(packed(project_id, lines.slice(3_400)));
    expect(await windowSeq()).toBeGreaterThan(3);
    let seen = 0;
    for (const { cursor, lines: count } of places) {
      seen += count;
      const again = await openTail(project_id, { cursor });
      await again.line(lines.at(-1)!);
      expect(again.messages).toEqual(lines.slice(seen));
      expect(again.total).toBe(lines.length - seen);
      expect(again.frames.every((frame) => frame.gap === undefined && frame.sampling === null)).toBe(true);
      again.close();
    }
    const filtered = await openTail(project_id, { cursor: places[0]!.cursor, q: "03499 OR 01500" });
    await filtered.line(lines.at(-1)!);
    expect(filtered.messages).toEqual([lines[1_500], lines[3_499]]);
  });

  it("who asks for what was before gets it out of several segments and the window", async () => {
    const sent: string[] = [];
    for (let round = 0; round < 3; round++) {
      const lines = messages(`round ${round}`, 50);
      sent.push(...lines);
      await append(packed(project_id, lines));
      await flushAway();
    }
    await append(packed(project_id, ["in the window"]));
    const client = await openTail(project_id, { since: "-1h" });
    await client.line("in the window");
    expect(client.messages).toEqual([...sent, "in the window"]);
    const newer = await openTail(project_id, { since: new Date(Date.now() - WINDOW_LINGER_MS * 1.5).toISOString() });
    await newer.line("in the window");
    expect(newer.messages).toEqual([...messages("round 2", 50), "in the window"]);
  });

  it("is told what it misses where its place is too long ago", async () => {
    const first = await openTail(project_id);
    const before_ms = Date.now();
    await append(packed(project_id, ["long ago"]));
    await first.line("long ago");
    first.close();
    await append(packed(project_id, ["missed"]));
    await flushAway();
    later(FLUSHES_KEPT_MS);
    const now_ms = Date.now();
    await append(packed(project_id, ["now"]));
    const again = await openTail(project_id, { cursor: first.cursor });
    await again.line("now");
    expect(again.messages).toEqual(["now"]);
    const { gap } = again.frames.find((frame) => frame.gap)!;
    expect(gap).toMatchObject({ reason: "too_old" });
    expect(Date.parse(gap!.from!)).toBeGreaterThanOrEqual(before_ms - 1);
    expect(Date.parse(gap!.to)).toBeGreaterThanOrEqual(now_ms - 1);
    const since = await openTail(project_id, { since: "-3h" });
    await since.line("now");
    expect(since.frames.find((frame) => frame.gap)?.gap).toMatchObject({ reason: "too_old" });
  });

  it("is told what it misses where a segment cannot be read", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const first = await openTail(project_id);
    await append(packed(project_id, ["in a lost segment"]));
    await flushStream(houseLater(0), project_id, 0, true);
    await first.line("in a lost segment");
    const { objects } = await env.BUCKET.list();
    const ours = objects.map(({ key }) => key).filter((key) => key.includes(project_id));
    expect(ours).toHaveLength(1);
    await env.BUCKET.delete(ours);
    await letGo();
    await append(packed(project_id, ["now"]));
    const again = await openTail(project_id, { cursor: first.frames[0]!.cursor });
    await again.line("now");
    expect(again.messages).toEqual(["now"]);
    expect(again.frames.find((frame) => frame.gap)?.gap).toMatchObject({ reason: "unreadable" });
  });
});

/** Waits until everything sent was received or counted as dropped. */
async function accounted(client: TailClient, sent: number): Promise<number> {
  const dropped = () => client.frames.reduce((sum, frame) => sum + (frame.dropped ?? 0), 0);
  await client.until(() => client.messages.length + dropped() >= sent, `${sent} lines, received or dropped`);
  return dropped();
}

describe("a slow reader", () => {
  it("holds back what it did not confirm, and then gets the newest lines and the number of those it missed", async () => {
    const client = await openTail(project_id);
    const witness = await openTail(project_id, { q: "the end" });
    await append(packed(project_id, ["first"]));
    await client.line("first");
    client.confirms = false;
    const line = (index: number) => `line ${index} ${"x".repeat(1_000)}`;
    const send = (from: number) =>
      append(
        packed(
          project_id,
          Array.from({ length: 1_000 }, (_, index) => line(from + index)),
        ),
      );
    await send(0);
    await client.line(line(999));
    await send(1_000);
    await client.until(() => client.frames.some((frame) => frame.error?.code === "unconfirmed"), "a reminder");
    for (let batch = 2; batch < 8; batch++) await send(batch * 1_000);
    await append(packed(project_id, ["the end"]));
    await witness.line("the end");
    const size = client.frames.reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    expect(size).toBeLessThanOrEqual(TAIL_UNREAD_SIZE_MAX + 2_000);
    expect(client.messages).not.toContain("the end");
    client.confirms = true;
    client.send({ type: "ack" });
    await client.line("the end");
    const dropped = await accounted(client, 8_002);
    expect(dropped).toBeGreaterThan(0);
    expect(client.messages.length + dropped).toBe(8_002);
    // In order, with nothing twice; what is missing lies between.
    const numbers = client.messages.filter((text) => text.startsWith("line ")).map((text) => Number(text.split(" ")[1]));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(numbers.at(-1)).toBe(7_999);
  });
});

describe("more lines than a socket takes", () => {
  it("are sampled, which is said; counts stay exact", async () => {
    const client = await openTail(project_id);
    await append(packed(project_id, ["first"]));
    await client.line("first");
    const sent = 60_000;
    await Promise.all(Array.from({ length: 12 }, (_, batch) => append(packed(project_id, messages(`batch ${batch}`, sent / 12)))));
    await append(packed(project_id, ["last"]));
    await client.until(() => client.total === sent + 2, "counts of every line");
    expect(client.messages.length).toBeLessThan(sent);
    const sampled = client.frames.filter((frame) => frame.sampling);
    expect(sampled.length).toBeGreaterThan(0);
    for (const { sampling } of sampled) expect(sampling!.kept).toBeLessThan(1);
    expect(new Set(client.messages).size).toBe(client.messages.length);
  });
});

describe("at the edge", () => {
  it("a watched project's batch is handed on at once; the queue's copy changes nothing", async () => {
    const client = await openTail(project_id);
    const { queue, sent } = queueDouble();
    const edge = edgeEnv({ EVENTS: queue });
    const ingest = async (lines: string[]) => {
      const after = afterwards();
      await makeDurable(edge, after.wait_until, packed(project_id, lines));
      await after.settled();
    };
    // The isolate asks who is watched only now.
    await ingest(["by the queue alone"]);
    await ingest(["at once"]);
    await client.line("at once");
    expect(client.messages).toEqual(["at once"]);
    const queued = sent.map(({ body }, index) => ({
      id: `message ${index}`,
      timestamp: new Date(),
      attempts: 1,
      body: (body as Uint8Array).slice().buffer,
      ack: vi.fn(),
      retry: vi.fn(),
    }));
    await consumeEvents({ queue: "ledge-events", messages: queued } as unknown as MessageBatch, env);
    for (const message of queued) expect(message.ack).toHaveBeenCalledOnce();
    await client.line("by the queue alone");
    expect(client.messages).toEqual(["at once", "by the queue alone"]);
    client.close();
    await client.ended();
    later(TAIL_WATCH_ASK_MS);
    await ingest(["nobody watches"]);
    await ingest(["nobody at all"]);
    // What the isolate heard last still held for the first of them.
    expect(await inside(project_id, (core) => core.follow.last_seq)).toBe(3);
  });

  it("a batch in the journal is handed on by its name, and read from there", async () => {
    const client = await openTail(project_id);
    const edge = edgeEnv({ EVENTS: queueDouble().queue });
    const lines = Array.from({ length: 1_000 }, (_, index) => `${index} ${randomBytes(250).toString("hex")}`);
    for (const batch of [["a first one"], lines]) {
      const after = afterwards();
      await makeDurable(edge, after.wait_until, packed(project_id, batch));
      await after.settled();
    }
    await client.line(lines.at(-1)!);
    expect(client.messages).toEqual(lines);
    expect(await inside(project_id, (core) => core.follow.frames(0, 1_000_000)[0]!.journal)).not.toBeNull();
  });

  it("an object that fails costs the hand-on only", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    await openTail(project_id);
    const stub = streamStub(project_id);
    let fails = false;
    const failing = new Proxy(stub, {
      get(target, name) {
        if (fails && name === "append") return () => Promise.reject(new Error("injected"));
        return (...parameters: never[]) =>
          (target as unknown as Record<string | symbol, (...all: never[]) => unknown>)[name]!(...parameters);
      },
    });
    const { queue, sent } = queueDouble();
    const edge = edgeEnv({ EVENTS: queue, STREAM: { getByName: () => failing } as never });
    for (const line of ["one", "two", "three"]) {
      const after = afterwards();
      await makeDurable(edge, after.wait_until, packed(project_id, [line]));
      await after.settled();
      fails = true;
    }
    expect(sent).toHaveLength(3);
  });
});

describe("a thousand readers", () => {
  it("get the same lines; one more than the most is told so", async () => {
    const clients = await Promise.all(Array.from({ length: TAIL_SOCKETS_MAX }, () => openTail(project_id)));
    const refused = await openTail(project_id);
    expect(refused.frames[0]!.error).toMatchObject({ code: "rate_limited" });
    expect((await refused.ended()).code).toBe(4429);
    const lines = messages("for all", 10);
    await append(packed(project_id, lines));
    for (const client of clients) await client.line(lines.at(-1)!);
    for (const client of clients) expect(client.messages).toEqual(lines);
    for (const client of clients) client.close();
    await vi.waitFor(async () => expect(await tailOf(env, project_id).isWatched()).toBe(false), { timeout: 15_000, interval: 20 });
  }, 120_000);
});
