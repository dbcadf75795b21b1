import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { countEvents, countingHouse } from "../../worker/catalog/counting.ts";
import { storeDeadLetter } from "../../worker/catalog/dead-letters.ts";
import { openDeletions, PROJECT_TABLES, readDeletion } from "../../worker/catalog/deletions.ts";
import { generationKey, journalKey, metricDefinitionsKey, prefixesOf, swapKey } from "../../worker/catalog/keys.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import { usageOf } from "../../worker/catalog/usage.ts";
import { deleteProject } from "../../worker/jobs/delete-project.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import { type House, houseOf } from "../../worker/jobs/house.ts";
import { DELETION_CHECK_MS, DELETION_WATCH_MS } from "../../worker/limits.ts";
import { call, createKey, createProject, problemOf, type TestProject } from "./support/api.ts";
import { organizationOf, type Person, somebody } from "./support/people.ts";
import { putEvents } from "./support/search.ts";

/** A project with something in each place. */
async function filledProject(): Promise<{ project: TestProject; organization_id: string; owner: Person }> {
  const project = await createProject();
  const { project_id } = project;
  const organization_id = await organizationOf(project_id);
  const owner = await somebody({ [organization_id]: "owner" });
  const event = { timestamp: new Date().toISOString(), message: "soon gone" };
  await putEvents(project, [event]);
  await flushStream(houseOf(env), project_id, 0, true);
  await putEvents(project, [event]);
  await createKey(project, ["read"]);
  await owner.browser.json("/api/v1/searches", { json: { name: "s", query: "gone" }, project: project_id, status: 201 });
  const letter = { project_id, letter_id: "one", reason: "tests", body: new Uint8Array(3), failed_at: event.timestamp };
  await storeDeadLetter(env.BUCKET, letter);
  await env.BUCKET.put(journalKey(project_id, 0, "0".repeat(28)), "frames");
  await env.BUCKET.put(swapKey(project_id, "swap"), "{}");
  await env.BUCKET.put(generationKey(project_id), "1");
  await countEvents(countingHouse(env), project_id, 0);
  await env.BUCKET.put(metricDefinitionsKey(project_id), "{}");
  return { project, organization_id, owner };
}

async function leftOf(project_id: string): Promise<Record<string, number>> {
  const left: Record<string, number> = {};
  for (const prefix of [...prefixesOf(project_id), generationKey(project_id)])
    left[prefix] = (await env.BUCKET.list({ prefix })).objects.length;
  for (const table of PROJECT_TABLES) {
    const { results } = await env.DB.prepare(`SELECT 1 FROM ${table} WHERE project_id = ?`).bind(project_id).all();
    left[table] = results.length;
  }
  const stream = streamOf(env, project_id);
  const { window_frames, outbox, events_total } = await stream.status();
  left.window = window_frames + outbox + events_total;
  left.keys = (await stream.keys()).length;
  left.monitor = (await usageOf(env, project_id, Date.now() * 1000)).hours.length;
  return Object.fromEntries(Object.entries(left).filter(([, count]) => count > 0));
}

const houseAt = (later_ms: number): House => ({ ...houseOf(env), ask: async () => {}, now_ms: () => Date.now() + later_ms });

async function ask({ owner, project }: { owner: Person; project: TestProject }, json: object): Promise<Response> {
  return owner.browser.call(`/api/v1/projects/${project.project_id}`, { method: "DELETE", json });
}

describe("deleting a project", () => {
  it("takes the name typed, waits for its grace, and can be undone until then", async () => {
    const filled = await filledProject();
    const { project, owner, organization_id } = filled;
    const wrong = await ask(filled, { confirm_name: "Tests" });
    expect(wrong.status).toBe(422);
    expect((await problemOf(wrong)).errors).toMatchObject([{ field: "confirm_name", expected: "tests" }]);
    const waiting = await ask(filled, { confirm_name: "tests", grace_hours: 2 });
    expect(waiting.status).toBe(202);
    expect(await waiting.json()).toMatchObject({ state: "waiting", requested_by: owner.email, project_name: "tests" });
    const { projects } = await owner.browser.json<{ projects: { deletion_due_at: string | null }[] }>("/api/v1/projects");
    expect(projects[0]!.deletion_due_at).not.toBeNull();

    await deleteProject(houseAt(0), project.project_id);
    expect((await call("/api/v1/logs", { key: project.key, json: { message: "still taken" } })).status).toBe(202);
    expect(await openDeletions(env.DB, Date.now(), true)).toEqual([]);
    expect(await openDeletions(env.DB, Date.now() + 2 * 3_600_000 + 1, false)).toEqual([project.project_id]);
    await owner.browser.json(`/api/v1/projects/${project.project_id}/restore`, { method: "POST", status: 204 });
    expect((await owner.browser.call(`/api/v1/projects/${project.project_id}/restore`, { method: "POST" })).status).toBe(409);
    expect(await readDeletion(env.DB, project.project_id)).toBeNull();
    expect(await owner.browser.json("/api/v1/deletions", { organization: organization_id })).toEqual({ deletions: [] });
  });

  it("removes it everywhere, says so, refuses what comes later, and leaves others alone", async () => {
    const filled = await filledProject();
    const other = await filledProject();
    const { project, owner, organization_id } = filled;
    const { project_id } = project;
    const before = await leftOf(other.project.project_id);
    expect(Object.keys(before).length).toBeGreaterThan(10);
    expect((await ask(filled, { confirm_name: "tests", grace_hours: 0.000001 })).status).toBe(202);
    await deleteProject(houseAt(1_000), project_id);
    expect(await leftOf(project_id)).toEqual({});
    const state = async () => {
      const { deletions } = await owner.browser.json<{ deletions: object[] }>("/api/v1/deletions", { organization: organization_id });
      return deletions[0];
    };
    expect(await state()).toMatchObject({ project_id, state: "checking", objects: 5, finished_at: null });

    // What was under way when it began.
    const late = { timestamp: new Date().toISOString(), message: "late" };
    await expect(putEvents(project, [late])).rejects.toThrow("gone");
    await env.BUCKET.put(swapKey(project_id, "late"), "{}");
    await deleteProject(houseAt(DELETION_CHECK_MS / 2), project_id);
    expect(await leftOf(project_id)).not.toEqual({});
    await deleteProject(houseAt(DELETION_CHECK_MS + 5_000), project_id);
    expect(await state()).toMatchObject({ state: "checking", objects: 6 });
    await deleteProject(houseAt(2 * DELETION_CHECK_MS + 10_000), project_id);
    expect(await state()).toMatchObject({ state: "done", finished_at: expect.any(String) });
    expect(await leftOf(project_id)).toEqual({});

    for (const path of ["/api/v1/logs", "/api/v1/project"]) expect((await call(path, { key: project.key })).status).toBe(410);
    expect((await call("/api/v1/logs", { key: project.key, json: { message: "too late" } })).status).toBe(410);
    expect((await owner.browser.call("/api/v1/logs", { project: project_id })).status).toBe(403);
    expect(await streamOf(env, project_id).settings()).toMatchObject({ name: "", deleted_at: expect.any(String) });
    expect(await leftOf(other.project.project_id)).toEqual(before);

    // What comes even later is found by the night's look.
    await env.BUCKET.put(swapKey(project_id, "very late"), "{}");
    expect(await openDeletions(env.DB, Date.now() + DELETION_CHECK_MS * 3, true)).toContain(project_id);
    expect(await openDeletions(env.DB, Date.now() + DELETION_CHECK_MS * 3 + DELETION_WATCH_MS, true)).not.toContain(project_id);
    await deleteProject(houseAt(86_400_000), project_id);
    expect(await leftOf(project_id)).toEqual({});
    expect(await state()).toMatchObject({ state: "done" });
    const { results } = await env.DB.prepare("SELECT action FROM audit WHERE project_id = ? ORDER BY audit_id").bind(project_id).all();
    const actions = results.map((row) => row.action);
    expect(actions).toContain("project.deletion_asked");
    expect(actions.filter((action) => action === "project.deleted")).toHaveLength(1);
  });

  it("goes on after an interruption at any step", async () => {
    class Interrupted extends Error {}
    /** Fails before the nth thing that the job asks of anything. */
    function failingAt(step: number): House {
      const house = houseAt(1_000);
      let steps = 0;
      const tick = () => {
        if (steps++ === step) throw new Interrupted();
      };
      const watched = <T extends object>(target: T): T =>
        new Proxy(target, {
          get(object, name) {
            const value = Reflect.get(object, name) as unknown;
            if (typeof value !== "function") return value;
            return (...args: unknown[]) => {
              tick();
              // A stub of an object has no `apply` of its own: what is called must be a method call.
              return (object as Record<PropertyKey, (...all: unknown[]) => unknown>)[name]!(...args);
            };
          },
        });
      return {
        ...house,
        db: watched(house.db),
        bucket: watched(house.bucket),
        stream: (project_id, shard) => watched(house.stream(project_id, shard)),
        eraseMonitor: async (project_id) => {
          tick();
          await house.eraseMonitor(project_id);
        },
        ask: async () => tick(),
      };
    }
    const filled = await filledProject();
    const { project_id } = filled.project;
    await ask(filled, { confirm_name: "tests", grace_hours: 0.000001 });
    let interruptions = 0;
    for (let step = 0; ; step++) {
      try {
        await deleteProject(failingAt(step), project_id);
        break;
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        interruptions++;
        // Each time as if nothing had been removed yet.
        await env.BUCKET.put(swapKey(project_id, `again ${step}`), "{}");
        await env.BUCKET.put(generationKey(project_id), "1");
        const row = { search_id: `s${step}`, project_id };
        await env.DB.prepare(
          "INSERT INTO saved_searches (search_id, project_id, name, query, view, created_by, created_at, updated_at) VALUES (?, ?, '', '', '{}', '', '', '')",
        )
          .bind(row.search_id, row.project_id)
          .run();
        const deletion = await readDeletion(env.DB, project_id);
        expect(["waiting", "deleting", "checking"]).toContain(deletion?.state);
      }
      if ((await readDeletion(env.DB, project_id))?.state === "checking") break;
    }
    expect(interruptions).toBeGreaterThan(20);
    await deleteProject(houseAt(DELETION_CHECK_MS + 5_000), project_id);
    await deleteProject(houseAt(2 * DELETION_CHECK_MS + 10_000), project_id);
    expect(await readDeletion(env.DB, project_id)).toMatchObject({ state: "done" });
    expect(await leftOf(project_id)).toEqual({});
  });

  it("asked for without grace is done by the queue", async () => {
    const filled = await filledProject();
    const { project_id } = filled.project;
    expect((await ask(filled, { confirm_name: "tests", grace_hours: 0 })).status).toBe(202);
    await expect.poll(async () => (await readDeletion(env.DB, project_id))?.state, { timeout: 20_000 }).toBe("checking");
    expect(await leftOf(project_id)).toEqual({});
    const again = await ask(filled, { confirm_name: "tests" });
    expect([403, 410]).toContain(again.status);
  });
});
