/**
 * From the answer 202 to the sockets of a live tail: many readers of one project while lines arrive.
 *
 *   node bench/tail.ts [--sockets 1000] [--lines 60] [--profile local]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Ledge, startLedge } from "../clients/cli/local/index.ts";
import { machine, printTable, progress, quantile } from "./report.ts";

/** A line is waited for no longer. */
const PATIENCE_MS = 20_000;
const OPENING_TOGETHER = 20;

const { values } = parseArgs({
  options: {
    sockets: { type: "string", default: "1000" },
    lines: { type: "string", default: "60" },
    profile: { type: "string", default: "local" },
  },
});
const sockets_wanted = Number(values.sockets);

interface Frame {
  events?: { message: string }[];
  ack?: number;
}

/** When each socket got each line, by the line's number. */
type Arrivals = Map<string, number[]>;

async function openSocket(ledge: Ledge, arrivals: Arrivals): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${ledge.credentials.api_key}` };
  const { ticket } = (await (await fetch(`${ledge.url}/api/v1/logs/stream/ticket`, { method: "POST", headers })).json()) as {
    ticket: string;
  };
  const socket = new WebSocket(
    `${ledge.url.replace("http", "ws")}/api/v1/logs/stream?${new URLSearchParams({ q: "service:bench", ticket })}`,
  );
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("error", () => reject(new Error("a socket was refused")));
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as Frame;
      for (const { message } of frame.events ?? []) arrivals.get(message)?.push(performance.now());
      if (frame.ack !== undefined) socket.send(JSON.stringify({ type: "ack", ack: frame.ack }));
      resolve();
    });
  });
  return socket;
}

async function sendLine(ledge: Ledge, message: string): Promise<number> {
  const answer = await fetch(`${ledge.url}/api/v1/logs`, {
    method: "POST",
    headers: { authorization: `Bearer ${ledge.credentials.api_key}`, "content-type": "application/json" },
    body: JSON.stringify({ message, service: "bench", level: "info" }),
  });
  if (answer.status !== 202) throw new Error(`a line was answered with ${answer.status}`);
  return performance.now();
}

const home = mkdtempSync(join(tmpdir(), "ledge-tail-bench-"));
const ledge = await startLedge({ home, port: 0, quiet: true, app: false, cron: false, vars: { LEDGE_PROFILE: values.profile } });
try {
  const arrivals: Arrivals = new Map();
  const sockets: WebSocket[] = [];
  while (sockets.length < sockets_wanted) {
    const together = Math.min(OPENING_TOGETHER, sockets_wanted - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: together }, () => openSocket(ledge, arrivals)))));
  }
  progress(`${sockets.length} sockets are open`);
  const waits_ms: number[] = [];
  const last_ms: number[] = [];
  // The first lines tell ingest, where it must be told, that somebody watches.
  const warming = values.profile === "edge" ? 20 : 2;
  for (let line = 0; line < Number(values.lines) + warming; line++) {
    const message = `line ${line}`;
    const seen: number[] = [];
    arrivals.set(message, seen);
    const answered = await sendLine(ledge, message);
    const end = performance.now() + PATIENCE_MS;
    while (seen.length < sockets.length && performance.now() < end) await sleep(5);
    if (seen.length < sockets.length) throw new Error(`line ${line} reached ${seen.length} of ${sockets.length} sockets`);
    arrivals.delete(message);
    if (line < warming) {
      await sleep(300);
      continue;
    }
    const waits = seen.map((at) => Math.max(0, at - answered));
    waits_ms.push(...waits);
    last_ms.push(Math.max(...waits));
    await sleep(120 + (line % 7) * 13);
  }
  console.log(machine());
  printTable(
    `From 202 to ${sockets.length} sockets, profile ${values.profile}, ms`,
    ["", "p50", "p99", "most"],
    [
      ["each socket", quantile(waits_ms, 0.5), quantile(waits_ms, 0.99), Math.max(...waits_ms)],
      ["the last socket of each line", quantile(last_ms, 0.5), quantile(last_ms, 0.99), Math.max(...last_ms)],
    ],
  );
  for (const socket of sockets) socket.close();
} finally {
  await ledge.stop();
  rmSync(home, { recursive: true, force: true });
}
process.exit(0);
