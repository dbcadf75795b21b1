import { createRoute, z } from "@hono/zod-openapi";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { askAuth, authOf } from "../auth/auth-calls.ts";
import { appUrl } from "../auth/client.ts";
import { authenticateOperator } from "../auth/operator.ts";
import { type Deed, recordDeed } from "../auth/record.ts";
import { sameOrigin } from "../auth/same-origin.ts";
import { forgetSessions } from "../auth/sessions.ts";
import { dropPending, removeSecondFactor } from "../catalog/accounts.ts";
import { credentials, users } from "../catalog/schema.ts";
import { Problem } from "../errors.ts";
import { RESET_LINK_GIVEN_LIFE_S, RESET_LINK_LIFE_S } from "../limits.ts";
import { createRouter } from "../router.ts";
import { OPERATOR_SECURITY, problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { newToken, resetPath } from "./links.ts";
import { sendMail, sendsMail } from "./mail.ts";
import { GivenLink, OperatorReset, ResetInput, ResetRequest } from "./schemas.ts";
import { takeTries } from "./tries.ts";

const OPERATOR = { kind: "operator", id: null, name: null } as const;
/** Where better-auth looks for the links of resets. */
const identifierOf = (token: string): string => `reset-password:${token}`;

async function makeLink(c: Context<AppEnv>, user_id: string, life_s: number): Promise<z.infer<typeof GivenLink>> {
  const token = newToken();
  const expires = new Date(Date.now() + life_s * 1000);
  const { internalAdapter } = await (await authOf(c)).$context;
  await internalAdapter.createVerificationValue({ identifier: identifierOf(token), value: user_id, expiresAt: expires });
  const path = resetPath(token);
  return { url: appUrl(c) + path, path, expires_at: expires.toISOString() };
}

/** A link for a new password, to be handed on by who asked for it; recorded. */
export async function givenResetLink(c: Context<AppEnv>, user_id: string, life_s: number, deed: Deed): Promise<z.infer<typeof GivenLink>> {
  const link = await makeLink(c, user_id, life_s);
  await recordDeed(c, deed);
  return link;
}

/** Mails the link; on one's own machine, where no mail is sent, the terminal shows it. Where neither is so, nobody would get it: none is made. */
async function deliverLink(c: Context<AppEnv>, email: string): Promise<void> {
  const [user] = await drizzle(c.env.DB)
    .select({ user_id: users.id })
    .from(users)
    .innerJoin(credentials, eq(credentials.user_id, users.id))
    .where(eq(users.email, email));
  if (!user || (!sendsMail(c.env) && c.env.LEDGE_PROFILE !== "local")) return;
  const { url } = await makeLink(c, user.user_id, RESET_LINK_LIFE_S);
  const text = `Somebody, you we hope, asked for a new password for Ledge. Within an hour this link takes it:\n\n${url}\n\nIf it was not you, nothing happens.\n`;
  if (!(await sendMail(c.env, { to: email, subject: "A new password for Ledge", text })))
    console.log(`A new password for ${email}: ${url}`);
  await recordDeed(c, { action: "account.reset_asked", target: user.user_id });
}

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });

const request = createRoute({
  method: "post",
  path: "/api/v1/auth/password-reset/request",
  tags: ["Accounts"],
  summary: "Ask for a link by which a forgotten password is replaced",
  description:
    "The answer is the same whether or not anybody has the address. Where Ledge sends no mails (`mail` of /api/v1/setup), the link is shown in the terminal of `npm start`; on Cloudflare an owner or the operator makes one.",
  middleware: [sameOrigin(), smallBody()],
  request: { body: { required: true, content: json(ResetRequest) } },
  responses: {
    202: { description: "If somebody has this address, they get a link.", content: json(z.object({ mail: z.boolean() })) },
    ...problems(400, 403, 413, 415, 422, 429, 503),
  },
});

const reset = createRoute({
  method: "post",
  path: "/api/v1/auth/password-reset",
  tags: ["Accounts"],
  summary: "Set a new password with a link",
  description: "All sessions end. The second factor stays as it is.",
  middleware: [sameOrigin(), smallBody()],
  request: { body: { required: true, content: json(ResetInput) } },
  responses: { 204: { description: "Set: sign in with it." }, ...problems(400, 403, 413, 415, 422, 429, 503) },
});

const operatorReset = createRoute({
  method: "post",
  path: "/api/v1/admin/password-resets",
  tags: ["Operate"],
  summary: "Make a link by which somebody sets a new password",
  description: "Also for somebody who was named as an owner and has never signed in.",
  security: OPERATOR_SECURITY,
  middleware: [authenticateOperator(), smallBody()],
  request: { body: { required: true, content: json(OperatorReset) } },
  responses: { 201: { description: "The link.", content: json(GivenLink) }, ...problems(400, 401, 403, 404, 413, 415, 422, 429, 503) },
});

export const passwordResetRoutes = createRouter();

passwordResetRoutes.openapi(request, async (c) => {
  const { email } = c.req.valid("json");
  await takeTries(c, "reset", email);
  // After the answer, which so takes the same time for every address.
  c.executionCtx.waitUntil(deliverLink(c, email).catch((error) => console.error("a reset's link was not made", error)));
  return c.json({ mail: sendsMail(c.env) }, 202);
});

passwordResetRoutes.openapi(reset, async (c) => {
  const { token, new_password } = c.req.valid("json");
  await takeTries(c, "reset with a link", null);
  const { internalAdapter } = await (await authOf(c)).$context;
  const pending = await internalAdapter.findVerificationValue(identifierOf(token));
  await askAuth(c, (api, common) => api.resetPassword({ ...common, body: { token, newPassword: new_password } }));
  if (pending) {
    const user_id = pending.value;
    await dropPending(c.env.DB, user_id);
    forgetSessions(user_id);
    await recordDeed(c, { action: "account.password_reset", target: user_id, actor: { kind: "user", id: user_id, name: null } });
  }
  return c.body(null, 204);
});

passwordResetRoutes.openapi(operatorReset, async (c) => {
  const { email, remove_two_factor } = c.req.valid("json");
  const [user] = await drizzle(c.env.DB).select({ user_id: users.id }).from(users).where(eq(users.email, email));
  if (!user) throw new Problem("not_found", "Nobody has this address.");
  if (remove_two_factor) {
    await removeSecondFactor(c.env.DB, user.user_id);
    forgetSessions(user.user_id);
  }
  const deed = { action: "account.reset_link_made", target: user.user_id, details: { remove_two_factor }, actor: OPERATOR };
  return c.json(await givenResetLink(c, user.user_id, RESET_LINK_GIVEN_LIFE_S, deed), 201);
});
