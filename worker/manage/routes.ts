import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../auth/access.ts";
import { createRouter } from "../router.ts";
import { auditRoutes } from "./audit.ts";
import { bootstrapRoutes } from "./bootstrap.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { deletionRoutes } from "./deletions.ts";
import { healthRoutes } from "./health.ts";
import type { MaintenanceJobs } from "./jobs.ts";
import { keyRoutes } from "./keys.ts";
import { maintenanceRoutes } from "./maintenance.ts";
import { metricsRoutes } from "./metrics.ts";
import { operatorKeyRoutes } from "./operator-keys.ts";
import { projectRoutes } from "./project.ts";
import { projectsRoutes } from "./projects.ts";
import { usageRoutes } from "./usage.ts";

/** Everything that manages projects and shows how the installation does. */
export function manageRoutes(jobs: MaintenanceJobs): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  const parts = [
    bootstrapRoutes,
    projectRoutes,
    projectsRoutes,
    deletionRoutes,
    auditRoutes,
    usageRoutes,
    keyRoutes,
    operatorKeyRoutes,
    deadLetterRoutes,
    healthRoutes,
    metricsRoutes,
    maintenanceRoutes(jobs),
  ];
  for (const part of parts) routes.route("/", part);
  return routes;
}
