/**
 * Measures what it costs to decode each protocol, in this process: CPU time for the same events as each protocol's clients write them, beside JSON.parse
 * of them as NDJSON. Prints; writes nothing.
 *
 *   npm run bench:protocols -- [--events 100000] [--batch 1000] [--seed 1] [--rounds 5] [--only otlp]
 */
import { parseArgs } from "node:util";
import { decodeSample } from "../test/support/protocols/conformance-decode.ts";
import type { ProtocolSample, SampleEvent, SampleRequest } from "../test/support/protocols/sample.ts";
import { SAMPLES } from "../test/support/protocols/samples.ts";
import { type GeneratedEvent, Week } from "./generate.ts";
import { formatNumber, machine, median, printTable } from "./report.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "100000" },
    batch: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
  },
});
const EVENTS = Number(values.events);
const ROUNDS = Number(values.rounds);

function sampleOf(event: GeneratedEvent): SampleEvent {
  const { timestamp, level, service, host, message, ...others } = event;
  const attributes = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)]));
  return { time_ms: Date.parse(timestamp), level: level === "FATAL" ? "ERROR" : level, service, host, message, attributes };
}

/** Batches of events; those of one service and host follow each other, as agents and collectors gather them. */
function makeBatches(): SampleEvent[][] {
  const week = new Week({ seed: Number(values.seed), events: EVENTS, batch: Number(values.batch), start_ms: Date.UTC(2026, 2, 1) });
  const origin = ({ service, host, level }: SampleEvent) => `${service}\n${host}\n${level}`;
  return [...week.batches()].map(({ bytes }) => {
    const lines = Buffer.from(bytes).toString("utf8").trimEnd().split("\n");
    const events = lines.map((line) => sampleOf(JSON.parse(line) as GeneratedEvent));
    return events.sort((one, other) => (origin(one) < origin(other) ? -1 : origin(one) > origin(other) ? 1 : one.time_ms - other.time_ms));
  });
}

/** CPU time of this thread: what else the machine does counts little. */
function threadTime_us(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Median of the CPU time that a run takes an event, after a run that does not count. */
function measure_us(run: () => number): number {
  const times_us: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const started_us = threadTime_us();
    const events = run();
    if (events !== EVENTS) throw new Error(`${events} events were decoded, not ${EVENTS}`);
    if (round > 0) times_us.push((threadTime_us() - started_us) / EVENTS);
  }
  return median(times_us);
}

function parseLines(bodies: readonly Buffer[]): number {
  let events = 0;
  for (const body of bodies) {
    for (let start = 0, end = body.indexOf(10); end >= 0; start = end + 1, end = body.indexOf(10, start)) {
      if ((JSON.parse(body.toString("utf8", start, end)) as { message: string }).message !== "") events++;
    }
  }
  return events;
}

function nameOf({ protocol, path, pattern, variant }: ProtocolSample, { headers = {} }: SampleRequest): string {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  return [protocol.name, pattern ?? path, variant ?? type].filter(Boolean).join(" ");
}

const batches = makeBatches();
const flat = batches.map((events) =>
  Buffer.from(
    events
      .map(
        ({ time_ms, attributes, ...event }) =>
          `${JSON.stringify({ timestamp: new Date(time_ms).toISOString(), ...event, ...attributes })}\n`,
      )
      .join(""),
  ),
);
const flat_bytes = flat.reduce((sum, { length }) => sum + length, 0);
console.log(`Ledge, decoding, ${formatNumber(EVENTS)} events, ${values.batch} a request\n${machine()}`);

const parse_us = measure_us(() => parseLines(flat));
const rows: (string | number)[][] = [["JSON.parse of NDJSON", parse_us, 1e6 / parse_us, flat_bytes / EVENTS / parse_us, 1]];
for (const sample of SAMPLES) {
  if (values.only !== "" && sample.protocol.name !== values.only) continue;
  const requests = batches.map((events) => sample.encode(events));
  const size_bytes = requests.reduce((sum, { body }) => sum + body.length, 0);
  const us = measure_us(() => requests.reduce((sum, request) => sum + decodeSample(sample, request).accepted, 0));
  rows.push([nameOf(sample, requests[0]!), us, 1e6 / us, size_bytes / EVENTS / us, us / parse_us]);
}
printTable("CPU time, one core", ["", "us an event", "events/s", "MB/s of its own bytes", "x JSON.parse"], rows);
