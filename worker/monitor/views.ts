/** Metrics as answers show them. */
import { z } from "@hono/zod-openapi";
import type { FillProgress, MetricStatus } from "../../durable-objects/project-monitor/types.ts";
import { formatTimestamp_us } from "../engine/batch/record.ts";
import type { MetricDefinition } from "../engine/windows/definition.ts";

const FILL_STATES = ["none", "waiting", "running", "done", "failed"] as const;

/** A definition in its normal form: nothing is left out. */
export const MetricDefinitionView = z
  .object({
    name: z.string(),
    description: z.string(),
    unit: z.string(),
    query: z.string(),
    time: z.enum(["timestamp", "ingest_ts"]),
    aggregations: z.record(z.string(), z.string()),
    value: z.string(),
    group_by: z.array(z.string()),
    series_max: z.number().int(),
    window: z.object({ kind: z.enum(["tumbling", "sliding"]), size: z.string(), step: z.string() }),
    lateness: z.string(),
  })
  .openapi("MetricDefinitionView");

const Fill = z
  .object({
    state: z.enum(FILL_STATES).openapi({ description: "none: there is nothing to fill." }),
    percent: z.number().openapi({ description: "Of the events that were in segments when it began." }),
    rows_total: z.number().int(),
    rows_done: z.number().int(),
    segments_total: z.number().int(),
    segments_done: z.number().int(),
    began_at: z.string().nullable(),
    ended_at: z.string().nullable(),
    error: z.string().nullable().openapi({ description: "Why it failed; it is tried again by itself." }),
  })
  .openapi("MetricFill", { description: "How far the values of older events are counted." });

export const MetricView = z
  .object({
    ...MetricDefinitionView.shape,
    built_in: z.boolean().openapi({ description: "Ledge's own: it cannot be changed." }),
    created_at: z.string().nullable(),
    changed_at: z.string().nullable(),
    counters: z
      .object({
        events: z.number().int(),
        late: z.number().int().openapi({ description: "Events that came after the lateness of their window: in none of the values." }),
      })
      .openapi({ description: "What live counting met, since the metric is counted this way." }),
    fill: Fill,
  })
  .openapi("Metric");

function timeOrNull(time_us: number | null): string | null {
  return time_us === null || time_us === 0 ? null : formatTimestamp_us(time_us);
}

function percentOf({ state, rows_done, rows_total }: FillProgress): number {
  if (state === "done" || state === "none") return 100;
  return rows_total === 0 ? 0 : Math.floor((Math.min(rows_done, rows_total) / rows_total) * 1_000) / 10;
}

export function fillView(fill: FillProgress): z.infer<typeof Fill> {
  const { began_us, ended_us, ...rest } = fill;
  return { ...rest, percent: percentOf(fill), began_at: timeOrNull(began_us), ended_at: timeOrNull(ended_us) };
}

export function definitionView(definition: MetricDefinition): z.infer<typeof MetricDefinitionView> {
  return { ...definition };
}

/** What is known of a metric besides its values. */
export type KnownMetric = Pick<MetricStatus, "definition" | "built_in" | "created_us" | "changed_us" | "counters" | "fill">;

export function metricView({ definition, built_in, created_us, changed_us, counters, fill }: KnownMetric): z.infer<typeof MetricView> {
  return {
    ...definitionView(definition),
    built_in,
    created_at: timeOrNull(created_us),
    changed_at: timeOrNull(changed_us),
    counters,
    fill: fillView(fill),
  };
}
