import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newTicket } from "../../worker/auth/key-text.ts";
import { streamName, streamOf, tailOf } from "../../worker/catalog/stream.ts";
import { KEY_CACHE_MS, TAIL_CHECK_MS, TAIL_TICKET_LIFE_MS, TAIL_TICKETS_MAX } from "../../worker/limits.ts";
import { call, createKey, createProject, problemOf, type TestProject } from "./support/api.ts";
import { organizationOf, type Person, somebody } from "./support/people.ts";
import { sendLines, streamPath, TailClient } from "./support/tail.ts";

let project: TestProject;
beforeEach(async () => {
  project = await createProject();
});
afterEach(() => {
  vi.useRealTimers();
});

async function ticketOf(key: string): Promise<{ ticket: string; expires_at: string }> {
  const answer = await call("/api/v1/logs/stream/ticket", { method: "POST", key });
  if (answer.status !== 200) throw new Error(`the ticket was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function openWith(ticket: string): Promise<TailClient> {
  const { webSocket } = await TailClient.request(undefined, { ticket });
  const client = new TailClient(webSocket!);
  await client.until(() => client.frames.length > 0, "a greeting");
  return client;
}

describe("a ticket", () => {
  it("opens a socket without a key, to the project of the key that asked for it", async () => {
    const { ticket, expires_at } = await ticketOf(project.key);
    expect(Date.parse(expires_at) - Date.now()).toBeLessThanOrEqual(TAIL_TICKET_LIFE_MS);
    const client = await openWith(ticket);
    await sendLines(project, ["ours"]);
    await client.line("ours");
  });

  it("opens server-sent events, too", async () => {
    const { ticket } = await ticketOf(project.key);
    const answer = await call(streamPath({ ticket }), { headers: { accept: "text/event-stream" } });
    expect(answer.status).toBe(200);
    await answer.body!.cancel();
  });

  it("works once", async () => {
    const { ticket } = await ticketOf(project.key);
    await openWith(ticket);
    const again = await TailClient.request(undefined, { ticket });
    expect(again.status).toBe(401);
    await problemOf(again);
  });

  it("works once, though many try at the same moment", async () => {
    const { ticket } = await ticketOf(project.key);
    const answers = await Promise.all(Array.from({ length: 10 }, () => TailClient.request(undefined, { ticket })));
    expect(answers.map(({ status }) => status).sort()).toEqual([101, ...Array.from({ length: 9 }, () => 401)]);
    for (const { webSocket } of answers) webSocket?.accept();
  });

  it("works for a minute", async () => {
    const [first, second] = [await ticketOf(project.key), await ticketOf(project.key)];
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(first.expires_at) - 1_000 });
    expect((await TailClient.request(undefined, { ticket: first.ticket })).status).toBe(101);
    vi.setSystemTime(Date.parse(second.expires_at) + 1);
    expect((await TailClient.request(undefined, { ticket: second.ticket })).status).toBe(401);
  });

  it("is worth nothing once its key was revoked", async () => {
    const reader = await createKey(project, ["read"]);
    const { ticket } = await ticketOf(reader.key);
    await call(`/api/v1/keys/${reader.key_id}`, { method: "DELETE", key: project.key });
    const client = new TailClient((await TailClient.request(undefined, { ticket })).webSocket!);
    expect(await client.ended()).toMatchObject({ code: 4401 });
    expect(client.messages).toEqual([]);
  });

  it.each<[string, (ticket: string) => string]>([
    ["garbage", () => "garbage"],
    ["a key", () => project.key],
    ["made under another secret", () => newTicket(project.project_id, "another secret of at least thirty-two characters").text],
    ["that was never issued", () => newTicket(project.project_id, env.LEDGE_SECRET).text],
    ["with another project's name in it", (ticket) => ticket.replace(project.project_id, "aaaaaaaaaaaa")],
    ["cut short", (ticket) => ticket.slice(0, -1)],
  ])("that is %s opens nothing", async (_, forge) => {
    const { ticket } = await ticketOf(project.key);
    const answer = await TailClient.request(undefined, { ticket: forge(ticket) });
    expect(answer.status).toBe(401);
    expect(answer.webSocket).toBeNull();
    await problemOf(answer);
  });

  it("is given only so often at a time", async () => {
    const issue = (index: number, expires_ms: number) =>
      tailOf(env, project.project_id).issueTicket({ hash: `hash ${index}`, viewer: { kind: "key", key_id: "k" }, expires_ms });
    const later_ms = Date.now() + TAIL_TICKET_LIFE_MS;
    const issued = await Promise.all(Array.from({ length: TAIL_TICKETS_MAX - 1 }, (_, index) => issue(index, later_ms)));
    expect(issued.every(Boolean)).toBe(true);
    await ticketOf(project.key);
    const refused = await call("/api/v1/logs/stream/ticket", { method: "POST", key: project.key });
    expect(refused.status).toBe(429);
    vi.useFakeTimers({ toFake: ["Date"], now: later_ms + 1_000 });
    await ticketOf(project.key);
  });

  it.each(["ingest", "admin"] as const)("is not given to a key with the scope %s", async (scope) => {
    const { key } = await createKey(project, [scope]);
    expect((await call("/api/v1/logs/stream/ticket", { method: "POST", key })).status).toBe(403);
    expect((await TailClient.request(key)).status).toBe(403);
  });
});

describe("another project", () => {
  it("sees nothing of ours", async () => {
    const other = await createProject();
    const theirs = await TailClient.open(other, { since: "-1h" });
    const ours = await TailClient.open(project);
    await sendLines(project, ["ours"]);
    await ours.line("ours");
    await sendLines(other, ["theirs"]);
    await theirs.line("theirs");
    expect([ours.messages, theirs.messages]).toEqual([["ours"], ["theirs"]]);
  });

  it("cannot use our cursor", async () => {
    const ours = await TailClient.open(project);
    const other = await createProject();
    const client = new TailClient((await TailClient.request(other.key, { cursor: ours.cursor })).webSocket!);
    expect(await client.ended()).toMatchObject({ code: 4422 });
  });

  it("is not reached by a parameter", async () => {
    const other = await createProject();
    const client = await TailClient.open(other, { project: project.project_id, project_id: project.project_id });
    await sendLines(project, ["ours"]);
    await sendLines(other, ["theirs"]);
    await client.line("theirs");
    expect(client.messages).toEqual(["theirs"]);
  });
});

describe("an open socket", () => {
  it("is closed when its key is revoked; those of other keys stay", async () => {
    const reader = await createKey(project, ["read"]);
    const closed = await TailClient.open(reader);
    const open = await TailClient.open(project);
    await call(`/api/v1/keys/${reader.key_id}`, { method: "DELETE", key: project.key });
    expect(await closed.ended()).toMatchObject({ code: 4401 });
    expect(closed.frames.at(-1)!.error).toMatchObject({ code: "unauthenticated" });
    await sendLines(project, ["after"]);
    await open.line("after");
    expect(closed.messages).toEqual([]);
  });

  it("is closed when its key expires, though nothing else happens", async () => {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const client = await TailClient.open(await createKey(project, ["read"], expires_at));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(expires_at) + 1 });
    expect(await runDurableObjectAlarm(env.STREAM.getByName(streamName(project.project_id, 0)))).toBe(true);
    expect(await client.ended()).toMatchObject({ code: 4401 });
  });

  it("is closed when its project is deleted", async () => {
    const client = await TailClient.open(project);
    const stream = streamOf(env, project.project_id);
    await stream.configure({ ...(await stream.settings())!, deleted_at: new Date().toISOString() });
    expect(await client.ended()).toMatchObject({ code: 4410 });
  });

  describe("of a person", () => {
    let person: Person;
    let client: TailClient;
    let witness: TailClient;
    beforeEach(async () => {
      person = await somebody({ [await organizationOf(project.project_id)]: "member" });
      const { ticket } = await person.browser.json<{ ticket: string }>("/api/v1/logs/stream/ticket", {
        method: "POST",
        project: project.project_id,
      });
      client = await openWith(ticket);
      witness = await TailClient.open(project);
      await sendLines(project, ["before"]);
      await client.line("before");
    });

    const signOut = () => person.browser.json("/api/v1/auth/sign-out", { method: "POST", status: 204 });
    async function remove(): Promise<void> {
      const organization = await organizationOf(project.project_id);
      const owner = await somebody({ [organization]: "owner" });
      await owner.browser.json(`/api/v1/members/${person.user_id}`, { method: "DELETE", organization, status: 204 });
    }

    it.each([
      ["they sign out", signOut],
      ["they are a member no longer", remove],
    ])("is closed when %s; after a silence they get nothing more", async (_, end) => {
      await end();
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + KEY_CACHE_MS });
      await sendLines(project, ["after"]);
      await witness.line("after");
      expect(await client.ended()).toMatchObject({ code: 4403 });
      expect(client.messages).toEqual(["before"]);
    });

    it("is closed while lines flow", async () => {
      await remove();
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + TAIL_CHECK_MS });
      await sendLines(project, ["one of the last"]);
      expect(await client.ended()).toMatchObject({ code: 4403 });
      expect(client.frames.at(-1)!.error).toMatchObject({ code: "forbidden" });
    });

    it("gets no value of a metric after a silence, either", async () => {
      await client.say({ type: "metrics", names: ["ledge_events"] });
      await signOut();
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + KEY_CACHE_MS });
      expect(await tailOf(env, project.project_id).publish("ledge_events", 5)).toBe(0);
      expect(await client.ended()).toMatchObject({ code: 4403 });
      expect(client.frames.some(({ metrics }) => metrics)).toBe(false);
    });

    it("stays while they may, however long it was silent", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + KEY_CACHE_MS });
      await sendLines(project, ["after"]);
      await client.line("after");
      expect(client.closed).toBeNull();
    });
  });
});
