/**
 * Measures searches as the Worker does them (plan, segments from a bucket, an isolate's cache, scan, reduction), in this process and without HTTP,
 * object and catalog: CPU and wall-clock time a question, what it read, and how long the first asking took. Prints; writes nothing unless asked to
 * keep the segments for the next run.
 *
 *   node bench/engine-search.ts [--events 1000000] [--rounds 21] [--cache 32] [--keep folder] [--only Q5,Q6] [--query "* | stats count() by host"]
 *   … --mixed   all questions in turn, round by round, with one cache; else each by itself
 *   … --peer    beside DuckDB with two threads on the same segments, in turn with it; needs --keep
 *   node --expose-gc bench/engine-search.ts --memory …   what is alive at most while a question is answered, instead of its time
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseQuery, planQuery } from "../worker/engine/query/query.ts";
import { bytesSource, openSegment } from "../worker/engine/segment/read.ts";
import type { SegmentRow } from "../worker/engine/segment/segment-row.ts";
import { ByteCache } from "../worker/search/byte-cache.ts";
import { SearchContext, type SearchSources } from "../worker/search/context.ts";
import { searchTable } from "../worker/search/search-table.ts";
import { makeSegments } from "./engine-query/segments.ts";
import { formatNumber, machine, median, printTable } from "./report.ts";
import { Peer } from "./service/duckdb.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "21" },
    cache: { type: "string", default: "32" },
    keep: { type: "string" },
    only: { type: "string" },
    query: { type: "string" },
    memory: { type: "boolean" },
    mixed: { type: "boolean" },
    peer: { type: "boolean" },
  },
});

/** Questions of the service's bench that reduce events to a table, and some of the same kinds. */
const QUESTIONS: readonly [id: string, query: string][] = [
  ["Q3", "* | stats count() by level, bucket(1h)"],
  ["Q5", "* | stats p50(duration_ms), p99(duration_ms) by service"],
  ["Q6", "path:* | top 10 path"],
  ["Q9", "* | stats count_uniq(user_id)"],
  ["range", "duration_ms:>1000 | stats count()"],
  ["top hosts", "* | top 10 host"],
  ["sum", "* | stats sum(duration_ms), max(duration_ms) by service"],
  ["by path", "* | stats count(), avg(duration_ms) by path"],
  ["by host and level", "* | stats count() by host, level"],
  ["users by service", "* | stats count_uniq(user_id) by service"],
  ["one service", "service:api | stats p99(duration_ms), count() by path"],
];

/** Questions that hold much. */
const LARGE: readonly [id: string, query: string][] = [
  ["_any", "_any:nowheretobefound | stats count()"],
  ["by trace", "* | stats count() by trace_id"],
  ["uniq by service and host", "* | stats count_uniq(trace_id), count_uniq(user_id) by service, host"],
  ["uniq by user", "* | stats count_uniq(trace_id) by user_id"],
  ["p99 by user", "* | stats p50(duration_ms), p99(duration_ms) by user_id"],
  ["values", "* | stats values(path), first(message), last(message) by user_id"],
  ["sorted", "* | sort -duration_ms | limit 10000 | fields timestamp, message, duration_ms"],
];

async function segmentFiles(events: number): Promise<Uint8Array[]> {
  if (values.keep === undefined) return makeSegments(events);
  const folder = join(values.keep, String(events));
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    for (const [index, file] of (await makeSegments(events)).entries()) writeFileSync(join(folder, `${index}.parquet`), file);
  }
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}

const MIB = 1024 * 1024;
const PROJECT = "benchproject";
const objects = new Map<string, Uint8Array>();
const rows: SegmentRow[] = [];
const events = Number(values.events);
for (const file of await segmentFiles(events)) {
  const { row } = await openSegment(bytesSource(file));
  objects.set(row.object_key, file);
  rows.push(row);
}
const size_bytes = [...objects.values()].reduce((sum, file) => sum + file.length, 0);
console.log(`${formatNumber(events)} events in ${objects.size} segments, ${formatNumber(size_bytes / events)} bytes each\n${machine()}`);

const sources: SearchSources = {
  project_id: PROJECT,
  stream: () => ({
    view: async () => ({ shards: 1, flushed_seq: Number.MAX_SAFE_INTEGER, frames: [], next_seq: null, recent: [] }),
  }),
  segments: async () => ({ alive: rows, replaced_ids: new Set() }),
  changes: () => 0,
  objects: {
    // A copy, as every answer of a bucket is.
    get: async (key, { range }) => {
      const bytes = Uint8Array.prototype.slice.call(objects.get(key)!, range.offset, range.offset + range.length);
      return { arrayBuffer: async () => bytes.buffer as ArrayBuffer };
    },
  },
  shared: null,
  parts: null,
  now_us: () => performance.now() * 1_000,
  signal: null,
};

/** CPU time of this thread in milliseconds: what else the machine does counts little. */
function threadTime_ms(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The same asked of DuckDB. */
const PEER_SQL: Readonly<Record<string, string>> = {
  Q3: `SELECT level, date_trunc('hour', "timestamp"), count(*) FROM logs GROUP BY ALL`,
  Q5: `SELECT service, quantile_disc("attributes.duration_ms", 0.5), quantile_disc("attributes.duration_ms", 0.99) FROM logs GROUP BY service`,
  Q6: `SELECT "attributes.path", count(*) AS n FROM logs WHERE "attributes.path" IS NOT NULL GROUP BY ALL ORDER BY n DESC LIMIT 10`,
  Q9: `SELECT count(DISTINCT "attributes.user_id") FROM logs`,
  range: `SELECT count(*) FROM logs WHERE "attributes.duration_ms" > 1000`,
  "top hosts": "SELECT host, count(*) AS n FROM logs GROUP BY ALL ORDER BY n DESC LIMIT 10",
  sum: `SELECT service, sum("attributes.duration_ms"), max("attributes.duration_ms") FROM logs GROUP BY ALL`,
  "by path": `SELECT "attributes.path", count(*), avg("attributes.duration_ms") FROM logs GROUP BY ALL`,
  "by host and level": "SELECT host, level, count(*) FROM logs GROUP BY ALL",
  "users by service": `SELECT service, count(DISTINCT "attributes.user_id") FROM logs GROUP BY ALL`,
};
/** Null where it is not asked for. */
const peer = values.peer && values.keep ? await Peer.open() : null;
await peer?.show(join(values.keep ?? "", values.events, "*.parquet"));

const range = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER };
const ask = (context: SearchContext, query: string) => searchTable(context, planQuery(parseQuery(query, { now_us: 0 })), range);
const listed = values.memory ? [...QUESTIONS, ...LARGE] : QUESTIONS;
const asked = values.query
  ? [["query", values.query] as const]
  : listed.filter(([id]) => !values.only || values.only.split(",").includes(id));
if (values.memory) await measureMemory();
else await measureTime();

interface Measured {
  id: string;
  query: string;
  cache: ByteCache;
  cpu_ms: number[];
  wall_ms: number[];
  peer_ms: number[];
  first_ms: number;
  reads: number;
  read_bytes: number;
  answer: string;
}

async function measureOnce(question: Measured, counts: boolean): Promise<void> {
  const context = new SearchContext(sources, question.cache);
  const started_ms = threadTime_ms();
  const began_ms = performance.now();
  const { table } = await ask(context, question.query);
  const took_ms = threadTime_ms() - started_ms;
  const wall_ms = performance.now() - began_ms;
  const { reads, bytes_read } = context.stats();
  question.answer = JSON.stringify(table.rows[0]);
  if (question.first_ms === 0) question.first_ms = took_ms;
  if (!counts) return;
  question.cpu_ms.push(took_ms);
  question.wall_ms.push(wall_ms);
  question.reads += reads;
  question.read_bytes += bytes_read;
  const sql = PEER_SQL[question.id];
  if (peer && sql) question.peer_ms.push(await peer.time_ms(sql, 1));
}

async function measureTime(): Promise<void> {
  const shared = new ByteCache(Number(values.cache) * MIB);
  const questions = asked.map(
    ([id, query]): Measured => ({
      id,
      query,
      cache: values.mixed ? shared : new ByteCache(Number(values.cache) * MIB),
      cpu_ms: [],
      wall_ms: [],
      peer_ms: [],
      first_ms: 0,
      reads: 0,
      read_bytes: 0,
      answer: "",
    }),
  );
  const rounds = Number(values.rounds);
  for (const turn of values.mixed ? [questions] : questions.map((question) => [question])) {
    for (let round = -4; round < rounds; round++) for (const question of turn) await measureOnce(question, round >= 0);
  }
  printTable(
    "Searches without HTTP (ms, medians; reads of the bucket a question)",
    ["", "CPU", "least CPU", "wall", "DuckDB", "first, CPU", "reads", "KiB", "first row"],
    questions.map(({ id, cpu_ms, wall_ms, peer_ms, first_ms, reads, read_bytes, answer }) => [
      id,
      median(cpu_ms),
      Math.min(...cpu_ms),
      median(wall_ms),
      median(peer_ms),
      first_ms,
      reads / rounds,
      read_bytes / rounds / 1024,
      answer.slice(0, 40),
    ]),
  );
}

/** Heap and buffers after a collection at every step of the search, above what there was before the question. */
async function measureMemory(): Promise<void> {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (!collect) throw new Error("--memory needs node --expose-gc");
  const alive_bytes = (): number => {
    collect();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const cells: (string | number)[][] = [];
  for (const [id, query] of asked) {
    const before = alive_bytes();
    const cache = new ByteCache(Number(values.cache) * MIB);
    // An isolate that has answered others before, and this question.
    for (const filling of ["timeout OR refused | stats count()", query, query]) await ask(new SearchContext(sources, cache), filling);
    const kept = alive_bytes() - before;
    const context = new SearchContext(sources, cache);
    let most = 0;
    const look = () => {
      most = Math.max(most, alive_bytes() - before);
    };
    context.watcher = { moved: look };
    const { table } = await ask(context, query);
    const text = JSON.stringify(table);
    look();
    cells.push([id, kept / MIB, most / MIB, (most - kept) / MIB, table.rows.length, text.length / MIB]);
  }
  printTable("Alive, MiB above what there was before", ["", "kept", "at most", "for the question", "rows", "MiB of JSON"], cells);
}
