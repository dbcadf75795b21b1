/**
 * Measures what counting metrics costs, in this process: CPU time of evaluating metrics on frames as Workers do it, and of keeping what they counted
 * as a project's monitor does it; bytes of state. The events come as fast as a million a minute. Prints; writes nothing.
 *
 *   npm run bench:metrics -- [--events 200000] [--metrics 100] [--seed 1] [--rounds 3]
 */
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { MonitorCore } from "../durable-objects/project-monitor/monitor-core.ts";
import { objectStorage } from "../test/support/world/sqlite.ts";
import { FrameCounter, type ReadyMetrics, readyMetrics } from "../worker/catalog/count-frames.ts";
import { decodeJson } from "../worker/engine/decode/json.ts";
import { packFrame, readFrameHeader } from "../worker/engine/segment/frame.ts";
import { normalMetric } from "../worker/engine/windows/compile-metric.ts";
import type { MetricInput } from "../worker/engine/windows/definition.ts";
import { packDeltas } from "../worker/engine/windows/deltas.ts";
import { COUNT_READ_SIZE_BYTES } from "../worker/limits.ts";
import { Week } from "./generate.ts";
import { formatNumber, machine, median, printTable } from "./report.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "200000" },
    metrics: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    rounds: { type: "string", default: "3" },
  },
});
const EVENTS = Number(values.events);
const METRICS = Number(values.metrics);
const ROUNDS = Number(values.rounds);
const EVENTS_PER_MINUTE = 1_000_000;
const START_MS = Date.UTC(2026, 10, 2);

/** What people declare, in turn: counts and rates with conditions, sums, quantiles, distinct values, few series and many. */
const KINDS: readonly Omit<MetricInput, "name" | "window">[] = [
  { aggregations: { n: "count()" }, group_by: ["service"] },
  { aggregations: { errors: "count() where (level:error)", all: "count()" }, value: "errors / all * 100", group_by: ["service"] },
  { query: "level:error", aggregations: { per_s: "rate()" }, group_by: ["host"] },
  { aggregations: { ms: "sum(duration_ms)", n: "count(duration_ms)" }, value: "ms / n", group_by: ["path"] },
  { aggregations: { p99: "p99(duration_ms)" }, group_by: ["service"] },
  { query: "status:>=500", aggregations: { n: "count()" }, group_by: ["service", "path"] },
  { aggregations: { users: "count_uniq(user_id)" } },
  { query: 'message:"timed out"', aggregations: { n: "count()" } },
  { aggregations: { least: "min(duration_ms)", most: "max(duration_ms)" }, value: "most - least", group_by: ["host"] },
  { query: "service:checkout", aggregations: { spread: "stddev(duration_ms)" } },
];

function inputOf(index: number): MetricInput {
  return { ...KINDS[index % KINDS.length]!, name: `metric_${index}`, window: { kind: "sliding", size: "5m", step: "1m" } };
}

interface Frame {
  bytes: Uint8Array;
  header: ReturnType<typeof readFrameHeader>;
}

/** Frames of so many events, as if a million came in a minute. */
function framesOf(batch_events: number): Frame[] {
  const span_ms = (EVENTS * 60_000) / EVENTS_PER_MINUTE;
  const week = new Week({ seed: Number(values.seed), events: EVENTS, batch: batch_events, start_ms: START_MS, span_ms });
  const frames: Frame[] = [];
  for (const { bytes } of week.batches()) {
    const accepted_us = (START_MS + (frames.length * batch_events * 60_000) / EVENTS_PER_MINUTE) * 1000;
    for (const { batch, raw_bytes } of decodeJson(bytes, { received_us: accepted_us, defaults: {} }).batches) {
      const frame_id = frames.length.toString(16).padStart(32, "0");
      const packed = packFrame(batch, { frame_id, project_id: "benchproject", shard: 0, accepted_us, raw_bytes });
      frames.push({ bytes: packed, header: readFrameHeader(packed) });
    }
  }
  return frames;
}

function monitorWith(metrics: number): MonitorCore {
  const core = new MonitorCore(objectStorage(new DatabaseSync(":memory:")), () => START_MS);
  const put = Array.from({ length: metrics }, (_, index) => normalMetric(inputOf(index)));
  core.configure({ put, remove: [], expected_version: null });
  const { waiting } = core.fillState();
  if (waiting.length === 0) return core;
  const position = { seq: 0, segment: 0, group: 0 };
  core.fillBegin({ fill_id: "bench", metric_ids: waiting, seam_seq: { 0: 0 }, rows_total: 0, segments_total: 0 });
  core.fillApply({ fill_id: "bench", part: 0, deltas: new Uint8Array(0), rows: 0, segments: 0, position, last: true });
  return core;
}

/** Passes as counting makes them: by size, and every quarter of a second. */
function* passesOf(frames: readonly Frame[]): Generator<{ frames: Frame[]; from_seq: number }> {
  const pass_events = EVENTS_PER_MINUTE / 240;
  let pass: Frame[] = [];
  let [size_bytes, rows, from_seq] = [0, 0, 0];
  for (const frame of frames) {
    pass.push(frame);
    size_bytes += frame.bytes.length;
    rows += frame.header.rows;
    if (size_bytes < COUNT_READ_SIZE_BYTES && rows < pass_events) continue;
    yield { frames: pass, from_seq };
    from_seq += pass.length;
    [pass, size_bytes, rows] = [[], 0, 0];
  }
  if (pass.length > 0) yield { frames: pass, from_seq };
}

function evaluate(ready: ReadyMetrics, { frames, from_seq }: { frames: Frame[]; from_seq: number }): Uint8Array {
  const counter = new FrameCounter(ready, { leave_late: true });
  for (const [index, { bytes, header }] of frames.entries()) {
    counter.add({ ...header, seq: from_seq + index + 1, masked: null, bytes, journal: null }, bytes);
  }
  return packDeltas(counter.deltas());
}

/** CPU time of this thread: what else the machine does counts little. */
function threadTime_us(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

interface Measured {
  count_us: number;
  keep_us: number;
  delta_size_bytes: number;
  core: MonitorCore;
}

function measure(frames: readonly Frame[], metrics: number): Measured {
  const core = monitorWith(metrics);
  const { version, metrics: counted } = core.counting(0, null);
  const ready = readyMetrics(version, counted!);
  let [count_us, keep_us, delta_size_bytes] = [0, 0, 0];
  for (const pass of passesOf(frames)) {
    const began_us = threadTime_us();
    const deltas = evaluate(ready, pass);
    const counted_us = threadTime_us();
    const { frames: taken, from_seq } = pass;
    const accepted_us = taken.at(-1)!.header.accepted_us;
    const answer = core.apply({ shard: 0, from_seq, to_seq: from_seq + taken.length, version, accepted_us, deltas, missed_frames: 0 });
    if (answer.status !== "applied") throw new Error(`the monitor answered ${answer.status}`);
    count_us += counted_us - began_us;
    keep_us += threadTime_us() - counted_us;
    delta_size_bytes += deltas.length;
  }
  return { count_us, keep_us, delta_size_bytes, core };
}

function rowOf(frames: readonly Frame[], metrics: number, batch_events: number): (string | number)[] {
  const runs = Array.from({ length: ROUNDS + 1 }, () => measure(frames, metrics)).slice(1);
  const count_us = median(runs.map((run) => run.count_us)) / EVENTS;
  const keep_us = median(runs.map((run) => run.keep_us)) / EVENTS;
  const updates_per_s = metrics === 0 ? 0 : (metrics * 1e6) / (count_us + keep_us);
  const core_share = ((count_us + keep_us) * EVENTS_PER_MINUTE) / 60e6;
  return [
    `${metrics} declared, ${batch_events} events a frame`,
    count_us,
    keep_us,
    formatNumber(updates_per_s),
    `${(core_share * 100).toFixed(1)} %`,
  ];
}

console.log(`Ledge, counting metrics, ${new Date().toISOString().slice(0, 10)}\n${machine()}`);
console.log(`${formatNumber(EVENTS)} events, seed ${values.seed}; built-in metrics are counted in every line`);
const large = framesOf(2_000);
const small = framesOf(100);
printTable(
  "CPU time an event, us",
  ["", "evaluating", "keeping", "updates a second and core", "share of a core at a million events a minute"],
  [rowOf(large, 0, 2_000), rowOf(large, METRICS, 2_000), rowOf(small, 0, 100), rowOf(small, METRICS, 100)],
);

const { core, delta_size_bytes } = measure(large, METRICS);
const rows = core.metrics().metrics.map(({ definition, size_bytes }) => ({ name: definition.name, size_bytes }));
const panes = core.panes({ name: "metric_0", from_us: START_MS * 1000, to_us: (START_MS + 3_600_000) * 1000, step_us: null })?.panes.length;
printTable(
  `Bytes of state, parts not merged yet included (${panes} entries of panes)`,
  ["", "bytes"],
  KINDS.map((kind, index) => [
    `${Object.values(kind.aggregations).join(", ")}${kind.group_by ? ` by ${kind.group_by.join(", ")}` : ""}`,
    rows.find(({ name }) => name === `metric_${index}`)?.size_bytes ?? 0,
  ]),
);
console.log(`  deltas handed to the monitor: ${formatNumber(delta_size_bytes / EVENTS)} bytes an event`);
