import { createRoute, z } from "@hono/zod-openapi";
import { and, asc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { newId } from "../auth/key-text.ts";
import { deedRow } from "../auth/record.ts";
import { auditIfChanged } from "../catalog/audit.ts";
import { savedSearches } from "../catalog/schema.ts";
import { runTogether } from "../catalog/statements.ts";
import { Problem } from "../errors.ts";
import { QUERY_LENGTH_MAX, SAVED_SEARCH_VIEW_SIZE_BYTES_MAX, SAVED_SEARCHES_PER_PROJECT_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, Name, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";

const View = z
  .record(z.string().max(100), z.json())
  .refine(
    (view) => new TextEncoder().encode(JSON.stringify(view)).length <= SAVED_SEARCH_VIEW_SIZE_BYTES_MAX,
    `must have at most ${SAVED_SEARCH_VIEW_SIZE_BYTES_MAX} bytes`,
  )
  .openapi({
    type: "object",
    description: "The rest of the view, such as range and columns, as whoever saved it wrote it.",
  });

const search = { name: Name, query: z.string().max(QUERY_LENGTH_MAX), view: View };
const NewSearch = z.strictObject({ ...search, view: View.default({}) }).openapi("NewSavedSearch");
const SearchChanges = z.strictObject(search).partial().openapi("SavedSearchChanges");

const SavedSearch = z
  .object({
    search_id: z.string(),
    name: z.string(),
    query: z.string(),
    view: View,
    created_by: z.string().openapi({ description: "E-mail address of a person, or name of a key." }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("SavedSearch");

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const params = z.object({ search_id: z.string().max(100) });
const common = { tags: ["Search"], security: KEY_SECURITY };
const REFUSALS = problems(400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 503);

const list = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/searches",
  summary: "Searches that members of the project keep for each other",
  middleware: [authenticate("read")],
  responses: {
    200: { description: "By name.", content: json(z.object({ searches: z.array(SavedSearch) })) },
    ...problems(401, 403, 410, 422, 429, 503),
  },
});

const create = createRoute({
  ...common,
  method: "post",
  path: "/api/v1/searches",
  summary: "Save a search",
  middleware: [authenticate("admin"), smallBody()],
  request: { body: { required: true, content: json(NewSearch) } },
  responses: { 201: { description: "Saved.", content: json(SavedSearch) }, ...REFUSALS },
});

const change = createRoute({
  ...common,
  method: "patch",
  path: "/api/v1/searches/{search_id}",
  summary: "Change a saved search",
  middleware: [authenticate("admin"), smallBody()],
  request: { params, body: { required: true, content: json(SearchChanges) } },
  responses: { 200: { description: "Changed.", content: json(SavedSearch) }, ...REFUSALS },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: "/api/v1/searches/{search_id}",
  summary: "Delete a saved search",
  middleware: [authenticate("admin")],
  request: { params },
  responses: { 204: { description: "Deleted." }, ...problems(401, 403, 404, 410, 422, 429, 503) },
});

type Row = typeof savedSearches.$inferSelect;

function shown({ project_id: _project, ...search }: Row): z.infer<typeof SavedSearch> {
  return { ...search, view: search.view as z.infer<typeof View> };
}

async function searchOf(c: Context<AppEnv>, search_id: string): Promise<Row> {
  const mine = and(eq(savedSearches.search_id, search_id), eq(savedSearches.project_id, c.var.access.project_id));
  const [row] = await drizzle(c.env.DB).select().from(savedSearches).where(mine);
  if (!row) throw new Problem("not_found", "The project has no such search.");
  return row;
}

export const searchRoutes = createRouter();

searchRoutes.openapi(list, async (c) => {
  const rows = await drizzle(c.env.DB)
    .select()
    .from(savedSearches)
    .where(eq(savedSearches.project_id, c.var.access.project_id))
    .orderBy(asc(savedSearches.name), asc(savedSearches.search_id));
  return c.json({ searches: rows.map(shown) }, 200);
});

searchRoutes.openapi(create, async (c) => {
  const { project_id, user, key } = c.var.access;
  const now = new Date().toISOString();
  const created_by = user?.email ?? key?.name ?? "";
  const search: Row = { search_id: newId("srch"), project_id, ...c.req.valid("json"), created_by, created_at: now, updated_at: now };
  const [inserted] = await runTogether(c.env.DB, [
    sql`INSERT INTO saved_searches (search_id, project_id, name, query, view, created_by, created_at, updated_at)
      SELECT ${search.search_id}, ${project_id}, ${search.name}, ${search.query}, ${JSON.stringify(search.view)}, ${created_by}, ${now}, ${now}
      WHERE (SELECT COUNT(*) FROM saved_searches WHERE project_id = ${project_id}) < ${SAVED_SEARCHES_PER_PROJECT_MAX}`,
    auditIfChanged(deedRow(c, { action: "search.saved", target: search.search_id, details: { name: search.name } })),
  ]);
  if (inserted === 0) throw new Problem("conflict", `A project keeps at most ${SAVED_SEARCHES_PER_PROJECT_MAX} searches.`);
  return c.json(shown(search), 201);
});

searchRoutes.openapi(change, async (c) => {
  const before = await searchOf(c, c.req.valid("param").search_id);
  const search: Row = { ...before, ...c.req.valid("json"), updated_at: new Date().toISOString() };
  const { search_id, name, query, view, updated_at } = search;
  const update = drizzle(c.env.DB)
    .update(savedSearches)
    .set({ name, query, view, updated_at })
    .where(eq(savedSearches.search_id, search_id));
  await runTogether(c.env.DB, [update, auditIfChanged(deedRow(c, { action: "search.changed", target: search_id, details: { name } }))]);
  return c.json(shown(search), 200);
});

searchRoutes.openapi(remove, async (c) => {
  const { search_id, name } = await searchOf(c, c.req.valid("param").search_id);
  const deletion = drizzle(c.env.DB).delete(savedSearches).where(eq(savedSearches.search_id, search_id));
  await runTogether(c.env.DB, [deletion, auditIfChanged(deedRow(c, { action: "search.deleted", target: search_id, details: { name } }))]);
  return c.body(null, 204);
});
