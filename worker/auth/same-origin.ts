import type { Context, MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import type { AppEnv } from "./access.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

function hostOf(address: string): string | null {
  try {
    return new URL(address).host;
  } catch {
    return null;
  }
}

function isOwnOrigin(env: Env, request: Request, origin: string): boolean {
  const host = hostOf(origin);
  if (host === null) return false;
  return host === new URL(request.url).host || (env.LEDGE_APP_URL !== undefined && host === hostOf(env.LEDGE_APP_URL));
}

/**
 * A browser sends its cookies whoever asked it to. What changes something, or opens a socket, is therefore done only for pages of Ledge itself: the
 * browser says whose page it was (Origin, Sec-Fetch-Site). A request that says nothing is not one of a browser that sends cookies to us from elsewhere:
 * all browsers of the last years name the origin of such requests.
 * @throws Problem `forbidden`
 */
export function requireSameOrigin(c: Context<AppEnv>): void {
  const is_upgrade = c.req.header("upgrade") !== undefined;
  if (SAFE_METHODS.has(c.req.method) && !is_upgrade) return;
  const origin = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  const is_own = origin === undefined ? site === undefined || site === "same-origin" : isOwnOrigin(c.env, c.req.raw, origin);
  if (!is_own) throw new Problem("forbidden", "A page of another site may not do that with your session.", { origin: origin ?? site });
}

/** Middleware of `requireSameOrigin`, for what needs no session yet: nobody is signed in, or up, by a page of another site. */
export function sameOrigin(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    requireSameOrigin(c);
    await next();
  };
}
