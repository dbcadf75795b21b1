/** Shapes of the answers, for the API's description. */
import { z } from "@hono/zod-openapi";

export const Event = z
  .looseObject({
    timestamp: z.string().optional(),
    ingest_ts: z.string().optional(),
    event_id: z.string(),
    level: z.string().optional(),
    service: z.string().optional(),
    environment: z.string().optional(),
    host: z.string().optional(),
    source: z.string().optional(),
    message: z.string().optional(),
    trace_id: z.string().optional(),
    span_id: z.string().optional(),
    request_id: z.string().optional(),
    fingerprint: z.string().optional(),
    attributes: z.record(z.string(), z.unknown()),
  })
  .openapi("Event");

export const Stats = z
  .object({
    took_ms: z.number(),
    segments: z.object({
      considered: z.number().int().openapi({ description: "Segments of the range." }),
      skipped: z.number().int().openapi({ description: "Left out without being opened." }),
      read: z.number().int(),
    }),
    window_frames: z.number().int().openapi({ description: "Packed batches that are not yet in a segment." }),
    bytes_read: z.number().int().openapi({ description: "From the object store; what was at hand from earlier searches is not counted." }),
    reads: z.number().int(),
    rows_scanned: z.number().int(),
    parts: z.number().int().openapi({ description: "Further invocations that searched a share of the segments." }),
  })
  .openapi("SearchStats", { description: "What the answer cost." });

export const Partial = z
  .object({
    reason: z.enum(["time", "bytes", "segments"]).openapi({
      description: "time, bytes: what the search may take was used up. segments: some could not be read.",
    }),
    detail: z.string(),
    covered_from: z.string().openapi({ description: "From here on …" }),
    covered_to: z.string().openapi({ description: "… up to here every event was looked at, but for those of the segments below." }),
    segments: z
      .array(
        z.object({
          segment_id: z.string(),
          from: z.string(),
          to: z.string(),
          reason: z.enum(["missing", "damaged", "unreadable"]),
        }),
      )
      .openapi({ description: "Segments that could not be read, with the times of their events." }),
  })
  .nullable()
  .openapi("Partial", { description: "Why the answer covers less than was asked; null where it is whole." });

const Range = { from: z.string(), to: z.string() };

export const Hints = z
  .array(z.object({ field: z.string(), suggestion: z.string() }))
  .optional()
  .openapi({ description: "Only where nothing was found: names of the query that are perhaps misspelt, and what was meant." });

export const EventPage = z
  .object({
    events: z.array(Event),
    cursor: z.string().nullable().openapi({ description: "For the next page; null at the end." }),
    partial: Partial,
    hints: Hints,
    stats: Stats,
  })
  .openapi("EventPage");

export const Table = z
  .object({
    columns: z.array(z.string()),
    rows: z.array(z.array(z.unknown())),
    overflow: z
      .object({ events: z.number().int() })
      .nullable()
      .openapi({ description: "Matching events that are in none of the rows, since there were too many groups." }),
    partial: Partial,
    hints: Hints,
    stats: Stats,
  })
  .openapi("Table", { description: "Answer of a query with `| stats …`." });

export const SearchStream = z.string().openapi("SearchStream", {
  description:
    "Server-sent events: `progress` (segments done and in all, bytes, rows), `partial` (what was found so far), and at the end `result` (the same document as without streaming) or `error` (a problem document).",
});

const Counts = z.array(z.number().int());

export const HistogramAnswer = z
  .object({
    ...Range,
    interval_us: z.number().int(),
    by: z.string().nullable(),
    times: z.array(z.string()).openapi({ description: "Begin of each bucket; buckets are whole multiples of the interval since 1970." }),
    series: z.array(z.object({ value: z.string().nullable(), total: z.number().int(), counts: Counts })),
    other: z.object({ total: z.number().int(), counts: Counts }).nullable(),
    total: z.number().int(),
    partial: Partial,
    stats: Stats,
  })
  .openapi("Histogram");

export const FieldsAnswer = z
  .object({
    ...Range,
    fields: z.array(z.object({ name: z.string(), type: z.string(), count: z.number().int() })),
    events: z.number().int(),
    partial: z.string().nullable().openapi({ description: "Why the counts cover less than was asked; null where they are exact." }),
    stats: Stats,
  })
  .openapi("Fields");

export const ValuesAnswer = z
  .object({
    ...Range,
    field: z.string(),
    values: z.array(z.object({ value: z.string(), count: z.number().int() })),
    distinct: z.number().int(),
    events: z.number().int(),
    partial: z.string().nullable(),
    stats: Stats,
  })
  .openapi("FieldValues");

export const OneEvent = z
  .object({ event: Event, before: z.array(Event).optional(), after: z.array(Event).optional(), stats: Stats })
  .openapi("OneEvent", { description: "Neighbours stand in the order of time." });
