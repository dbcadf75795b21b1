/** The routes that find things again. Each reads its parameters, runs one search on the data of the key's project and tells what it cost. */
import { createRoute, z } from "@hono/zod-openapi";
import { formatTimestamp_us } from "../engine/batch/record.ts";
import { parseDuration_us, resolveField } from "../engine/query/query.ts";
import { Problem } from "../errors.ts";
import { CONTEXT_LINES_MAX, FIELD_SIZE_BYTES_MAX, FIELD_VALUES_MAX, HISTOGRAM_BUCKETS_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { problems } from "../schemas.ts";
import { FieldsAnswer, HistogramAnswer, OneEvent, ValuesAnswer } from "./answers.ts";
import { listFields, topValues } from "./fields.ts";
import { checkBuckets, histogram, niceInterval_us } from "./histogram.ts";
import { findEvent, neighbours } from "./one-event.ts";
import { FilteredRange, filterOf, RangeParameters, wholeNumber } from "./parameters.ts";
import { contextOf, SEARCH_PROBLEMS, SEARCH_ROUTE } from "./route-parts.ts";
import { openEnd_us, resolveRange, TIME_US_MAX, type TimeRange, wrongParameter } from "./time-range.ts";

function answer<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { "application/json": { schema } } };
}

function shownRange(range: TimeRange): { from: string; to: string } {
  return { from: formatTimestamp_us(range.from_us), to: formatTimestamp_us(range.to_us) };
}

const histogramRoute = createRoute({
  ...SEARCH_ROUTE,
  path: "/api/v1/logs/histogram",
  summary: "Counts in time buckets",
  request: {
    query: FilteredRange.extend({
      interval: z.string().max(32).optional().openapi({ description: "Length of a bucket, such as 30s, 5m or 1h.", example: "5m" }),
      buckets: wholeNumber(
        1,
        HISTOGRAM_BUCKETS_MAX,
        "At most so many buckets of a handy length, where no interval is given; 60 where neither is.",
      ),
      by: z
        .string()
        .min(1)
        .max(FIELD_SIZE_BYTES_MAX)
        .optional()
        .openapi({ description: "Field that splits the counts; level where it is missing, none for no split." }),
    }),
  },
  responses: { 200: answer("Exact counts.", HistogramAnswer), ...SEARCH_PROBLEMS },
});

const HISTOGRAM_BUCKETS_DEFAULT = 60;
/** The clock counts milliseconds: events of the present one belong to "up to now". */
const CLOCK_STEP_US = 1_000;

function intervalOf(text: string | undefined, buckets: number | undefined, range: TimeRange): number {
  if (text === undefined) return niceInterval_us(range, buckets ?? HISTOGRAM_BUCKETS_DEFAULT);
  const interval_us = parseDuration_us(text.trim());
  if (interval_us === null || interval_us <= 0) throw wrongParameter("interval", text, "expected a length of time such as 30s, 5m or 1h");
  checkBuckets(range, interval_us);
  return interval_us;
}

const fieldsRoute = createRoute({
  ...SEARCH_ROUTE,
  path: "/api/v1/fields",
  summary: "Fields that occur",
  request: { query: FilteredRange },
  responses: { 200: answer("Names, types and in how many events each occurs.", FieldsAnswer), ...SEARCH_PROBLEMS },
});

const valuesRoute = createRoute({
  ...SEARCH_ROUTE,
  path: "/api/v1/fields/{name}/values",
  summary: "Values of a field that occur most",
  request: {
    params: z.object({ name: z.string().min(1).max(FIELD_SIZE_BYTES_MAX) }),
    query: FilteredRange.extend({
      prefix: z.string().max(FIELD_SIZE_BYTES_MAX).optional().openapi({ description: "Only values that begin so." }),
      limit: wholeNumber(1, FIELD_VALUES_MAX, "How many values; 20 where it is missing."),
    }),
  },
  responses: { 200: answer("Values with counts, most frequent first.", ValuesAnswer), ...SEARCH_PROBLEMS },
});

const VALUES_DEFAULT = 20;

const eventRoute = createRoute({
  ...SEARCH_ROUTE,
  path: "/api/v1/logs/{event_id}",
  summary: "One event",
  request: {
    params: z.object({ event_id: z.string().min(1).max(FIELD_SIZE_BYTES_MAX) }),
    query: RangeParameters.extend({
      context: wholeNumber(0, CONTEXT_LINES_MAX, "How many neighbours before and after it to show."),
      same: z
        .string()
        .max(64)
        .optional()
        .openapi({ description: "Neighbours of the same service, host or both (service,host) only.", example: "service" }),
    }),
  },
  responses: { 200: answer("The event, and its neighbours if asked for.", OneEvent), ...SEARCH_PROBLEMS, ...problems(404) },
});

function sameFields(text: string | undefined): ("service" | "host")[] {
  const names = (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  for (const name of names)
    if (name !== "service" && name !== "host") throw wrongParameter("same", text, "expected service, host or service,host");
  return names as ("service" | "host")[];
}

export const lookupRoutes = createRouter();

lookupRoutes.openapi(histogramRoute, async (c) => {
  const context = contextOf(c);
  const parameters = c.req.valid("query");
  const now_us = context.started_us;
  const range = resolveRange(parameters.from, parameters.to, now_us, now_us + CLOCK_STEP_US);
  const filter = filterOf(parameters, now_us);
  const interval_us = intervalOf(parameters.interval, parameters.buckets, range);
  const name = parameters.by ?? "level";
  const by = name === "none" ? null : resolveField(name);
  const { times_us, ...counts } = await histogram(context, { filter, range, interval_us, by });
  const times = times_us.map(formatTimestamp_us);
  return c.json({ ...shownRange(range), interval_us, by: by === null ? null : name, times, ...counts, stats: context.stats() }, 200);
});

lookupRoutes.openapi(fieldsRoute, async (c) => {
  const context = contextOf(c);
  const parameters = c.req.valid("query");
  const range = resolveRange(parameters.from, parameters.to, context.started_us, openEnd_us(context.started_us));
  const list = await listFields(context, filterOf(parameters, context.started_us), range);
  return c.json({ ...shownRange(range), ...list, stats: context.stats() }, 200);
});

lookupRoutes.openapi(valuesRoute, async (c) => {
  const context = contextOf(c);
  const parameters = c.req.valid("query");
  const { name } = c.req.valid("param");
  const range = resolveRange(parameters.from, parameters.to, context.started_us, openEnd_us(context.started_us));
  const field = resolveField(name);
  if (field === "_any" || field === "timestamp" || field === "ingest_ts")
    throw wrongParameter("name", name, "expected a field other than a time");
  const { prefix = "", limit = VALUES_DEFAULT } = parameters;
  const list = await topValues(context, { filter: filterOf(parameters, context.started_us), range, field, prefix, limit });
  return c.json({ ...shownRange(range), field: name, ...list, stats: context.stats() }, 200);
});

lookupRoutes.openapi(eventRoute, async (c) => {
  const context = contextOf(c);
  const { event_id } = c.req.valid("param");
  const parameters = c.req.valid("query");
  const same = sameFields(parameters.same);
  const range = resolveRange(parameters.from || "0", parameters.to, context.started_us, TIME_US_MAX);
  const found = await findEvent(context, event_id, range);
  if (!found) throw new Problem("not_found", `There is no event with the id ${event_id}.`);
  const { context: count = 0 } = parameters;
  if (count === 0) return c.json({ event: found.event.record as z.infer<typeof OneEvent>["event"], stats: context.stats() }, 200);
  const { before, after } = await neighbours(context, found, count, same);
  const records = (events: typeof before) => events.map(({ record }) => record as z.infer<typeof OneEvent>["event"]);
  return c.json(
    { event: records([found.event])[0]!, before: records(before.toReversed()), after: records(after), stats: context.stats() },
    200,
  );
});
