import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../auth/access.ts";
import { createRouter } from "../router.ts";
import { organizationRoutes } from "./organizations.ts";
import { setupRoutes } from "./setup.ts";
import { signInRoutes } from "./sign-in.ts";

/** People: how they sign up and in, what they belong to. */
export const accountRoutes: OpenAPIHono<AppEnv> = createRouter();
for (const part of [setupRoutes, signInRoutes, organizationRoutes]) accountRoutes.route("/", part);
