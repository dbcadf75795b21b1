import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { storeDeadLetter, UNKNOWN_PROJECT } from "../../worker/catalog/dead-letters.ts";
import { call, createProject } from "./support/api.ts";

interface Page {
  letters: { letter_id: string; reason: string }[];
  cursor: string | null;
}

describe("the operator's dead letters", () => {
  it("are those of a project, and without one those that belong to none", async () => {
    const { project_id, key } = await createProject();
    const letter = { body: new Uint8Array(3), failed_at: "2026-01-01T00:00:00Z" };
    await storeDeadLetter(env.BUCKET, { ...letter, project_id, letter_id: "mine", reason: "not taken" });
    await storeDeadLetter(env.BUCKET, { ...letter, project_id: UNKNOWN_PROJECT, letter_id: "nobodys", reason: "not a frame" });
    const list = async (query: string) =>
      (await call(`/api/v1/admin/dead-letters${query}`, { key: env.LEDGE_OPERATOR_TOKEN })).json<Page>();
    expect((await list(`?project_id=${project_id}`)).letters).toMatchObject([{ letter_id: "mine", reason: "not taken" }]);
    expect((await list("")).letters).toMatchObject([{ letter_id: "nobodys", reason: "not a frame" }]);
    expect([401, 403]).toContain((await call("/api/v1/admin/dead-letters", { key })).status);
  });

  it("name what is wrong with the question", async () => {
    const status = async (query: string) => (await call(`/api/v1/admin/dead-letters${query}`, { key: env.LEDGE_OPERATOR_TOKEN })).status;
    expect(await status("?project_id=unknown")).toBe(422);
    expect(await status("?limit=0")).toBe(422);
  });
});
