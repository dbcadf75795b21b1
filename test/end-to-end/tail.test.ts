import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Ledge, startLedge } from "../../clients/cli/local/index.ts";
import { randomOf } from "../support/random.ts";

interface Frame {
  events?: { message: string }[];
  cursor?: string;
  ack?: number;
  gap?: unknown;
  sampling?: unknown;
  error?: { detail: string };
}

const home = mkdtempSync(join(tmpdir(), "ledge-tail-"));
let ledge: Ledge;
const start = (profile: "edge" | "local") =>
  startLedge({ home, port: 0, quiet: true, app: false, cron: false, vars: { LEDGE_PROFILE: profile } });

beforeAll(async () => {
  ledge = await start("local");
});

afterAll(async () => {
  await ledge.stop();
  rmSync(home, { recursive: true, force: true });
});

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(ledge.url + path, { ...init, headers: { authorization: `Bearer ${ledge.credentials.api_key}`, ...init.headers } });
}

async function send(lines: string[]): Promise<void> {
  const body = JSON.stringify(lines.map((message) => ({ message })));
  const answer = await call("/api/v1/logs", { method: "POST", body, headers: { "content-type": "application/json" } });
  expect(answer.status).toBe(202);
}

/** Reads as a browser does: with a ticket, and again from its cursor when its socket is gone. */
class Reader {
  readonly lines: string[] = [];
  readonly odd: Frame[] = [];
  cursor = "";
  socket: WebSocket | null = null;

  async open(parameters: Record<string, string> = {}): Promise<void> {
    const { ticket } = (await (await call("/api/v1/logs/stream/ticket", { method: "POST" })).json()) as { ticket: string };
    const query = new URLSearchParams({ ...parameters, ticket, ...(this.cursor ? { cursor: this.cursor } : {}) });
    const socket = new WebSocket(`${ledge.url.replace("http", "ws")}/api/v1/logs/stream?${query}`);
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => {
      // What a socket says after it was given up is as good as lost on the way.
      if (this.socket !== socket) return;
      const frame = JSON.parse(String(data)) as Frame;
      this.lines.push(...(frame.events ?? []).map(({ message }) => message));
      if (frame.cursor) this.cursor = frame.cursor;
      if (frame.ack !== undefined) socket.send(JSON.stringify({ type: "ack", ack: frame.ack }));
      if (frame.gap || frame.sampling || frame.error) this.odd.push(frame);
    });
    // Greeted: from here on it has a cursor to come back with.
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("message", () => resolve(), { once: true });
      socket.addEventListener("error", () => reject(new Error("the socket did not open")));
    });
  }

  leave(): void {
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  async until(line: string): Promise<void> {
    await vi.waitFor(() => expect(this.lines.at(-1)).toBe(line), { timeout: 30_000, interval: 20 });
  }
}

describe("a reader over the service's own port", () => {
  it("sees each line once, in order, though its connection breaks again and again under load and the service starts anew", async () => {
    const random = randomOf(20_261_128);
    const reader = new Reader();
    await reader.open();
    const sent: string[] = [];
    for (let round = 0; round < 60; round++) {
      const lines = Array.from({ length: 1 + Math.floor(random() * 60) }, (_, index) => `round ${round} line ${index}`);
      const sending = send(lines);
      if (random() < 0.3) {
        reader.leave();
        await reader.open();
      }
      await sending;
      sent.push(...lines);
      if (round === 20) expect((await call("/api/v1/admin/flush", { method: "POST" })).status).toBe(200);
      if (round !== 40) continue;
      reader.leave();
      await send(["while the service goes down"]);
      sent.push("while the service goes down");
      await ledge.stop();
      ledge = await start("local");
      await reader.open();
    }
    await send(["the end"]);
    await reader.until("the end");
    const seen = new Map(reader.lines.map((line) => [line, reader.lines.filter((other) => other === line).length]));
    expect([...sent, "the end"].filter((line) => seen.get(line) !== 1)).toEqual([]);
    expect(reader.lines).toEqual([...sent, "the end"]);
    expect(reader.odd).toEqual([]);
    reader.leave();
  });

  it("gets server-sent events as curl does", async () => {
    const answer = await call("/api/v1/logs/stream?q=%22by%20curl%22&since=-1m", { headers: { accept: "*/*" } });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    await send(["not this", "seen by curl"]);
    let text = "";
    while (!text.includes("seen by curl")) text += (await reader.read()).value ?? "";
    expect(text).not.toContain("not this");
    expect(text).toMatch(/^id: 1-/m);
    await reader.cancel();
  });

  it("is sent lines while the profile of Cloudflare is used, each once", async () => {
    await ledge.stop();
    ledge = await start("edge");
    const reader = new Reader();
    await reader.open();
    const sent = Array.from({ length: 30 }, (_, index) => `at the edge ${index}`);
    for (const line of sent) await send([line]);
    await vi.waitFor(() => expect(new Set(reader.lines).size).toBe(sent.length), { timeout: 30_000, interval: 20 });
    expect([...reader.lines].sort()).toEqual([...sent].sort());
    reader.leave();
  });
});
