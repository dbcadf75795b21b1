import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler, NotFoundHandler } from "hono";
import type { AppEnv } from "./auth/access.ts";
import { preflightResponse } from "./auth/cors.ts";
import { Problem } from "./errors.ts";

/** Below these there is nothing but the API: the app is never asked. */
const API_PREFIXES = ["/api/", "/v1/", "/prometheus/"];

interface KnownPath {
  pattern: RegExp;
  methods: Set<string>;
}

function knownPaths(app: OpenAPIHono<AppEnv>): KnownPath[] {
  const routes = app.routes.filter((route) => route.method !== "ALL");
  return [...Map.groupBy(routes, (route) => route.path)].map(([path, same]) => ({
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:[^/]+/g, "[^/]+")}$`),
    methods: new Set(same.map((route) => route.method)),
  }));
}

/** Methods that the routes of this path take, for an Allow header; null where no route has the path. */
function allowedMethods(paths: readonly KnownPath[], pathname: string): string | null {
  const methods = new Set(paths.filter(({ pattern }) => pattern.test(pathname)).flatMap((path) => [...path.methods]));
  if (methods.size === 0) return null;
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods, "OPTIONS"].join(", ");
}

/** Pages are the app's; a path that the API has is the app's only for a browser that asks for a page. */
function belongsToApp(c: Context<AppEnv>, is_known: boolean): boolean {
  if (!c.env.APP || c.req.header("x-ledge-forwarded") !== undefined) return false;
  if (API_PREFIXES.some((prefix) => c.req.path.startsWith(prefix))) return false;
  const wants_page = c.req.header("accept")?.includes("text/html") ?? false;
  const is_reading = c.req.method === "GET" || c.req.method === "HEAD";
  // Some agents send to the root; who reads there wants the page.
  return wants_page || (is_reading && (!is_known || c.req.path === "/"));
}

/** For a path that is a route and a page: a browser that asks for a page gets it, programs get the route. */
export function pageFirst(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const wants_page = c.req.method === "GET" && (c.req.header("accept")?.includes("text/html") ?? false);
    if (wants_page && belongsToApp(c, true)) return c.env.APP!.fetch(c.req.raw);
    await next();
  };
}

/** What answers where no route does: preflights, the app, then 405 or 404. */
export function fallback(app: OpenAPIHono<AppEnv>): NotFoundHandler<AppEnv> {
  let paths: KnownPath[] | null = null;
  return async (c) => {
    paths ??= knownPaths(app);
    const allow = allowedMethods(paths, c.req.path);
    if (c.req.method === "OPTIONS" && allow) {
      const origin = c.req.header("origin");
      return origin ? preflightResponse(origin, allow) : new Response(null, { status: 204, headers: { allow } });
    }
    if (belongsToApp(c, allow !== null)) return c.env.APP!.fetch(c.req.raw);
    if (allow) throw new Problem("method_not_allowed", `${c.req.path} takes ${allow}.`, { headers: { allow } });
    throw new Problem("not_found", `There is nothing at ${c.req.path}.`);
  };
}
