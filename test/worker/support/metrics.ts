/** A project's metrics as its clients meet them, with counting and back-fill done before anything is read. */
import { env } from "cloudflare:workers";
import { countEvents, countingHouse } from "../../../worker/catalog/counting.ts";
import { fillMetrics } from "../../../worker/jobs/fill-metrics.ts";
import { houseOf } from "../../../worker/jobs/house.ts";
import { call, type TestProject } from "./api.ts";

export interface ShownMetric {
  name: string;
  built_in: boolean;
  query: string;
  window: { kind: string; size: string; step: string };
  aggregations: Record<string, string>;
  value: string;
  group_by: string[];
  counters: { events: number; late: number };
  fill: { state: string; percent: number; rows_total: number; rows_done: number };
  [member: string]: unknown;
}

export interface ShownSeries {
  metric: ShownMetric;
  unit: string;
  from: string;
  to: string;
  step_ms: number;
  window_ms: number;
  resolution: string;
  final_until: string | null;
  times_ms: number[];
  series: {
    label: string;
    labels: Record<string, string | number | boolean | null>;
    overflow: boolean;
    values: (number | null)[];
    aggregates?: Record<string, (number | null)[]>;
  }[];
  series_left_out: number;
  partial: { reason: string; detail: string } | null;
  late: number;
}

/** Counts what arrived, and fills what waits for it. */
export async function settle({ project_id }: TestProject): Promise<void> {
  while (await fillMetrics(houseOf(env), project_id));
  while (!(await countEvents(countingHouse(env), project_id, 0)));
}

export async function declare(project: TestProject, metric: object): Promise<ShownMetric> {
  const answer = await call("/api/v1/metrics", { key: project.key, json: metric });
  if (answer.status !== 201) throw new Error(`declaring answered ${answer.status}: ${await answer.text()}`);
  return answer.json<ShownMetric>();
}

export async function seriesOf(
  project: TestProject,
  name: string,
  query: Record<string, string> | [string, string][] = {},
): Promise<ShownSeries> {
  const answer = await call(`/api/v1/metrics/${name}?${new URLSearchParams(query)}`, { key: project.key });
  if (answer.status !== 200) throw new Error(`${name} answered ${answer.status}: ${await answer.text()}`);
  return answer.json<ShownSeries>();
}
