import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../auth/access.ts";
import { createRouter } from "../router.ts";
import { bootstrapRoutes } from "./bootstrap.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { healthRoutes } from "./health.ts";
import type { MaintenanceJobs } from "./jobs.ts";
import { keyRoutes } from "./keys.ts";
import { maintenanceRoutes } from "./maintenance.ts";
import { metricsRoutes } from "./metrics.ts";
import { projectRoutes } from "./project.ts";

/** Everything that manages projects and shows how the installation does. */
export function manageRoutes(jobs: MaintenanceJobs): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  for (const part of [bootstrapRoutes, projectRoutes, keyRoutes, deadLetterRoutes, healthRoutes, metricsRoutes, maintenanceRoutes(jobs)]) {
    routes.route("/", part);
  }
  return routes;
}
