import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { hashToken } from "../../worker/accounts/links.ts";
import { newId } from "../../worker/auth/key-text.ts";
import { auditRow } from "../../worker/catalog/audit.ts";
import { acceptInvitation, findInvitation } from "../../worker/catalog/memberships.ts";
import type { Role } from "../../worker/catalog/people.ts";
import { INVITATION_LIFE_MS } from "../../worker/limits.ts";
import { createProject, problemOf, type TestProject } from "./support/api.ts";
import { Browser } from "./support/browser.ts";
import { givePassword, organizationOf, PASSWORD, type Person, signedIn, somebody } from "./support/people.ts";

interface Invitation {
  invitation_id: string;
  path: string;
  url: string;
  mailed: boolean;
}

let project: TestProject;
let organization_id: string;
let owner: Person;

beforeAll(async () => {
  project = await createProject();
  organization_id = await organizationOf(project.project_id);
  owner = await somebody({ [organization_id]: "owner" });
});

async function invite(email: string, role: Role, by = owner): Promise<{ token: string } & Invitation> {
  const invitation = await by.browser.json<Invitation>("/api/v1/invitations", {
    json: { email, role },
    organization: organization_id,
    status: 201,
  });
  return { ...invitation, token: invitation.path.split("token=")[1]! };
}

async function membersOf(browser: Browser): Promise<{ user_id: string; email: string; role: string }[]> {
  return (await browser.json<{ members: never[] }>("/api/v1/members", { organization: organization_id })).members;
}

const NEW = { name: "Grace", password: "a password of her own" };

describe("an invitation", () => {
  it("lets in somebody new, once", async () => {
    const { token, url, mailed } = await invite("grace@example.com", "member");
    expect(url).toBe(`https://ledge.test/join#token=${token}`);
    expect(mailed).toBe(false);
    const browser = new Browser();
    expect(await browser.json("/api/v1/invitations/look", { json: { token } })).toMatchObject({
      email: "grace@example.com",
      role: "member",
      invited_by: owner.email,
      has_account: false,
    });
    expect((await browser.call("/api/v1/invitations/accept", { json: { token } })).status).toBe(422);
    expect(await browser.json("/api/v1/invitations/accept", { json: { token, ...NEW } })).toMatchObject({
      user: { email: "grace@example.com", name: "Grace" },
      organization_id,
    });
    expect((await browser.call("/api/v1/logs?q=x", { project: project.project_id })).status).toBe(200);
    for (const path of ["look", "accept"])
      expect((await new Browser().call(`/api/v1/invitations/${path}`, { json: { token, ...(path === "accept" ? NEW : {}) } })).status).toBe(
        404,
      );
    expect((await signedIn("grace@example.com", NEW.password)).cookies.size).toBe(1);
  });

  it("accepted at the same moment makes one account", async () => {
    const { token } = await invite("twice@example.com", "viewer");
    const offer = (await findInvitation(env.DB, hashToken(token), new Date().toISOString()))!;
    const accept = () => {
      const joiner = { user_id: newId("usr"), account: { credential_id: newId("crd"), name: "Twice", password_hash: "none" } };
      const actor = { kind: "user", id: joiner.user_id, name: offer.email } as const;
      const from = { ip_address: null, user_agent: null };
      const entry = { organization_id, project_id: null, actor, action: "invitation.accepted", target: null, from };
      return acceptInvitation(env.DB, offer, joiner, auditRow(entry));
    };
    expect((await Promise.all([accept(), accept()])).sort()).toEqual([false, true]);
    expect((await membersOf(owner.browser)).filter(({ email }) => email === "twice@example.com")).toHaveLength(1);
    const { results } = await env.DB.prepare("SELECT 1 FROM audit WHERE actor_name = 'twice@example.com'").all();
    expect(results).toHaveLength(1);
  });

  it("of somebody who has an account is accepted after signing in, by nobody else", async () => {
    const person = await somebody();
    await givePassword(person);
    const { token } = await invite(person.email, "admin");
    const unknown = await new Browser().call("/api/v1/invitations/accept", { json: { token, ...NEW } });
    expect(unknown.status).toBe(409);
    expect(await problemOf(unknown)).toMatchObject({ has_account: true });
    const another = await somebody();
    expect((await another.browser.call("/api/v1/invitations/accept", { json: { token } })).status).toBe(409);
    const browser = await signedIn(person.email, PASSWORD);
    expect(await browser.json("/api/v1/invitations/accept", { json: { token } })).toMatchObject({ user: { email: person.email } });
    expect((await membersOf(owner.browser)).find(({ email }) => email === person.email)).toMatchObject({ role: "admin" });
  });

  it("ends when it is revoked, replaced, or too old", async () => {
    const revoked = await invite("revoked@example.com", "viewer");
    await owner.browser.json(`/api/v1/invitations/${revoked.invitation_id}`, {
      method: "DELETE",
      organization: organization_id,
      status: 204,
    });
    const replaced = await invite("replaced@example.com", "viewer");
    const second = await invite("replaced@example.com", "viewer");
    const listed = await owner.browser.json<{ invitations: { email: string }[] }>("/api/v1/invitations", { organization: organization_id });
    expect(listed.invitations.map(({ email }) => email)).toEqual(["replaced@example.com"]);
    for (const { token } of [revoked, replaced])
      expect((await new Browser().call("/api/v1/invitations/look", { json: { token } })).status).toBe(404);
    vi.useFakeTimers({ now: Date.now() + INVITATION_LIFE_MS + 1, toFake: ["Date"] });
    try {
      expect((await new Browser().call("/api/v1/invitations/look", { json: { token: second.token } })).status).toBe(404);
    } finally {
      vi.useRealTimers();
    }
  });

  it("gives no role above the inviter's, and goes to no member", async () => {
    const admin = await somebody({ [organization_id]: "admin" });
    const status = async (by: Person, email: string, role: Role) =>
      (await by.browser.call("/api/v1/invitations", { json: { email, role }, organization: organization_id })).status;
    expect(await status(admin, "a@example.com", "owner")).toBe(403);
    expect(await status(admin, "a@example.com", "admin")).toBe(201);
    expect(await status(owner, admin.email, "viewer")).toBe(409);
  });

  it("is kept as a hash", async () => {
    const { token } = await invite("hash@example.com", "viewer");
    const { results } = await env.DB.prepare("SELECT * FROM invitations").all();
    expect(JSON.stringify(results)).not.toContain(token);
  });
});

describe("members", () => {
  const patch = (by: Person, user_id: string, role: Role) =>
    by.browser.call(`/api/v1/members/${user_id}`, { method: "PATCH", json: { role }, organization: organization_id });

  it("are changed by those who are not below them", async () => {
    const admin = await somebody({ [organization_id]: "admin" });
    const member = await somebody({ [organization_id]: "member" });
    expect((await patch(admin, member.user_id, "viewer")).status).toBe(204);
    expect((await patch(admin, member.user_id, "owner")).status).toBe(403);
    expect((await patch(admin, owner.user_id, "member")).status).toBe(403);
    const removal = await admin.browser.call(`/api/v1/members/${owner.user_id}`, { method: "DELETE", organization: organization_id });
    expect(removal.status).toBe(403);
    expect((await patch(owner, "usr_nobody", "viewer")).status).toBe(404);
  });

  it("never leave an organization without an owner, even two at once", async () => {
    const own = await organizationOf((await createProject()).project_id);
    // The made-up owner of the first start cannot act; here it is out of the way.
    await env.DB.prepare("DELETE FROM members WHERE organization_id = ?").bind(own).run();
    const [one, other] = [await somebody({ [own]: "owner" }), await somebody({ [own]: "owner" })];
    const leave = (person: Person) => person.browser.call(`/api/v1/organizations/${own}/leave`, { method: "POST" });
    const answers = await Promise.all([leave(one), leave(other)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([204, 409]);
    const last = answers[0]!.status === 409 ? one : other;
    expect((await patchIn(own, last, last.user_id, "viewer")).status).toBe(409);
    await givePassword(last);
    const deletion = await last.browser.call("/api/v1/account", { method: "DELETE", json: { password: PASSWORD } });
    expect(deletion.status).toBe(409);
    expect(await problemOf(deletion)).toMatchObject({ organizations: [{ organization_id: own }] });
  });

  function patchIn(organization: string, by: Person, user_id: string, role: Role): Promise<Response> {
    return by.browser.call(`/api/v1/members/${user_id}`, { method: "PATCH", json: { role }, organization });
  }
});

describe("an organization", () => {
  it("is founded by owners, renamed, and deleted once it has no projects", async () => {
    const viewer = await somebody({ [organization_id]: "viewer" });
    expect((await viewer.browser.call("/api/v1/organizations", { json: { name: "Mine" } })).status).toBe(403);
    const founded = await owner.browser.json<{ organization_id: string }>("/api/v1/organizations", {
      json: { name: "Second" },
      status: 201,
    });
    const path = `/api/v1/organizations/${founded.organization_id}`;
    expect(await owner.browser.json(path, { method: "PATCH", json: { name: "Other" } })).toMatchObject({ name: "Other", role: "owner" });
    const made = await owner.browser.json<{ project_id: string }>("/api/v1/projects", {
      json: { name: "logs", retention_days: 3 },
      organization: founded.organization_id,
      status: 201,
    });
    expect(made).toMatchObject({ name: "logs", retention_days: 3, events_total: 0 });
    expect((await owner.browser.call("/api/v1/projects", { json: { name: "x" } })).status).toBe(422);
    const remove = (confirm_name: string) => owner.browser.call(path, { method: "DELETE", json: { confirm_name } });
    expect((await remove("other")).status).toBe(422);
    expect((await remove("Other")).status).toBe(409);
    await env.DB.prepare("UPDATE projects SET deleted_at = 'now' WHERE project_id = ?").bind(made.project_id).run();
    expect((await remove("Other")).status).toBe(204);
    expect((await owner.browser.call(path, { method: "PATCH", json: { name: "Back" } })).status).toBe(403);
  });
});

describe("an account", () => {
  it("is renamed, gets another password, keeps a document, and is deleted with all that is kept of it", async () => {
    const person = await somebody({ [organization_id]: "member" });
    await givePassword(person);
    const { browser } = person;
    expect(await browser.json("/api/v1/account", { method: "PATCH", json: { name: "Renamed" } })).toMatchObject({
      user: { name: "Renamed" },
      organizations: [{ organization_id, role: "member" }],
    });
    const other = await signedIn(person.email);
    const change = (current_password: string) =>
      browser.call("/api/v1/account/password", { json: { current_password, new_password: "the next password" } });
    expect((await change("wrong")).status).toBe(403);
    expect((await change(PASSWORD)).status).toBe(204);
    expect((await other.call("/api/v1/account")).status).toBe(401);
    expect((await browser.call("/api/v1/account")).status).toBe(200);

    expect(await browser.json("/api/v1/account/settings")).toEqual({});
    const document = { theme: "dark", density: "compact", query_history: ["level:error"], columns: { a: 1 } };
    expect(await browser.json("/api/v1/account/settings", { method: "PUT", json: document })).toEqual(document);
    expect(await browser.json("/api/v1/account/settings")).toEqual(document);
    const put = async (json: unknown) => (await browser.call("/api/v1/account/settings", { method: "PUT", json })).status;
    expect(await put({ theme: "pink" })).toBe(422);
    expect(await put([])).toBe(422);
    expect(await put({ large: "x".repeat(70_000) })).toBe(413);

    const remove = (password: string) => browser.call("/api/v1/account", { method: "DELETE", json: { password } });
    expect((await remove("wrong")).status).toBe(403);
    expect((await remove("the next password")).status).toBe(204);
    expect((await browser.call("/api/v1/account")).status).toBe(401);
    for (const table of ["users", "credentials", "sessions", "members", "user_settings"]) {
      const { results } = await env.DB.prepare(`SELECT 1 FROM ${table} WHERE user_id = ?`).bind(person.user_id).all();
      expect(results, table).toEqual([]);
    }
  });
});
