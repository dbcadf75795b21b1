import { createRoute, z } from "@hono/zod-openapi";
import { newId } from "../auth/key-text.ts";
import { deedRow } from "../auth/record.ts";
import { authenticateMember, authenticatePerson } from "../auth/session-access.ts";
import { forgetOrganization, forgetStanding } from "../auth/standing.ts";
import { createOrganization, deleteOrganization, renameOrganization } from "../catalog/organizations.ts";
import { readStanding } from "../catalog/people.ts";
import { Problem } from "../errors.ts";
import { ORGANIZATIONS_PER_USER_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { NameTyped, NewOrganization, OrganizationView } from "./schemas.ts";

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const body = <Schema>(schema: Schema) => ({ required: true as const, content: json(schema) });
const params = z.object({ organization_id: z.string().max(100) });
const common = { tags: ["Accounts"], security: SESSION_SECURITY };

const list = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/organizations",
  summary: "The organizations that I belong to",
  middleware: [authenticatePerson()],
  responses: {
    200: { description: "In the order in which I joined them.", content: json(z.object({ organizations: z.array(OrganizationView) })) },
    ...problems(401, 429, 503),
  },
});

const create = createRoute({
  ...common,
  method: "post",
  path: "/api/v1/organizations",
  summary: "Found a further organization",
  description: "For people who own one already.",
  middleware: [authenticatePerson(), smallBody()],
  request: { body: body(NewOrganization) },
  responses: {
    201: { description: "I own it.", content: json(OrganizationView) },
    ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
  },
});

const rename = createRoute({
  ...common,
  method: "patch",
  path: "/api/v1/organizations/{organization_id}",
  summary: "Rename an organization",
  middleware: [authenticateMember("organization.write"), smallBody()],
  request: { params, body: body(NewOrganization) },
  responses: { 200: { description: "Renamed.", content: json(OrganizationView) }, ...problems(400, 401, 403, 413, 415, 422, 429, 503) },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: "/api/v1/organizations/{organization_id}",
  summary: "Delete an organization",
  description: "Once all of its projects are deleted. Its members keep their accounts.",
  middleware: [authenticateMember("organization.delete"), smallBody()],
  request: { params, body: body(NameTyped) },
  responses: { 204: { description: "Deleted." }, ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503) },
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

organizationRoutes.openapi(create, async (c) => {
  const { user_id } = c.var.person.user;
  const { memberships } = await readStanding(c.env.DB, user_id);
  if (!memberships.some((membership) => membership.role === "owner"))
    throw new Problem("forbidden", "Who owns no organization founds none.");
  if (memberships.length >= ORGANIZATIONS_PER_USER_MAX)
    throw new Problem("conflict", `A person belongs to at most ${ORGANIZATIONS_PER_USER_MAX} organizations.`);
  const organization_id = newId("org");
  const { name } = c.req.valid("json");
  const record = deedRow(c, { action: "organization.founded", target: organization_id, details: { name }, organization_id });
  await createOrganization(c.env.DB, { organization_id, name, user_id }, record);
  forgetStanding(user_id);
  return c.json({ organization_id, name, role: "owner" as const }, 201);
});

organizationRoutes.openapi(rename, async (c) => {
  const { organization_id, organization_name, role } = c.var.member;
  const { name } = c.req.valid("json");
  const record = deedRow(c, { action: "organization.renamed", target: organization_id, details: { from: organization_name, to: name } });
  await renameOrganization(c.env.DB, organization_id, name, record);
  forgetOrganization(organization_id);
  return c.json({ organization_id, name, role }, 200);
});

organizationRoutes.openapi(remove, async (c) => {
  const { organization_id, organization_name } = c.var.member;
  if (c.req.valid("json").confirm_name !== organization_name) {
    const error = { field: "confirm_name", expected: organization_name, message: "is not the organization's name" };
    throw new Problem("invalid", "json: confirm_name: is not the organization's name", { errors: [error] });
  }
  const record = deedRow(c, { action: "organization.deleted", target: organization_id, details: { name: organization_name } });
  if (!(await deleteOrganization(c.env.DB, organization_id, record)))
    throw new Problem("conflict", "The organization has projects: delete them first.");
  forgetOrganization(organization_id);
  return c.body(null, 204);
});
