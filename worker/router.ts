import { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "./auth/access.ts";
import { validationProblem } from "./errors.ts";

/** A router whose routes answer values that do not fit their zod schema with the problem `invalid` (422). Every part of the API starts from it. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationProblem(result.error.issues, result.target, "data" in result ? result.data : undefined);
    },
  });
}
