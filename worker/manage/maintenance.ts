import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { authenticateOperator, isOperator } from "../auth/operator.ts";
import { Problem } from "../errors.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, OPERATOR_SECURITY, problems } from "../schemas.ts";
import type { MaintenanceJobs } from "./jobs.ts";

const Query = z.object({
  project_id: z
    .string()
    .regex(/^[a-z2-7]{12}$/)
    .optional()
    .openapi({ description: "Needed with the operator's token; a key stands for its own project." }),
});

const Done = z.object({ done: z.number().int().openapi({ description: "Segments written, or merges made." }) });

/** Lets the operator pass for any project, and a key with the scope admin for its own. */
function operatorOrAdmin(): MiddlewareHandler<AppEnv> {
  const admin = authenticate("admin");
  return async (c, next) => (isOperator(c.env, c.req.raw) ? next() : admin(c, next));
}

function projectOf(access: AppEnv["Variables"]["access"] | undefined, asked: string | undefined): string {
  if (!access) {
    if (asked !== undefined) return asked;
    const error = { field: "project_id", expected: "a project's id", message: "is needed with the operator's token" };
    throw new Problem("invalid", "query: project_id: is needed with the operator's token", { errors: [error] });
  }
  if (asked !== undefined && asked !== access.project_id) throw new Problem("forbidden", "This key belongs to another project.");
  return access.project_id;
}

function routeOf(name: "flush" | "compact", summary: string) {
  return createRoute({
    method: "post",
    path: `/api/v1/admin/${name}` as const,
    tags: ["Operate"],
    summary,
    security: [...KEY_SECURITY, ...OPERATOR_SECURITY],
    middleware: [operatorOrAdmin()],
    request: { query: Query },
    responses: {
      200: { description: "Done.", content: { "application/json": { schema: Done } } },
      ...problems(401, 403, 410, 422, 429, 503),
    },
  });
}

const rebuild = createRoute({
  method: "post",
  path: "/api/v1/admin/rebuild-catalog",
  tags: ["Operate"],
  summary: "Make the catalog in D1 anew from the segments in R2",
  security: OPERATOR_SECURITY,
  middleware: [authenticateOperator()],
  responses: {
    200: { description: "What was found.", content: { "application/json": { schema: z.looseObject({}) } } },
    ...problems(401, 403, 503),
  },
});

/** Routes that run maintenance now instead of when it is due. */
export function maintenanceRoutes(jobs: MaintenanceJobs): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(routeOf("flush", "Write a project's window to segments now"), async (c) => {
    const project_id = projectOf(c.get("access"), c.req.valid("query").project_id);
    return c.json({ done: await jobs.flushNow(c.env, project_id) }, 200);
  });
  routes.openapi(routeOf("compact", "Merge a project's segments now"), async (c) => {
    const project_id = projectOf(c.get("access"), c.req.valid("query").project_id);
    return c.json({ done: await jobs.compactNow(c.env, project_id) }, 200);
  });
  routes.openapi(rebuild, async (c) => c.json({ ...(await jobs.rebuildCatalog(c.env)) }, 200));
  return routes;
}
