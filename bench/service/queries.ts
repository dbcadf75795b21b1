import { NEEDLE_PHRASE, SLOW_MS, TIMEOUT_PHRASE, type Truth } from "../generate.ts";
import { median } from "../report.ts";
import type { Client } from "./client.ts";
import type { Peer } from "./duckdb.ts";

const RUNS = 7;

interface EventsAnswer {
  events: { level?: string; service?: string; trace_id?: string; message?: string }[];
}
interface TableAnswer {
  rows: unknown[][];
}
interface HistogramAnswer {
  total: number;
  series: { value: string | null; total: number }[];
}

/** One question, asked of Ledge and of the peer; the answers are boiled down to a text that must equal the truth's. */
interface Question {
  name: string;
  path: string;
  parameters: Record<string, string>;
  read(answer: unknown): string;
  sql: string;
  truth(truth: Truth): string;
}

const SEARCH = "/api/v1/logs";
const countOf = (answer: unknown): string => String((answer as EventsAnswer).events.length);
const cellOf = (answer: unknown): string => String((answer as TableAnswer).rows[0]?.[0]);
const sorted = (entries: [string, number][]): string =>
  entries
    .map(([name, count]) => `${name}=${count}`)
    .sort()
    .join(" ");

function questions(truth: Truth): Question[] {
  return [
    {
      name: "rare phrase, newest first",
      path: SEARCH,
      parameters: { q: `"${NEEDLE_PHRASE}"`, limit: "1000" },
      read: countOf,
      sql: `SELECT * FROM logs WHERE contains(message, '${NEEDLE_PHRASE}') ORDER BY "timestamp" DESC LIMIT 1000`,
      truth: ({ needles }) => String(needles),
    },
    {
      name: "newest 100 errors of one service",
      path: SEARCH,
      parameters: { q: "level:ERROR service:api", limit: "100" },
      read: countOf,
      sql: `SELECT * FROM logs WHERE level = 'ERROR' AND service = 'api' ORDER BY "timestamp" DESC LIMIT 100`,
      truth: ({ by_service_and_level }) => String(Math.min(100, by_service_and_level["api ERROR"] ?? 0)),
    },
    {
      name: "one trace",
      path: SEARCH,
      parameters: { q: `trace_id:${truth.trace_id}`, limit: "100" },
      read: countOf,
      sql: `SELECT * FROM logs WHERE trace_id = '${truth.trace_id}' ORDER BY "timestamp" DESC`,
      truth: ({ trace_events }) => String(trace_events),
    },
    {
      name: "count of a phrase",
      path: SEARCH,
      parameters: { q: `"${TIMEOUT_PHRASE}" | stats count()` },
      read: cellOf,
      sql: `SELECT count(*) FROM logs WHERE contains(message, '${TIMEOUT_PHRASE}')`,
      truth: ({ timeouts }) => String(timeouts),
    },
    {
      name: "count of a number's range",
      path: SEARCH,
      parameters: { q: `duration_ms:>${SLOW_MS} | stats count()` },
      read: cellOf,
      sql: `SELECT count(*) FROM logs WHERE duration_ms > ${SLOW_MS}`,
      truth: ({ slow }) => String(slow),
    },
    {
      name: "count by service and level",
      path: SEARCH,
      parameters: { q: "* | stats count() by service, level" },
      read: (answer) => sorted((answer as TableAnswer).rows.map(([service, level, count]) => [`${service} ${level}`, Number(count)])),
      sql: "SELECT service || ' ' || level, count(*) FROM logs GROUP BY ALL",
      truth: ({ by_service_and_level }) => sorted(Object.entries(by_service_and_level)),
    },
    {
      name: "histogram by level, 60 buckets",
      path: `${SEARCH}/histogram`,
      parameters: {},
      read: (answer) => sorted((answer as HistogramAnswer).series.map(({ value, total }) => [value ?? "", total])),
      sql: `SELECT level, time_bucket(INTERVAL '3 hours', "timestamp"::TIMESTAMP) AS bucket, count(*) FROM logs GROUP BY ALL`,
      truth: ({ by_level }) => sorted(Object.entries(by_level)),
    },
  ];
}

export interface QuestionResult {
  name: string;
  ms: number;
  peer_ms: number;
  right: boolean;
}

/** Medians of seven after one that is not counted; every answer is held against the truth. */
export async function askAll(
  client: Client,
  peer: Peer | null,
  truth: Truth,
  range: { from: string; to: string },
): Promise<QuestionResult[]> {
  const results: QuestionResult[] = [];
  for (const question of questions(truth)) {
    const times_ms: number[] = [];
    const expected = question.truth(truth);
    let right = true;
    for (let run = 0; run <= RUNS; run++) {
      const started_ms = performance.now();
      const answer = await client.search(question.path, { ...question.parameters, ...range });
      times_ms.push(performance.now() - started_ms);
      const found = question.read(answer);
      if (found === expected) continue;
      if (right) console.error(`WRONG: ${question.name}: ${found.slice(0, 300)}, expected ${expected.slice(0, 300)}`);
      right = false;
    }
    results.push({
      name: question.name,
      ms: median(times_ms.slice(1)),
      peer_ms: peer === null ? Number.NaN : await peer.time_ms(question.sql, RUNS),
      right,
    });
  }
  return results;
}
