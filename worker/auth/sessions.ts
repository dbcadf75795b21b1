import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { Problem } from "../errors.ts";
import { SESSION_CACHE_ENTRIES_MAX, SESSION_CACHE_MS } from "../limits.ts";
import type { AppEnv } from "./access.ts";
import { askAuth } from "./auth-calls.ts";
import { isSecure } from "./client.ts";
import { Recent } from "./recent.ts";

/** Somebody who is signed in. */
export interface SignedIn {
  user: { user_id: string; email: string; name: string; two_factor_enabled: boolean; created_at: string };
  session: { session_id: string; created_at: string; expires_at: string };
}

/** What better-auth tells of a session; its dates are texts in an answer. */
interface FoundSession {
  user: { id: string; email: string; name: string; twoFactorEnabled?: boolean | null; createdAt: string };
  session: { id: string; createdAt: string; expiresAt: string };
}

const recent = new Recent<SignedIn | null>(SESSION_CACHE_MS, SESSION_CACHE_ENTRIES_MAX, () => Date.now());

function sessionCookie(c: Context<AppEnv>): string | undefined {
  // The names that better-auth gives its cookies, see cookiePrefix.
  return getCookie(c, isSecure(c) ? "__Host-ledge.session_token" : "ledge.session_token");
}

export function hasSessionCookie(c: Context<AppEnv>): boolean {
  return sessionCookie(c) !== undefined;
}

async function load(c: Context<AppEnv>, prolong: boolean): Promise<SignedIn | null> {
  const found = await askAuth<FoundSession | null>(c, (api, common) =>
    api.getSession({ ...common, query: prolong ? {} : { disableRefresh: true } }),
  );
  if (!found) return null;
  const { user, session } = found;
  return {
    user: {
      user_id: user.id,
      email: user.email,
      name: user.name,
      two_factor_enabled: user.twoFactorEnabled ?? false,
      created_at: user.createdAt,
    },
    session: { session_id: session.id, created_at: session.createdAt, expires_at: session.expiresAt },
  };
}

/**
 * Who is signed in with this browser, believed for SESSION_CACHE_MS; null for nobody.
 * @throws Problem `unavailable`
 */
export async function readSession(c: Context<AppEnv>): Promise<SignedIn | null> {
  const cookie = sessionCookie(c);
  if (!cookie) return null;
  const signed_in = await recent.get(cookie, () => load(c, false));
  return signed_in && Date.parse(signed_in.session.expires_at) > Date.now() ? signed_in : null;
}

/** As `readSession`, from D1 in any case, and prolonged where that is due: what the app asks when it is opened. */
export async function refreshSession(c: Context<AppEnv>): Promise<SignedIn | null> {
  return sessionCookie(c) ? load(c, true) : null;
}

/** @throws Problem `unauthenticated` where nobody is signed in */
export async function requireSession(c: Context<AppEnv>): Promise<SignedIn> {
  const signed_in = await readSession(c);
  if (!signed_in) throw new Problem("unauthenticated", "The session has ended, or there is none: sign in.");
  return signed_in;
}

/** To be called after anything of a user or of the user's sessions was changed here. */
export function forgetSessions(user_id: string): void {
  recent.forget((signed_in) => signed_in?.user.user_id === user_id);
}
