import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Ledge, startLedge } from "../../clients/cli/local/index.ts";

const SEGMENTS = 12;
const EVENTS = 50;
const home = mkdtempSync(join(tmpdir(), "ledge-search-"));
const main = join(import.meta.dirname, "support/main-slow.ts");
let ledge: Ledge;

async function start(): Promise<void> {
  ledge = await startLedge({ home, port: 0, quiet: true, app: false, cron: false, main, vars: { LEDGE_SPREAD: "always" } });
}

/** Nothing is kept in memory afterwards. */
async function restart(): Promise<void> {
  await ledge.stop();
  await start();
}

function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${ledge.credentials.api_key}`, "content-type": "application/json", ...init.headers };
  return fetch(ledge.url + path, { ...init, headers });
}

interface Store {
  reads: number;
}

async function setStore(values: { delay_ms?: number; reads?: number; fail_every?: number }): Promise<Store> {
  return (await (await call("/test/store", { method: "POST", body: JSON.stringify(values) })).json()) as Store;
}

async function reads(): Promise<number> {
  return ((await (await call("/test/store")).json()) as Store).reads;
}

beforeAll(async () => {
  await start();
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const events = Array.from({ length: EVENTS }, (_, index) => ({
      timestamp: new Date(Date.now() - (segment * EVENTS + index) * 1_000).toISOString(),
      service: "search-test",
      message: `event ${segment} ${index}`,
      size: segment * EVENTS + index,
    }));
    expect((await call("/api/v1/logs", { method: "POST", body: JSON.stringify(events) })).status).toBe(202);
    expect((await call("/api/v1/admin/flush", { method: "POST" })).status).toBe(200);
  }
});

afterAll(async () => {
  await ledge.stop();
  rmSync(home, { recursive: true, force: true });
});

const path = (parameters: Record<string, string>) => `/api/v1/logs?${new URLSearchParams({ from: "-1h", to: "+1h", ...parameters })}`;
const SUM = "* | stats sum(size) as sum, count(size) as n";
const RIGHT = [[((SEGMENTS * EVENTS - 1) * SEGMENTS * EVENTS) / 2, SEGMENTS * EVENTS]];

/** A client that breaks off the connection itself, as one does whose process dies. */
async function askAndWait(address: string, accept: string): Promise<Socket> {
  const { hostname, port } = new URL(ledge.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write(`GET ${address} HTTP/1.1\r\nhost: ledge\r\naccept: ${accept}\r\nauthorization: Bearer ${ledge.credentials.api_key}\r\n\r\n`);
  return socket;
}

interface Answer {
  rows: unknown[][];
  partial: { reason: string; segments: unknown[] } | null;
  stats: { parts: number; segments: { considered: number } };
}

describe("a search over many segments", () => {
  it("is shared with further invocations, and right", async () => {
    const answer = (await (await call(path({ q: SUM }))).json()) as Answer;
    expect(answer.rows).toEqual(RIGHT);
    expect(answer.stats.segments.considered).toBe(SEGMENTS);
    expect(answer.stats.parts).toBeGreaterThan(1);
  });

  it("is right though the store fails now and then, in whichever invocation", async () => {
    await restart();
    await setStore({ fail_every: 4 });
    const answer = (await (await call(path({ q: SUM }))).json()) as Answer;
    // A read that fails twice leaves its segment out, and says so.
    if (answer.partial) expect(answer.partial.segments.length).toBeGreaterThan(0);
    else expect(answer.rows).toEqual(RIGHT);
    await setStore({ fail_every: 0 });
    expect(((await (await call(path({ q: SUM }))).json()) as Answer).rows).toEqual(RIGHT);
  });

  it("tells how far it is while it goes on", async () => {
    await restart();
    await setStore({ delay_ms: 700 });
    const answer = await call(path({ q: "event*", order: "asc" }), { headers: { accept: "text/event-stream" } });
    const names: string[] = [];
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) names.push(/^event: (\w+)/.exec(block)?.[1] ?? "comment");
    }
    await setStore({ delay_ms: 0 });
    expect(names[0]).toBe("progress");
    expect(names.filter((name) => name === "progress").length).toBeGreaterThan(1);
    expect(names).toContain("partial");
    expect(names.at(-1)).toBe("result");
  });

  it.each(["text/event-stream", "application/json"])("stops when its client is gone (%s)", async (accept) => {
    await restart();
    const q = "no-such-word-at-all | stats count(size)";
    await setStore({ delay_ms: 400, reads: 0 });
    const client = await askAndWait(path({ q }), accept);
    await vi.waitFor(async () => expect(await reads()).toBeGreaterThan(0), { interval: 20, timeout: 10_000 });
    client.resetAndDestroy();
    // What was under way ends; nothing new is begun.
    let before = -1;
    await vi.waitFor(
      async () => {
        const now = await reads();
        const same = now === before;
        before = now;
        expect(same).toBe(true);
      },
      { interval: 900, timeout: 15_000 },
    );
    // All of it would have been the index and a column of each segment.
    expect(before).toBeLessThan(2 * SEGMENTS);
    await setStore({ delay_ms: 0 });
  });
});
