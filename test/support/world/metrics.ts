import { countEvents } from "../../../worker/catalog/counting.ts";
import { readMetricSeries } from "../../../worker/catalog/metric-series.ts";
import { normalMetric } from "../../../worker/engine/windows/compile-metric.ts";
import type { MetricInput } from "../../../worker/engine/windows/definition.ts";
import { fillMetrics } from "../../../worker/jobs/fill-metrics.ts";
import type { House } from "../../../worker/jobs/house.ts";
import { rollMetrics } from "../../../worker/jobs/roll-metrics.ts";
import type { Scheduler } from "./scheduler.ts";

const DAY_US = 86_400_000_000;
const WINDOW = { kind: "tumbling", size: "1m" } as const;

/** What a metric that sees these messages must have counted, late ones included. */
interface Known {
  input: MetricInput;
  expected(messages: readonly string[]): number;
}

/** Definitions of one name take turns. */
const KNOWN: Known[] = [
  {
    input: { name: "all", aggregations: { n: "count()" }, time: "ingest_ts", window: WINDOW },
    expected: (messages) => messages.length,
  },
  {
    input: {
      name: "all",
      aggregations: { n: "count()" },
      group_by: ["service"],
      window: { kind: "sliding", size: "1h", step: "10m" },
      lateness: "1d",
    },
    expected: (messages) => messages.length,
  },
  {
    input: {
      name: "some",
      query: 'message:~"[13]"',
      aggregations: { n: "count(service)", m: "count()" },
      value: "m",
      time: "ingest_ts",
      window: WINDOW,
    },
    expected: (messages) => messages.filter((message) => /[13]/.test(message)).length,
  },
];

function counting(house: House) {
  return { monitor: house.monitor, stream: house.stream, bucket: house.bucket, ready: new Map() };
}

/** One thing that happens to metrics now and then. */
export async function workOnMetrics(house: House, scheduler: Scheduler, project_id: string): Promise<void> {
  const roll = scheduler.below(100);
  if (roll < 25) await countEvents(counting(house), project_id, 0);
  else if (roll < 55) await checkReading(house, scheduler, project_id);
  else if (roll < 78) await rollMetrics(house, project_id, true);
  else if (roll < 88) await fillMetrics(house, project_id);
  else if (roll < 97) {
    const put = [normalMetric(scheduler.pick(KNOWN).input)];
    await house.monitor(project_id).configure({ put, remove: scheduler.chance(0.1) ? ["some"] : [], expected_version: null });
  } else await house.monitor(project_id).refill(scheduler.chance(0.5) ? null : ["all"]);
}

/** At any moment the windows together are what was counted by then, wherever it is. */
async function checkReading(house: House, scheduler: Scheduler, project_id: string): Promise<void> {
  const name = scheduler.pick(["all", "some", "ledge_events"]);
  const { answer, sum } = await total(house, project_id, name, scheduler.pick([DAY_US, DAY_US / 24]));
  if (answer && sum !== answer.counters.events)
    throw new Error(`${project_id}: ${name} has ${sum} in windows of ${answer.counters.events} that were counted: ${answer.resolution}`);
}

async function total(house: House, project_id: string, name: string, step_us: number) {
  const now_us = house.now_ms() * 1000;
  const sources = { monitor: house.monitor(project_id), bucket: house.bucket };
  const request = { name, from_us: now_us - 10 * DAY_US, to_us: now_us + 2 * DAY_US, step_us };
  const answer = await readMetricSeries(sources, project_id, request);
  const points = answer?.series.flatMap((series) => series.points) ?? [];
  return { answer, sum: points.reduce((sum, { value }) => sum + (value ?? 0), 0) };
}

/** Everything is declared, counted and filled. */
export async function finishMetrics(house: House, project_id: string): Promise<void> {
  const put = [KNOWN[0]!, KNOWN[2]!].map(({ input }) => normalMetric(input));
  await house.monitor(project_id).configure({ put, remove: [], expected_version: null });
  // A refill by what was missed waits for the counting that found it.
  for (let round = 0; round < 20; round++) {
    const counted = await countEvents(counting(house), project_id, 0);
    const more = await fillMetrics(house, project_id);
    if (counted && !more) return;
  }
  throw new Error(`metrics of ${project_id} are not filled in 20 rounds`);
}

/** Every window together, from object and history, is what was found; nothing twice, nothing missing. @throws Error */
export async function checkMetrics(house: House, project_id: string, found: readonly string[]): Promise<void> {
  await countEvents(counting(house), project_id, 0);
  const { metrics } = await house.monitor(project_id).metrics();
  const names = ["all", "some", "ledge_events"];
  for (const name of names) {
    const status = metrics.find(({ definition }) => definition.name === name);
    const query = status?.definition.query ?? "*";
    const expected = query === "*" ? found.length : KNOWN[2]!.expected(found);
    for (const step_us of [DAY_US, DAY_US / 24]) {
      const { answer, sum } = await total(house, project_id, name, step_us);
      const { events, late } = answer!.counters;
      if (sum !== events || events + late !== expected) {
        const story = JSON.stringify({ fill: status?.fill, since: status?.since_seq, resolution: answer!.resolution });
        throw new Error(`${project_id}: ${name} has ${sum} in windows, ${events} counted and ${late} late, of ${expected}: ${story}`);
      }
    }
  }
}
