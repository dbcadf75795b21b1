import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { streamOf } from "../../worker/catalog/stream.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import { houseOf } from "../../worker/jobs/house.ts";
import { KEY_USE_COARSE_MS, SAVED_SEARCH_VIEW_SIZE_BYTES_MAX } from "../../worker/limits.ts";
import { daysOf, estimatedCost_usd, PRICES } from "../../worker/manage/usage-days.ts";
import { call, createKey, createProject, problemOf } from "./support/api.ts";
import { organizationOf, somebody } from "./support/people.ts";
import { putEvents } from "./support/search.ts";

interface Key {
  key_id: string;
  api_key: string;
  name: string;
  scopes: string[];
  expires_at: string | null;
  last_used_at: string | null;
  replaced_by: string | null;
}

async function keysOf(key: string): Promise<Key[]> {
  return (await (await call("/api/v1/keys", { key })).json<{ keys: Key[] }>()).keys;
}

const search = (key: string) => call("/api/v1/logs?q=x", { key });

describe("a key", () => {
  it("is replaced by one of the same kind, and goes on for the overlap", async () => {
    const project = await createProject();
    const old = await createKey(project, ["read"], new Date(Date.now() + 10 * 86_400_000).toISOString());
    const rotate = (json: object, key_id = old.key_id) => call(`/api/v1/keys/${key_id}/rotate`, { key: project.key, json });
    const answer = await rotate({ overlap_hours: 1 });
    expect(answer.status).toBe(201);
    const made = await answer.json<Key>();
    expect(made).toMatchObject({ name: "read", scopes: ["read"] });
    expect(Math.abs(Date.parse(made.expires_at!) - Date.now() - 10 * 86_400_000)).toBeLessThan(60_000);
    for (const key of [old.key, made.api_key]) expect((await search(key)).status).toBe(200);
    expect((await keysOf(project.key)).find(({ key_id }) => key_id === old.key_id)).toMatchObject({ replaced_by: made.key_id });
    vi.useFakeTimers({ now: Date.now() + 3_600_001, toFake: ["Date"] });
    try {
      expect((await search(old.key)).status).toBe(401);
      expect((await search(made.api_key)).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
    expect((await rotate({})).status).toBe(409);
    expect((await rotate({}, "key_of_nobody")).status).toBe(404);
    expect((await rotate({ overlap_hours: 10_000 }, made.key_id)).status).toBe(422);
    const { results } = await env.DB.prepare("SELECT * FROM api_keys WHERE key_id = ?").bind(old.key_id).all();
    expect(results).toMatchObject([{ replaced_by: made.key_id }]);
    const at_once = await (await rotate({ overlap_hours: 0 }, made.key_id)).json<Key>();
    expect((await search(made.api_key)).status).toBe(401);
    expect((await search(at_once.api_key)).status).toBe(200);
  });

  it("tells about when it was last used, with a write now and then", async () => {
    const project = await createProject();
    const { key, key_id } = await createKey(project, ["read"]);
    const used = async () => (await keysOf(project.key)).find((one) => one.key_id === key_id)!.last_used_at;
    expect(await used()).toBeNull();
    await search(key);
    await expect.poll(used).not.toBeNull();
    const first = await used();
    const stream = streamOf(env, project.project_id);
    await stream.noteUse({ [key_id]: new Date(Date.parse(first!) + KEY_USE_COARSE_MS - 1).toISOString() }, {});
    expect(await used()).toBe(first);
    const later = new Date(Date.parse(first!) + KEY_USE_COARSE_MS).toISOString();
    await stream.noteUse({ [key_id]: later, key_of_nobody: later }, {});
    expect(await used()).toBe(later);
  });

  it("sends no more than its project allows", async () => {
    const project = await createProject();
    const { key } = await createKey(project, ["read"]);
    const settings = { key_requests_max: 3, project_requests_max: 1_000 };
    await call("/api/v1/project", { key: project.key, method: "PATCH", json: settings });
    // In one rate period: the clock stands still.
    vi.useFakeTimers({ now: Math.ceil(Date.now() / 10_000) * 10_000, toFake: ["Date"] });
    try {
      const statuses: number[] = [];
      for (let time = 0; time < 5; time++) statuses.push((await search(key)).status);
      expect(statuses).toEqual([200, 200, 200, 429, 429]);
      expect((await problemOf(await search(key))).detail).toContain("more than 3 requests");
    } finally {
      vi.useRealTimers();
    }
    const refused = await call("/api/v1/project", { key: project.key, method: "PATCH", json: { key_requests_max: 1_000_000 } });
    expect(refused.status).toBe(422);
  });
});

describe("usage by day", () => {
  it("sums hours, stored bytes and queries, and prices them", () => {
    const hours = [
      { hour: "2026-03-01T23:00:00Z", events: 1, raw_bytes: 1e9 },
      { hour: "2026-03-03T00:00:00Z", events: 2, raw_bytes: 10 },
      { hour: "2026-03-03T05:00:00Z", events: 3, raw_bytes: 20 },
    ];
    const days = daysOf({ hours, stored: new Map([["2026-03-03", 3e9]]), queries: { "2026-03-02": 7 } }, "2026-03-01", "2026-03-03");
    expect(days.map(({ estimated_cost_usd: _cost, ...sums }) => sums)).toEqual([
      { day: "2026-03-01", events: 1, raw_bytes: 1e9, stored_bytes: 0, queries: 0 },
      { day: "2026-03-02", events: 0, raw_bytes: 0, stored_bytes: 0, queries: 7 },
      { day: "2026-03-03", events: 5, raw_bytes: 30, stored_bytes: 3e9, queries: 0 },
    ]);
    expect(days[0]!.estimated_cost_usd).toBeCloseTo(PRICES.raw_gb_usd, 6);
    expect(estimatedCost_usd({ raw_bytes: 0, stored_bytes: 30e9, queries: 0 })).toBeCloseTo(0.015, 6);
    expect(estimatedCost_usd({ raw_bytes: 0, stored_bytes: 0, queries: 1_000_000 })).toBeCloseTo(1e6 * PRICES.query_usd, 3);
  });

  it("is read from monitor, catalog and object", async () => {
    const project = await createProject();
    await putEvents(project, [{ timestamp: new Date().toISOString(), message: "stored" }]);
    await flushStream(houseOf(env), project.project_id, 0, true);
    const day = new Date().toISOString().slice(0, 10);
    for (let time = 0; time < 3; time++) await search(project.key);
    const usage = async () =>
      (await call("/api/v1/usage?days=2", { key: project.key })).json<{
        days: { day: string; events: number; raw_bytes: number; stored_bytes: number; queries: number }[];
        total: { stored_bytes: number };
      }>();
    await expect.poll(async () => (await usage()).days.at(-1)?.queries, { timeout: 20_000, interval: 250 }).toBe(3);
    const { days, total } = await usage();
    expect(days).toHaveLength(2);
    expect(days[1]).toMatchObject({ day, events: 1 });
    expect(days[1]!.stored_bytes).toBeGreaterThan(0);
    expect(total.stored_bytes).toBe(days[1]!.stored_bytes);
    expect((await call("/api/v1/usage?days=0", { key: project.key })).status).toBe(422);
  });
});

describe("saved searches", () => {
  it("are shared by a project's members, and nobody else's", async () => {
    const project = await createProject();
    const organization_id = await organizationOf(project.project_id);
    const [member, viewer] = [await somebody({ [organization_id]: "member" }), await somebody({ [organization_id]: "viewer" })];
    const at = { project: project.project_id };
    const made = await member.browser.json<{ search_id: string }>("/api/v1/searches", {
      ...at,
      json: { name: "Errors", query: "level:error", view: { range: "-1h", columns: ["message"] } },
      status: 201,
    });
    expect(made).toMatchObject({ name: "Errors", created_by: member.email });
    const path = `/api/v1/searches/${made.search_id}`;
    expect(await viewer.browser.json("/api/v1/searches", at)).toMatchObject({ searches: [{ name: "Errors", view: { range: "-1h" } }] });
    expect((await viewer.browser.call(path, { ...at, method: "DELETE" })).status).toBe(403);
    expect(await member.browser.json(path, { ...at, method: "PATCH", json: { name: "Faults" } })).toMatchObject({
      name: "Faults",
      query: "level:error",
      view: { columns: ["message"] },
    });
    const other = await createProject();
    expect((await call(path, { key: other.key, method: "DELETE" })).status).toBe(404);
    expect((await call(path, { key: other.key, method: "PATCH", json: { name: "x" } })).status).toBe(404);
    const large = { name: "x", query: "", view: { text: "x".repeat(SAVED_SEARCH_VIEW_SIZE_BYTES_MAX) } };
    expect((await member.browser.call("/api/v1/searches", { ...at, json: large })).status).toBe(422);
    await member.browser.json(path, { ...at, method: "DELETE", status: 204 });
    expect(await viewer.browser.json("/api/v1/searches", at)).toEqual({ searches: [] });
  });
});
