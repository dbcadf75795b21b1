import type { Context } from "hono";
import { Problem, type ProblemCode } from "../errors.ts";
import type { AppEnv } from "./access.ts";
import type { Auth } from "./better-auth.ts";
import { clientOf, isSecure } from "./client.ts";

const instances = new WeakMap<D1Database, Map<boolean, Auth>>();

/** better-auth for this environment, loaded at the first call of an isolate: ingest and searches never need it. */
export async function authOf(c: Context<AppEnv>): Promise<Auth> {
  const secure = isSecure(c);
  const known = instances.get(c.env.DB) ?? new Map<boolean, Auth>();
  instances.set(c.env.DB, known);
  const auth = known.get(secure);
  if (auth) return auth;
  const { createAuth } = await import("./better-auth.ts");
  const made = createAuth(c.env, secure);
  known.set(secure, made);
  return made;
}

/** What better-auth may know of the request. */
export function authHeaders(c: Context<AppEnv>): Headers {
  const { ip_address, user_agent } = clientOf(c);
  const headers = new Headers();
  const cookie = c.req.header("cookie");
  if (cookie) headers.set("cookie", cookie);
  if (user_agent) headers.set("user-agent", user_agent);
  if (ip_address) headers.set("cf-connecting-ip", ip_address);
  return headers;
}

/** What better-auth's refusals mean here. Others are faults. */
const REFUSALS: Record<string, [ProblemCode, string]> = {
  INVALID_EMAIL_OR_PASSWORD: ["unauthenticated", "The e-mail address or the password is wrong."],
  INVALID_PASSWORD: ["forbidden", "The password is wrong."],
  INVALID_CODE: ["unauthenticated", "The code is wrong, or was used already."],
  INVALID_BACKUP_CODE: ["unauthenticated", "The backup code is wrong, or was used already."],
  INVALID_TWO_FACTOR_COOKIE: ["unauthenticated", "The time for the code is over: sign in again."],
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: ["rate_limited", "Too many wrong codes: sign in again."],
  ACCOUNT_TEMPORARILY_LOCKED: ["rate_limited", "Too many wrong codes; wait a quarter of an hour."],
  TOTP_NOT_ENABLED: ["conflict", "There is no second factor that could be confirmed."],
  TWO_FACTOR_NOT_ENABLED: ["conflict", "There is no second factor."],
  BACKUP_CODES_NOT_ENABLED: ["conflict", "There are no backup codes."],
  INVALID_TOKEN: ["invalid", "The link is not valid any more: it was used, or its time is over."],
  UNAUTHORIZED: ["unauthenticated", "Sign in first."],
  CREDENTIAL_ACCOUNT_NOT_FOUND: ["conflict", "The account has no password."],
};

async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => null)) as { code?: string } | null;
  const known = REFUSALS[body?.code ?? ""];
  if (known) return new Problem(known[0], known[1]);
  if (answer.status === 401) return new Problem("unauthenticated", "Sign in first.");
  if (answer.status === 409) return new Problem("conflict", "Somebody else did the same at this moment; try again.");
  console.error("better-auth refused", answer.status, body?.code);
  return new Problem("unavailable", "Accounts cannot be read at the moment; the request may be tried again.", { retry_after_s: 2 });
}

/**
 * Asks one endpoint of better-auth, hands its cookies on to the browser, and gives the body of its answer.
 * @throws Problem where it refuses or fails
 */
export async function askAuth<T>(
  c: Context<AppEnv>,
  ask: (api: Auth["api"], common: { headers: Headers; asResponse: true }) => Promise<Response>,
): Promise<T> {
  const auth = await authOf(c);
  const answer = await ask(auth.api, { headers: authHeaders(c), asResponse: true });
  if (!answer.ok) throw await problemOf(answer);
  for (const cookie of answer.headers.getSetCookie()) c.header("set-cookie", cookie, { append: true });
  return (await answer.json()) as T;
}
