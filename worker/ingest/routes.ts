import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import type { Decoded } from "../engine/decode/types.ts";
import { Problem } from "../errors.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { withBody } from "./body.ts";
import { decodeBody } from "./decode-body.ts";
import { Accepted, EventInput, IngestQuery } from "./schemas.ts";
import { batchIdOf, defaultsOf, rejoined, store } from "./take-in.ts";

/** The same behaviour at each; the last for clients that name their project. */
const PATHS = ["/api/v1/logs", "/api/v1/logs/batch", "/logs", "/ingest", "/v1/projects/{project_id}/events"] as const;

const IngestHeaders = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(IDEMPOTENCY_KEY_LENGTH_MAX)
    .optional()
    .openapi({ description: "Repeating a request with the same key and body within 24 hours changes nothing." }),
});

function event_json() {
  return { schema: z.toJSONSchema(EventInput, { io: "input", unrepresentable: "any" }) as object };
}

function routeAt(path: (typeof PATHS)[number]) {
  const has_project = path.includes("{project_id}");
  return createRoute({
    method: "post",
    path,
    tags: ["Ingest"],
    summary: "Send log events",
    description:
      "One JSON object, an array of objects, objects on lines (NDJSON), or lines of text. Answers once the events are durable. " +
      "Content-Encoding gzip, deflate, zstd or br. A body without a byte is refused; one that holds no event is accepted as nothing.",
    security: KEY_SECURITY,
    middleware: [authenticate("ingest", { query_token: true })],
    request: {
      query: IngestQuery,
      headers: IngestHeaders,
      ...(has_project ? { params: z.object({ project_id: z.string() }) } : {}),
      body: {
        required: true,
        content: {
          "application/json": event_json(),
          "application/x-ndjson": { schema: { type: "string", description: "One JSON object a line." } },
          "text/plain": { schema: { type: "string", description: "One event a line; level, time and key=value pairs are recognised." } },
        },
      },
    },
    responses: {
      202: { description: "Every accepted event is durable.", content: { "application/json": { schema: Accepted } } },
      ...problems(400, 401, 403, 410, 413, 415, 422, 429, 503),
    },
  });
}

function answerOf(batch_id: string, decoded: Decoded, event_ids_overflowed: boolean): z.infer<typeof Accepted> {
  const { accepted, rejected, errors } = decoded;
  if (!event_ids_overflowed) return { accepted, rejected, batch_id, errors };
  const warnings = ["More client event ids arrived in 24 hours than are remembered: repeats of the oldest may be counted twice."];
  return { accepted, rejected, batch_id, errors, warnings };
}

function assertSomething(decoded: Decoded, batch_id: string): void {
  if (decoded.accepted > 0 || decoded.rejected === 0) return;
  const { accepted, rejected, errors } = decoded;
  throw new Problem("invalid", "None of the events could be accepted.", { accepted, rejected, batch_id, errors });
}

async function ingest(c: Context<AppEnv>, query: z.infer<typeof IngestQuery>, idempotency_key: string | undefined) {
  return withBody(c.req.raw, async (body) => {
    if (body.length === 0) throw new Problem("bad_request", "The body is empty.");
    const received_ms = Date.now();
    const decoded = decodeBody(c.req.header("content-type") ?? null, body, {
      received_us: received_ms * 1000,
      defaults: defaultsOf(query),
    });
    const batch_id = batchIdOf(c.var.access.project_id, idempotency_key ?? null, body, received_ms);
    const received = { protocol: "api", ms: received_ms, size_bytes: body.length };
    const { event_ids_overflowed } = await store(c, rejoined(decoded, query.join), batch_id, received);
    assertSomething(decoded, batch_id);
    return c.json(answerOf(batch_id, decoded, event_ids_overflowed), 202);
  });
}

export const ingestRoutes = createRouter();
for (const path of PATHS) {
  ingestRoutes.openapi(routeAt(path), (c) => ingest(c, c.req.valid("query"), c.req.valid("header")["idempotency-key"]));
}
