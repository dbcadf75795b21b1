import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { call, createProject, problemOf, type TestProject } from "./support/api.ts";
import { Browser } from "./support/browser.ts";
import { putEvents } from "./support/search.ts";

const OWNER = { name: "Ada", email: "Ada@Example.com", password: "correct horse battery" };

let project: TestProject;
const browser = new Browser();

async function setupCode(): Promise<string> {
  const answer = await call("/api/v1/admin/setup", { key: env.LEDGE_OPERATOR_TOKEN });
  const { code, path } = await answer.json<{ code: string; path: string }>();
  expect(path).toBe(`/setup#code=${code}`);
  return code;
}

beforeAll(async () => {
  project = await createProject();
});

describe("the first owner", () => {
  it("is missing at first", async () => {
    expect(await browser.json("/api/v1/setup")).toMatchObject({ needs_owner: true, needs_code: true });
    expect(await browser.json("/api/v1/auth/session")).toEqual({ user: null, session: null });
  });

  it("signs up and is signed in", async () => {
    const refused = await browser.call("/api/v1/auth/sign-up", { json: OWNER });
    expect(refused.status).toBe(403);
    await problemOf(refused);
    const answer = await browser.json("/api/v1/auth/sign-up", { json: { ...OWNER, code: await setupCode() }, status: 201 });
    expect(answer).toMatchObject({ two_factor_required: false, user: { email: "ada@example.com", name: "Ada" } });
    const again = await new Browser().call("/api/v1/auth/sign-up", { json: { ...OWNER, email: "b@example.com", code: await setupCode() } });
    expect(again.status).toBe(409);
    expect([...browser.cookies.keys()]).toEqual(["__Host-ledge.session_token"]);
    expect(await browser.json("/api/v1/auth/session")).toMatchObject({ user: { email: "ada@example.com" } });
    expect(await browser.json("/api/v1/setup")).toMatchObject({ needs_owner: false, needs_code: false });
  });

  it("has the organization and the project that were there", async () => {
    const { organizations } = await browser.json<{ organizations: object[] }>("/api/v1/organizations");
    expect(organizations).toEqual([{ organization_id: expect.any(String), name: "My organization", role: "owner" }]);
    const { projects } = await browser.json<{ projects: object[] }>("/api/v1/projects");
    expect(projects).toMatchObject([{ project_id: project.project_id, name: "tests", role: "owner" }]);
  });

  it("searches, reads settings and makes a key with the session", async () => {
    await putEvents(project, [{ timestamp: new Date().toISOString(), message: "seen with a session" }]);
    const found = await browser.json<{ events: { message: string }[] }>("/api/v1/logs?q=session", { project: project.project_id });
    expect(found.events.map((event) => event.message)).toEqual(["seen with a session"]);
    const by_query = await browser.json<{ events: object[] }>(`/api/v1/logs?q=session&project=${project.project_id}`);
    expect(by_query.events).toHaveLength(1);
    expect(await browser.json("/api/v1/project", { project: project.project_id })).toMatchObject({ name: "tests" });
    const key = await browser.json<{ api_key: string }>("/api/v1/keys", {
      project: project.project_id,
      json: { name: "made by hand", scopes: ["read"] },
      status: 201,
    });
    expect((await call("/api/v1/logs?q=session", { key: key.api_key })).status).toBe(200);
  });

  it("signs out, and in again", async () => {
    const before = browser.cookieHeader();
    await browser.json("/api/v1/auth/sign-out", { method: "POST", status: 204 });
    expect(browser.cookies.size).toBe(0);
    const stolen = await call("/api/v1/projects", { headers: { cookie: before } });
    expect(stolen.status).toBe(401);
    await browser.json("/api/v1/auth/sign-in", { json: { email: OWNER.email, password: OWNER.password } });
    expect((await browser.call("/api/v1/projects")).status).toBe(200);
  });
});
