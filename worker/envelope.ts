import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { AppEnv } from "./auth/access.ts";
import { allowOrigin } from "./auth/cors.ts";
import { count, observe } from "./metrics.ts";

const REQUEST_ID_PATTERN = /^[\w.:-]{1,128}$/;
const COUNTED_METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** The pattern of the route that matched; "none" for the rest, so that labels stay few. */
function routeOf(c: Context<AppEnv>): string {
  return matchedRoutes(c).findLast((route) => route.method !== "ALL")?.path ?? "none";
}

/** What every answer gets: an id, permission for the project's own pages, and a place in the counters. */
export function envelope(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const started_ms = Date.now();
    const sent_id = c.req.header("x-request-id");
    const request_id = sent_id && REQUEST_ID_PATTERN.test(sent_id) ? sent_id : crypto.randomUUID();
    c.set("request_id", request_id);
    await next();
    const route = routeOf(c);
    const method = COUNTED_METHODS.has(c.req.method) ? c.req.method : "other";
    count("ledge_http_requests_total", { route, method, status: c.res.status });
    observe("ledge_http_request_seconds", { route }, (Date.now() - started_ms) / 1000);
    // A response that carries a WebSocket must stay the object that it is.
    if (c.res.status === 101) return;
    c.header("x-request-id", request_id);
    const access = c.get("access");
    if (access) allowOrigin(c.res.headers, access.settings, c.req.header("origin") ?? null);
  };
}
