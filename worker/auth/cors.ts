import type { ProjectSettings } from "../../durable-objects/project-stream/types.ts";

const PREFLIGHT_AGE_S = 86_400;
const REQUEST_HEADERS = "authorization, content-type, content-encoding, idempotency-key, x-api-key, x-request-id";
const EXPOSED_HEADERS = "retry-after, x-request-id";

/** Answers any preflight: it bears no key, so the project and its origins are not known yet. The request proper is judged by `allowedOrigin`. */
export function preflightResponse(origin: string, allow: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": allow,
      "access-control-allow-headers": REQUEST_HEADERS,
      "access-control-max-age": String(PREFLIGHT_AGE_S),
      vary: "origin",
    },
  });
}

/** Lets a page of an origin that the project allows read the answer. */
export function allowOrigin(headers: Headers, settings: ProjectSettings, origin: string | null): void {
  if (!origin) return;
  headers.append("vary", "origin");
  if (!settings.cors_origins.includes("*") && !settings.cors_origins.includes(origin)) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-expose-headers", EXPOSED_HEADERS);
}
