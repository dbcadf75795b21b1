import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { recordDeed } from "../auth/record.ts";
import { type AuditFilter, listAudit, type StoredAudit } from "../catalog/audit.ts";
import { AUDIT_EXPORT_ROWS_MAX, AUDIT_PAGE_MAX, AUDIT_RETENTION_DAYS } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";

const LIMIT_DEFAULT = 100;
const Time = z.iso.datetime({ offset: true });

const AuditView = z
  .object({
    audit_id: z.string(),
    at: z.string(),
    organization_id: z.string().nullable(),
    project_id: z.string().nullable(),
    actor_kind: z.enum(["user", "key", "operator", "system", "nobody"]),
    actor_id: z.string().nullable(),
    actor_name: z.string().nullable().openapi({ description: "What the actor was called then: an e-mail address, a key's name." }),
    action: z.string().openapi({ example: "key.created" }),
    target: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
  })
  .openapi("AuditEntry");

const Filter = z.object({
  actor: z.string().max(300).optional().openapi({ description: "An id, an e-mail address, or a key's name." }),
  action: z
    .string()
    .regex(/^[a-z_]+(\.[a-z_]+)?$/)
    .optional()
    .openapi({ description: "`key.created`, or `key` for all that was done to keys." }),
  from: Time.optional(),
  to: Time.optional(),
  this_project: z.enum(["true", "false"]).optional().openapi({ description: "true: only what concerns the project that is asked for." }),
});

const Page = Filter.extend({
  limit: z.coerce.number().int().min(1).max(AUDIT_PAGE_MAX).default(LIMIT_DEFAULT),
  cursor: z
    .string()
    .regex(/^[0-9a-z]{25}$/)
    .optional(),
});

const common = { tags: ["Manage"], security: KEY_SECURITY, middleware: [authenticate("admin")] };

const list = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/audit",
  summary: "Who did what",
  description: `Newest first. Of the whole organization for a person, of its project for a key. Entries are kept ${AUDIT_RETENTION_DAYS} days and cannot be changed.`,
  request: { query: Page },
  responses: {
    200: {
      description: "A page; `cursor` leads to the next one.",
      content: { "application/json": { schema: z.object({ entries: z.array(AuditView), cursor: z.string().nullable() }) } },
    },
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

const exported = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/audit/export",
  summary: "The audit log as a file",
  description: "A line of JSON for each entry, newest first.",
  request: { query: Filter },
  responses: {
    200: { description: "The file.", content: { "application/x-ndjson": { schema: z.string() } } },
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

function filterOf(c: Context<AppEnv>, query: z.infer<typeof Filter>): AuditFilter {
  const { organization_id, project_id } = c.var.access;
  const this_project = organization_id === null || query.this_project === "true";
  return {
    organization_id,
    project_id: this_project ? project_id : null,
    actor: query.actor ?? null,
    action: query.action ?? null,
    from_ms: query.from ? Date.parse(query.from) : null,
    to_ms: query.to ? Date.parse(query.to) : null,
  };
}

async function* pagesOf(db: D1Database, filter: AuditFilter): AsyncGenerator<StoredAudit[]> {
  let below: string | null = null;
  for (let rows = 0; rows < AUDIT_EXPORT_ROWS_MAX; rows += AUDIT_PAGE_MAX) {
    const page: StoredAudit[] = await listAudit(db, filter, { below, limit: AUDIT_PAGE_MAX });
    if (page.length > 0) yield page;
    if (page.length < AUDIT_PAGE_MAX) return;
    below = page.at(-1)!.audit_id;
  }
}

/** Page by page, as the client takes them. */
function linesOf(pages: AsyncGenerator<StoredAudit[]>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pages.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value.map((entry) => `${JSON.stringify(entry)}\n`).join("")));
    },
    async cancel() {
      await pages.return(undefined);
    },
  });
}

export const auditRoutes = createRouter();

auditRoutes.openapi(list, async (c) => {
  const { limit, cursor, ...query } = c.req.valid("query");
  const entries = await listAudit(c.env.DB, filterOf(c, query), { below: cursor ?? null, limit });
  return c.json({ entries, cursor: entries.length === limit ? entries.at(-1)!.audit_id : null }, 200);
});

auditRoutes.openapi(exported, async (c) => {
  const query = c.req.valid("query");
  await recordDeed(c, { action: "audit.exported", details: query });
  return c.body(linesOf(pagesOf(c.env.DB, filterOf(c, query))), 200, {
    "content-type": "application/x-ndjson",
    "content-disposition": `attachment; filename="ledge-audit-${new Date().toISOString().slice(0, 10)}.ndjson"`,
    "cache-control": "no-store",
  }) as never;
});
