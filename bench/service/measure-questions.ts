import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Ledge } from "../../clients/cli/local/index.ts";
import { printTable, progress } from "../report.ts";
import { askCold, askWarm } from "./ask.ts";
import type { BatchFile } from "./batches.ts";
import type { Client } from "./client.ts";
import type { Peer } from "./duckdb.ts";
import { copySegments } from "./storage.ts";

/** Warm questions beside DuckDB's answers; then DuckDB reads Ledge's own segments. */
export async function measureQuestions(ledge: Ledge, client: Client, peer: Peer | null, batches: BatchFile, folder: string): Promise<void> {
  const { truth, range } = batches;
  progress("asking");
  const results = await askWarm(client, peer, truth, range);
  printTable(
    "Questions over all events (medians of seven; Ledge over HTTP, DuckDB in process on its own file)",
    ["", "", "Ledge ms", "DuckDB ms", "ratio", "answer"],
    results.map(({ id, name, ms, peer_ms, right }) => [
      id,
      name,
      ms,
      peer_ms,
      peer_ms / ms,
      right === null ? "" : right ? "right" : "WRONG",
    ]),
  );
  if (peer === null) return;
  const copies = join(folder, "segments");
  mkdirSync(copies, { recursive: true });
  await peer.show(await copySegments(ledge, copies));
  const found = await peer.rows("SELECT level, count(*) FROM logs WHERE service <> 'probe' GROUP BY level ORDER BY level");
  rmSync(copies, { recursive: true });
  const right = found.every(([level, count]) => truth.by_level[String(level)] === Number(count)) && found.length > 0;
  console.log(`\nDuckDB reads Ledge's segments: ${right ? "the same counts by level" : `WRONG ${JSON.stringify(found)}`}`);
}

/** Each question of a service that has just been started. */
export async function measureCold(restart: () => Promise<Client>, batches: BatchFile): Promise<void> {
  progress("asking, cold");
  const results = await askCold(restart, batches.truth, batches.range);
  printTable(
    "The same, each in a service just started (nothing cached)",
    ["", "", "ms", "reads", "KiB read"],
    results.map(({ id, name, ms, reads, size_bytes }) => [id, name, ms, reads, size_bytes / 1_024]),
  );
}
