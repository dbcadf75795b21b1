import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "./client.ts";

const PROBES = 30;
const WAIT_MS_MAX = 60_000;

/** Sends single events and measures how long after its 202 each is found by its own word. */
export async function probeVisibility(client: Client): Promise<number[]> {
  const times_ms: number[] = [];
  const encoder = new TextEncoder();
  for (let index = 0; index < PROBES; index++) {
    const word = `probe${index}x${Date.now().toString(36)}`;
    const event = { level: "INFO", service: "probe", message: `probe event ${word}`, timestamp: new Date().toISOString() };
    const answer = await client.call("POST", "/api/v1/logs", encoder.encode(JSON.stringify(event)), "application/json");
    if (answer.status !== 202) throw new Error(`a probe was answered ${answer.status}: ${answer.text}`);
    const accepted_ms = performance.now();
    while (!(await isFound(client, word))) {
      if (performance.now() - accepted_ms > WAIT_MS_MAX) throw new Error(`${word} was not found within ${WAIT_MS_MAX} ms`);
      await sleep(2);
    }
    times_ms.push(performance.now() - accepted_ms);
  }
  return times_ms;
}

async function isFound(client: Client, word: string): Promise<boolean> {
  const { events } = await client.search<{ events: unknown[] }>("/api/v1/logs", { q: word, from: "-5m", limit: "1" });
  return events.length > 0;
}
