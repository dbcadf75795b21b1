/** Records that were refused: seen, downloaded, taken after all, let go of. */
import { createHash } from "node:crypto";
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { recordDeed } from "../auth/record.ts";
import { listRefused, type RefusedRecordView, readRefused, removeRefused } from "../catalog/refused.ts";
import { keyedBatchId } from "../engine/batch/batch-id.ts";
import { joinBytes } from "../engine/batch/join-bytes.ts";
import { utf8Text } from "../engine/batch/utf8.ts";
import { decodeJson } from "../engine/decode/json.ts";
import { decodeText } from "../engine/decode/text.ts";
import type { Decoded } from "../engine/decode/types.ts";
import { Problem } from "../errors.ts";
import { BUCKET_PAGE_MAX, REFUSED_REPLAYS_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { decoding, store } from "./take-in.ts";

const LIMIT_DEFAULT = 100;
const RefusedId = z.string().regex(/^\d{13}-[0-9a-f]{28}$/);
const NEWLINE = new Uint8Array([0x0a]);

const Request = z
  .object({
    refused_id: z.string(),
    received_at: z.string(),
    protocol: z.string().openapi({ description: 'Of the address that it came to; "api" for Ledge\'s own.' }),
    path: z.string(),
    records: z.number().int(),
    first_reason: z.string(),
    size_bytes: z.number().int(),
  })
  .openapi("RefusedRequest");

const Records = z
  .object({
    protocol: z.string(),
    path: z.string(),
    content_type: z.string().nullable(),
    received_at: z.string(),
    records: z.array(
      z.object({
        index: z.number().int(),
        reason: z.string(),
        text: z.string().openapi({ description: "The record as it came, where it is text." }),
      }),
    ),
  })
  .openapi("RefusedRecords");

const common = { tags: ["Manage"], security: KEY_SECURITY, middleware: [authenticate("admin")] };
const params = z.object({ refused_id: RefusedId });

const list = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/refused",
  summary: "Requests with records that were refused",
  description: "Oldest first. Kept for two weeks, so that their senders can be mended and the records taken after all.",
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(BUCKET_PAGE_MAX).default(LIMIT_DEFAULT),
      cursor: z.string().max(4_096).optional(),
    }),
  },
  responses: {
    200: {
      description: "A page; `cursor` leads to the next one.",
      content: { "application/json": { schema: z.object({ requests: z.array(Request), cursor: z.string().nullable() }) } },
    },
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

const one = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/refused/{refused_id}",
  summary: "Refused records of one request",
  request: { params, query: z.object({ format: z.enum(["json", "raw"]).default("json") }) },
  responses: {
    200: {
      description: "The records with the reason of each; or, as `raw`, their bytes as they came, on lines.",
      content: { "application/json": { schema: Records }, "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    },
    ...problems(401, 403, 404, 410, 422, 429, 503),
  },
});

const ReplayInput = z
  .strictObject({
    ids: z.array(RefusedId).min(1).max(REFUSED_REPLAYS_MAX),
    as: z.enum(["json", "text"]).default("text").openapi({
      description:
        '"json" reads each record as a JSON event again and refuses what is none; "text" takes it whatever it is: what is no JSON becomes the message.',
    }),
  })
  .openapi("RefusedReplay");

const replay = createRoute({
  ...common,
  method: "post",
  path: "/api/v1/refused/replay",
  summary: "Take refused records after all",
  description: "What is taken is removed from the list. Repeating a replay changes nothing.",
  request: { body: { required: true, content: { "application/json": { schema: ReplayInput } } } },
  responses: {
    200: {
      description: "What became of each.",
      content: {
        "application/json": {
          schema: z.object({
            replayed: z.array(z.object({ refused_id: z.string(), accepted: z.number().int(), rejected: z.number().int() })),
            missing: z.array(z.string()),
          }),
        },
      },
    },
    ...problems(400, 401, 403, 410, 422, 429, 503),
  },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: "/api/v1/refused/{refused_id}",
  summary: "Let go of refused records",
  request: { params },
  responses: { 204: { description: "They are gone." }, ...problems(401, 403, 410, 422, 429, 503) },
});

function linesOf(records: readonly RefusedRecordView[]): Uint8Array {
  return joinBytes(records.flatMap(({ bytes }) => [bytes, NEWLINE]));
}

/** Takes the records of one request; the batch's id follows from them, so that a repeat is the same batch. */
async function takeAgain(
  c: Context<AppEnv>,
  refused_id: string,
  records: readonly RefusedRecordView[],
  as: "json" | "text",
): Promise<Decoded> {
  const { project_id } = c.var.access;
  const body = linesOf(records);
  const received_ms = Date.now();
  const context = { received_us: received_ms * 1000, defaults: {} };
  const decoded = decoding(() => (as === "json" ? decodeJson(body, context) : decodeText(body, context)));
  const digest = createHash("sha256").update(`${project_id}\nrefused\n${refused_id}\n`).update(body).digest();
  // What is refused again stays where it is.
  const kept = { ...decoded, refused: [] };
  await store(c, kept, keyedBatchId(digest), { protocol: "refused", ms: received_ms, size_bytes: body.length });
  return decoded;
}

async function replayOne(c: Context<AppEnv>, refused_id: string, as: "json" | "text") {
  const { project_id } = c.var.access;
  const found = await readRefused(c.env.BUCKET, project_id, refused_id);
  if (!found) return null;
  let result: { accepted: number; rejected: number };
  try {
    result = await takeAgain(c, refused_id, found.records, as);
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 429) throw error;
    result = { accepted: 0, rejected: found.records.length };
  }
  const { accepted, rejected } = result;
  if (rejected === 0) await removeRefused(c.env.BUCKET, project_id, refused_id);
  return { refused_id, accepted, rejected };
}

export const refusedRoutes = createRouter();
refusedRoutes.openapi(list, async (c) => c.json(await listRefused(c.env.BUCKET, c.var.access.project_id, c.req.valid("query")), 200));
refusedRoutes.openapi(one, async (c) => {
  const found = await readRefused(c.env.BUCKET, c.var.access.project_id, c.req.valid("param").refused_id);
  if (!found) throw new Problem("not_found", "There are no refused records of this id.");
  if (c.req.valid("query").format === "raw") {
    return c.body(linesOf(found.records) as Uint8Array<ArrayBuffer>, 200, { "content-type": "application/octet-stream" });
  }
  const records = found.records.map(({ index, reason, bytes }) => ({ index, reason, text: utf8Text(bytes) }));
  return c.json({ ...found.source, records }, 200);
});
refusedRoutes.openapi(replay, async (c) => {
  const { ids, as } = c.req.valid("json");
  const replayed: { refused_id: string; accepted: number; rejected: number }[] = [];
  const missing: string[] = [];
  for (const refused_id of ids) {
    const result = await replayOne(c, refused_id, as);
    if (result) replayed.push(result);
    else missing.push(refused_id);
  }
  await recordDeed(c, { action: "refused.replayed", details: { replayed: replayed.length, missing: missing.length } });
  return c.json({ replayed, missing }, 200);
});
refusedRoutes.openapi(remove, async (c) => {
  const { refused_id } = c.req.valid("param");
  await removeRefused(c.env.BUCKET, c.var.access.project_id, refused_id);
  await recordDeed(c, { action: "refused.removed", target: refused_id });
  return c.body(null, 204);
});
