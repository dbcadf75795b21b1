import { env } from "cloudflare:workers";
import { createHmac, randomBytes } from "node:crypto";
import { drizzle } from "drizzle-orm/d1";
import { sessionSecret } from "../../../worker/auth/better-auth.ts";
import { newId } from "../../../worker/auth/key-text.ts";
import { hashPassword } from "../../../worker/auth/password.ts";
import type { Role } from "../../../worker/catalog/people.ts";
import { credentials, members, projects, sessions, users } from "../../../worker/catalog/schema.ts";
import { Browser } from "./browser.ts";

export interface Person {
  user_id: string;
  email: string;
  session_id: string;
  browser: Browser;
}

/** Somebody who is signed in: as after a sign-in, without the hash that it costs. They have no password. */
export async function somebody(memberships: Record<string, Role> = {}): Promise<Person> {
  const user_id = newId("usr");
  const session_id = newId("ses");
  const email = `${user_id}@example.com`;
  const token = randomBytes(24).toString("base64url");
  const now = new Date();
  const orm = drizzle(env.DB);
  const session = { id: session_id, token, user_id, expires_at: new Date(now.getTime() + 3_600_000), created_at: now, updated_at: now };
  await orm.batch([
    orm.insert(users).values({ id: user_id, email, name: "Somebody", created_at: now, updated_at: now }),
    orm.insert(sessions).values(session),
    ...Object.entries(memberships).map(([organization_id, role]) =>
      orm.insert(members).values({ organization_id, user_id, role, created_at: now.toISOString() }),
    ),
  ]);
  const signature = createHmac("sha256", sessionSecret(env)).update(token).digest("base64");
  const browser = new Browser();
  browser.cookies.set("__Host-ledge.session_token", encodeURIComponent(`${token}.${signature}`));
  return { user_id, email, session_id, browser };
}

export async function organizationOf(project_id: string): Promise<string> {
  const rows = await drizzle(env.DB).select().from(projects);
  return rows.find((row) => row.project_id === project_id)!.organization_id;
}

/** A hash tells what it cost: these take no time. */
const CHEAP = { N: 1_024, r: 8, p: 1 };

export const PASSWORD = "a password of the tests";

/** Gives somebody a password, so that they can sign in by themselves. */
export async function givePassword({ user_id }: Person): Promise<void> {
  const now = new Date();
  const row = { id: newId("crd"), user_id, account_id: user_id, provider_id: "credential", password: hashPassword(PASSWORD, CHEAP) };
  await drizzle(env.DB)
    .insert(credentials)
    .values({ ...row, created_at: now, updated_at: now });
}

/** A browser of somebody who has signed in with their password. */
export async function signedIn(email: string, password = PASSWORD): Promise<Browser> {
  const browser = new Browser();
  await browser.json("/api/v1/auth/sign-in", { json: { email, password } });
  return browser;
}
