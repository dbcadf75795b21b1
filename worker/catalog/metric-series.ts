/** Values of a project's metrics over time: recent ones from its monitor, older ones from history in R2, merged. */
import type {
  MetricCounters,
  MetricRecord,
  PanesAnswer,
  PanesRequest,
  ProjectMonitorRpc,
} from "../../durable-objects/project-monitor/types.ts";
import { formatTimestamp_us } from "../engine/batch/record.ts";
import type { TableValue } from "../engine/query/table.ts";
import { boundedSeries, type SeriesBounds } from "../engine/windows/bounded-series.ts";
import { compileMetric } from "../engine/windows/compile-metric.ts";
import { paneStart_us } from "../engine/windows/count-events.ts";
import type { Pane } from "../engine/windows/deltas.ts";
import { type Block, blocksOf, type Resolution } from "../engine/windows/resolution.ts";
import { type MetricPoint, type MetricSeries, windowEnds, windowSeries } from "../engine/windows/window-values.ts";
import { METRIC_HISTORY_TRIES_MAX, READS_IN_FLIGHT_MAX } from "../limits.ts";
import { metricBlockKey } from "./keys.ts";
import { readBlockPanes } from "./metric-history.ts";

export type { MetricPoint, MetricSeries };

const UNBOUNDED: SeriesBounds = { points_max: Number.POSITIVE_INFINITY };

/** What reading needs: `monitorOf` and the bucket, or others in tests. */
export interface MetricSources {
  monitor: ProjectMonitorRpc;
  bucket: R2Bucket;
}

export interface SeriesRequest {
  name: string;
  /** Half open. */
  from_us: number;
  to_us: number;
  /** Time between two points; null: what fits the range (about METRIC_POINTS_DEFAULT points). Rounded up to what the metric and its history have. */
  step_us: number | null;
  /** Only series with these values of group-by fields; null as a value: series without one. */
  match?: Record<string, TableValue> | undefined;
  /** How much an answer may hold; where it is missing, whatever there is. */
  bounds?: SeriesBounds;
}

export interface SeriesAnswer {
  metric: MetricRecord;
  counters: MetricCounters;
  step_us: number;
  /** How much time each value is of: the window's size, or the step where that is longer. */
  window_us: number;
  /** `step`: as finely as the metric is counted; the others as history has it. */
  resolution: Resolution;
  /** Everything that arrived up to then is counted; 0 before the first event. */
  watermark_us: number;
  /** Windows that end after this may still change. */
  final_until_us: number;
  /** A point for each multiple of the step in the range (the end included) at which a window ends. */
  series: MetricSeries[];
  /** Series beyond the largest ones that were asked for. */
  series_left_out: number;
}

/**
 * The values of a metric's windows in a range.
 * @param project_id of the request that was authenticated
 * @returns null where there is no such metric
 * @throws TooManyPoints; what monitor or R2 threw, DamageError for a block that cannot be read
 */
export async function readMetricSeries(sources: MetricSources, project_id: string, request: SeriesRequest): Promise<SeriesAnswer | null> {
  const found = await readMetricPanes(sources, project_id, request);
  return found && seriesOf(found, request);
}

export interface FoundPanes {
  answer: PanesAnswer;
  panes: Pane[];
}

/**
 * The panes of a range, of object and history together, for windows that begin and end elsewhere than a metric's own.
 * @param project_id of the request that was authenticated
 * @returns null where there is no such metric
 * @throws what monitor or R2 threw, DamageError for a block that cannot be read
 */
export async function readMetricPanes(
  sources: MetricSources,
  project_id: string,
  { name, from_us, to_us, step_us }: SeriesRequest,
): Promise<FoundPanes | null> {
  for (let attempt = 0; attempt < METRIC_HISTORY_TRIES_MAX; attempt++) {
    const [answer] = await sources.monitor.panes([{ name, from_us, to_us, step_us }]);
    if (!answer) return null;
    const panes = await allPanes(sources.bucket, project_id, answer, to_us);
    if (panes) return { answer, panes };
  }
  throw new Error("history is written faster than it can be read");
}

/** What was found of a request as its values. @throws TooManyPoints */
export function seriesOf({ answer, panes }: FoundPanes, { from_us, to_us, match, bounds }: SeriesRequest): SeriesAnswer {
  const { record, counters, plan, watermark_us } = answer;
  const { resolution, step_us, window_us, pane_us } = plan;
  const compiled = compileMetric(record.definition);
  const wanted = { ends_us: windowEnds(from_us, to_us, step_us), window_us, match };
  const { series, left_out } = boundedSeries(compiled, panes, pane_us, { request: wanted, bounds: bounds ?? UNBOUNDED });
  return {
    metric: record,
    counters,
    step_us,
    window_us,
    resolution,
    watermark_us,
    final_until_us: Math.max(0, watermark_us - compiled.lateness_us),
    series,
    series_left_out: left_out,
  };
}

/** What object and history have together; null where history has gone on since the object was asked. */
async function allPanes(bucket: R2Bucket, project_id: string, answer: PanesAnswer, to_us: number): Promise<Pane[] | null> {
  const { plan, whole_from_us, life, rolled, frozen_roll, record } = answer;
  const { resolution } = plan;
  if (resolution === "step" || plan.from_us >= whole_from_us) return [...answer.panes, ...answer.open, ...answer.frozen];
  const found: Pane[] = [...answer.panes, ...answer.open];
  const blocks = blocksOf(resolution, plan.from_us, Math.min(whole_from_us, to_us));
  const frozen = Map.groupBy(
    answer.frozen,
    ({ from_us }) => blocks.find((block) => from_us >= block.from_us && from_us < block.to_us)?.name,
  );
  let moved = false;
  await eachOf(blocks, async (block: Block) => {
    const known = await readBlockPanes(bucket, metricBlockKey(project_id, resolution, block.name), record.metric_id);
    const roll = known?.life === life ? known.roll : 0;
    if (known && roll > 0) found.push(...known.panes.filter(({ from_us }) => from_us >= plan.from_us && from_us < whole_from_us));
    if (roll !== frozen_roll) found.push(...(frozen.get(block.name) ?? []));
    if (roll > (frozen_roll ?? rolled)) moved = true;
  });
  return moved ? null : found;
}

async function eachOf<T>(items: readonly T[], visit: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await visit(items[next++]!);
  };
  await Promise.all(Array.from({ length: READS_IN_FLIGHT_MAX }, worker));
}

/** The value of one series at this moment. */
export interface LiveValue {
  labels: Record<string, TableValue>;
  overflow: boolean;
  value: number | null;
  aggregates: Record<string, number | null>;
}

export interface LiveMetric {
  metric: MetricRecord;
  watermark_us: number;
  /** The last window that has ended by the watermark; null before the first event. */
  ended: { from_us: number; to_us: number; values: LiveValue[] } | null;
  /** The one under way: what it has so far. */
  open: { from_us: number; to_us: number; values: LiveValue[] } | null;
}

/**
 * Current values of metrics, by the time of the last counted arrival.
 * @param names null: all
 */
export async function readLiveValues({ monitor }: MetricSources, names: readonly string[] | null): Promise<LiveMetric[]> {
  const { metrics } = await monitor.metrics();
  const chosen = metrics.filter(({ definition }) => names === null || names.includes(definition.name));
  const { watermark_us } = await monitor.health();
  const requests = chosen.map(({ definition }): PanesRequest => {
    const { size_us, step_us } = compileMetric(definition);
    const ended_us = paneStart_us(watermark_us, step_us);
    return { name: definition.name, from_us: ended_us - size_us, to_us: ended_us + step_us, step_us };
  });
  return (await monitor.panes(requests)).flatMap((answer, index) => (answer ? [liveOf(answer, requests[index]!)] : []));
}

function liveOf(answer: PanesAnswer, { to_us }: PanesRequest): LiveMetric {
  const { record, watermark_us } = answer;
  if (watermark_us === 0) return { metric: record, watermark_us, ended: null, open: null };
  const compiled = compileMetric(record.definition);
  const { step_us, size_us } = compiled;
  const ends_us = [to_us - step_us, to_us];
  const series = windowSeries(compiled, [...answer.panes, ...answer.open, ...answer.frozen], step_us, { ends_us, window_us: size_us });
  const [ended, open] = ends_us.map((end_us, at) => ({
    from_us: end_us - size_us,
    to_us: end_us,
    values: series.map(({ labels, overflow, points }) => {
      const { at_us: _at, ...values } = points[at]!;
      return { labels, overflow, ...values };
    }),
  }));
  return { metric: record, watermark_us, ended: ended!, open: open! };
}

/** As a socket shows it: times as texts; `open` is the window under way. */
export function shownLive({ metric, watermark_us, ended, open }: LiveMetric) {
  const shown = (window: LiveMetric["open"]) =>
    window && { from: formatTimestamp_us(window.from_us), to: formatTimestamp_us(window.to_us), values: window.values };
  return {
    unit: metric.definition.unit,
    as_of: watermark_us === 0 ? null : formatTimestamp_us(watermark_us),
    ended: shown(ended),
    open: shown(open),
  };
}
