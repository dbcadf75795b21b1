import { createRoute, z } from "@hono/zod-openapi";
import { authenticatePerson } from "../auth/session-access.ts";
import { readStanding } from "../catalog/people.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { OrganizationView } from "./schemas.ts";

const list = createRoute({
  method: "get",
  path: "/api/v1/organizations",
  tags: ["Accounts"],
  summary: "The organizations that I belong to",
  security: SESSION_SECURITY,
  middleware: [authenticatePerson()],
  responses: {
    200: {
      description: "In the order in which I joined them.",
      content: { "application/json": { schema: z.object({ organizations: z.array(OrganizationView) }) } },
    },
    ...problems(401, 503),
  },
});

export const organizationRoutes = createRouter();

organizationRoutes.openapi(list, async (c) => {
  const { memberships } = await readStanding(c.env.DB, c.var.person.user.user_id);
  const organizations = memberships.map(({ organization_id, organization_name, role }) => ({
    organization_id,
    name: organization_name,
    role,
  }));
  return c.json({ organizations }, 200);
});
