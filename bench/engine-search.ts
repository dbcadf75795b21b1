/**
 * Measures searches as the Worker does them (plan, segments from a bucket, an isolate's cache, scan, reduction), in this process and without HTTP,
 * object and catalog: CPU and wall-clock time a question, what it read, and how long the first asking took. Prints; writes nothing unless asked to
 * keep the segments for the next run.
 *
 *   node bench/engine-search.ts [--events 1000000] [--rounds 21] [--cache 32] [--keep folder] [--only Q5,Q6] [--query "* | stats count() by host"]
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

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "21" },
    cache: { type: "string", default: "32" },
    keep: { type: "string" },
    only: { type: "string" },
    query: { type: "string" },
    memory: { type: "boolean" },
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

const range = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER };
const ask = (context: SearchContext, query: string) => searchTable(context, planQuery(parseQuery(query, { now_us: 0 })), range);
const listed = values.memory ? [...QUESTIONS, ...LARGE] : QUESTIONS;
const asked = values.query
  ? [["query", values.query] as const]
  : listed.filter(([id]) => !values.only || values.only.split(",").includes(id));
if (values.memory) await measureMemory();
else await measureTime();

async function measureTime(): Promise<void> {
  const cells: (string | number)[][] = [];
  for (const [id, query] of asked) {
    const cache = new ByteCache(Number(values.cache) * MIB);
    const cpu_ms: number[] = [];
    const wall_ms: number[] = [];
    let first_ms = 0;
    let context = new SearchContext(sources, cache);
    let answer = "";
    for (let round = -4; round < Number(values.rounds); round++) {
      context = new SearchContext(sources, cache);
      const started_ms = threadTime_ms();
      const began_ms = performance.now();
      const { table } = await ask(context, query);
      const took_ms = threadTime_ms() - started_ms;
      if (round === -4) first_ms = took_ms;
      if (round >= 0) cpu_ms.push(took_ms);
      if (round >= 0) wall_ms.push(performance.now() - began_ms);
      answer = JSON.stringify(table.rows[0]);
    }
    const { reads, bytes_read } = context.stats();
    cells.push([id, median(cpu_ms), Math.min(...cpu_ms), median(wall_ms), first_ms, reads, bytes_read / 1024, answer.slice(0, 40)]);
  }
  const header = ["", "CPU", "least CPU", "wall", "first, CPU", "reads then", "KiB then", "first row"];
  printTable("Searches without HTTP (ms)", header, cells);
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
