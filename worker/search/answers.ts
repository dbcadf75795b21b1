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
  })
  .openapi("SearchStats", { description: "What the answer cost." });

const Range = { from: z.string(), to: z.string() };

export const EventPage = z
  .object({
    events: z.array(Event),
    cursor: z.string().nullable().openapi({ description: "For the next page; null at the end." }),
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
    stats: Stats,
  })
  .openapi("Table", { description: "Answer of a query with `| stats …`." });

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
