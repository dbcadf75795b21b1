import { beforeEach, describe, expect, it } from "vitest";
import { TAIL_FRAME_LINES_MAX } from "../../worker/limits.ts";
import { call, createProject, type TestProject } from "./support/api.ts";
import { sendLines, streamPath, TailClient } from "./support/tail.ts";

let project: TestProject;
beforeEach(async () => {
  project = await createProject();
});

describe("a socket", () => {
  it("gets what arrives, in its order, with counts by level and a cursor", async () => {
    const client = await TailClient.open(project);
    expect(client.frames[0]).toMatchObject({ events: [], dropped: 0, sampling: null, state: { q: "*", paused: false, metrics: [] } });
    await sendLines(project, ["one", "two"], { level: "error", service: "api" });
    await sendLines(project, ["three"]);
    await client.line("three");
    expect(client.messages).toEqual(["one", "two", "three"]);
    expect(client.total).toBe(3);
    const [, first] = client.frames;
    expect(first).toMatchObject({ dropped: 0, sampling: null });
    expect(first!.counts.levels.ERROR).toBe(2);
    expect(first!.counts.rate_per_s).toBeGreaterThan(0);
    expect(client.frames.at(-1)!.cursor).not.toBe(client.frames[0]!.cursor);
  });

  it("shows events as a search does", async () => {
    const client = await TailClient.open(project);
    await sendLines(project, ["as it is"], { level: "warn", service: "web", status: 502, nested: { a: [1, 2] } });
    await client.line("as it is");
    const event = client.frames.at(-1)!.events[0]!;
    const found = await (await call("/api/v1/logs?q=status:502", { key: project.key })).json<{ events: unknown[] }>();
    expect(event).toEqual(found.events[0]);
    const one = await call(`/api/v1/logs/${event.event_id}`, { key: project.key });
    expect(await one.json()).toMatchObject({ event: { message: "as it is" } });
  });

  it("gets nothing of before, unless it asks for it", async () => {
    await sendLines(project, ["before"]);
    const live = await TailClient.open(project);
    const filled = await TailClient.open(project, { since: "-5m" });
    const none = await TailClient.open(project, { since: new Date(Date.now() + 1_000).toISOString() });
    await filled.line("before");
    await sendLines(project, ["after"]);
    for (const client of [live, filled, none]) await client.line("after");
    expect([live, filled, none].map((client) => client.messages)).toEqual([["after"], ["before", "after"], ["after"]]);
  });

  it("is sent what its query leaves of each event", async () => {
    const filters = [
      "level:error",
      "service:api -path:/health | fields message, path",
      "* | extract 'took <ms>ms' | where ms:>100 | eval half = ms / 2 | fields message, half",
    ];
    const clients = await Promise.all(filters.map((q) => TailClient.open(project, { q })));
    await sendLines(project, ["took 300ms", "failed"], { level: "error", service: "api", path: "/health" });
    await sendLines(project, ["took 30ms"], { level: "info", service: "api", path: "/items" });
    await clients[0]!.line("failed");
    await clients[1]!.line("took 30ms");
    await clients[2]!.line("took 300ms");
    const shown = clients.map((client) => client.frames.flatMap((frame) => frame.events.map(({ event_id: _id, ...event }) => event)));
    expect(shown[0]!.map((event) => event.message)).toEqual(["took 300ms", "failed"]);
    expect(shown[1]).toEqual([{ message: "took 30ms", attributes: { path: "/items" } }]);
    expect(shown[2]).toEqual([{ message: "took 300ms", attributes: { half: 150 } }]);
  });

  it("goes on after its cursor", async () => {
    const first = await TailClient.open(project);
    await sendLines(project, ["one", "two"]);
    await first.line("two");
    first.close();
    await sendLines(project, ["three"]);
    const second = await TailClient.open(project, { cursor: first.cursor });
    await sendLines(project, ["four"]);
    await second.line("four");
    expect(second.messages).toEqual(["three", "four"]);
  });

  it("takes many lines as several frames, each with the cursor of its last", async () => {
    const client = await TailClient.open(project);
    const messages = Array.from({ length: TAIL_FRAME_LINES_MAX * 2 + 500 }, (_, index) => `line ${index}`);
    await sendLines(project, messages);
    await client.line(messages.at(-1)!);
    expect(client.messages).toEqual(messages);
    expect(client.frames.every((frame) => frame.events.length <= TAIL_FRAME_LINES_MAX && frame.sampling === null)).toBe(true);
    const [, first] = client.frames;
    const resumed = await TailClient.open(project, { cursor: first!.cursor });
    await resumed.line(messages.at(-1)!);
    expect(resumed.messages).toEqual(messages.slice(first!.events.length));
  });

  it("answers a ping", async () => {
    const client = await TailClient.open(project);
    const pong = new Promise((resolve) => client.socket.addEventListener("message", ({ data }) => resolve(data), { once: true }));
    client.send("ping");
    expect(await pong).toBe("pong");
  });
});

describe("on an open socket", () => {
  it("a pause holds lines back, and going on brings them", async () => {
    const client = await TailClient.open(project);
    await sendLines(project, ["before"]);
    await client.line("before");
    expect((await client.say({ type: "pause" })).state).toMatchObject({ paused: true });
    const witness = await TailClient.open(project);
    await sendLines(project, ["meanwhile"]);
    await witness.line("meanwhile");
    expect(client.messages).toEqual(["before"]);
    expect((await client.say({ type: "resume" })).state).toMatchObject({ paused: false });
    await client.line("meanwhile");
    await sendLines(project, ["after"]);
    await client.line("after");
    expect(client.messages).toEqual(["before", "meanwhile", "after"]);
  });

  it("going on from now passes over them", async () => {
    const client = await TailClient.open(project);
    await client.say({ type: "pause" });
    await sendLines(project, ["meanwhile"]);
    await client.say({ type: "resume", from: "now" });
    await sendLines(project, ["after"]);
    await client.line("after");
    expect(client.messages).toEqual(["after"]);
  });

  it("another filter holds from where the last one was", async () => {
    const client = await TailClient.open(project, { q: "level:error" });
    await sendLines(project, ["an error"], { level: "error" });
    await client.line("an error");
    expect((await client.say({ type: "filter", q: "service:api" })).state).toMatchObject({ q: "service:api" });
    await sendLines(project, ["another error"], { level: "error" });
    await sendLines(project, ["of the api"], { service: "api" });
    await client.line("of the api");
    expect(client.messages).toEqual(["an error", "of the api"]);
  });

  it("a filter may be changed while it is paused", async () => {
    const client = await TailClient.open(project);
    await client.say({ type: "pause" });
    await client.say({ type: "filter", q: "b" });
    await sendLines(project, ["a", "b"]);
    await client.say({ type: "resume" });
    await client.line("b");
    expect(client.messages).toEqual(["b"]);
  });
});

/** Reads server-sent events as curl shows them. */
async function readEvents(
  answer: Response,
): Promise<{ text: string; until: (part: string) => Promise<void>; cancel: () => Promise<void> }> {
  const reader = answer.body!.getReader();
  const decoder = new TextDecoder();
  const state = { text: "" };
  return {
    get text() {
      return state.text;
    },
    async until(part) {
      while (!state.text.includes(part)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended without ${part}: ${state.text}`);
        state.text += decoder.decode(value, { stream: true });
      }
    },
    cancel: () => reader.cancel(),
  };
}

describe("server-sent events", () => {
  it.each(["text/event-stream", "*/*"])("bear the same frames, with the cursor as id (Accept: %s)", async (accept) => {
    const answer = await call(streamPath({ q: "level:error" }), { key: project.key, headers: { accept } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const events = await readEvents(answer);
    await events.until("state");
    await sendLines(project, ["not this"], { level: "info" });
    await sendLines(project, ["but this"], { level: "error" });
    await events.until("but this");
    expect(events.text).not.toContain("not this");
    const [id] = /id: \S+(?=\ndata: \{"events":\[\{)/.exec(events.text)!;
    await events.cancel();
    const again = await call(streamPath({}), { key: project.key, headers: { accept, "last-event-id": id.slice(4) } });
    await sendLines(project, ["the next one"]);
    const more = await readEvents(again);
    await more.until("the next one");
    expect(more.text).not.toContain("but this");
    await more.cancel();
  });

  it("confirm what their reader has taken, so that a long answer comes whole", async () => {
    await Promise.all(
      Array.from({ length: 4 }, (_, batch) =>
        sendLines(
          project,
          Array.from({ length: 500 }, (_, index) => `${batch}/${index} ${"x".repeat(1_000)}`),
        ),
      ),
    );
    const events = await readEvents(
      await call(streamPath({ since: "-1m" }), { key: project.key, headers: { accept: "text/event-stream" } }),
    );
    for (let batch = 0; batch < 4; batch++) await events.until(`${batch}/499`);
    expect(events.text).not.toMatch(/"dropped":[1-9]/);
    expect(events.text.match(/"message":/g)).toHaveLength(2_000);
    await events.cancel();
  });
});

describe("metrics", () => {
  it("are sent to the sockets that follow them", async () => {
    const { env } = await import("cloudflare:workers");
    const { tailOf } = await import("../../worker/catalog/stream.ts");
    const tail = tailOf(env, project.project_id);
    expect(await tail.metricsWatched()).toEqual([]);
    const follower = await TailClient.open(project, { metrics: "errors,latency" });
    const other = await TailClient.open(project);
    expect((await tail.metricsWatched()).sort()).toEqual(["errors", "latency"]);
    expect(await tail.publish("errors", { value: 3 })).toBe(1);
    expect(await tail.publish("nobody's", 1)).toBe(0);
    await follower.until(() => follower.frames.some((frame) => frame.metrics !== undefined), "metric");
    expect(follower.frames.at(-1)!.metrics).toEqual({ errors: { value: 3 } });
    expect((await other.say({ type: "metrics", names: ["errors"] })).state).toMatchObject({ metrics: ["errors"] });
    expect(await tail.publish("errors", 4)).toBe(2);
    await other.until(() => other.frames.some((frame) => frame.metrics !== undefined), "metric");
  });
});
