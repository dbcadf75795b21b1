/**
 * Measures what queries do with rows that are read and decoded: CPU time a row of groups, functions and sorted rows, beside the plainest loop over
 * the same rows. Prints; writes nothing.
 *
 *   node bench/stats.ts [--events 200000] [--rounds 9] [--keep folder] [--only quantiles]
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Column, type EventBatch, NULL_CODE } from "../worker/engine/batch/event-batch.ts";
import { runSteps } from "../worker/engine/query/pipes/steps.ts";
import { matchRows, parseQuery, planColumns, planQuery, reducerFor, runTable } from "../worker/engine/query/query.ts";
import { bytesSource, openSegment } from "../worker/engine/segment/read.ts";
import { makeSegments } from "./engine-query/segments.ts";
import { formatNumber, machine, median, printTable } from "./report.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "200000" },
    rounds: { type: "string", default: "9" },
    only: { type: "string" },
    keep: { type: "string" },
  },
});
const EVENTS = Number(values.events);

const QUESTIONS: readonly [name: string, query: string][] = [
  ["count", "* | stats count()"],
  ["count by service", "* | stats count() by service"],
  ["count by two dictionaries", "* | stats count() by level, service"],
  ["count by host and path", "* | stats count() by host, path"],
  ["count by hour and level", "* | stats count() by bucket(1h), level"],
  ["count by status (number)", "* | stats count() by status"],
  ["count by user (many groups)", "* | stats count() by user_id"],
  ["count by user, host, minute (most groups)", "* | stats count() by user_id, host, bucket(1m)"],
  ["top path", "* | top 10 path"],
  ["distinct users", "* | stats count_uniq(user_id)"],
  ["distinct users by service", "* | stats count_uniq(user_id) by service"],
  ["distinct trace ids", "* | stats count_uniq(trace_id)"],
  ["sum and avg of a number", "* | stats sum(duration_ms), avg(duration_ms)"],
  ["sum by host", "* | stats sum(duration_ms) by host"],
  ["min and max by service", "* | stats min(duration_ms), max(duration_ms) by service"],
  ["stddev by service", "* | stats stddev(duration_ms) by service"],
  ["quantiles p50 p99 by service", "* | stats p50(duration_ms), p99(duration_ms) by service"],
  ["quantiles p50 p99 by host", "* | stats p50(duration_ms), p99(duration_ms) by host"],
  ["quantiles p99 by user (many groups)", "* | stats p99(duration_ms) by user_id"],
  ["first and last", "* | stats first(host), last(host) by service"],
  ["values of host by service", "* | stats values(host) by service"],
  ["count where", "* | stats count() where (level:error), count() as all by service"],
  ["expression", "* | stats sum(duration_ms / 1000) by upper(service)"],
  ["patterns", "* | patterns 10"],
  ["timeseries", "* | timeseries 1h count() by service"],
  ["sort by a number, 100 rows", "* | sort -duration_ms | limit 100 | fields timestamp, service, duration_ms"],
  ["sort by a text, 100 rows", "* | sort path | limit 100 | fields timestamp, path"],
];

/** Decodes what a query will look at, as the measurement is about the rest. */
function touch(column: Column): number {
  if (column.kind === "dict")
    return column.codes.length + (column.utf8?.bytes.length ?? column.values.length) + (column.runs?.codes.length ?? 0);
  if (column.kind === "bytes") return column.bytes.length + (column.present?.length ?? 0);
  return (
    column.values.length +
    (column.present?.length ?? 0) +
    (column.kind !== "bool" && column.dictionary ? column.dictionary.codes.length : 0)
  );
}

async function segmentFiles(): Promise<Uint8Array[]> {
  if (values.keep === undefined) return makeSegments(EVENTS);
  const folder = join(values.keep, String(EVENTS));
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    for (const [index, file] of (await makeSegments(EVENTS)).entries()) writeFileSync(join(folder, `${index}.parquet`), file);
  }
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}

async function openBatches(): Promise<EventBatch[]> {
  const batches: EventBatch[] = [];
  for (const file of await segmentFiles()) {
    const segment = await openSegment(bytesSource(file));
    for (const group of segment.groups.keys()) batches.push(await segment.readGroup(group, null));
  }
  let touched = 0;
  for (const batch of batches) {
    touched += batch.timestamp_us.length + batch.ingest_us.length;
    for (const column of batch.columns.values()) touched += touch(column);
  }
  if (touched === 0) throw new Error("nothing was read");
  return batches;
}

/** What a loop over codes costs that adds them up. */
function plainLoop(batches: readonly EventBatch[]): number {
  let sum = 0;
  for (const { columns } of batches) {
    const column = columns.get("service");
    if (column?.kind !== "dict") throw new Error("service is a dictionary");
    const { codes } = column;
    for (let row = 0; row < codes.length; row++) if (codes[row] !== NULL_CODE) sum += codes[row]!;
  }
  return sum;
}

/** The clock of CPU time ticks by milliseconds: shorter runs are repeated. */
const MEASURED_US = 60_000;

function cpu_ns(run: () => unknown): number {
  let repeats = 0;
  let used_us = 0;
  const start = process.threadCpuUsage();
  while (used_us < MEASURED_US) {
    run();
    repeats++;
    const { user, system } = process.threadCpuUsage(start);
    used_us = user + system;
  }
  return (used_us * 1_000) / repeats;
}

const batches = await openBatches();
const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
const sizes = batches.map(({ rows: own }) => own);
console.log(
  `Ledge, rows of ${batches.length} groups (${Math.min(...sizes)} to ${Math.max(...sizes)} rows), ${formatNumber(rows)} in all\n${machine()}`,
);

const questions = QUESTIONS.filter(([name]) => !values.only || name.includes(values.only)).map(([name, query]) => {
  const plan = planQuery(parseQuery(query, { now_us: 0 }));
  if (!plan.reduce || planColumns(plan) === "all") throw new Error(`${query} is no question of columns`);
  const matched = batches.map((batch) => ({ batch, rows: matchRows(plan.filter, batch) }));
  const { reduce } = plan;
  const ask = () => {
    const reducer = reducerFor(reduce);
    for (const each of matched) {
      const stepped = runSteps(plan.steps, each.batch, each.rows);
      reducer.add(stepped.batch, stepped.rows);
    }
    return runTable(plan, reducer.result());
  };
  return { name, ask, times: [] as number[], answer: ask().rows.length };
});
const plain: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  plain.push(cpu_ns(() => plainLoop(batches)) / rows);
  for (const { ask, times } of questions) times.push(cpu_ns(ask) / rows);
}
const loop_ns = median(plain);
printTable(
  `Nanoseconds of CPU time a row (the same are milliseconds a million rows), medians; a plain loop over codes takes ${formatNumber(loop_ns)}`,
  ["", "ns", "plain loops", "rows of the answer"],
  questions.map(({ name, times, answer }) => [name, median(times), median(times) / loop_ns, answer]),
);
