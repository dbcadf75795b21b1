import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { askAuth } from "../auth/auth-calls.ts";
import { recordDeed } from "../auth/record.ts";
import { authenticatePerson } from "../auth/session-access.ts";
import { forgetSessions } from "../auth/sessions.ts";
import { dropPending } from "../catalog/accounts.ts";
import { Problem } from "../errors.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { BackupCodes, NewTwoFactor, PasswordInput, TotpCode } from "./schemas.ts";
import { forgetTries, takeTries } from "./tries.ts";

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const body = <Schema>(schema: Schema) => ({ required: true as const, content: json(schema) });
const person = { tags: ["Accounts"], security: SESSION_SECURITY, middleware: [authenticatePerson(), smallBody()] };
const REFUSALS = problems(400, 401, 403, 409, 413, 415, 422, 429, 503);

const begin = createRoute({
  ...person,
  method: "post",
  path: "/api/v1/account/two-factor",
  summary: "Begin to set up a second factor",
  description: "It is asked for only once a code has confirmed that the app has it.",
  request: { body: body(PasswordInput) },
  responses: { 200: { description: "What the authenticator app takes.", content: json(NewTwoFactor) }, ...REFUSALS },
});

const confirm = createRoute({
  ...person,
  method: "post",
  path: "/api/v1/account/two-factor/confirm",
  summary: "Confirm the second factor with a first code",
  request: { body: body(TotpCode) },
  responses: { 204: { description: "From now on it is asked for." }, ...REFUSALS },
});

const disable = createRoute({
  ...person,
  method: "delete",
  path: "/api/v1/account/two-factor",
  summary: "Sign in without a second factor again",
  request: { body: body(PasswordInput) },
  responses: { 204: { description: "It is not asked for any more." }, ...REFUSALS },
});

const newBackupCodes = createRoute({
  ...person,
  method: "post",
  path: "/api/v1/account/two-factor/backup-codes",
  summary: "Make new backup codes",
  description: "The ones of before open nothing any more.",
  request: { body: body(PasswordInput) },
  responses: { 200: { description: "They are shown this once.", content: json(BackupCodes) }, ...REFUSALS },
});

/** Runs what asks for the password again: tries of it are counted. */
async function withPassword<T>(c: Context<AppEnv>, work: () => Promise<T>): Promise<T> {
  const { user_id } = c.var.person.user;
  await takeTries(c, "password", user_id);
  const result = await work();
  await forgetTries(c, "password", user_id);
  return result;
}

async function changed(c: Context<AppEnv>, action: string): Promise<void> {
  const { user_id } = c.var.person.user;
  forgetSessions(user_id);
  await recordDeed(c, { action, target: user_id });
}

export const accountTwoFactorRoutes = createRouter();

accountTwoFactorRoutes.openapi(begin, async (c) => {
  if (c.var.person.user.two_factor_enabled) throw new Problem("conflict", "There is a second factor already: switch it off first.");
  const { password } = c.req.valid("json");
  const { totpURI, backupCodes } = await withPassword(c, () =>
    askAuth<{ totpURI: string; backupCodes: string[] }>(c, (api, common) => api.enableTwoFactor({ ...common, body: { password } })),
  );
  await changed(c, "two_factor.begun");
  return c.json({ totp_uri: totpURI, backup_codes: backupCodes }, 200);
});

accountTwoFactorRoutes.openapi(confirm, async (c) => {
  const { code } = c.req.valid("json");
  await takeTries(c, "second factor", c.var.person.user.user_id);
  await askAuth(c, (api, common) => api.verifyTOTP({ ...common, body: { code } }));
  await forgetTries(c, "second factor", c.var.person.user.user_id);
  await changed(c, "two_factor.enabled");
  return c.body(null, 204);
});

accountTwoFactorRoutes.openapi(disable, async (c) => {
  const { password } = c.req.valid("json");
  await withPassword(c, () => askAuth(c, (api, common) => api.disableTwoFactor({ ...common, body: { password } })));
  await dropPending(c.env.DB, c.var.person.user.user_id);
  await changed(c, "two_factor.disabled");
  return c.body(null, 204);
});

accountTwoFactorRoutes.openapi(newBackupCodes, async (c) => {
  const { password } = c.req.valid("json");
  const { backupCodes } = await withPassword(c, () =>
    askAuth<{ backupCodes: string[] }>(c, (api, common) => api.generateBackupCodes({ ...common, body: { password } })),
  );
  await changed(c, "two_factor.backup_codes_made");
  return c.json({ backup_codes: backupCodes }, 200);
});
