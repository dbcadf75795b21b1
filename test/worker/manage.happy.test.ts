import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { describe, expect, it } from "vitest";
import { hashKey } from "../../worker/auth/key-text.ts";
import { storeDeadLetter } from "../../worker/catalog/dead-letters.ts";
import { apiKeys, members, organizations, projects, users } from "../../worker/catalog/schema.ts";
import { catalogTotals } from "../../worker/catalog/segments.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import { DAILY_EVENTS_DEFAULT_MAX, RETENTION_DAYS_DEFAULT } from "../../worker/limits.ts";
import { call, createKey, createProject } from "./support/api.ts";
import { packedBatch } from "./support/durable.ts";

const db = drizzle(env.DB);

describe("bootstrap", () => {
  it("makes an organization, its owner, a project and a key that works; the key is stored as a hash alone", async () => {
    const input = { organization_name: "Acme", owner_email: "ann@acme.example", owner_name: "Ann", project_name: "shop" };
    const answer = await call("/api/v1/bootstrap", { key: env.LEDGE_OPERATOR_TOKEN, json: input });
    expect(answer.status).toBe(201);
    const made = await answer.json<{ organization_id: string; user_id: string; project_id: string; key_id: string; api_key: string }>();
    expect(await db.select().from(organizations).where(eq(organizations.organization_id, made.organization_id))).toMatchObject([
      { name: "Acme" },
    ]);
    expect(await db.select().from(users).where(eq(users.id, made.user_id))).toMatchObject([{ email: "ann@acme.example", name: "Ann" }]);
    expect(await db.select().from(members).where(eq(members.organization_id, made.organization_id))).toMatchObject([
      { user_id: made.user_id, role: "owner" },
    ]);
    expect(await db.select().from(projects).where(eq(projects.project_id, made.project_id))).toMatchObject([
      { organization_id: made.organization_id, name: "shop", retention_days: RETENTION_DAYS_DEFAULT, deleted_at: null },
    ]);
    const [copy] = await db.select().from(apiKeys).where(eq(apiKeys.key_id, made.key_id));
    expect(copy).toMatchObject({ project_id: made.project_id, hash: hashKey(made.api_key), scopes: ["ingest", "read", "admin"] });
    expect(JSON.stringify([copy, await streamOf(env, made.project_id).keys()])).not.toContain(made.api_key);
    expect((await call("/api/v1/logs", { key: made.api_key, json: { message: "m" } })).status).toBe(202);
  });

  it("gives a known owner a further project", async () => {
    const make = async () => {
      const answer = await call("/api/v1/bootstrap", { key: env.LEDGE_OPERATOR_TOKEN, json: { owner_email: "bob@acme.example" } });
      return answer.json<{ user_id: string; project_id: string }>();
    };
    const [first, second] = [await make(), await make()];
    expect(second.user_id).toBe(first.user_id);
    expect(second.project_id).not.toBe(first.project_id);
  });
});

describe("a project", () => {
  it("shows its settings and use, and takes changes in its object and in D1", async () => {
    const project = await createProject();
    await call("/api/v1/logs", { key: project.key, json: [{ message: "a" }, { message: "b" }] });
    expect(await (await call("/api/v1/project", { key: project.key })).json()).toEqual({
      project_id: project.project_id,
      name: "tests",
      retention_days: RETENTION_DAYS_DEFAULT,
      daily_events_max: DAILY_EVENTS_DEFAULT_MAX,
      cors_origins: [],
      project_requests_max: null,
      key_requests_max: null,
      events_today: 2,
      events_total: 2,
    });
    const changes = { name: "renamed", retention_days: 7, cors_origins: ["https://app.example.com:8443", "*"] };
    const answer = await call("/api/v1/project", { key: project.key, method: "PATCH", json: changes });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ ...changes, daily_events_max: DAILY_EVENTS_DEFAULT_MAX });
    expect(await streamOf(env, project.project_id).settings()).toMatchObject(changes);
    expect(await db.select().from(projects).where(eq(projects.project_id, project.project_id))).toMatchObject([changes]);
  });
});

describe("keys", () => {
  it("are made, listed without their secrets, and revoked in object and copy", async () => {
    const project = await createProject();
    const expires_at = "2999-01-01T00:00:00Z";
    const { key, key_id } = await createKey(project, ["ingest", "read"], expires_at);
    const list = await (await call("/api/v1/keys", { key: project.key })).text();
    const { keys } = JSON.parse(list) as { keys: { key_id: string; prefix: string }[] };
    expect(keys).toHaveLength(2);
    expect(keys.find((shown) => shown.key_id === key_id)).toMatchObject({ scopes: ["ingest", "read"], expires_at, revoked_at: null });
    expect(list).not.toContain(hashKey(key));
    expect(list).not.toContain(key);
    expect(key.startsWith(keys.find((shown) => shown.key_id === key_id)!.prefix)).toBe(true);

    for (let time = 0; time < 2; time++)
      expect((await call(`/api/v1/keys/${key_id}`, { key: project.key, method: "DELETE" })).status).toBe(204);
    expect((await db.select().from(apiKeys).where(eq(apiKeys.key_id, key_id)))[0]!.revoked_at).not.toBeNull();
    expect((await streamOf(env, project.project_id).keys()).find((record) => record.key_id === key_id)!.revoked_at).not.toBeNull();
  });
});

describe("dead letters", () => {
  async function letters(key: string, query = ""): Promise<{ letters: { letter_id: string; reason: string }[]; cursor: string | null }> {
    return (await call(`/api/v1/dead-letters${query}`, { key })).json();
  }

  async function store(project_id: string, letter_id: string): Promise<void> {
    const body = packedBatch(project_id, 3, 100).frames[0]!;
    await storeDeadLetter(env.BUCKET, { project_id, letter_id, reason: "tests", body, failed_at: new Date().toISOString() });
  }

  it("are listed in pages and replayed, some or all", async () => {
    const project = await createProject();
    for (const letter_id of ["1-a", "2-b", "3-c"]) await store(project.project_id, letter_id);
    const first = await letters(project.key, "?limit=2");
    expect(first.letters.map((letter) => letter.letter_id)).toEqual(["1-a", "2-b"]);
    const second = await letters(project.key, `?limit=2&cursor=${encodeURIComponent(first.cursor!)}`);
    expect(second).toMatchObject({ letters: [{ letter_id: "3-c", reason: "tests" }], cursor: null });

    const replay = async (json: unknown) => (await call("/api/v1/dead-letters/replay", { key: project.key, json })).json();
    expect(await replay({ ids: ["2-b", "9-z"] })).toMatchObject({ replayed: ["2-b"], failed: [{ letter_id: "9-z" }] });
    expect(await replay({ all: true })).toEqual({ replayed: ["1-a", "3-c"], failed: [] });
    expect(await letters(project.key)).toEqual({ letters: [], cursor: null });
    expect(await streamOf(env, project.project_id).status()).toMatchObject({ window_rows: 9 });
  });

  it("of another project are neither seen nor replayed", async () => {
    const [project, other] = [await createProject(), await createProject()];
    await store(other.project_id, "1-a");
    expect((await letters(project.key)).letters).toEqual([]);
    const answer = await call("/api/v1/dead-letters/replay", { key: project.key, json: { ids: ["1-a"] } });
    expect(await answer.json()).toMatchObject({ replayed: [], failed: [{ letter_id: "1-a" }] });
    expect((await letters(other.key)).letters).toHaveLength(1);
  });
});

describe("maintenance", () => {
  it("flushes and merges a project's events now, and makes the catalog anew; they are found all along", async () => {
    const project = await createProject();
    const found = async () =>
      (await (await call("/api/v1/logs?text=maintained", { key: project.key })).json<{ events: unknown[] }>()).events.length;
    const done = async (name: string, key: string, query = "") => {
      const answer = await call(`/api/v1/admin/${name}${query}`, { key, method: "POST" });
      expect(answer.status).toBe(200);
      return (await answer.json<{ done: number }>()).done;
    };
    await call("/api/v1/logs", { key: project.key, json: { message: "maintained one" } });
    expect(await done("flush", project.key)).toBe(1);
    await call("/api/v1/logs", { key: project.key, json: { message: "maintained two" } });
    expect(await done("flush", env.LEDGE_OPERATOR_TOKEN, `?project_id=${project.project_id}`)).toBe(1);
    expect(await done("flush", project.key)).toBe(0);
    expect(await found()).toBe(2);
    expect(await done("compact", project.key)).toBe(1);
    expect(await found()).toBe(2);
    const before = await catalogTotals(env.DB, project.project_id);
    expect(before).toMatchObject({ segments: 1, rows: 2 });
    expect((await call("/api/v1/admin/rebuild-catalog", { key: env.LEDGE_OPERATOR_TOKEN, method: "POST" })).status).toBe(200);
    expect(await catalogTotals(env.DB, project.project_id)).toEqual(before);
    expect(await found()).toBe(2);
  });
});
