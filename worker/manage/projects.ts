import { createRoute, z } from "@hono/zod-openapi";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { authenticate } from "../auth/authenticate.ts";
import { deedRow } from "../auth/record.ts";
import { authenticateMember, authenticatePerson } from "../auth/session-access.ts";
import { forgetOrganization } from "../auth/standing.ts";
import { ROLES, readStanding } from "../catalog/people.ts";
import { audit, projects } from "../catalog/schema.ts";
import { Problem } from "../errors.ts";
import { PROJECTS_PER_ORGANIZATION_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems, SESSION_SECURITY } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { newProject } from "./new-project.ts";
import { changeProject, readProject } from "./project.ts";
import { NewProject, ProjectChanges, ProjectView } from "./schemas.ts";

const ListedProjectView = z
  .object({
    project_id: z.string(),
    name: z.string(),
    organization_id: z.string(),
    organization_name: z.string(),
    role: z.enum(ROLES).openapi({ description: "My role in the project's organization." }),
    created_at: z.string(),
    deletion_due_at: z.string().nullable().openapi({ description: "When it will be deleted, where that was asked for." }),
  })
  .openapi("ListedProject");

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const params = z.object({ project_id: z.string().regex(/^[a-z2-7]{12}$/) });

const list = createRoute({
  method: "get",
  path: "/api/v1/projects",
  tags: ["Manage"],
  summary: "The projects of all my organizations",
  security: SESSION_SECURITY,
  middleware: [authenticatePerson()],
  responses: {
    200: { description: "Oldest first.", content: json(z.object({ projects: z.array(ListedProjectView) })) },
    ...problems(401, 429, 503),
  },
});

const create = createRoute({
  method: "post",
  path: "/api/v1/projects",
  tags: ["Manage"],
  summary: "Create a project",
  description: "In the organization in `X-Ledge-Organization`, else in that of the project in `X-Ledge-Project`, else in the only one.",
  security: SESSION_SECURITY,
  middleware: [authenticateMember("projects.create"), smallBody()],
  request: { body: { required: true, content: json(NewProject) } },
  responses: { 201: { description: "The project.", content: json(ProjectView) }, ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503) },
});

const read = createRoute({
  method: "get",
  path: "/api/v1/projects/{project_id}",
  tags: ["Manage"],
  summary: "A project: settings and usage",
  security: KEY_SECURITY,
  middleware: [authenticate("admin")],
  request: { params },
  responses: { 200: { description: "The project.", content: json(ProjectView) }, ...problems(401, 403, 404, 410, 422, 429, 503) },
});

const change = createRoute({
  method: "patch",
  path: "/api/v1/projects/{project_id}",
  tags: ["Manage"],
  summary: "Change a project's settings",
  security: KEY_SECURITY,
  middleware: [authenticate("admin"), smallBody()],
  request: { params, body: { required: true, content: json(ProjectChanges) } },
  responses: {
    200: { description: "The project.", content: json(ProjectView) },
    ...problems(400, 401, 403, 404, 410, 413, 415, 422, 429, 503),
  },
});

export const projectsRoutes = createRouter();

projectsRoutes.openapi(list, async (c) => {
  const standing = await readStanding(c.env.DB, c.var.person.user.user_id);
  const of = new Map(standing.memberships.map((membership) => [membership.organization_id, membership]));
  const listed = standing.projects.flatMap((project) => {
    const membership = of.get(project.organization_id);
    return membership ? [{ ...project, organization_name: membership.organization_name, role: membership.role }] : [];
  });
  return c.json({ projects: listed }, 200);
});

projectsRoutes.openapi(create, async (c) => {
  const { organization_id } = c.var.member;
  const input = c.req.valid("json");
  const orm = drizzle(c.env.DB);
  const count = await orm.$count(projects, sql`organization_id = ${organization_id} AND deleted_at IS NULL`);
  if (count >= PROJECTS_PER_ORGANIZATION_MAX)
    throw new Problem("conflict", `An organization has at most ${PROJECTS_PER_ORGANIZATION_MAX} projects.`);
  const row = await newProject(c.env, organization_id, input, new Date().toISOString());
  const { project_id } = row;
  await orm.batch([
    orm.insert(projects).values(row),
    orm.insert(audit).values(deedRow(c, { action: "project.created", target: project_id, project_id, details: { ...input } })),
  ]);
  forgetOrganization(organization_id);
  return c.json(await readProject(c.env, project_id), 201);
});

projectsRoutes.openapi(read, async (c) => c.json(await readProject(c.env, c.var.access.project_id), 200));

projectsRoutes.openapi(change, async (c) => {
  await changeProject(c, c.var.access.project_id, c.req.valid("json"));
  return c.json(await readProject(c.env, c.var.access.project_id), 200);
});
