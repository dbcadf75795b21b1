import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../auth/access.ts";
import { createRouter } from "../router.ts";
import { configRoutes } from "./config/config-routes.ts";
import { metricRoutes } from "./metric-routes.ts";
import type { MonitorParts } from "./parts.ts";
import { previewRoute } from "./preview-route.ts";
import { prometheusRoutes } from "./prometheus/routes.ts";
import { seriesRoute } from "./series-route.ts";

/** Metrics: declaring them one by one and as configuration, reading them, and reading them as Prometheus. */
export function monitorRoutes(parts: MonitorParts): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  for (const part of [metricRoutes, seriesRoute, previewRoute(parts), configRoutes, prometheusRoutes]) routes.route("/", part);
  return routes;
}
