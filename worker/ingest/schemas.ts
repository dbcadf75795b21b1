import { z } from "@hono/zod-openapi";
import { ERRORS_PER_RESPONSE_MAX, FIELD_SIZE_BYTES_MAX } from "../limits.ts";

function defaultValue(description: string) {
  return z.string().min(1).max(FIELD_SIZE_BYTES_MAX).optional().openapi({ description });
}

/** Query parameters of every ingest route: values for events that do not bring their own. */
export const IngestQuery = z.object({
  service: defaultValue("Service of events that name none."),
  host: defaultValue("Host of events that name none."),
  env: defaultValue("Environment of events that name none."),
  source: defaultValue("Source of events that name none."),
  level: defaultValue("Level of events that name none; any usual spelling or number."),
  join: z.enum(["stack_traces"]).optional().openapi({ description: "`stack_traces` puts together what an agent sent line by line." }),
  token: z.string().optional().openapi({ description: "The API key, for clients that cannot set headers." }),
});

export const EventError = z
  .object({
    index: z.number().int().openapi({ description: "Position among the events of the request, from 0." }),
    field: z.string().openapi({ description: "Field at fault; empty where the event as a whole is." }),
    value: z.unknown().openapi({ description: "What stood there, shortened." }),
    message: z.string(),
  })
  .openapi("EventError");

export const Accepted = z
  .object({
    accepted: z.number().int().openapi({ description: "Events that are durable now." }),
    rejected: z.number().int().openapi({ description: "Events that were refused; the others are not affected." }),
    batch_id: z.string().openapi({ description: "Names what this request brought. The same Idempotency-Key and body give the same id." }),
    errors: z.array(EventError).openapi({ description: `The first ${ERRORS_PER_RESPONSE_MAX} refusals.` }),
    warnings: z.array(z.string()).optional(),
  })
  .openapi("Accepted", {
    example: {
      accepted: 2,
      rejected: 1,
      batch_id: "0193ab4f2c1d5e7788990a1b2c3d",
      errors: [{ index: 1, field: "", value: "{oops", message: "not valid JSON" }],
    },
  });

/** What an event may look like; decoders take far more spellings than these names. */
export const EventInput = z
  .looseObject({
    timestamp: z.union([z.string(), z.number()]).optional().openapi({
      description: "ISO 8601, or seconds, milliseconds, microseconds or nanoseconds since 1970. Arrival time where it is missing.",
    }),
    level: z.union([z.string(), z.number()]).optional(),
    message: z.string().optional(),
    service: z.string().optional(),
    environment: z.string().optional(),
    host: z.string().optional(),
    source: z.string().optional(),
    trace_id: z.string().optional(),
    span_id: z.string().optional(),
    request_id: z.string().optional(),
    event_id: z.string().optional().openapi({ description: "Makes the event idempotent for 24 hours." }),
    attributes: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("EventInput", { description: "Members that are not named here become attributes." });
