/**
 * Measures the engine alone, in this process: what each step costs an event, beside JSON.parse of the same lines. Prints; writes nothing.
 *
 *   npm run bench:engine -- [--events 200000] [--batch 2000] [--seed 1] [--rounds 5]
 */
import { parseArgs } from "node:util";
import type { EventBatch } from "../worker/engine/batch/event-batch.ts";
import { decodeJson } from "../worker/engine/decode/json.ts";
import { fingerprint } from "../worker/engine/patterns/fingerprint.ts";
import { matchRows, parseQuery, queryColumns } from "../worker/engine/query/query.ts";
import { packFrame } from "../worker/engine/segment/frame.ts";
import { bytesSource, openSegment, type Segment } from "../worker/engine/segment/read.ts";
import type { SegmentIdentity } from "../worker/engine/segment/segment-row.ts";
import { segmentFromFrames } from "../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../worker/engine/segment/write-sorted.ts";
import { FLUSH_SIZE_BYTES } from "../worker/limits.ts";
import { TIMEOUT_PHRASE, type Truth, Week } from "./generate.ts";
import { formatNumber, machine, median, printTable } from "./report.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "200000" },
    batch: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
  },
});
const EVENTS = Number(values.events);
const BATCH = Number(values.batch);
const ROUNDS = Number(values.rounds);
const START_MS = Date.UTC(2026, 10, 2);
const PROJECT = "benchproject";
const RECEIVED_US = (START_MS + 7 * 86_400_000) * 1_000;

interface Step {
  name: string;
  us: number;
  bytes: number;
}

const steps: Step[] = [];

/** CPU time of this thread: what else the machine does counts little. */
function threadTime_us(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Runs a step as often as asked and notes its median; a `bytes` of NaN means that it stores nothing. */
async function measure<T>(name: string, run: () => T | Promise<T>, bytes: (result: T) => number = () => Number.NaN): Promise<T> {
  const times_us: number[] = [];
  let result = await run();
  for (let round = 0; round < ROUNDS; round++) {
    const started_us = threadTime_us();
    result = await run();
    times_us.push((threadTime_us() - started_us) / EVENTS);
  }
  steps.push({ name, us: median(times_us), bytes: bytes(result) / EVENTS });
  return result;
}

function parseLines(bodies: Buffer[]): number {
  let sum = 0;
  for (const body of bodies) {
    for (let start = 0, end = body.indexOf(10); end >= 0; start = end + 1, end = body.indexOf(10, start)) {
      sum += (JSON.parse(body.toString("utf8", start, end)) as { duration_ms: number }).duration_ms;
    }
  }
  return sum;
}

/** All messages back to back, and where each begins. */
function messagesOf(bodies: Buffer[]): { bytes: Uint8Array; offsets: number[] } {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const offsets = [0];
  for (const body of bodies) {
    for (const line of body.toString("utf8").trimEnd().split("\n")) {
      const part = encoder.encode((JSON.parse(line) as { message: string }).message);
      parts.push(part);
      offsets.push(offsets.at(-1)! + part.length);
    }
  }
  return { bytes: Buffer.concat(parts), offsets };
}

function fingerprintAll({ bytes, offsets }: { bytes: Uint8Array; offsets: number[] }): number {
  let sum = 0;
  for (let index = 0; index + 1 < offsets.length; index++) sum += fingerprint(bytes, offsets[index]!, offsets[index + 1]!) % 2;
  return sum;
}

function decodeAll(bodies: Buffer[]): { batch: EventBatch; raw_bytes: number }[] {
  return bodies.flatMap((body) => decodeJson(body, { received_us: RECEIVED_US, defaults: {} }).batches);
}

function packAll(batches: { batch: EventBatch; raw_bytes: number }[]): Uint8Array[] {
  return batches.map(({ batch, raw_bytes }, index) => {
    const frame_id = index.toString(16).padStart(32, "0");
    return packFrame(batch, { frame_id, project_id: PROJECT, shard: 0, accepted_us: RECEIVED_US, raw_bytes });
  });
}

function identity(level: number, ordinal: number, day: string | null): SegmentIdentity {
  const segment_id = `l${level}-${day ?? "any"}-${ordinal}`;
  return {
    segment_id,
    project_id: PROJECT,
    shard: 0,
    level,
    seq_min: ordinal,
    seq_max: ordinal,
    day,
    object_key: `segments/${segment_id}`,
    created_us: RECEIVED_US,
    swap_id: null,
  };
}

/** As the service flushes: as many frames as FLUSH_SIZE_BYTES holds. */
function flushAll(frames: Uint8Array[]): Uint8Array[] {
  const segments: Uint8Array[] = [];
  let pending: Uint8Array[] = [];
  let size_bytes = 0;
  const flush = (): void => {
    const { chunks } = segmentFromFrames(
      pending.map((bytes) => ({ bytes, masked: null })),
      identity(0, segments.length, null),
    );
    segments.push(Buffer.concat(chunks));
    pending = [];
    size_bytes = 0;
  };
  for (const frame of frames) {
    pending.push(frame);
    size_bytes += frame.length;
    if (size_bytes >= FLUSH_SIZE_BYTES) flush();
  }
  if (pending.length > 0) flush();
  return segments;
}

async function mergeAll(files: Uint8Array[]): Promise<Uint8Array[]> {
  const inputs = await Promise.all(files.map((file) => openSegment(bytesSource(file))));
  const outputs: Uint8Array[] = [];
  const options = { identify: (day: string, ordinal: number) => identity(1, ordinal, day) };
  for await (const { chunks } of mergeSegments(inputs, options)) outputs.push(Buffer.concat(chunks));
  return outputs;
}

async function readAll(segments: Segment[], names: ReadonlySet<string> | null): Promise<number> {
  let rows = 0;
  for (const segment of segments) {
    for (const index of segment.groups.keys()) rows += (await segment.readGroup(index, names)).rows;
  }
  return rows;
}

/** What a search does in a segment: only the columns it needs, only the groups that may hold its words. */
async function countMatches(segments: Segment[], text: string, words: string[]): Promise<number> {
  const query = parseQuery(text, { now_us: RECEIVED_US });
  const columns = queryColumns(query);
  const names = columns === "all" ? null : columns.names;
  let count = 0;
  for (const segment of segments) {
    await segment.loadFilters([...segment.groups.keys()]);
    for (const index of segment.groups.keys()) {
      if (!segment.mayContainWords(index, words)) continue;
      count += matchRows(query.filter, await segment.readGroup(index, names)).length;
    }
  }
  return count;
}

const totalBytes = (parts: Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

function assertEqual(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found}, expected ${expected}`);
}

async function measureReading(files: Uint8Array[], truth: Truth): Promise<void> {
  const segments = await Promise.all(files.map((file) => openSegment(bytesSource(file))));
  assertEqual("rows read", await measure("read service and level", () => readAll(segments, new Set(["service", "level"]))), EVENTS);
  assertEqual("rows read", await measure("read every column", () => readAll(segments, null)), EVENTS);
  const phrase = await measure("count a phrase", () => countMatches(segments, `"${TIMEOUT_PHRASE}"`, TIMEOUT_PHRASE.split(" ")));
  assertEqual("rows with the phrase", phrase, truth.timeouts);
}

const week = new Week({ seed: Number(values.seed), events: EVENTS, batch: BATCH, start_ms: START_MS });
const bodies = [...week.batches()].map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
console.log(
  `Ledge, engine alone, ${formatNumber(EVENTS)} events of ${formatNumber(week.truth.size_bytes / EVENTS)} bytes, ${BATCH} a batch\n${machine()}`,
);

assertEqual(
  "sum of JSON.parse",
  await measure(
    "JSON.parse of every line",
    () => parseLines(bodies),
    () => week.truth.size_bytes,
  ),
  week.truth.duration_ms_sum,
);
const messages = messagesOf(bodies);
await measure("fingerprint of the message", () => fingerprintAll(messages));
const batches = await measure("decode (fingerprint included)", () => decodeAll(bodies));
const frames = await measure("pack", () => packAll(batches), totalBytes);
const flushed = await measure("flush", () => flushAll(frames), totalBytes);
const merged = await measure("merge into days", () => mergeAll(flushed), totalBytes);
await measureReading(merged, week.truth);

const parse_us = steps[0]!.us;
printTable(
  "Steps (CPU time and bytes an event, medians)",
  ["", "us", "of JSON.parse", "M events/s", "bytes", "times smaller"],
  steps.map(({ name, us, bytes }) => [name, us, us / parse_us, 1 / us, bytes, week.truth.size_bytes / EVENTS / bytes]),
);
const [, , decode, pack] = steps;
console.log(`\ndecode and pack: ${formatNumber((decode!.us + pack!.us) / parse_us)} times JSON.parse`);
