import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, createProject } from "./support/api.ts";

const KEY = { name: "recovered", scopes: ["admin"] };
const make = (project_id: string, key: string, json: unknown = KEY) => call(`/api/v1/admin/projects/${project_id}/keys`, { key, json });

describe("a key made by the operator", () => {
  it("opens a project whose keys are lost", async () => {
    const project = await createProject();
    const answer = await make(project.project_id, env.LEDGE_OPERATOR_TOKEN);
    expect(answer.status).toBe(201);
    const { api_key } = await answer.json<{ api_key: string }>();
    expect(await (await call("/api/v1/project", { key: api_key })).json()).toMatchObject({ project_id: project.project_id });
    expect((await call("/api/v1/logs", { key: api_key, json: { message: "m" } })).status).toBe(403);
  });

  it("is made for projects that exist only", async () => {
    expect((await make("aaaaaaaaaaaa", env.LEDGE_OPERATOR_TOKEN)).status).toBe(404);
    expect((await make("no-project", env.LEDGE_OPERATOR_TOKEN)).status).toBe(422);
  });

  it("names what is wrong with the key", async () => {
    const project = await createProject();
    const answer = await make(project.project_id, env.LEDGE_OPERATOR_TOKEN, { name: "k", scopes: ["root"] });
    expect(answer.status).toBe(422);
  });

  it("is not made with a project's own key", async () => {
    const project = await createProject();
    expect([401, 403]).toContain((await make(project.project_id, project.key)).status);
  });
});
