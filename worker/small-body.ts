import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "./auth/access.ts";
import { Problem } from "./errors.ts";
import { MANAGE_BODY_SIZE_BYTES_MAX } from "./limits.ts";

/** Bounds the body of calls that manage things: a few values of JSON. */
export function smallBody(): MiddlewareHandler<AppEnv> {
  return bodyLimit({
    maxSize: MANAGE_BODY_SIZE_BYTES_MAX,
    onError: () => {
      throw new Problem("too_large", `The body is larger than ${MANAGE_BODY_SIZE_BYTES_MAX} bytes.`, {
        limit_bytes: MANAGE_BODY_SIZE_BYTES_MAX,
      });
    },
  });
}
