import { createRoute, type z } from "@hono/zod-openapi";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { askAuth } from "../auth/auth-calls.ts";
import { deedRow, recordDeed } from "../auth/record.ts";
import { authenticatePerson } from "../auth/session-access.ts";
import { forgetSessions } from "../auth/sessions.ts";
import { deleteAccount, dropPending, heldOrganizations } from "../catalog/accounts.ts";
import { readStanding } from "../catalog/people.ts";
import { audit, userSettings, users } from "../catalog/schema.ts";
import { Problem } from "../errors.ts";
import { USER_SETTINGS_SIZE_BYTES_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { problems, SESSION_SECURITY } from "../schemas.ts";
import { smallBody } from "../small-body.ts";
import { AccountChanges, AccountView, PasswordChange, PasswordInput, UserSettings } from "./schemas.ts";
import { forgetTries, takeTries } from "./tries.ts";

const json = <Schema>(schema: Schema) => ({ "application/json": { schema } });
const body = <Schema>(schema: Schema) => ({ required: true as const, content: json(schema) });
const person = { tags: ["Accounts"], security: SESSION_SECURITY, middleware: [authenticatePerson(), smallBody()] };
const REFUSALS = problems(400, 401, 403, 409, 413, 415, 422, 429, 503);

const read = createRoute({
  ...person,
  method: "get",
  path: "/api/v1/account",
  summary: "Me",
  responses: { 200: { description: "The person and what they belong to.", content: json(AccountView) }, ...problems(401, 429, 503) },
});

const change = createRoute({
  ...person,
  method: "patch",
  path: "/api/v1/account",
  summary: "Change my name",
  request: { body: body(AccountChanges) },
  responses: { 200: { description: "Changed.", content: json(AccountView) }, ...REFUSALS },
});

const changePassword = createRoute({
  ...person,
  method: "post",
  path: "/api/v1/account/password",
  summary: "Change my password",
  description: "All other sessions end, and browsers that were trusted are not any more.",
  request: { body: body(PasswordChange) },
  responses: { 204: { description: "Changed." }, ...REFUSALS },
});

const remove = createRoute({
  ...person,
  method: "delete",
  path: "/api/v1/account",
  summary: "Delete my account",
  description: "Not possible for the last owner of an organization: make somebody else an owner, or delete the organization, first.",
  request: { body: body(PasswordInput) },
  responses: { 204: { description: "Deleted, and signed out everywhere." }, ...REFUSALS },
});

const readSettings = createRoute({
  ...person,
  method: "get",
  path: "/api/v1/account/settings",
  summary: "What the dashboard keeps for me",
  responses: { 200: { description: "The document; empty at first.", content: json(UserSettings) }, ...problems(401, 429, 503) },
});

const writeSettings = createRoute({
  ...person,
  method: "put",
  path: "/api/v1/account/settings",
  summary: "Replace what the dashboard keeps for me",
  description: `At most ${USER_SETTINGS_SIZE_BYTES_MAX} bytes.`,
  request: { body: body(UserSettings) },
  responses: { 200: { description: "The document.", content: json(UserSettings) }, ...REFUSALS },
});

async function accountOf(db: D1Database, user: z.infer<typeof AccountView>["user"]): Promise<z.infer<typeof AccountView>> {
  const { memberships } = await readStanding(db, user.user_id);
  const organizations = memberships.map(({ organization_id, organization_name, role }) => ({
    organization_id,
    name: organization_name,
    role,
  }));
  return { user, organizations };
}

export const accountRoutes = createRouter();

accountRoutes.openapi(read, async (c) => c.json(await accountOf(c.env.DB, c.var.person.user), 200));

accountRoutes.openapi(change, async (c) => {
  const { user } = c.var.person;
  const { name } = c.req.valid("json");
  await drizzle(c.env.DB).batch([
    drizzle(c.env.DB).update(users).set({ name, updated_at: new Date() }).where(eq(users.id, user.user_id)),
    drizzle(c.env.DB)
      .insert(audit)
      .values(deedRow(c, { action: "account.renamed", target: user.user_id, details: { from: user.name, to: name } })),
  ]);
  forgetSessions(user.user_id);
  return c.json(await accountOf(c.env.DB, { ...user, name }), 200);
});

accountRoutes.openapi(changePassword, async (c) => {
  const { user } = c.var.person;
  const { current_password, new_password } = c.req.valid("json");
  await takeTries(c, "password", user.user_id);
  await askAuth(c, (api, common) =>
    api.changePassword({
      ...common,
      body: { currentPassword: current_password, newPassword: new_password, revokeOtherSessions: true },
    }),
  );
  await dropPending(c.env.DB, user.user_id);
  forgetSessions(user.user_id);
  await forgetTries(c, "password", user.user_id);
  await recordDeed(c, { action: "account.password_changed", target: user.user_id });
  return c.body(null, 204);
});

accountRoutes.openapi(remove, async (c) => {
  const { user } = c.var.person;
  await takeTries(c, "password", user.user_id);
  await askAuth(c, (api, common) => api.verifyPassword({ ...common, body: { password: c.req.valid("json").password } }));
  const held = await heldOrganizations(c.env.DB, user.user_id);
  if (held.length > 0) {
    throw new Problem("conflict", "You are the last owner of an organization: make somebody else an owner of it, or delete it, first.", {
      organizations: held,
    });
  }
  await askAuth(c, (api, common) => api.signOut(common));
  if (!(await deleteAccount(c.env.DB, user.user_id, deedRow(c, { action: "account.deleted", target: user.user_id }))))
    throw new Problem("conflict", "You have just become the last owner of an organization.");
  forgetSessions(user.user_id);
  return c.body(null, 204);
});

accountRoutes.openapi(readSettings, async (c) => {
  const [row] = await drizzle(c.env.DB).select().from(userSettings).where(eq(userSettings.user_id, c.var.person.user.user_id));
  return c.json(UserSettings.parse(row?.document ?? {}), 200);
});

accountRoutes.openapi(writeSettings, async (c) => {
  const document = c.req.valid("json");
  const size_bytes = new TextEncoder().encode(JSON.stringify(document)).length;
  if (size_bytes > USER_SETTINGS_SIZE_BYTES_MAX) {
    throw new Problem("too_large", `The document has ${size_bytes} bytes; ${USER_SETTINGS_SIZE_BYTES_MAX} are kept.`, {
      limit_bytes: USER_SETTINGS_SIZE_BYTES_MAX,
    });
  }
  const row = { document, updated_at: new Date().toISOString() };
  await drizzle(c.env.DB)
    .insert(userSettings)
    .values({ user_id: c.var.person.user.user_id, ...row })
    .onConflictDoUpdate({ target: userSettings.user_id, set: row });
  return c.json(document, 200);
});
