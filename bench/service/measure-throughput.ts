import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ledge } from "../../clients/cli/local/index.ts";
import { type Truth, WEEK_MS } from "../generate.ts";
import { formatNumber, printTable, progress, quantile } from "../report.ts";
import { BatchFile } from "./batches.ts";
import { Client, type SendResult } from "./client.ts";
import { Peer } from "./duckdb.ts";
import { measureCold, measureQuestions } from "./measure-questions.ts";
import { probeVisibility } from "./probes.ts";
import { cpuTime_ms, ownMemory_bytes, peakMemory_bytes } from "./process.ts";
import { runUntilDone, startService } from "./run-service.ts";
import { stored, totalOf } from "./storage.ts";

export interface ThroughputOptions {
  /** For data and files: empty, or of an earlier run with the same options, whose events are asked again without being sent. */
  folder: string;
  events: number;
  connections: number;
  batch: number;
  seed: number;
  /** Whether DuckDB writes and reads the same rows. */
  peer: boolean;
  /** Whether each question is also asked of a service that has just been started. */
  cold: boolean;
}

const SEARCHABLE_WAIT_MS = 300_000;
const MIB = 2 ** 20;

/** Accepted and searchable events a second, visibility, bytes an event, memory, questions: in the local profile. */
export async function measureThroughput(options: ThroughputOptions): Promise<void> {
  const { events, batch, seed, folder } = options;
  progress(`making ${formatNumber(events)} events`);
  const { start_ms, sent } = begun(folder);
  const batches = new BatchFile(join(folder, "events.ndjson"), { seed, events, batch, start_ms });
  const { truth } = batches;
  console.log(
    `${formatNumber(events)} events of ${formatNumber(truth.size_bytes / events)} bytes, ${formatNumber(batches.templates)} templates, ${formatNumber(batch)} a request, ${options.connections} connections, seed ${seed}`,
  );
  let ledge = await startService(join(folder, "home"), "local");
  let client = new Client(ledge.credentials, options.connections);
  const stop = async (): Promise<void> => {
    client.close();
    await ledge.stop();
  };
  const restart = async (): Promise<Client> => {
    await stop();
    ledge = await startService(join(folder, "home"), "local");
    client = new Client(ledge.credentials, options.connections);
    return client;
  };
  try {
    const peer = options.peer ? await Peer.open() : null;
    if (sent) await peer?.write(batches.path, join(folder, "peer.parquet"));
    else {
      await measureIngest(ledge, client, batches, options);
      await measureVisibility(client);
      await measureStorage(ledge, client, batches, peer, folder);
      writeFileSync(join(folder, STATE), JSON.stringify({ start_ms, sent: true }));
    }
    await measureQuestions(ledge, client, peer, batches, folder);
    const peak = formatNumber(peakMemory_bytes(ledge.workerdPid) / MIB);
    console.log(
      `\nMemory of workerd, simulated storage included: peak ${peak} MiB, own at the end ${formatNumber(ownMemory_bytes(ledge.workerdPid) / MIB)} MiB`,
    );
    if (options.cold) await measureCold(restart, batches);
  } catch (error) {
    console.error(ledge.logs().slice(-20).join("\n"));
    throw error;
  } finally {
    batches.close();
    await stop();
  }
}

const STATE = "state.json";

/** When the week of this folder began, and whether its events were sent already. */
function begun(folder: string): { start_ms: number; sent: boolean } {
  const path = join(folder, STATE);
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as { start_ms: number; sent: boolean };
  mkdirSync(folder, { recursive: true });
  return { start_ms: Date.now() - WEEK_MS, sent: false };
}

async function measureIngest(ledge: Ledge, client: Client, batches: BatchFile, options: ThroughputOptions): Promise<void> {
  const { events } = options;
  progress("sending");
  const cpu_before_ms = cpuTime_ms(ledge.workerdPid);
  const started_ms = performance.now();
  const sent = await client.sendAll(batches, options.connections);
  await client.waitForTotal(batches.range, sent, SEARCHABLE_WAIT_MS);
  const searchable_ms = performance.now() - started_ms;
  const cpu_ms = cpuTime_ms(ledge.workerdPid) - cpu_before_ms;
  if (sent.accepted !== events) console.error(`WRONG: ${sent.accepted} of ${events} events were accepted`);
  printTable(
    "Ingest",
    ["", "events/s", "MB/s", "s"],
    [ingestRow("accepted (durable)", sent, sent.took_ms, batches.truth), ingestRow("searchable", sent, searchable_ms, batches.truth)],
  );
  console.log(
    `  request p50 ${formatNumber(quantile(sent.latencies_ms, 0.5))} ms, p99 ${formatNumber(quantile(sent.latencies_ms, 0.99))} ms, max ${formatNumber(Math.max(...sent.latencies_ms))} ms; asked to wait ${sent.pushbacks} times; workerd CPU ${formatNumber((cpu_ms * 1_000) / events)} us an event`,
  );
}

function ingestRow(name: string, sent: SendResult, took_ms: number, truth: Truth): (string | number)[] {
  return [name, (sent.accepted * 1_000) / took_ms, truth.size_bytes / took_ms / 1_000, took_ms / 1_000];
}

async function measureVisibility(client: Client): Promise<void> {
  progress("probing");
  const times_ms = await probeVisibility(client);
  console.log(
    `\nFrom 202 to found: p50 ${formatNumber(quantile(times_ms, 0.5))} ms, p99 ${formatNumber(quantile(times_ms, 0.99))} ms (search included)`,
  );
}

async function measureStorage(ledge: Ledge, client: Client, batches: BatchFile, peer: Peer | null, folder: string): Promise<void> {
  const { truth } = batches;
  const rows: (string | number)[][] = [];
  const add = (name: string, events: number, size_bytes: number, files: number, took_ms: number): number =>
    rows.push([name, size_bytes / events, truth.size_bytes / truth.events / (size_bytes / events), files, took_ms / 1_000]);
  progress("flushing");
  const flush = await runUntilDone(client, "flush");
  const before = totalOf(await stored(ledge));
  add("flushed", before.rows, before.size_bytes, before.segments, flush.took_ms);
  progress("compacting");
  const compact = await runUntilDone(client, "compact");
  const after = totalOf(await stored(ledge));
  add("compacted", after.rows, after.size_bytes, after.segments, compact.took_ms);
  if (peer !== null) {
    progress("DuckDB writes the same rows");
    const written = await peer.write(batches.path, join(folder, "peer.parquet"));
    add("DuckDB, Parquet with zstd", truth.events, written.size_bytes, 1, written.took_ms);
  }
  printTable("Storage", ["", "bytes/event", "times smaller than NDJSON", "files", "s"], rows);
}
