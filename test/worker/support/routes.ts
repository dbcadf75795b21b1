import { call } from "./api.ts";

export interface DocumentedRoute {
  method: string;
  path: string;
  /** Names of the ways to authenticate; empty where none is needed. */
  security: string[];
  has_body: boolean;
  tags: string[];
}

interface OpenApiDocument {
  openapi: string;
  paths: Record<
    string,
    Record<string, { security?: Record<string, unknown>[]; tags?: string[]; requestBody?: unknown; responses: Record<string, unknown> }>
  >;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

export async function openApi(): Promise<OpenApiDocument> {
  return (await call("/openapi.json")).json<OpenApiDocument>();
}

/** Every route as the API's own document lists them: a route that is added later is walked, too. */
export async function documentedRoutes(): Promise<DocumentedRoute[]> {
  const { paths } = await openApi();
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      security: (operation.security ?? []).flatMap((way) => Object.keys(way)),
      has_body: operation.requestBody !== undefined,
      tags: operation.tags ?? [],
    })),
  );
}

/** A request that gets past routing; what it asks for need not exist. */
export function sendTo(route: DocumentedRoute, key: string | undefined, project_id: string): Promise<Response> {
  const path = route.path
    .replace("{project_id}", project_id)
    .replace("{key}", key ?? "no-key")
    .replaceAll(/\{[^}]+\}/g, "nothing-of-this-name");
  return call(path, { method: route.method, key, json: route.has_body ? {} : undefined });
}
