import { createRoute, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { askAuth } from "../auth/auth-calls.ts";
import { recordDeed } from "../auth/record.ts";
import { sameOrigin } from "../auth/same-origin.ts";
import { forgetSessions, readSession, refreshSession } from "../auth/sessions.ts";
import { Problem } from "../errors.ts";
import { createRouter } from "../router.ts";
import { problems } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { SessionState, SignedInAnswer, SignInInput, TwoFactorInput, type UserView } from "./schemas.ts";
import { forgetTries, takeTries } from "./tries.ts";

/** better-auth's answer to a sign-in, as far as it is used. */
interface AuthAnswer {
  twoFactorRedirect?: boolean;
  user?: { id: string; email: string; name: string; twoFactorEnabled?: boolean | null; createdAt: string };
}

function userView(user: NonNullable<AuthAnswer["user"]>): z.infer<typeof UserView> {
  return {
    user_id: user.id,
    email: user.email,
    name: user.name,
    two_factor_enabled: user.twoFactorEnabled ?? false,
    created_at: user.createdAt,
  };
}

async function signedIn(c: Context<AppEnv>, answer: AuthAnswer, how: string): Promise<z.infer<typeof SignedInAnswer>> {
  if (answer.twoFactorRedirect || !answer.user) return { two_factor_required: true, user: null };
  const user = userView(answer.user);
  const actor = { kind: "user", id: user.user_id, name: user.email } as const;
  await recordDeed(c, { action: "session.started", target: user.user_id, details: { by: how }, actor });
  return { two_factor_required: false, user };
}

/**
 * Signs a browser in. A session that it had before has nothing to do with the new one, whose token is made here: nobody can foist one upon it.
 * @throws Problem `unauthenticated`, the same for a wrong password and for an address that nobody has; `rate_limited`
 */
export async function signIn(c: Context<AppEnv>, input: z.infer<typeof SignInInput>): Promise<z.infer<typeof SignedInAnswer>> {
  const { email, password, remember } = input;
  const answer = await askAuth<AuthAnswer>(c, (api, common) =>
    api.signInEmail({ ...common, body: { email, password, rememberMe: remember } }),
  );
  return signedIn(c, answer, "password");
}

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });

const signInRoute = createRoute({
  method: "post",
  path: "/api/v1/auth/sign-in",
  tags: ["Accounts"],
  summary: "Sign in with e-mail address and password",
  middleware: [sameOrigin(), smallBody()],
  request: { body: { required: true, content: json(SignInInput) } },
  responses: {
    200: { description: "Signed in (the cookie is set), or a code is needed.", content: json(SignedInAnswer) },
    ...problems(400, 401, 403, 413, 415, 422, 429, 503),
  },
});

const secondFactor = createRoute({
  method: "post",
  path: "/api/v1/auth/two-factor",
  tags: ["Accounts"],
  summary: "Give the code of the second factor, or a backup code",
  middleware: [sameOrigin(), smallBody()],
  request: { body: { required: true, content: json(TwoFactorInput) } },
  responses: {
    200: { description: "Signed in.", content: json(SignedInAnswer) },
    ...problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
  },
});

const signOut = createRoute({
  method: "post",
  path: "/api/v1/auth/sign-out",
  tags: ["Accounts"],
  summary: "End the session of this browser",
  middleware: [sameOrigin()],
  responses: { 204: { description: "Nobody is signed in here now." }, ...problems(403, 503) },
});

const session = createRoute({
  method: "get",
  path: "/api/v1/auth/session",
  tags: ["Accounts"],
  summary: "Who is signed in with this browser",
  description: "Prolongs the session where that is due.",
  responses: { 200: { description: "The person, or null.", content: json(SessionState) }, ...problems(503) },
});

export const signInRoutes = createRouter();

signInRoutes.openapi(signInRoute, async (c) => {
  const input = c.req.valid("json");
  await takeTries(c, "sign in", input.email);
  const answer = await signIn(c, input).catch(async (error: unknown) => {
    if (error instanceof Problem && error.code === "unauthenticated") {
      await recordDeed(c, { action: "session.refused", details: { email: input.email } });
    }
    throw error;
  });
  await forgetTries(c, "sign in", input.email);
  return c.json(answer, 200);
});

signInRoutes.openapi(secondFactor, async (c) => {
  const input = c.req.valid("json");
  await takeTries(c, "second factor", null);
  const answer = await askAuth<AuthAnswer>(c, (api, common) =>
    "code" in input
      ? api.verifyTOTP({ ...common, body: { code: input.code, trustDevice: input.trust_browser } })
      : api.verifyBackupCode({ ...common, body: { code: input.backup_code } }),
  );
  return c.json(await signedIn(c, answer, "code" in input ? "second factor" : "backup code"), 200);
});

signInRoutes.openapi(signOut, async (c) => {
  const signed_in = await readSession(c);
  if (signed_in) {
    await askAuth(c, (api, common) => api.signOut(common));
    forgetSessions(signed_in.user.user_id);
    const { user_id, email } = signed_in.user;
    await recordDeed(c, { action: "session.ended", target: user_id, actor: { kind: "user", id: user_id, name: email } });
  }
  return c.body(null, 204);
});

signInRoutes.openapi(session, async (c) => {
  c.header("cache-control", "no-store");
  const signed_in = await refreshSession(c);
  return c.json({ user: signed_in?.user ?? null, session: signed_in?.session ?? null }, 200);
});
