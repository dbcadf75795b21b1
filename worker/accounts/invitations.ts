import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { appUrl } from "../auth/client.ts";
import { newId } from "../auth/key-text.ts";
import { hashPassword } from "../auth/password.ts";
import { deedRow } from "../auth/record.ts";
import { sameOrigin } from "../auth/same-origin.ts";
import { authenticateMember, isAtLeast } from "../auth/session-access.ts";
import { readSession } from "../auth/sessions.ts";
import { forgetStanding } from "../auth/standing.ts";
import {
  acceptInvitation,
  findInvitation,
  insertInvitation,
  type Joiner,
  listMembers,
  type OpenInvitation,
  openInvitations,
  revokeInvitation,
} from "../catalog/memberships.ts";
import { Problem } from "../errors.ts";
import { INVITATION_LIFE_MS, INVITATIONS_OPEN_MAX, MEMBERS_PER_ORGANIZATION_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { hashToken, invitationPath, newToken } from "./links.ts";
import { sendMail } from "./mail.ts";
import {
  AcceptedInvitation,
  AcceptInput,
  CreatedInvitation,
  InvitationOffer,
  InvitationView,
  NewInvitation,
  TokenInput,
} from "./schemas.ts";
import { signIn } from "./sign-in.ts";
import { takeTries } from "./tries.ts";

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const body = <Schema>(schema: Schema) => ({ required: true as const, content: json(schema) });
const common = { tags: ["Accounts"], security: SESSION_SECURITY };

const list = createRoute({
  ...common,
  method: "get",
  path: "/api/v1/invitations",
  summary: "Invitations that were not accepted yet",
  middleware: [authenticateMember("members.write")],
  responses: {
    200: { description: "Oldest first.", content: json(z.object({ invitations: z.array(InvitationView) })) },
    ...problems(401, 403, 422, 429, 503),
  },
});

const create = createRoute({
  ...common,
  method: "post",
  path: "/api/v1/invitations",
  summary: "Invite somebody",
  description: "Nobody gives a role above their own. An earlier invitation of the same address is revoked.",
  middleware: [authenticateMember("members.write"), smallBody()],
  request: { body: body(NewInvitation) },
  responses: {
    201: { description: "The link.", content: json(CreatedInvitation) },
    ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
  },
});

const revoke = createRoute({
  ...common,
  method: "delete",
  path: "/api/v1/invitations/{invitation_id}",
  summary: "Revoke an invitation",
  middleware: [authenticateMember("members.write")],
  request: { params: z.object({ invitation_id: z.string().max(100) }) },
  responses: { 204: { description: "Its link opens nothing any more." }, ...problems(401, 403, 404, 422, 429, 503) },
});

const look = createRoute({
  method: "post",
  path: "/api/v1/invitations/look",
  tags: ["Accounts"],
  summary: "What a link invites to",
  middleware: [sameOrigin(), smallBody()],
  request: { body: body(TokenInput) },
  responses: { 200: { description: "The offer.", content: json(InvitationOffer) }, ...problems(400, 403, 404, 413, 415, 422, 429, 503) },
});

const accept = createRoute({
  method: "post",
  path: "/api/v1/invitations/accept",
  tags: ["Accounts"],
  summary: "Accept an invitation",
  description: "Somebody who has an account signs in first, others get one here, with `name` and `password`, and are signed in.",
  middleware: [sameOrigin(), smallBody()],
  request: { body: body(AcceptInput) },
  responses: {
    200: { description: "Joined.", content: json(AcceptedInvitation) },
    ...problems(400, 403, 404, 409, 413, 415, 422, 429, 503),
  },
});

async function offerOf(c: Context<AppEnv>, token: string): Promise<OpenInvitation> {
  await takeTries(c, "invitation", null);
  const offer = await findInvitation(c.env.DB, hashToken(token), new Date().toISOString());
  if (!offer) throw new Problem("not_found", "The invitation was accepted or revoked, or its time is over.");
  return offer;
}

/** Who accepts: the person who is signed in, if the invitation is theirs, or somebody new. @throws Problem */
async function joinerOf(c: Context<AppEnv>, offer: OpenInvitation, input: z.infer<typeof AcceptInput>): Promise<Joiner> {
  const signed_in = await readSession(c);
  if (signed_in && signed_in.user.email !== offer.email) {
    throw new Problem("conflict", `The invitation is for ${offer.email}; you are signed in as ${signed_in.user.email}.`);
  }
  if (signed_in) return { user_id: signed_in.user.user_id, account: null };
  if (offer.has_account) throw new Problem("conflict", `${offer.email} has an account: sign in, then accept.`, { has_account: true });
  const { name, password } = input;
  if (!name || !password) {
    const missing = name ? "password" : "name";
    const error = { field: missing, expected: "a text", message: "is needed for a new account" };
    throw new Problem("invalid", `json: ${missing}: is needed for a new account`, { errors: [error] });
  }
  const account = { credential_id: newId("crd"), name, password_hash: hashPassword(password) };
  return { user_id: offer.user_id ?? newId("usr"), account };
}

async function assertInvitable(c: Context<AppEnv>, { email, role }: z.infer<typeof NewInvitation>, now: string): Promise<void> {
  const { organization_id, role: mine } = c.var.member;
  if (!isAtLeast(mine, role)) throw new Problem("forbidden", `The role ${mine} may not make somebody an ${role}.`);
  const [people, open] = await Promise.all([listMembers(c.env.DB, organization_id), openInvitations(c.env.DB, organization_id, now)]);
  if (people.some((member) => member.email === email)) throw new Problem("conflict", `${email} belongs to the organization already.`);
  if (people.length >= MEMBERS_PER_ORGANIZATION_MAX || open.length >= INVITATIONS_OPEN_MAX)
    throw new Problem(
      "conflict",
      `An organization has at most ${MEMBERS_PER_ORGANIZATION_MAX} members and ${INVITATIONS_OPEN_MAX} open invitations.`,
    );
}

export const invitationRoutes = createRouter();

invitationRoutes.openapi(list, async (c) =>
  c.json({ invitations: await openInvitations(c.env.DB, c.var.member.organization_id, new Date().toISOString()) }, 200),
);

invitationRoutes.openapi(create, async (c) => {
  const input = c.req.valid("json");
  const now_ms = Date.now();
  const created_at = new Date(now_ms).toISOString();
  await assertInvitable(c, input, created_at);
  const { organization_id, organization_name } = c.var.member;
  const invited_by = c.var.person.user.email;
  const token = newToken();
  const shown = {
    invitation_id: newId("inv"),
    ...input,
    invited_by,
    created_at,
    expires_at: new Date(now_ms + INVITATION_LIFE_MS).toISOString(),
  };
  const record = deedRow(c, { action: "invitation.made", target: shown.invitation_id, details: { ...input } });
  await insertInvitation(c.env.DB, { ...shown, organization_id, token_hash: hashToken(token) }, record);
  const path = invitationPath(token);
  const url = appUrl(c) + path;
  const mailed = await sendMail(c.env, {
    to: input.email,
    subject: `${invited_by} invites you to Ledge`,
    text: `${invited_by} invites you to read the logs of ${organization_name} in Ledge. Within a week this link lets you in:\n\n${url}\n`,
  });
  return c.json({ ...shown, url, path, mailed }, 201);
});

invitationRoutes.openapi(revoke, async (c) => {
  const { invitation_id } = c.req.valid("param");
  const { organization_id } = c.var.member;
  const open = await openInvitations(c.env.DB, organization_id, new Date().toISOString());
  const email = open.find((one) => one.invitation_id === invitation_id)?.email;
  const record = deedRow(c, { action: "invitation.revoked", target: invitation_id, details: { email } });
  if (!(await revokeInvitation(c.env.DB, organization_id, invitation_id, record)))
    throw new Problem("not_found", "There is no such open invitation.");
  return c.body(null, 204);
});

invitationRoutes.openapi(look, async (c) => {
  const { organization_name, email, role, invited_by, expires_at, has_account } = await offerOf(c, c.req.valid("json").token);
  return c.json({ organization_name, email, role, invited_by, expires_at, has_account }, 200);
});

invitationRoutes.openapi(accept, async (c) => {
  const input = c.req.valid("json");
  const offer = await offerOf(c, input.token);
  const joiner = await joinerOf(c, offer, input);
  const { organization_id, invitation_id, role, email } = offer;
  const record = deedRow(c, {
    action: "invitation.accepted",
    target: invitation_id,
    details: { role },
    organization_id,
    actor: { kind: "user", id: joiner.user_id, name: email },
  });
  if (!(await acceptInvitation(c.env.DB, offer, joiner, record)))
    throw new Problem("conflict", "The invitation was used or revoked at this moment.");
  forgetStanding(joiner.user_id);
  if (joiner.account === null) return c.json({ two_factor_required: false, user: (await readSession(c))!.user, organization_id }, 200);
  const answer = await signIn(c, { email, password: input.password!, remember: true });
  return c.json({ ...answer, organization_id }, 200);
});
