import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { type Deed, deedRow } from "../auth/record.ts";
import { authenticateMember, isAtLeast } from "../auth/session-access.ts";
import { forgetStanding } from "../auth/standing.ts";
import { changeRole, listMembers, memberOf, removeMember } from "../catalog/memberships.ts";
import { type Role, readStanding } from "../catalog/people.ts";
import { Problem } from "../errors.ts";
import { RESET_LINK_GIVEN_LIFE_S } from "../limits.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { givenResetLink } from "./password-reset.ts";
import { GivenLink, MemberView, RoleInput } from "./schemas.ts";

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const params = z.object({ user_id: z.string().max(100) });
const common = { tags: ["Accounts"], security: SESSION_SECURITY };
const REFUSALS = problems(401, 403, 404, 409, 422, 429, 503);

const list = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/members",
  summary: "Who belongs to the organization",
  description: "Of the organization in `X-Ledge-Organization`, else of the project's in `X-Ledge-Project`, else of the only one.",
  middleware: [authenticateMember("members.read")],
  responses: {
    200: { description: "In the order in which they joined.", content: json(z.object({ members: z.array(MemberView) })) },
    ...problems(401, 403, 422, 429, 503),
  },
});

const change = createRoute({
  ...common,
  method: "patch",
  path: "/api/v1/members/{user_id}",
  summary: "Change somebody's role",
  description: "Nobody gives a role above their own, or changes somebody above them. The last owner stays one.",
  middleware: [authenticateMember("members.write"), smallBody()],
  request: { params, body: { required: true, content: json(RoleInput) } },
  responses: { 204: { description: "Changed." }, ...REFUSALS, ...problems(400, 413, 415) },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: "/api/v1/members/{user_id}",
  summary: "Remove somebody from the organization",
  middleware: [authenticateMember("members.write")],
  request: { params },
  responses: { 204: { description: "Removed." }, ...REFUSALS },
});

const leave = createRoute({
  ...common,
  method: "post",
  path: "/api/v1/organizations/{organization_id}/leave",
  summary: "Leave an organization",
  middleware: [authenticateMember("organization.read")],
  request: { params: z.object({ organization_id: z.string().max(100) }) },
  responses: { 204: { description: "Left." }, ...problems(401, 403, 409, 422, 429, 503) },
});

const reset = createRoute({
  ...common,
  method: "post",
  path: "/api/v1/members/{user_id}/password-reset",
  summary: "Make a link by which somebody sets a new password",
  description:
    "For owners, where no mails are sent. Not for other owners, and not for somebody who belongs to an organization that you do not own: for them the operator makes one.",
  middleware: [authenticateMember("organization.write")],
  request: { params },
  responses: { 201: { description: "The link.", content: json(GivenLink) }, ...REFUSALS },
});

/** Somebody who is not above the asker. */
async function memberBelow(c: Context<AppEnv>, user_id: string): Promise<{ role: Role; email: string }> {
  const { organization_id, role } = c.var.member;
  const found = await memberOf(c.env.DB, organization_id, user_id);
  if (found === null) throw new Problem("not_found", "Nobody of this id belongs to the organization.");
  if (!isAtLeast(role, found.role)) throw new Problem("forbidden", `The role ${role} may not change what an ${found.role} may.`);
  return found;
}

async function removeFrom(c: Context<AppEnv>, user_id: string, role: Role, deed: Deed): Promise<void> {
  const { organization_id } = c.var.member;
  const record = deedRow(c, { ...deed, target: user_id });
  if (!(await removeMember(c.env.DB, organization_id, user_id, role, record)))
    throw new Problem("conflict", "An organization needs an owner: make somebody else one first.");
  forgetStanding(user_id);
}

export const memberRoutes = createRouter();

memberRoutes.openapi(list, async (c) => c.json({ members: await listMembers(c.env.DB, c.var.member.organization_id) }, 200));

memberRoutes.openapi(change, async (c) => {
  const { organization_id, role } = c.var.member;
  const { user_id } = c.req.valid("param");
  const { role: to } = c.req.valid("json");
  if (!isAtLeast(role, to)) throw new Problem("forbidden", `The role ${role} may not make somebody an ${to}.`);
  const { role: from, email } = await memberBelow(c, user_id);
  const record = deedRow(c, { action: "member.role_changed", target: user_id, details: { email, from, to } });
  if (from !== to && !(await changeRole(c.env.DB, organization_id, user_id, { from, to }, record)))
    throw new Problem("conflict", "An organization needs an owner: make somebody else one first.");
  forgetStanding(user_id);
  return c.body(null, 204);
});

memberRoutes.openapi(remove, async (c) => {
  const { user_id } = c.req.valid("param");
  const details = await memberBelow(c, user_id);
  await removeFrom(c, user_id, details.role, { action: "member.removed", details });
  return c.body(null, 204);
});

memberRoutes.openapi(leave, async (c) => {
  const { role } = c.var.member;
  await removeFrom(c, c.var.person.user.user_id, role, { action: "member.left", details: { role } });
  return c.body(null, 204);
});

memberRoutes.openapi(reset, async (c) => {
  const { user_id } = c.req.valid("param");
  const { role, email } = await memberBelow(c, user_id);
  if (role === "owner") throw new Problem("forbidden", "An owner's password is reset by the operator.");
  const [mine, theirs] = await Promise.all([readStanding(c.env.DB, c.var.person.user.user_id), readStanding(c.env.DB, user_id)]);
  const owned = new Set(mine.memberships.filter((one) => one.role === "owner").map((one) => one.organization_id));
  if (theirs.memberships.some((one) => !owned.has(one.organization_id)))
    throw new Problem("forbidden", "They belong to an organization that you do not own: the operator can make a link.");
  const link = await givenResetLink(c, user_id, RESET_LINK_GIVEN_LIFE_S, {
    action: "member.reset_link_made",
    target: user_id,
    details: { email },
  });
  return c.json(link, 201);
});
