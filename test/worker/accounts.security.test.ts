import { env } from "cloudflare:workers";
import * as OTPAuth from "otpauth";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  ACCOUNT_ADDRESS_ATTEMPTS_MAX,
  ADDRESS_ATTEMPTS_MAX,
  MANAGE_BODY_SIZE_BYTES_MAX,
  PERSON_REQUESTS_MAX,
  SESSION_CACHE_MS,
} from "../../worker/limits.ts";
import { call, createProject, ORIGIN, problemOf, type TestProject } from "./support/api.ts";
import { askApp } from "./support/app.ts";
import { Browser } from "./support/browser.ts";
import { givePassword, organizationOf, PASSWORD, type Person, signedIn, somebody } from "./support/people.ts";

let project: TestProject;
let organization_id: string;

beforeAll(async () => {
  project = await createProject();
  organization_id = await organizationOf(project.project_id);
});

async function withPassword(): Promise<Person> {
  const person = await somebody({ [organization_id]: "member" });
  await givePassword(person);
  return person;
}

function signIn(email: string, password: string, browser = new Browser()): Promise<Response> {
  return browser.call("/api/v1/auth/sign-in", { json: { email, password } });
}

describe("signing in", () => {
  it("tells nobody whether an address is known", async () => {
    const { email } = await withPassword();
    const answers = [await signIn(email, "wrong password"), await signIn("nobody@example.com", "wrong password")];
    const [known, unknown] = await Promise.all(answers.map(problemOf));
    expect({ ...known, instance: "" }).toEqual({ ...unknown, instance: "" });
    expect(known).toMatchObject({ status: 401, code: "unauthenticated" });
    const asked = await Promise.all(
      [email, "nobody@example.com"].map((address) =>
        new Browser().call("/api/v1/auth/password-reset/request", { json: { email: address } }),
      ),
    );
    expect(await Promise.all(asked.map((answer) => answer.json()))).toEqual([{ mail: false }, { mail: false }]);
  });

  it("makes a new session, whatever cookie the browser came with", async () => {
    const { email, browser: victim } = await withPassword();
    const foisted = (await somebody()).browser;
    const browser = new Browser();
    for (const [name, value] of foisted.cookies) browser.cookies.set(name, value);
    const answer = await signIn(email, PASSWORD, browser);
    expect(answer.status).toBe(200);
    expect(browser.cookieHeader()).not.toBe(foisted.cookieHeader());
    expect(browser.cookieHeader()).not.toBe(victim.cookieHeader());
    const { user } = await foisted.json<{ user: { email: string } | null }>("/api/v1/auth/session");
    expect(user?.email).not.toBe(email);
  });

  it("sets cookies that scripts cannot read, bound to host and https, and puts no token into the answer", async () => {
    const { email } = await withPassword();
    const answer = await signIn(email, PASSWORD);
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith("__Host-ledge.session_token="))!;
    for (const part of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"]) expect(cookie).toContain(part);
    expect(cookie).not.toContain("Domain");
    const token = decodeURIComponent(cookie.slice(cookie.indexOf("=") + 1)).split(".")[0]!;
    expect(await answer.text()).not.toContain(token);
  });

  it("is refused to pages of other sites, and without JSON", async () => {
    const { email } = await withPassword();
    const json = { email, password: PASSWORD };
    for (const origin of ["https://elsewhere.example", "null", `${ORIGIN}.elsewhere.example`])
      expect((await call("/api/v1/auth/sign-in", { json, headers: { origin } })).status).toBe(403);
    const form = await call("/api/v1/auth/sign-in", {
      method: "POST",
      headers: { origin: ORIGIN, "content-type": "application/x-www-form-urlencoded" },
      body: `email=${email}&password=${PASSWORD}`,
    });
    expect(form.status).toBe(415);
  });

  it("is refused after too many tries, to the right password too, and only to this account", async () => {
    const { email } = await withPassword();
    for (let time = 0; time < ACCOUNT_ADDRESS_ATTEMPTS_MAX; time++) expect((await signIn(email, "wrong")).status).toBe(401);
    const locked = await signIn(email, PASSWORD);
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(60);
    await problemOf(locked);
    expect((await signIn((await withPassword()).email, PASSWORD)).status).toBe(200);
  });

  it("is refused to an address that tries many accounts, and to no other", async () => {
    const edge = { ...env, LEDGE_PROFILE: "edge" as const };
    const tries = async (address: string, count: number) => {
      const statuses: number[] = [];
      for (let time = 0; time < count; time++) {
        const answer = await askApp(edge, "/api/v1/invitations/look", { token: "guessed" }, { "cf-connecting-ip": address });
        statuses.push(answer.status);
      }
      return statuses;
    };
    expect((await tries("192.0.2.1", ADDRESS_ATTEMPTS_MAX)).every((status) => status === 404)).toBe(true);
    expect(await tries("192.0.2.1", 1)).toEqual([429]);
    expect(await tries("192.0.2.2", 1)).toEqual([404]);
  });

  it("counts tries that come at once", async () => {
    const { email } = await withPassword();
    const answers = await Promise.all(Array.from({ length: ACCOUNT_ADDRESS_ATTEMPTS_MAX + 5 }, () => signIn(email, "wrong")));
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(ACCOUNT_ADDRESS_ATTEMPTS_MAX);
  });

  it("repeats no password in an answer that refuses", async () => {
    for (const json of [
      { email: "a@example.com", password: "my secret", extra: 1 },
      { name: "A", email: "no", password: "my secret" },
    ]) {
      for (const path of ["/api/v1/auth/sign-in", "/api/v1/auth/sign-up"]) {
        const answer = await new Browser().call(path, { json });
        expect(answer.status).toBe(422);
        expect(await answer.text()).not.toContain("my secret");
      }
    }
  });

  it("takes no huge bodies", async () => {
    const answer = await new Browser().call("/api/v1/auth/sign-in", {
      json: { email: "a@example.com", password: "x".repeat(MANAGE_BODY_SIZE_BYTES_MAX) },
    });
    expect(answer.status).toBe(413);
    const long = await new Browser().call("/api/v1/auth/sign-in", { json: { email: "a@example.com", password: "x".repeat(10_000) } });
    expect(long.status).toBe(422);
  });
});

describe("a session", () => {
  it("is refused where its cookie was changed", async () => {
    const { browser } = await somebody({ [organization_id]: "viewer" });
    const value = browser.cookies.get("__Host-ledge.session_token")!;
    for (const changed of [`${value}x`, value.slice(0, -4), `x${value}`, decodeURIComponent(value).split(".")[0]!, ""]) {
      browser.cookies.set("__Host-ledge.session_token", changed);
      expect((await browser.call("/api/v1/projects")).status).toBe(401);
    }
  });

  it("that was revoked is refused at once where that was done, and elsewhere once it is read again", async () => {
    const person = await withPassword();
    const other = await signedIn(person.email);
    expect((await other.call("/api/v1/projects")).status).toBe(200);
    const { sessions } = await person.browser.json<{ sessions: { session_id: string; current: boolean }[] }>("/api/v1/account/sessions");
    expect(sessions.map(({ current }) => current).sort()).toEqual([false, true]);
    const theirs = sessions.find(({ current }) => !current)!;
    await person.browser.json(`/api/v1/account/sessions/${theirs.session_id}`, { method: "DELETE", status: 204 });
    expect((await other.call("/api/v1/projects")).status).toBe(401);
    expect((await person.browser.call("/api/v1/projects")).status).toBe(200);

    const third = await signedIn(person.email);
    expect((await third.call("/api/v1/projects")).status).toBe(200);
    // As another isolate does it.
    await env.DB.prepare("DELETE FROM sessions WHERE user_id = ? AND session_id <> ?").bind(person.user_id, person.session_id).run();
    expect((await third.call("/api/v1/projects")).status).toBe(200);
    vi.useFakeTimers({ now: Date.now() + SESSION_CACHE_MS + 1, toFake: ["Date"] });
    try {
      expect((await third.call("/api/v1/projects")).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it("of somebody else cannot be ended", async () => {
    const [mine, theirs] = [await somebody(), await somebody()];
    const answer = await mine.browser.call(`/api/v1/account/sessions/${theirs.session_id}`, { method: "DELETE" });
    expect(answer.status).toBe(404);
    expect((await theirs.browser.call("/api/v1/account")).status).toBe(200);
  });

  it("opens nothing where a key is presented that is none", async () => {
    const { browser } = await somebody({ [organization_id]: "owner" });
    const answer = await browser.call("/api/v1/keys", { project: project.project_id, headers: { authorization: "Bearer garbage" } });
    expect(answer.status).toBe(401);
  });

  it("names its project by a header; by the query where it only reads", async () => {
    const { browser } = await somebody({ [organization_id]: "owner" });
    expect((await browser.call("/api/v1/keys")).status).toBe(422);
    expect((await browser.call(`/api/v1/keys?project=${project.project_id}`)).status).toBe(200);
    const changed = await browser.call(`/api/v1/keys?project=${project.project_id}`, { json: { name: "x", scopes: ["read"] } });
    expect(changed.status).toBe(422);
  });

  it("asks no more than a person can", async () => {
    const { browser } = await somebody();
    vi.useFakeTimers({ now: Math.ceil(Date.now() / 10_000) * 10_000, toFake: ["Date"] });
    try {
      const answers = await Promise.all(Array.from({ length: PERSON_REQUESTS_MAX + 1 }, () => browser.call("/api/v1/account/settings")));
      expect(answers.filter((answer) => answer.status === 429)).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it("loses what its role may when the role changes", async () => {
    const owner = await somebody({ [organization_id]: "owner" });
    const member = await somebody({ [organization_id]: "admin" });
    const keys = () => member.browser.call("/api/v1/keys", { project: project.project_id });
    expect((await keys()).status).toBe(200);
    const change = (role: string) =>
      owner.browser.call(`/api/v1/members/${member.user_id}`, { method: "PATCH", json: { role }, organization: organization_id });
    expect((await change("viewer")).status).toBe(204);
    expect((await keys()).status).toBe(403);
    await owner.browser.json(`/api/v1/members/${member.user_id}`, { method: "DELETE", organization: organization_id, status: 204 });
    expect((await member.browser.call("/api/v1/logs?q=x", { project: project.project_id })).status).toBe(403);
  });
});

describe("the second factor", () => {
  async function withSecondFactor() {
    const person = await withPassword();
    const { browser } = person;
    const begun = await browser.json<{ totp_uri: string; backup_codes: string[] }>("/api/v1/account/two-factor", {
      json: { password: PASSWORD },
    });
    const totp = OTPAuth.URI.parse(begun.totp_uri) as OTPAuth.TOTP;
    const code = (periods = 0) => totp.generate({ timestamp: Date.now() + periods * 30_000 });
    return { ...person, ...begun, totp, code };
  }

  it("is asked for once it was confirmed, and a code opens once", async () => {
    const person = await withSecondFactor();
    expect(await (await signIn(person.email, PASSWORD)).json()).toMatchObject({ two_factor_required: false });
    const wrong = await person.browser.call("/api/v1/account/two-factor/confirm", { json: { code: "000000" } });
    expect(wrong.status).toBe(401);
    await person.browser.json("/api/v1/account/two-factor/confirm", { json: { code: person.code(-1) }, status: 204 });
    expect(await person.browser.json("/api/v1/auth/session")).toMatchObject({ user: { two_factor_enabled: true } });

    const browser = new Browser();
    expect(await (await signIn(person.email, PASSWORD, browser)).json()).toEqual({ two_factor_required: true, user: null });
    expect((await browser.call("/api/v1/account")).status).toBe(401);
    const used = person.code();
    expect(await browser.json("/api/v1/auth/two-factor", { json: { code: used } })).toMatchObject({ user: { email: person.email } });
    expect((await browser.call("/api/v1/account")).status).toBe(200);

    const thief = new Browser();
    await signIn(person.email, PASSWORD, thief);
    expect((await thief.call("/api/v1/auth/two-factor", { json: { code: used } })).status).toBe(401);
    expect((await thief.call("/api/v1/account")).status).toBe(401);
  });

  it("takes a backup code once", async () => {
    const person = await withSecondFactor();
    await person.browser.json("/api/v1/account/two-factor/confirm", { json: { code: person.code() }, status: 204 });
    const [backup_code] = person.backup_codes;
    for (const status of [200, 401]) {
      const browser = new Browser();
      await signIn(person.email, PASSWORD, browser);
      expect((await browser.call("/api/v1/auth/two-factor", { json: { backup_code } })).status).toBe(status);
    }
  });

  it("ends a sign-in after five wrong codes", async () => {
    const person = await withSecondFactor();
    await person.browser.json("/api/v1/account/two-factor/confirm", { json: { code: person.code() }, status: 204 });
    const browser = new Browser();
    await signIn(person.email, PASSWORD, browser);
    const wrong = String((Number(person.code()) + 1) % 1_000_000).padStart(6, "0");
    const statuses: number[] = [];
    for (let time = 0; time < 6; time++) statuses.push((await browser.call("/api/v1/auth/two-factor", { json: { code: wrong } })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await browser.call("/api/v1/auth/two-factor", { json: { code: person.code(1) } })).status).toBe(401);
  });

  it("is not given by somebody who has not given the password", async () => {
    const browser = new Browser();
    expect((await browser.call("/api/v1/auth/two-factor", { json: { code: "123456" } })).status).toBe(401);
    const { browser: mine } = await withPassword();
    for (const [method, path] of [
      ["POST", "/api/v1/account/two-factor"],
      ["DELETE", "/api/v1/account/two-factor"],
      ["POST", "/api/v1/account/two-factor/backup-codes"],
      ["DELETE", "/api/v1/account"],
    ] as const) {
      const answer = await mine.call(path, { method, json: { password: "wrong" } });
      expect([403, 409]).toContain(answer.status);
    }
  });

  it("is switched off by the operator for somebody who has lost it", async () => {
    const person = await withSecondFactor();
    await person.browser.json("/api/v1/account/two-factor/confirm", { json: { code: person.code() }, status: 204 });
    const answer = await call("/api/v1/admin/password-resets", {
      key: env.LEDGE_OPERATOR_TOKEN,
      json: { email: person.email, remove_two_factor: true },
    });
    const { path } = await answer.json<{ path: string }>();
    const token = path.split("token=")[1]!;
    await new Browser().json("/api/v1/auth/password-reset", { json: { token, new_password: "another password" }, status: 204 });
    expect(await (await signIn(person.email, "another password")).json()).toMatchObject({ two_factor_required: false });
  });
});

describe("a password's reset", () => {
  async function linkFor(email: string): Promise<string> {
    const answer = await call("/api/v1/admin/password-resets", { key: env.LEDGE_OPERATOR_TOKEN, json: { email } });
    expect(answer.status).toBe(201);
    return (await answer.json<{ path: string }>()).path.split("token=")[1]!;
  }

  it("opens once, ends all sessions, and nothing of it can be read from the database", async () => {
    const person = await withPassword();
    const token = await linkFor(person.email);
    const { results } = await env.DB.prepare("SELECT * FROM verifications").all();
    expect(JSON.stringify(results)).not.toContain(token);
    const another = await linkFor(person.email);
    const json = { token, new_password: "a wholly new password" };
    await new Browser().json("/api/v1/auth/password-reset", { json, status: 204 });
    expect((await person.browser.call("/api/v1/account")).status).toBe(401);
    expect((await signIn(person.email, PASSWORD)).status).toBe(401);
    expect((await signIn(person.email, json.new_password)).status).toBe(200);
    for (const used of [token, another]) {
      const again = await new Browser().call("/api/v1/auth/password-reset", { json: { ...json, token: used } });
      expect(again.status).toBe(422);
      await problemOf(again);
    }
  });

  it("by an owner is for members of organizations that the owner owns, and never for owners", async () => {
    const owner = await somebody({ [organization_id]: "owner" });
    const elsewhere = await organizationOf((await createProject()).project_id);
    const member = await somebody({ [organization_id]: "member" });
    const in_two = await somebody({ [organization_id]: "member", [elsewhere]: "viewer" });
    const peer = await somebody({ [organization_id]: "owner" });
    const status = async (user_id: string) =>
      (await owner.browser.call(`/api/v1/members/${user_id}/password-reset`, { method: "POST", organization: organization_id })).status;
    expect(await status(member.user_id)).toBe(201);
    expect(await status(in_two.user_id)).toBe(403);
    expect(await status(peer.user_id)).toBe(403);
    expect(await status("usr_nobody")).toBe(404);
  });

  it("asked for where mails are sent comes by mail", async () => {
    const person = await withPassword();
    const sent: { to: string; text: string }[] = [];
    const mail = { send: async (message: { to: string; text: string }) => void sent.push(message) };
    const mailing = { ...env, LEDGE_PROFILE: "edge" as const, MAIL: mail as never, LEDGE_MAIL_FROM: "ledge@example.com" };
    const answer = await askApp(mailing, "/api/v1/auth/password-reset/request", { email: person.email });
    expect(await answer.json()).toEqual({ mail: true });
    expect(sent).toMatchObject([{ to: person.email }]);
    const token = /#token=(\S+)/.exec(sent[0]!.text)![1]!;
    await new Browser().json("/api/v1/auth/password-reset", { json: { token, new_password: "a mailed new password" }, status: 204 });
  });
});
