import { type RouteConfig, z } from "@hono/zod-openapi";
import type { IngestEndpoint, Protocol } from "../engine/decode/protocol.ts";
import { KEY_ONLY_SECURITY } from "../schemas.ts";
import { IngestQuery } from "./schemas.ts";

export const PROTOCOL_TAG = "Protocols";

const REFUSED = { description: "Refused, in the protocol's own form." };

function paramsOf(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  return names.length === 0 ? undefined : z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
}

/** How the description of the API tells of an endpoint: where it is, and that its forms are those of its protocol. */
export function describeEndpoint({ name, title }: Protocol, { path, at_root }: IngestEndpoint): RouteConfig {
  const params = paramsOf(path);
  const root = at_root ? ` Also at \`${path}\`.` : "";
  return {
    method: "post",
    path: `/in/${name}${path === "/" ? "" : path}`,
    tags: [PROTOCOL_TAG],
    summary: title,
    description: `Body, answer and refusals are those of the protocol; docs/sources has a guide.${root}`,
    security: KEY_ONLY_SECURITY,
    request: {
      query: IngestQuery,
      ...(params ? { params } : {}),
      body: { required: true, content: { "*/*": { schema: { type: "string", format: "binary" } } } },
    },
    responses: {
      "2XX": { description: "What was accepted is durable." },
      400: REFUSED,
      401: REFUSED,
      403: REFUSED,
      413: REFUSED,
      429: REFUSED,
      503: REFUSED,
    },
  };
}
