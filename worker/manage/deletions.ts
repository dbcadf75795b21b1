import { createRoute, z } from "@hono/zod-openapi";
import { authenticate } from "../auth/authenticate.ts";
import { deedRow } from "../auth/record.ts";
import { authenticateMember } from "../auth/session-access.ts";
import { type Deletion, listDeletions, readDeletion, requestDeletion, undoDeletion } from "../catalog/deletions.ts";
import { Problem } from "../errors.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { DeleteProject, DeletionView } from "./schemas.ts";

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const params = z.object({ project_id: z.string().regex(/^[a-z2-7]{12}$/) });

const ask = createRoute({
  method: "delete",
  path: "/api/v1/projects/{project_id}",
  tags: ["Manage"],
  summary: "Delete a project with all its data",
  description:
    "For owners. After the grace, in which it works as before and the deletion can be undone, its events, keys, searches, metrics and whatever else there is of it are removed everywhere; what still arrives is refused. GET /api/v1/deletions says how far it is.",
  security: SESSION_SECURITY,
  middleware: [authenticate("admin"), smallBody()],
  request: { params, body: { required: true, content: json(DeleteProject) } },
  responses: {
    202: { description: "It will be deleted.", content: json(DeletionView) },
    ...problems(400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 503),
  },
});

const undo = createRoute({
  method: "post",
  path: "/api/v1/projects/{project_id}/restore",
  tags: ["Manage"],
  summary: "Undo a deletion that has not begun",
  security: SESSION_SECURITY,
  middleware: [authenticate("admin")],
  request: { params },
  responses: { 204: { description: "It stays." }, ...problems(401, 403, 404, 409, 410, 422, 429, 503) },
});

const list = createRoute({
  method: "get",
  path: "/api/v1/deletions",
  tags: ["Manage"],
  summary: "Projects of the organization that are being deleted, or were",
  security: SESSION_SECURITY,
  middleware: [authenticateMember("organization.read")],
  responses: {
    200: { description: "Newest first.", content: json(z.object({ deletions: z.array(DeletionView) })) },
    ...problems(401, 403, 422, 429, 503),
  },
});

function viewOf({ organization_id: _organization, ...shown }: Deletion): z.infer<typeof DeletionView> {
  return shown;
}

export const deletionRoutes = createRouter();

deletionRoutes.openapi(ask, async (c) => {
  const { project_id, settings, user } = c.var.access;
  const { confirm_name, grace_hours } = c.req.valid("json");
  if (confirm_name !== settings.name) {
    const error = { field: "confirm_name", value: confirm_name, expected: settings.name, message: "is not the project's name" };
    throw new Problem("invalid", "json: confirm_name: is not the project's name", { errors: [error] });
  }
  const due_at = new Date(Date.now() + grace_hours * 3_600_000).toISOString();
  const asked = { project_id, project_name: settings.name, requested_by: user?.email ?? "", due_at };
  const record = deedRow(c, { action: "project.deletion_asked", target: project_id, details: { name: settings.name, due_at } });
  if (!(await requestDeletion(c.env.DB, asked, record))) throw new Problem("conflict", "The deletion has begun already.");
  if (grace_hours === 0) await c.env.JOBS.send({ v: 1, kind: "delete-project", project_id }, { contentType: "json" });
  return c.json(viewOf((await readDeletion(c.env.DB, project_id))!), 202);
});

deletionRoutes.openapi(undo, async (c) => {
  const { project_id, settings } = c.var.access;
  const record = deedRow(c, { action: "project.deletion_undone", target: project_id, details: { name: settings.name } });
  if (!(await undoDeletion(c.env.DB, project_id, record)))
    throw new Problem("conflict", "Nobody has asked for its deletion, or it has begun.");
  return c.body(null, 204);
});

deletionRoutes.openapi(list, async (c) =>
  c.json({ deletions: (await listDeletions(c.env.DB, c.var.member.organization_id)).map(viewOf) }, 200),
);
