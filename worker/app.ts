import type { OpenAPIHono } from "@hono/zod-openapi";
import { peopleRoutes } from "./accounts/routes.ts";
import type { AppEnv } from "./auth/access.ts";
import { envelope } from "./envelope.ts";
import { problemResponse, toProblem } from "./errors.ts";
import { fallback, pageFirst } from "./fallback.ts";
import { protocolRoutes } from "./ingest/protocol-routes.ts";
import { refusedRoutes } from "./ingest/refused-routes.ts";
import { ingestRoutes } from "./ingest/routes.ts";
import type { MaintenanceJobs } from "./manage/jobs.ts";
import { openApiRoute } from "./manage/openapi.ts";
import { manageRoutes } from "./manage/routes.ts";
import { monitorRoutes } from "./monitor/routes.ts";
import { createRouter } from "./router.ts";
import { previewMetric } from "./search/preview-metric.ts";
import { tailRoutes } from "./tail/routes.ts";

export interface AppParts {
  search: OpenAPIHono<AppEnv>;
  jobs: MaintenanceJobs;
}

/** All routes under one roof. Parts that may not know each other are brought together here. */
export function createApp(parts: AppParts): OpenAPIHono<AppEnv> {
  const app = createRouter();
  app.use(envelope());
  app.use("/metrics", pageFirst());
  app.route("/", ingestRoutes);
  app.route("/", protocolRoutes);
  app.route("/", refusedRoutes);
  // Before search, whose `/api/v1/logs/{event_id}` would take "stream" for an id.
  app.route("/", tailRoutes);
  app.route("/", parts.search);
  app.route("/", peopleRoutes);
  app.route("/", manageRoutes(parts.jobs));
  app.route("/", monitorRoutes({ preview: previewMetric }));
  openApiRoute(app);
  app.notFound(fallback(app));
  app.onError((error, c) => {
    if (toProblem(error).code === "internal") console.error("unexpected fault", c.req.method, c.req.path, error);
    return problemResponse(error, `urn:ledge:request:${c.get("request_id")}`);
  });
  return app;
}
