/** Asks the questions: warm (medians), and cold (each in a service that has just been started). */
import type { Truth } from "../generate.ts";
import { median } from "../report.ts";
import type { Client } from "./client.ts";
import type { Peer } from "./duckdb.ts";
import { type Answer, type Question, questions } from "./questions.ts";

const RUNS = 7;
const PATH = "/api/v1/logs";

export interface Range {
  from: string;
  to: string;
}

export interface WarmResult {
  id: string;
  name: string;
  ms: number;
  peer_ms: number;
  /** Null without a peer to compare with. */
  right: boolean | null;
}

async function timed(client: Client, { parameters }: Question, range: Range): Promise<{ answer: Answer; ms: number }> {
  const started_ms = performance.now();
  const answer = await client.search<Answer>(PATH, { ...parameters, ...range });
  return { answer, ms: performance.now() - started_ms };
}

/** Medians of seven after two that are not counted; every answer is held against DuckDB's. */
export async function askWarm(client: Client, peer: Peer | null, truth: Truth, range: Range): Promise<WarmResult[]> {
  const results: WarmResult[] = [];
  for (const question of questions(truth)) {
    const expected = peer === null ? null : question.readRows(await peer.rows(question.sql));
    const times_ms: number[] = [];
    let right = true;
    for (let run = -2; run < RUNS; run++) {
      const { answer, ms } = await timed(client, question, range);
      if (run >= 0) times_ms.push(ms);
      const found = question.read(answer);
      if (expected === null || found === expected) continue;
      if (right) console.error(`WRONG: ${question.name}: ${found.slice(0, 300)}, expected ${expected.slice(0, 300)}`);
      right = false;
    }
    const peer_ms = peer === null ? Number.NaN : await peer.time_ms(question.sql, RUNS);
    results.push({ id: question.id, name: question.name, ms: median(times_ms), peer_ms, right: expected === null ? null : right });
  }
  return results;
}

export interface ColdResult {
  id: string;
  name: string;
  ms: number;
  reads: number;
  size_bytes: number;
}

/**
 * Each question once, in a service that has just been started and has answered nothing but one search of a moment without events.
 * @param restart stops the service and starts it on the same folder
 */
export async function askCold(restart: () => Promise<Client>, truth: Truth, range: Range): Promise<ColdResult[]> {
  const results: ColdResult[] = [];
  for (const question of questions(truth)) {
    const client = await restart();
    await client.search(PATH, { q: "warm-up | stats count()", from: "1971-01-01T00:00:00Z", to: "1971-01-01T00:00:01Z" });
    const { answer, ms } = await timed(client, question, range);
    const { reads = Number.NaN, bytes_read = Number.NaN } = answer.stats ?? {};
    results.push({ id: question.id, name: question.name, ms, reads, size_bytes: bytes_read });
  }
  return results;
}
