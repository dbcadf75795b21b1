import { type CompiledMetric, compileMetric } from "../../worker/engine/windows/compile-metric.ts";
import { paneStart_us } from "../../worker/engine/windows/count-events.ts";
import type { MetricDefinition } from "../../worker/engine/windows/definition.ts";
import type { MetricDelta, Pane } from "../../worker/engine/windows/deltas.ts";
import { deltaSize } from "../../worker/engine/windows/deltas.ts";
import { retained_us } from "../../worker/engine/windows/resolution.ts";
import { mergePanes } from "../../worker/engine/windows/window-values.ts";
import { METRIC_PARTS_MERGED, METRIC_RETAIN_SIZE_BYTES_MAX } from "../../worker/limits.ts";
import type { Part } from "./part-store.ts";
import type { MetricRecord } from "./types.ts";

/** Definitions made ready, as long as they are in use. */
const compiled_metrics = new WeakMap<MetricDefinition, CompiledMetric>();

export function compiledOf(definition: MetricDefinition): CompiledMetric {
  let compiled = compiled_metrics.get(definition);
  if (!compiled) {
    compiled = compileMetric(definition);
    compiled_metrics.set(definition, compiled);
  }
  return compiled;
}

/** What the parts have of metrics that are alive, a state for each pane; null where the parts are too few to be merged. */
export function mergeParts(parts: readonly Part[], metrics: readonly MetricRecord[]): MetricDelta[] | null {
  return parts.length < METRIC_PARTS_MERGED ? null : mergeAll(parts, metrics);
}

function mergeAll(parts: readonly Part[], metrics: readonly MetricRecord[]): MetricDelta[] {
  const definitions = new Map(metrics.map(({ metric_id, definition }) => [metric_id, definition]));
  const merged: MetricDelta[] = [];
  for (const [metric_id, definition] of definitions) {
    const deltas = parts.flatMap((part) => part.deltas.get(metric_id) ?? []);
    if (deltas.length === 0) continue;
    merged.push({
      metric_id,
      events: deltas.reduce((sum, { events }) => sum + events, 0),
      late: deltas.reduce((sum, { late }) => sum + late, 0),
      // Panes of a back-fill may be longer than the metric's step; they begin where one of its panes does.
      panes: mergePanes(
        compiledOf(definition),
        deltas.flatMap(({ panes }) => panes),
        compiledOf(definition).step_us,
      ),
    });
  }
  return merged;
}

/**
 * Of parts that history has, what windows still need: panes as old as METRIC_RETAIN_MS or the metric's window, fewer where they take too much.
 * @param before from where on each metric was whole so far
 */
export function retainParts(
  parts: readonly Part[],
  metrics: readonly MetricRecord[],
  watermark_us: number,
  before: Readonly<Record<string, number>>,
): { deltas: MetricDelta[]; whole_from_us: Record<string, number> } {
  const whole = mergeAll(parts, metrics);
  const definitions = new Map(metrics.map(({ metric_id, definition }) => [metric_id, definition]));
  for (let share = 1; ; share /= 2) {
    const alive = Object.entries(before).filter(([metric_id]) => definitions.has(Number(metric_id)));
    const whole_from_us: Record<string, number> = Object.fromEntries(alive);
    const deltas = whole.map((delta): MetricDelta => {
      const compiled = compiledOf(definitions.get(delta.metric_id)!);
      const wanted_us = paneStart_us(watermark_us - retained_us(compiled) * share, compiled.step_us);
      const from_us = Math.max(wanted_us, before[delta.metric_id] ?? Number.NEGATIVE_INFINITY);
      whole_from_us[delta.metric_id] = from_us;
      return { ...delta, panes: delta.panes.filter((pane: Pane) => pane.from_us >= from_us) };
    });
    const size_bytes = deltas.reduce((sum, delta) => sum + deltaSize(delta), 0);
    if (size_bytes <= METRIC_RETAIN_SIZE_BYTES_MAX || share < 1e-6) return { deltas, whole_from_us };
  }
}
