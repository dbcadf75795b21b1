import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import append_only from "../../migrations/0002_audit_is_append_only.sql?raw";
import { backUp } from "../../worker/jobs/backup.ts";
import { houseOf } from "../../worker/jobs/house.ts";
import { tidyAccounts } from "../../worker/jobs/tidy-accounts.ts";
import { AUDIT_RETENTION_DAYS } from "../../worker/limits.ts";
import { call, createKey, createProject, type TestProject } from "./support/api.ts";
import { organizationOf, type Person, somebody } from "./support/people.ts";

interface Entry {
  audit_id: string;
  action: string;
  actor_kind: string;
  actor_name: string | null;
  target: string | null;
  details: Record<string, unknown>;
  user_agent: string | null;
  project_id: string | null;
  organization_id: string | null;
}

let project: TestProject;
let organization_id: string;
let owner: Person;

beforeAll(async () => {
  project = await createProject();
  organization_id = await organizationOf(project.project_id);
  owner = await somebody({ [organization_id]: "owner" });
});

async function entries(query = ""): Promise<Entry[]> {
  return (await owner.browser.json<{ entries: Entry[] }>(`/api/v1/audit${query}`, { project: project.project_id })).entries;
}

describe("the audit log", () => {
  it("tells who changed what, from where, newest first", async () => {
    const { key_id } = await createKey(project, ["read"]);
    await owner.browser.json("/api/v1/project", { method: "PATCH", json: { retention_days: 9 }, project: project.project_id });
    const [changed, created] = await entries();
    expect(changed).toMatchObject({
      action: "project.changed",
      actor_kind: "user",
      actor_name: owner.email,
      project_id: project.project_id,
      organization_id,
      details: { retention_days: { from: 30, to: 9 } },
      user_agent: "tests",
    });
    expect(created).toMatchObject({ action: "key.created", actor_kind: "key", actor_name: "first key", target: key_id, organization_id });
    expect(JSON.stringify(await entries("?limit=1000"))).not.toMatch(/ledge_[a-z2-7]{12}_[0-9A-Za-z]{39}/);
  });

  it("tells of every export", async () => {
    const answer = await owner.browser.call("/api/v1/logs/export?q=level:error&format=csv", { project: project.project_id });
    expect(answer.status).toBe(200);
    await answer.text();
    expect((await entries("?action=events"))[0]).toMatchObject({ action: "events.exported", details: { q: "level:error", format: "csv" } });
  });

  it("is read by pages, by who, what and when, and as a file", async () => {
    for (let time = 0; time < 3; time++) await createKey(project, ["ingest"]);
    const all = await entries("?limit=1000");
    const paged: Entry[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { entries: Entry[]; cursor: string | null } = await owner.browser.json(
        `/api/v1/audit?limit=2${cursor ? `&cursor=${cursor}` : ""}`,
        { project: project.project_id },
      );
      paged.push(...page.entries);
      cursor = page.cursor;
    }
    expect(paged).toEqual(all);
    expect((await entries("?action=key")).every(({ action }) => action === "key.created")).toBe(true);
    expect((await entries("?action=key.created")).length).toBe((await entries("?action=key")).length);
    expect((await entries("?action=ke")).length).toBe(0);
    expect((await entries(`?actor=${encodeURIComponent(owner.email)}`)).every(({ actor_name }) => actor_name === owner.email)).toBe(true);
    expect(await entries("?to=2020-01-01T00:00:00Z")).toEqual([]);
    expect((await entries("?from=2020-01-01T00:00:00Z&limit=1000")).length).toBe(all.length);
    const file = await owner.browser.call("/api/v1/audit/export?action=key", { project: project.project_id });
    const lines = (await file.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Entry);
    expect(lines).toEqual(await entries("?action=key&limit=1000"));
    expect((await entries("?action=audit"))[0]).toMatchObject({ action: "audit.exported" });
  });

  it("shows a key its project alone, and nobody another organization", async () => {
    await owner.browser.json(`/api/v1/organizations/${organization_id}`, { method: "PATCH", json: { name: "renamed" } });
    const by_key = await (await call("/api/v1/audit?limit=1000", { key: project.key })).json<{ entries: Entry[] }>();
    expect(new Set(by_key.entries.map(({ project_id }) => project_id))).toEqual(new Set([project.project_id]));
    expect((await entries("?action=organization"))[0]).toMatchObject({ details: { to: "renamed" } });
    expect((await entries("?action=organization&this_project=true")).length).toBe(0);
    const other = await createProject();
    const stranger = await somebody({ [await organizationOf(other.project_id)]: "owner" });
    const theirs = await stranger.browser.json<{ entries: Entry[] }>("/api/v1/audit?limit=1000", { project: other.project_id });
    expect(theirs.entries.some((entry) => entry.organization_id === organization_id)).toBe(false);
  });

  it("cannot be changed or removed before its time, in the database itself", async () => {
    const [entry] = await entries();
    const id = entry!.audit_id;
    await expect(env.DB.prepare("UPDATE audit SET action = 'x' WHERE audit_id = ?").bind(id).run()).rejects.toThrow("append-only");
    await expect(env.DB.prepare("DELETE FROM audit").run()).rejects.toThrow("append-only");
    const columns = "audit_id, at, actor_kind, action, details";
    await env.DB.prepare(`INSERT OR REPLACE INTO audit (${columns}) VALUES (?, 'now', 'user', 'forged', '{}')`).bind(id).run();
    expect((await entries())[0]).toEqual(entry);
    expect(append_only).toContain(`'-${AUDIT_RETENTION_DAYS} days'`);
  });

  it("lets go of what is past its time", async () => {
    const old_ms = Date.now() - (AUDIT_RETENTION_DAYS + 1) * 86_400_000;
    const old_id = `${old_ms.toString(36).padStart(9, "0")}${"0".repeat(16)}`;
    const columns = "audit_id, at, organization_id, actor_kind, action, details";
    await env.DB.prepare(`INSERT INTO audit (${columns}) VALUES (?, ?, ?, 'user', 'old.one', '{}')`)
      .bind(old_id, new Date(old_ms).toISOString(), organization_id)
      .run();
    const count = (await entries("?limit=1000")).length;
    await tidyAccounts(houseOf(env));
    expect((await entries("?limit=1000")).length).toBe(count - 1);
  });

  it("is in the nightly backup, with people, projects and keys, and no session", async () => {
    const key = await backUp(houseOf(env));
    const text = await (await env.BUCKET.get(key))!.text();
    for (const table of ["users", "members", "projects", "api_keys", "audit"]) expect(text).toContain(`INSERT OR REPLACE INTO ${table} `);
    expect(text).toContain(owner.email);
    expect(text).not.toContain("INTO sessions");
    for (const statement of text.trim().split("\n").slice(0, 50)) await env.DB.prepare(statement).run();
  });
});
