import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../auth/access.ts";

const INFO = {
  title: "Ledge",
  version: "1",
  description: "Send logs over HTTP, find them again. Answers that refuse are problem documents (RFC 9457).",
  license: { name: "Apache-2.0", identifier: "Apache-2.0" },
};

/** GET /openapi.json: the document made from the schemas that the routes of `app` use. */
export function openApiRoute(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "A project's key (`ledge_…`). `Authorization: Basic` (as user or password) and `X-API-Key` are taken, too.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "operatorToken", {
    type: "http",
    scheme: "bearer",
    description: "LEDGE_OPERATOR_TOKEN of the installation.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "__Host-ledge.session_token",
    description:
      "The cookie of a browser that is signed in (`ledge.session_token` where the connection is not encrypted). Routes of a project ask for the project in `X-Ledge-Project`, or in `?project=` where a header cannot be set.",
  });
  let text: string | null = null;
  app.get("/openapi.json", (c) => {
    text ??= JSON.stringify(app.getOpenAPI31Document({ openapi: "3.1.0", info: INFO, servers: [{ url: "/" }] }));
    return c.body(text, 200, { "content-type": "application/json", "access-control-allow-origin": "*" });
  });
}
