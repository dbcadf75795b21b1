import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { tailOf } from "../../worker/catalog/stream.ts";
import {
  QUERY_LENGTH_MAX,
  TAIL_MESSAGE_LENGTH_MAX,
  TAIL_MESSAGES_PER_10_S_MAX,
  TAIL_METRICS_MAX,
  TAIL_QUERY_SIZE_BYTES_MAX,
} from "../../worker/limits.ts";
import { call, createProject, problemOf, type TestProject } from "./support/api.ts";
import { sendLines, streamPath, TailClient } from "./support/tail.ts";

let project: TestProject;
beforeEach(async () => {
  project = await createProject();
});

/** What a request for a socket is refused with, on the socket. */
async function refusal(parameters: Record<string, string>) {
  const answer = await TailClient.request(project.key, parameters);
  const client = new TailClient(answer.webSocket!);
  const { code } = await client.ended();
  expect(client.frames).toHaveLength(1);
  return { code, error: client.frames[0]!.error! };
}

const WRONG: [string, Record<string, string>, number, object][] = [
  ["a query that is none", { q: "level:error (" }, 4400, { code: "bad_query", position: 13, expected: expect.stringContaining("a word") }],
  [
    "a table",
    { q: "level:error | stats count() by service" },
    4400,
    { code: "bad_query", position: 14, found: "stats", expected: expect.stringContaining("fields") },
  ],
  ["an order", { q: "* | sort timestamp" }, 4400, { code: "bad_query", found: "sort" }],
  ["an end", { q: "* | limit 10" }, 4400, { code: "bad_query", found: "limit" }],
  [
    "a query too long to be remembered",
    { q: `x${" OR x".repeat(TAIL_QUERY_SIZE_BYTES_MAX / 5)}`.slice(0, 9_001) },
    4400,
    { code: "bad_query" },
  ],
  ["a time that is none", { since: "yesterday-ish" }, 4422, { code: "invalid", errors: [expect.objectContaining({ field: "since" })] }],
  ["a cursor that is none", { cursor: "garbage" }, 4422, { code: "invalid", errors: [expect.objectContaining({ field: "cursor" })] }],
  [
    "too many metrics",
    { metrics: Array.from({ length: TAIL_METRICS_MAX + 1 }, (_, index) => `m${index}`).join() },
    4422,
    { code: "invalid" },
  ],
];

describe("opening with", () => {
  it.each(WRONG)("%s is refused on the socket, which is closed", async (_, parameters, code, error) => {
    const refused = await refusal(parameters);
    expect(refused.error).toMatchObject(error);
    expect(refused.code).toBe(code);
    expect(await tailOf(env, project.project_id).isWatched()).toBe(false);
  });

  it.each(WRONG)("%s is a problem document for server-sent events", async (_, parameters, code, error) => {
    const answer = await call(streamPath(parameters), { key: project.key, headers: { accept: "text/event-stream" } });
    expect(answer.status).toBe(code - 4_000);
    expect(await problemOf(answer)).toMatchObject(error);
  });

  it("a query beyond the longest is 422 before the project is asked", async () => {
    const answer = await TailClient.request(project.key, { q: "x".repeat(QUERY_LENGTH_MAX + 1) });
    expect(answer.status).toBe(422);
    await problemOf(answer);
  });

  it("neither a socket nor events in mind is 426", async () => {
    const answer = await call(streamPath({}), { key: project.key, headers: { accept: "application/json" } });
    expect(answer.status).toBe(426);
    expect(answer.headers.get("upgrade")).toBe("websocket");
    expect(await problemOf(answer)).toMatchObject({ code: "upgrade_required" });
  });
});

describe("a filter that is wrong", () => {
  it("is answered with place and expectation, and the old one holds", async () => {
    const client = await TailClient.open(project, { q: "level:error" });
    const answer = await client.say({ type: "filter", q: "level:warn | stats count()" });
    expect(answer.error).toMatchObject({ code: "bad_query", position: 13, expected: expect.any(String) });
    await sendLines(project, ["a warning"], { level: "warn" });
    await sendLines(project, ["an error"], { level: "error" });
    await client.line("an error");
    expect(client.messages).toEqual(["an error"]);
    expect(client.closed).toBeNull();
  });

  it("of events that make too much text costs those events only", async () => {
    const client = await TailClient.open(project, { q: "* | eval a = lpad(message, 60000) | fields message" });
    const { error } = client.frames[0]!;
    expect(error).toBeUndefined();
    await sendLines(
      project,
      Array.from({ length: 600 }, (_, index) => `a line ${index}`),
    );
    await sendLines(project, ["one more"]);
    await client.line("one more");
    expect(client.frames.find((frame) => frame.gap)?.gap).toMatchObject({
      reason: "query",
      from: expect.any(String),
      to: expect.any(String),
    });
    expect(client.closed).toBeNull();
  });
});

describe("a message that is wrong", () => {
  it.each<[string, unknown, object]>([
    ["no JSON", "hello", { code: "bad_request" }],
    ["no object", "[1]", { code: "bad_request" }],
    ["null", "null", { code: "bad_request" }],
    [
      "of an unknown type",
      { type: "subscribe" },
      { code: "invalid", errors: [{ field: "type", value: "subscribe", expected: expect.stringContaining("filter") }] },
    ],
    ["without a type", {}, { code: "invalid" }],
    ["a filter without a query", { type: "filter" }, { code: "invalid", errors: [{ field: "q" }] }],
    ["a filter that is no text", { type: "filter", q: { $gt: "" } }, { code: "invalid" }],
    [
      "a pause that ends nowhere",
      { type: "resume", from: "yesterday" },
      { code: "invalid", errors: [{ field: "from", value: "yesterday" }] },
    ],
    ["metrics without names", { type: "metrics", names: "errors" }, { code: "invalid", errors: [{ field: "names" }] }],
    ["metrics of numbers", { type: "metrics", names: [1] }, { code: "invalid" }],
    ["a confirmation of nothing", { type: "ack", ack: "all" }, { code: "invalid", errors: [{ field: "ack" }] }],
  ])("%s, is answered and the socket stays open", async (_, message, error) => {
    const client = await TailClient.open(project);
    expect((await client.say(message)).error).toMatchObject(error);
    await sendLines(project, ["still here"]);
    await client.line("still here");
  });

  it("of bytes closes the socket", async () => {
    const client = await TailClient.open(project);
    client.send(new Uint8Array([1, 2, 3]).buffer);
    expect(await client.ended()).toMatchObject({ code: 1003 });
  });

  it("that is huge closes the socket", async () => {
    const client = await TailClient.open(project);
    client.send("x".repeat(TAIL_MESSAGE_LENGTH_MAX + 1));
    expect(await client.ended()).toMatchObject({ code: 1009 });
  });

  it("and one more, again and again, closes the socket", async () => {
    const client = await TailClient.open(project);
    for (let count = 0; count <= TAIL_MESSAGES_PER_10_S_MAX; count++) client.send("?");
    expect(await client.ended()).toMatchObject({ code: 1008 });
    expect(client.frames.length).toBeLessThanOrEqual(TAIL_MESSAGES_PER_10_S_MAX + 1);
  });

  it("a confirmation that nobody asked for changes nothing", async () => {
    const client = await TailClient.open(project);
    client.send({ type: "ack", ack: 77 });
    await sendLines(project, ["a line"]);
    await client.line("a line");
    expect(client.frames.some((frame) => frame.error)).toBe(false);
  });
});

describe("a long event", () => {
  it("is cut, marked, and can be asked for by its id", async () => {
    const client = await TailClient.open(project);
    const message = "x".repeat(100_000);
    await sendLines(project, [message], { note: "kept" });
    await client.until(() => client.messages.length > 0, "line");
    const event = client.frames.at(-1)!.events[0]!;
    expect(message.startsWith(event.message!)).toBe(true);
    expect(event.message!.length).toBeLessThan(message.length);
    expect(event.attributes).toMatchObject({ note: "kept", "ledge.cut": ["live tail"] });
    const whole = await (await call(`/api/v1/logs/${event.event_id}`, { key: project.key })).json<{ event: { message: string } }>();
    expect(whole.event.message).toBe(message);
  });
});
