import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import type { AppEnv } from "./access.ts";
import { presentedSecret } from "./credentials.ts";
import { equalTexts, projectOfKeyText } from "./key-text.ts";

const TOKEN_LENGTH_MIN = 16;

/** True where the request bears the operator's token. A token that is missing or short in the configuration opens nothing. */
export function isOperator(env: Env, request: Request): boolean {
  const secret = presentedSecret(request, false);
  const token = env.LEDGE_OPERATOR_TOKEN ?? "";
  return secret !== null && token.length >= TOKEN_LENGTH_MIN && equalTexts(secret, token);
}

/** Middleware for what only the operator of the installation may do. */
export function authenticateOperator(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!isOperator(c.env, c.req.raw)) {
      const secret = presentedSecret(c.req.raw, false);
      const is_key = secret !== null && projectOfKeyText(secret, c.env.LEDGE_SECRET) !== null;
      if (is_key) throw new Problem("forbidden", "Only the operator's token may do that, not a project's API key.");
      throw new Problem("unauthenticated", "Send the operator's token: Authorization: Bearer …");
    }
    await next();
  };
}
