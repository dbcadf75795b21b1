import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ledge, startLedge } from "../../clients/cli/local/index.ts";
import type { Client } from "./client.ts";

const COUNTING_WORKER = join(fileURLToPath(import.meta.url), "../../counting/main.ts");
const ROUNDS_MAX = 1_000;

/** Starts the service with bindings that count, without the app. `profile` "edge" sends through the queue, "local" through the object. */
export function startService(home: string, profile: "local" | "edge", inspector = false): Promise<Ledge> {
  const vars = { LEDGE_PROFILE: profile };
  return startLedge({ home, port: 0, quiet: true, app: false, cron: false, main: COUNTING_WORKER, vars, inspector });
}

/** Runs maintenance until there is nothing left to do. @returns what was done, and the time it took */
export async function runUntilDone(client: Client, job: "flush" | "compact"): Promise<{ done: number; took_ms: number }> {
  const started_ms = performance.now();
  let total = 0;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const { done } = await client.json<{ done: number }>("POST", `/api/v1/admin/${job}`);
    if (done === 0) return { done: total, took_ms: performance.now() - started_ms };
    total += done;
  }
  throw new Error(`${job} did not come to an end`);
}
