import { join } from "node:path";
import { WEEK_MS } from "../generate.ts";
import { priceOf } from "../prices.ts";
import { formatNumber, printTable, progress } from "../report.ts";
import { BatchFile } from "./batches.ts";
import { Client } from "./client.ts";
import { cpuTime_ms } from "./process.ts";
import { runUntilDone, startService } from "./run-service.ts";
import { stored, totalOf } from "./storage.ts";

export interface PriceOptions {
  folder: string;
  events: number;
  connections: number;
  seed: number;
}

/** The shape that the price is stated for. */
const EVENTS_PER_REQUEST = 100;
const DELIVERY_WAIT_MS = 300_000;

/** What the bindings are asked for on the way of an event through the queue, flushed and compacted, and what that would cost. */
export async function measurePrice({ folder, events, connections, seed }: PriceOptions): Promise<void> {
  progress(`pricing ${formatNumber(events)} events, ${EVENTS_PER_REQUEST} a request, edge profile`);
  const options = { seed, events, batch: EVENTS_PER_REQUEST, start_ms: Date.now() - WEEK_MS };
  const batches = new BatchFile(join(folder, "events.ndjson"), options);
  const ledge = await startService(join(folder, "home"), "edge");
  const client = new Client(ledge.credentials, connections);
  try {
    await client.takeCounts();
    const cpu_before_ms = cpuTime_ms(ledge.workerdPid);
    const sent = await client.sendAll(batches, connections);
    await client.waitForTotal(batches.range, sent, DELIVERY_WAIT_MS);
    await runUntilDone(client, "flush");
    await runUntilDone(client, "compact");
    const cpu_ms = cpuTime_ms(ledge.workerdPid) - cpu_before_ms;
    const counts = await client.takeCounts();
    const total = totalOf(await stored(ledge));
    const lines = priceOf({ events, counts, cpu_ms, stored_bytes: total.size_bytes });
    const usd = lines.reduce((sum, line) => sum + line.usd, 0);
    printTable(
      `Price of a million events at ${EVENTS_PER_REQUEST} a request, sent in a burst, flushed and compacted (list price, nothing included)`,
      ["", "amount", "USD"],
      [...lines.map(({ what, amount, usd: price }) => [what, amount, price.toFixed(5)]), ["sum", "", usd.toFixed(5)]],
    );
  } finally {
    client.close();
    batches.close();
    await ledge.stop();
  }
}
