/**
 * Measures queries on compacted segments in memory, in this process: CPU time of opening row groups, matching, and what each kind of question does
 * with the rows. Prints; writes nothing unless asked to keep the segments for the next run.
 *
 *   node bench/engine-query.ts [--events 1000000] [--rounds 7] [--cache 0] [--keep folder] [--only Q1,Q7]
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bytesSource, openSegment } from "../worker/engine/segment/read.ts";
import { ByteCache } from "../worker/search/byte-cache.ts";
import { engineQuestions, type Held } from "./engine-query/questions.ts";
import { makeSegments } from "./engine-query/segments.ts";
import { formatNumber, machine, median, printTable } from "./report.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "7" },
    cache: { type: "string", default: "0" },
    keep: { type: "string" },
    only: { type: "string" },
  },
});

async function segmentFiles(events: number): Promise<Uint8Array[]> {
  if (values.keep === undefined) return makeSegments(events);
  const folder = join(values.keep, String(events));
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    for (const [index, file] of (await makeSegments(events)).entries()) writeFileSync(join(folder, `${index}.parquet`), file);
  }
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}

/** CPU time of this thread in milliseconds: what else the machine does counts little. */
function threadTime_ms(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const events = Number(values.events);
const files = await segmentFiles(events);
const size_bytes = files.reduce((sum, file) => sum + file.length, 0);
console.log(`${formatNumber(events)} events in ${files.length} segments, ${formatNumber(size_bytes / events)} bytes each\n${machine()}`);
const cache = Number(values.cache) > 0 ? new ByteCache(Number(values.cache) * 1024 * 1024) : undefined;
const held: Held[] = [];
for (const file of files) {
  const source = bytesSource(file);
  held.push({ source, segment: await openSegment(source, undefined, cache) });
}
for (const { segment } of held) await segment.loadFilters([...segment.groups.keys()]);

const rows: [string, string, number, number, string][] = [];
for (const question of engineQuestions()) {
  if (values.only && !values.only.split(",").includes(question.id)) continue;
  const times_ms: number[] = [];
  let answer = "";
  let first_ms = 0;
  for (let round = -2; round < Number(values.rounds); round++) {
    const started_ms = threadTime_ms();
    answer = await question.ask(held);
    const took_ms = threadTime_ms() - started_ms;
    if (round === -2) first_ms = took_ms;
    if (round >= 0) times_ms.push(took_ms);
  }
  rows.push([question.id, question.name, median(times_ms), first_ms, answer.slice(0, 60)]);
}
printTable("Questions (CPU ms)", ["", "", "median", "first", "answer"], rows);
