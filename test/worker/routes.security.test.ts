import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { SCOPES, type Scope } from "../../durable-objects/project-stream/types.ts";
import { newKey } from "../../worker/auth/key-text.ts";
import { PROTOCOLS } from "../../worker/engine/decode/protocols.ts";
import { PROTOCOL_TAG } from "../../worker/ingest/protocol-description.ts";
import { createKey, createProject, problemOf, type TestProject } from "./support/api.ts";
import { type DocumentedRoute, documentedRoutes, sendTo } from "./support/routes.ts";

/** Open in the local profile. */
const OPEN_LOCALLY = ["GET /metrics"];

function nameOf(route: DocumentedRoute): string {
  return `${route.method} ${route.path}`;
}

const documented = await documentedRoutes();
/** Those of other services' protocols refuse in forms of their own, see below. */
const routes = documented.filter(({ tags }) => !tags.includes(PROTOCOL_TAG));
const protocol_routes = documented.filter(({ tags }) => tags.includes(PROTOCOL_TAG));
const guarded = routes.filter((route) => route.security.length > 0 && !OPEN_LOCALLY.includes(nameOf(route)));
const for_operator = guarded.filter((route) => route.security.includes("operatorToken") && !route.security.includes("apiKey"));

let project: TestProject;
const keys = {} as Record<Scope, string>;
beforeAll(async () => {
  project = await createProject();
  for (const scope of SCOPES) keys[scope] = (await createKey(project, [scope])).key;
});

describe.each(guarded.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  it.each<[string, () => string | undefined]>([
    ["no key", () => undefined],
    ["garbage", () => "garbage"],
    ["a key signed elsewhere", () => newKey(project.project_id, "another secret of at least thirty-two characters").text],
    ["a key that was never stored", () => newKey(project.project_id, env.LEDGE_SECRET).text],
  ])("answers 401 or 403 to %s", async (what, key) => {
    const answer = await sendTo(route, key(), project.project_id);
    const is_well_signed = what === "a key that was never stored" && for_operator.includes(route);
    expect(answer.status).toBe(is_well_signed ? 403 : 401);
    await problemOf(answer);
  });
});

describe("the routes of protocols", () => {
  it("are all documented", () => {
    const named = new Set(protocol_routes.map(({ path }) => path.split("/")[2]));
    expect([...named].sort()).toEqual(PROTOCOLS.map(({ name }) => name).sort());
  });

  it.each(protocol_routes.map((route) => [nameOf(route), route] as const))(
    "%s takes a key with the scope ingest alone",
    async (_, route) => {
      for (const key of [undefined, "garbage", newKey(project.project_id, env.LEDGE_SECRET).text, keys.read, keys.admin]) {
        expect([401, 403]).toContain((await sendTo(route, key, project.project_id)).status);
      }
      const { status } = await sendTo(route, keys.ingest, project.project_id);
      expect(status).toBeLessThan(500);
      expect([401, 403, 404, 405]).not.toContain(status);
    },
  );
});
