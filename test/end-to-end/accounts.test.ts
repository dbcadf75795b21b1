import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ledge, startLedge } from "../../clients/cli/local/index.ts";
import { ownerLink } from "../../clients/cli/operator.ts";

const ROOT = join(import.meta.dirname, "../..");
const home = mkdtempSync(join(tmpdir(), "ledge-accounts-"));
const OWNER = { name: "Ada", email: "ada@example.com", password: "a password to remember" };
let ledge: Ledge;

const start = (vars: Record<string, string> = {}, folder = home) =>
  startLedge({ home: folder, port: 0, quiet: true, app: false, cron: false, vars });

beforeAll(async () => {
  ledge = await start();
});
afterAll(async () => {
  await ledge.stop();
  rmSync(home, { recursive: true, force: true });
});

/** A browser, as far as cookies go, on a page of this address. */
class Client {
  cookie = "";

  async call(path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const answer = await fetch(ledge.url + path, {
      ...(json === undefined ? {} : { method: "POST", body: JSON.stringify(json) }),
      headers: {
        origin: ledge.url,
        cookie: this.cookie,
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
    const set = answer.headers.getSetCookie().find((one) => one.startsWith("ledge.session_token="));
    if (set) this.cookie = set.split(";")[0]!;
    return answer;
  }

  async json<T>(path: string, json?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const answer = await this.call(path, json, headers);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
  }
}

const owner = new Client();

describe("the first run", () => {
  it("needs no code on one's own machine, makes the owner, and hands over what the start had made", async () => {
    const operator = { url: ledge.url, token: ledge.secrets.LEDGE_OPERATOR_TOKEN };
    expect(await ownerLink(operator, ledge.url)).toMatch(/\/setup#code=[a-z2-7]{20}$/);
    expect(await owner.json("/api/v1/setup")).toMatchObject({ needs_owner: true, needs_code: false });
    await owner.json("/api/v1/auth/sign-up", { ...OWNER, organization_name: "Ours" });
    expect(await ownerLink(operator, ledge.url)).toBeNull();
    const { projects } = await owner.json<{ projects: object[] }>("/api/v1/projects");
    expect(projects).toMatchObject([
      { project_id: ledge.credentials.project_id, name: "default", role: "owner", organization_name: "Ours" },
    ]);
    const kept = JSON.parse(readFileSync(join(home, "credentials.json"), "utf8"));
    expect(kept).toEqual(ledge.credentials);
  });

  it("sends a first line with the printed key and finds it in the browser", async () => {
    const sent = await fetch(`${ledge.url}/api/v1/logs`, {
      method: "POST",
      headers: { authorization: `Bearer ${ledge.credentials.api_key}`, "content-type": "application/json" },
      body: JSON.stringify({ level: "info", service: "hello", message: "the first line" }),
    });
    expect(sent.status).toBe(202);
    const at = { "x-ledge-project": ledge.credentials.project_id };
    const { events } = await owner.json<{ events: { message: string }[] }>("/api/v1/logs?q=service:hello", undefined, at);
    expect(events.map(({ message }) => message)).toEqual(["the first line"]);
  });

  it("lets somebody in by the link of an invitation", async () => {
    const { path } = await owner.json<{ path: string }>("/api/v1/invitations", { email: "grace@example.com", role: "viewer" });
    const guest = new Client();
    await guest.json("/api/v1/invitations/accept", { token: path.split("token=")[1], name: "Grace", password: "another password" });
    const at = { "x-ledge-project": ledge.credentials.project_id };
    expect((await guest.call("/api/v1/logs?q=service:hello", undefined, at)).status).toBe(200);
    expect((await guest.call("/api/v1/keys", undefined, at)).status).toBe(403);
  });

  it("survives a restart: session, key and people", async () => {
    await ledge.kill();
    ledge = await start();
    expect(await owner.json("/api/v1/auth/session")).toMatchObject({ user: { email: OWNER.email } });
    const { members } = await owner.json<{ members: object[] }>("/api/v1/members");
    expect(members).toHaveLength(2);
  });

  it("sets a forgotten password by the link of the operator's command, or by that in the terminal", async () => {
    const reset = (...args: string[]) =>
      spawnSync(process.execPath, [join(ROOT, "clients/cli/reset-password.ts"), ...args], {
        encoding: "utf8",
        env: { ...process.env, LEDGE_HOME: home },
      });
    expect(reset().stderr).toContain("--email");
    expect(reset("--email", "nobody@example.com").stderr).toContain("Nobody has this address");
    const { stdout, status } = reset("--email", OWNER.email);
    expect(status).toBe(0);
    const token = /reset-password#token=(\S+)/.exec(stdout)![1];
    await owner.json("/api/v1/auth/password-reset", { token, new_password: "the second password" });
    expect((await owner.call("/api/v1/account")).status).toBe(401);
    await owner.json("/api/v1/auth/sign-in", { email: OWNER.email, password: "the second password" });

    await owner.json("/api/v1/auth/password-reset/request", { email: OWNER.email });
    await expect.poll(() => ledge.logs().join("\n"), { timeout: 10_000 }).toContain(`A new password for ${OWNER.email}`);
    const printed = /reset-password#token=(\S+)/.exec(ledge.logs().join("\n"))![1];
    await owner.json("/api/v1/auth/password-reset", { token: printed, new_password: "the third password" });
    await owner.json("/api/v1/auth/sign-in", { email: OWNER.email, password: "the third password" });
  });

  it("is not open to strangers where Ledge is deployed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ledge-accounts-edge-"));
    const local = ledge;
    ledge = await start({ LEDGE_PROFILE: "edge" }, folder);
    try {
      const stranger = new Client();
      expect(await stranger.json("/api/v1/setup")).toMatchObject({ needs_owner: true, needs_code: true });
      expect((await stranger.call("/api/v1/auth/sign-up", { ...OWNER, code: "aaaaaaaaaaaaaaaaaaaa" })).status).toBe(403);
      const link = await ownerLink({ url: ledge.url, token: ledge.secrets.LEDGE_OPERATOR_TOKEN }, ledge.url);
      await stranger.json("/api/v1/auth/sign-up", { ...OWNER, code: link!.split("code=")[1] });
      expect(await stranger.json("/api/v1/account")).toMatchObject({ user: { email: OWNER.email } });
    } finally {
      await ledge.stop();
      ledge = local;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
