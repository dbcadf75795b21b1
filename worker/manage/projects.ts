import { createRoute, z } from "@hono/zod-openapi";
import { authenticatePerson } from "../auth/session-access.ts";
import { ROLES, readStanding } from "../catalog/people.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";

export const ListedProjectView = z
  .object({
    project_id: z.string(),
    name: z.string(),
    organization_id: z.string(),
    organization_name: z.string(),
    role: z.enum(ROLES).openapi({ description: "My role in the project's organization." }),
    created_at: z.string(),
  })
  .openapi("ListedProject");

const list = createRoute({
  method: "get",
  path: "/api/v1/projects",
  tags: ["Manage"],
  summary: "The projects of all my organizations",
  security: SESSION_SECURITY,
  middleware: [authenticatePerson()],
  responses: {
    200: {
      description: "Oldest first.",
      content: { "application/json": { schema: z.object({ projects: z.array(ListedProjectView) }) } },
    },
    ...problems(401, 503),
  },
});

export const projectsRoutes = createRouter();

projectsRoutes.openapi(list, async (c) => {
  const { memberships, projects } = await readStanding(c.env.DB, c.var.person.user.user_id);
  const of = new Map(memberships.map((membership) => [membership.organization_id, membership]));
  const listed = projects.flatMap((project) => {
    const membership = of.get(project.organization_id);
    return membership ? [{ ...project, organization_name: membership.organization_name, role: membership.role }] : [];
  });
  return c.json({ projects: listed }, 200);
});
