import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Ledge, startLedge } from "../../clients/cli/local/index.ts";
import { JOURNAL_PREFIX } from "../../worker/catalog/keys.ts";
import { JOURNAL_AGE_MS, QUEUE_MESSAGE_SIZE_BYTES_MAX } from "../../worker/limits.ts";

const JOURNAL_CRON = "*/5 * * * *";
const home = mkdtempSync(join(tmpdir(), "ledge-edge-"));
let ledge: Ledge;

async function start(): Promise<Ledge> {
  return startLedge({ home, port: 0, quiet: true, app: false, cron: false, vars: { LEDGE_PROFILE: "edge" } });
}

beforeAll(async () => {
  ledge = await start();
});

afterAll(async () => {
  await ledge.stop();
  rmSync(home, { recursive: true, force: true });
});

function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${ledge.credentials.api_key}`, "content-type": "application/json", ...init.headers };
  return fetch(ledge.url + path, { ...init, headers });
}

async function send(service: string, events: object[], key: string): Promise<void> {
  const body = JSON.stringify(events.map((event) => ({ service, ...event })));
  const answer = await call("/api/v1/logs", { method: "POST", body, headers: { "idempotency-key": key } });
  expect(await answer.json()).toMatchObject({ accepted: events.length, rejected: 0 });
  expect(answer.status).toBe(202);
}

async function countOf(service: string): Promise<number> {
  const answer = await call(
    `/api/v1/logs/histogram?${new URLSearchParams({ q: `service:${service}`, from: "-1h", to: "+1h", by: "none" })}`,
  );
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { total: number }).total;
}

async function found(service: string, count: number): Promise<void> {
  await vi.waitFor(async () => expect(await countOf(service)).toBe(count), { timeout: 20_000, interval: 50 });
}

async function journal(): Promise<string[]> {
  const bucket = await ledge.miniflare.getR2Bucket("BUCKET", "ledge");
  return (await bucket.list({ prefix: JOURNAL_PREFIX })).objects.map((object) => object.key);
}

/** Objects go once their events are in a segment and their metrics are counted, which follows in its own time. */
async function journalCleared(): Promise<void> {
  const cleared = async () => {
    await tick(JOURNAL_AGE_MS + 60_000);
    expect(await journal()).toEqual([]);
  };
  await vi.waitFor(cleared, { timeout: 20_000, interval: 100 });
}

async function flush(): Promise<void> {
  const answer = await call("/api/v1/admin/flush", { method: "POST" });
  expect(answer.status).toBe(200);
}

const tick = (later_ms: number) => ledge.scheduled(JOURNAL_CRON, new Date(Date.now() + later_ms));

/** Messages that do not compress: packed they are larger than a queue message. */
function large(count: number): object[] {
  const events = Array.from({ length: count }, (_, index) => ({ message: `large ${index} ${randomBytes(300).toString("base64")}` }));
  expect(count * 300).toBeGreaterThan(QUEUE_MESSAGE_SIZE_BYTES_MAX);
  return events;
}

describe("as it is deployed, over queue and journal", () => {
  it("a small request goes by a message and is found within seconds, once, though it is sent twice", async () => {
    const events = Array.from({ length: 50 }, (_, index) => ({ message: `small ${index}` }));
    for (let time = 0; time < 2; time++) await send("small", events, "small request");
    await found("small", 50);
    await send("after", [{ message: "a later one" }], "after");
    await found("after", 1);
    expect(await countOf("small")).toBe(50);
    expect(await journal()).toEqual([]);
  });

  it("a large request goes by the journal, which the schedule clears once its events are in a segment", async () => {
    const events = large(1_000);
    for (let time = 0; time < 2; time++) await send("large", events, "large request");
    await found("large", 1_000);
    expect(await journal()).toHaveLength(1);
    await tick(0);
    await tick(JOURNAL_AGE_MS + 60_000);
    expect(await journal(), "the window points to it").toHaveLength(1);
    await flush();
    await tick(0);
    expect(await journal(), "young ones are left alone").toHaveLength(1);
    await journalCleared();
    expect(await countOf("large")).toBe(1_000);
    await send("large", events, "large request");
    await tick(JOURNAL_AGE_MS + 60_000);
    await flush();
    await tick(JOURNAL_AGE_MS + 60_000);
    expect(await countOf("large"), "sent again after all that").toBe(1_000);
  });

  it("what the journal holds survives that the process and its queue are killed at once", async () => {
    await send("killed", large(600), "killed request");
    const earlier = ledge;
    await earlier.kill();
    ledge = await start();
    await tick(JOURNAL_AGE_MS + 60_000);
    await found("killed", 600);
    await flush();
    await journalCleared();
    expect(await countOf("killed")).toBe(600);
    expect(await countOf("large")).toBe(1_000);
    expect(await countOf("small")).toBe(50);
  });
});
