import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { SCOPES, type Scope } from "../../durable-objects/project-stream/types.ts";
import { newKey } from "../../worker/auth/key-text.ts";
import { type Permission, ROLE_PERMISSIONS, ROUTES, routeName, SCOPE_PERMISSIONS } from "../../worker/auth/permissions.ts";
import { ROLES, type Role } from "../../worker/catalog/people.ts";
import { PROTOCOL_TAG } from "../../worker/ingest/protocol-description.ts";
import { protocolRoutes } from "../../worker/ingest/protocol-routes.ts";
import { call, createKey, createProject, problemOf, type TestProject } from "./support/api.ts";
import { app } from "./support/app.ts";
import type { Browser } from "./support/browser.ts";
import { organizationOf, somebody } from "./support/people.ts";
import { type DocumentedRoute, documentedRoutes } from "./support/routes.ts";

/** Other services' clients: each of their routes takes a key that may send events, and nothing else (routes.security.test.ts). */
const of_protocols = new Set(protocolRoutes.routes.map(({ method, path }) => routeName(method, path)));
const UNDOCUMENTED = ["GET /openapi.json"];
const REFUSED = [401, 403];

const documented = await documentedRoutes();
const routes = documented.filter(({ tags }) => !tags.includes(PROTOCOL_TAG));
const nameOf = (route: DocumentedRoute) => `${route.method} ${route.path}`;

let project: TestProject;
let organization_id: string;
let foreign: TestProject;
let foreign_organization: string;
const keys = {} as Record<Scope, string>;

beforeAll(async () => {
  project = await createProject();
  organization_id = await organizationOf(project.project_id);
  foreign = await createProject();
  foreign_organization = await organizationOf(foreign.project_id);
  for (const scope of SCOPES) keys[scope] = (await createKey(project, [scope])).key;
});

/** Gets past routing and authentication; what it asks for need not exist. */
function pathOf(route: DocumentedRoute): string {
  return route.path
    .replace("{project_id}", project.project_id)
    .replace("{organization_id}", organization_id)
    .replaceAll(/\{[^}]+\}/g, "nothing-of-this-name");
}

function withKey(route: DocumentedRoute, key?: string): Promise<Response> {
  return call(pathOf(route), { method: route.method, ...(key ? { key } : {}), json: route.has_body ? {} : undefined });
}

function withSession(route: DocumentedRoute, browser: Browser, headers: Record<string, string> = {}): Promise<Response> {
  return browser.call(pathOf(route), { method: route.method, json: route.has_body ? {} : undefined, headers, project: project.project_id });
}

async function isLetIn(answer: Response): Promise<boolean> {
  expect(answer.status).toBeLessThan(500);
  if (!REFUSED.includes(answer.status)) return true;
  await problemOf(answer);
  return false;
}

describe("the table of permissions", () => {
  it("names every route of the API's document, and no other", () => {
    expect(routes.map(nameOf).sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it("leaves out no route that the Worker answers", () => {
    const answered = new Set(app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => routeName(method, path)));
    const unnamed = [...answered].filter((name) => !(name in ROUTES) && !of_protocols.has(name));
    expect(unnamed.sort()).toEqual(UNDOCUMENTED);
  });

  it("gives each role what those below it have, and viewers nothing that changes anything", () => {
    for (const [index, role] of ROLES.slice(0, -1).entries()) {
      expect(ROLE_PERMISSIONS[role].isSupersetOf(ROLE_PERMISSIONS[ROLES[index + 1]!])).toBe(true);
    }
    expect([...ROLE_PERMISSIONS.viewer].filter((permission) => !permission.endsWith(".read"))).toEqual([]);
    expect(ROLE_PERMISSIONS.viewer.has("keys.read")).toBe(false);
  });
});

/** Whom the table lets in. */
function expected(route: DocumentedRoute): { nobody: boolean; keys: Scope[]; roles: Role[]; operator: boolean; stranger: boolean } {
  const needed = ROUTES[nameOf(route)]!;
  const operator_too = route.security.includes("operatorToken");
  if (needed === "anyone") return { nobody: true, keys: [...SCOPES], roles: [...ROLES], operator: true, stranger: true };
  if (needed === "operator") return { nobody: false, keys: [], roles: [], operator: true, stranger: false };
  if (needed === "person") return { nobody: false, keys: [], roles: [...ROLES], operator: false, stranger: true };
  const of_member = needed.startsWith("member: ");
  const permission = needed.replace("member: ", "") as Permission;
  return {
    nobody: false,
    keys: of_member ? [] : SCOPES.filter((scope) => SCOPE_PERMISSIONS[scope].has(permission)),
    roles: ROLES.filter((role) => ROLE_PERMISSIONS[role].has(permission)),
    operator: operator_too,
    stranger: false,
  };
}

describe.each(routes.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  it("lets in whom the table says, and nobody else", async () => {
    const wanted = expected(route);
    const found = {
      nobody: await isLetIn(await withKey(route)),
      keys: [] as Scope[],
      roles: [] as Role[],
      operator: false,
      stranger: false,
    };
    for (const scope of SCOPES) if (await isLetIn(await withKey(route, keys[scope]))) found.keys.push(scope);
    for (const role of ROLES) {
      const { browser } = await somebody({ [organization_id]: role });
      if (await isLetIn(await withSession(route, browser))) found.roles.push(role);
    }
    // Rebuilding the catalog of all projects is tried elsewhere.
    const rebuilds = route.path.endsWith("/rebuild-catalog");
    found.operator = rebuilds || (await isLetIn(await withKey(route, env.LEDGE_OPERATOR_TOKEN)));
    const stranger = await somebody({ [foreign_organization]: "owner" });
    found.stranger = await isLetIn(await withSession(route, stranger.browser));
    expect(found).toEqual(wanted);
  });

  it("refuses what a page of another site asks with somebody's session", async () => {
    const needs_session = route.security.includes("session");
    if (!needs_session || route.method === "GET") return;
    const { browser } = await somebody({ [organization_id]: "owner" });
    const pages: Record<string, string>[] = [
      { origin: "https://elsewhere.example" },
      { origin: "null" },
      { origin: "https://ledge.test.elsewhere.example" },
      { "sec-fetch-site": "cross-site", origin: "https://elsewhere.example" },
    ];
    for (const headers of pages) expect((await withSession(route, browser, headers)).status).toBe(403);
  });

  it("refuses keys that are none, and never reads another project with a foreign key", async () => {
    if (ROUTES[nameOf(route)] === "anyone") return;
    for (const key of ["garbage", newKey(project.project_id, "another secret of at least thirty-two characters").text]) {
      expect(REFUSED).toContain((await withKey(route, key)).status);
    }
    if (route.path.includes("{project_id}")) expect(REFUSED).toContain((await withKey(route, foreign.key)).status);
  });
});
