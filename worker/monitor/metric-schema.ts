import { z } from "@hono/zod-openapi";
import { compileMetric, normalMetric } from "../engine/windows/compile-metric.ts";
import { type MetricDefinition, MetricError } from "../engine/windows/definition.ts";
import { Problem } from "../errors.ts";
import {
  METRIC_AGGREGATIONS_MAX,
  METRIC_DESCRIPTION_LENGTH_MAX,
  METRIC_GROUP_FIELDS_MAX,
  METRIC_NAME_LENGTH_MAX,
  METRIC_SERIES_DEFAULT,
  METRIC_SERIES_MAX,
  QUERY_LENGTH_MAX,
} from "../limits.ts";

const Duration = z.string().max(32).openapi({ example: "5m" });

/** Lone surrogates would not survive being written as UTF-8. */
function wellFormed(): z.ZodString {
  return z.string().overwrite((text) => text.toWellFormed());
}

/** A metric as a user declares it. What is wrong with the texts in it `metricOf` says. */
export const MetricSchema = z
  .strictObject({
    name: z.string().min(1).max(METRIC_NAME_LENGTH_MAX).openapi({ example: "api_errors_percent" }),
    description: wellFormed().max(METRIC_DESCRIPTION_LENGTH_MAX).optional(),
    unit: wellFormed().max(METRIC_NAME_LENGTH_MAX).optional().openapi({ example: "%" }),
    query: z.string().max(QUERY_LENGTH_MAX).optional().openapi({ description: "Which events; all unless told.", example: "service:api" }),
    time: z
      .enum(["timestamp", "ingest_ts"])
      .optional()
      .openapi({ description: "Whose time decides into which window an event falls; its own unless told." }),
    aggregations: z
      .record(z.string(), z.string().max(QUERY_LENGTH_MAX))
      .refine((value) => Object.keys(value).length <= METRIC_AGGREGATIONS_MAX, `at most ${METRIC_AGGREGATIONS_MAX} aggregations`)
      .openapi({ description: "By name a function of stats.", example: { errors: "count() where (level:error)", all: "count()" } }),
    value: z
      .string()
      .max(QUERY_LENGTH_MAX)
      .optional()
      .openapi({ description: "An expression over the aggregations; the only one unless told.", example: "errors / all * 100" }),
    group_by: z
      .array(wellFormed())
      .max(METRIC_GROUP_FIELDS_MAX)
      .optional()
      .openapi({ example: ["host"] }),
    series_max: z
      .number()
      .int()
      .min(1)
      .max(METRIC_SERIES_MAX)
      .optional()
      .openapi({ description: `Series told apart; ${METRIC_SERIES_DEFAULT} unless told. Events of all others are counted together.` }),
    window: z.strictObject({
      kind: z.enum(["tumbling", "sliding"]),
      size: Duration,
      step: Duration.optional().openapi({ description: "Of sliding windows: how often there is a value." }),
    }),
    lateness: Duration.optional().openapi({ description: "How long after its end events may still correct a window; 5m unless told." }),
  })
  .openapi("MetricDefinition");

/**
 * The definition in its normal form.
 * @param where the field that it stands in, for errors; empty where it is the whole body
 * @throws Problem `invalid`
 */
export function metricOf(input: z.infer<typeof MetricSchema>, where = ""): MetricDefinition {
  try {
    const definition = normalMetric(input);
    compileMetric(definition);
    return definition;
  } catch (error) {
    if (!(error instanceof MetricError)) throw error;
    const { field, value, expected, position, message } = error;
    const path = where === "" ? field : `${where}.${field}`;
    const at = position === null ? {} : { position };
    throw new Problem("invalid", message, { errors: [{ field: path, value, expected, message, ...at }] });
  }
}
