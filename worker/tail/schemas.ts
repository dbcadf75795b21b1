/** Shapes of the live tail, for the API's description. */
import { z } from "@hono/zod-openapi";
import { QUERY_LENGTH_MAX, TAIL_METRICS_LENGTH_MAX } from "../limits.ts";
import { ProblemDocument } from "../schemas.ts";

export const Ticket = z
  .object({
    ticket: z.string().openapi({ description: "For `?ticket=` of the stream, once." }),
    expires_at: z.string().openapi({ description: "A minute from now." }),
  })
  .openapi("TailTicket");

export const StreamParameters = z.object({
  q: z.string().max(QUERY_LENGTH_MAX).optional().openapi({
    description: "A query in Ledge's language: a filter, and the pipes where, fields, eval and extract. Every event where it is missing.",
    example: "level:error service:api",
  }),
  since: z.string().max(64).optional().openapi({
    description:
      "Lines that arrived since then come first: ISO 8601, epoch s/ms/us/ns, or relative. About an hour back, the newest where they are many.",
    example: "-5m",
  }),
  cursor: z.string().max(256).optional().openapi({
    description: "From the last frame that was received: the stream goes on after it, without a gap and without a repeat.",
  }),
  ticket: z.string().max(128).optional().openapi({ description: "Instead of a key, where no header can be set." }),
  metrics: z
    .string()
    .max(TAIL_METRICS_LENGTH_MAX + 200)
    .optional()
    .openapi({ description: "Names of metrics whose values are wanted on the same socket, separated by commas." }),
});

export const TailFrame = z
  .looseObject({
    events: z.array(z.looseObject({ event_id: z.string() })).openapi({ description: "In the order of arrival." }),
    cursor: z.string(),
    dropped: z
      .number()
      .int()
      .openapi({ description: "Lines that this reader missed since the last frame, since too much was unconfirmed." }),
    counts: z
      .object({
        total: z.number().int(),
        levels: z.record(z.string(), z.number().int()),
        rate_per_s: z.number(),
      })
      .openapi({ description: "Events that matched since the last frame, shown or not, and how many a second lately." }),
    sampling: z.object({ kept: z.number() }).nullable().openapi({ description: "The share of lines that is shown; null for all of them." }),
    gap: z
      .object({ from: z.string().nullable(), to: z.string(), reason: z.string(), detail: z.string() })
      .optional()
      .openapi({ description: "Lines that arrived in this time and are not shown." }),
    ack: z.number().int().optional().openapi({ description: 'Asks for `{"type":"ack","ack":…}`.' }),
    state: z.object({ q: z.string(), paused: z.boolean(), metrics: z.array(z.string()) }).optional(),
    metrics: z.record(z.string(), z.unknown()).optional(),
    error: ProblemDocument.optional(),
  })
  .openapi("TailFrame", {
    description: "One message of the stream. All members but `events` may be missing where a frame says something else.",
  });
