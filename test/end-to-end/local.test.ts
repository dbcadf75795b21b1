import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Ledge, startLedge } from "../../clients/cli/local/index.ts";

const ROOT = join(import.meta.dirname, "../..");
const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "ledge-local-"));
  ended.push(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

async function start(home: string, port = 0): Promise<Ledge> {
  const ledge = await startLedge({ home, port, quiet: true, app: false, cron: false });
  ended.push(() => ledge.stop());
  return ledge;
}

function call(ledge: Ledge, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(ledge.url + path, { ...init, headers: { authorization: `Bearer ${ledge.credentials.api_key}`, ...init.headers } });
}

async function send(ledge: Ledge, message: string): Promise<void> {
  const body = JSON.stringify({ service: "local-test", message });
  const response = await call(ledge, "/api/v1/logs", { method: "POST", body, headers: { "content-type": "application/json" } });
  expect(response.status).toBe(202);
}

async function messages(ledge: Ledge): Promise<string[]> {
  const response = await call(ledge, "/api/v1/logs?q=service:local-test");
  expect(response.status).toBe(200);
  const { events } = (await response.json()) as { events: { message: string }[] };
  return events.map((event) => event.message).sort();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the local service", () => {
  it("keeps project, key and events across a stop and across a kill", async () => {
    const home = newHome();
    const first = await start(home);
    expect(first.first).toBe(true);
    await send(first, "before the stop");
    await first.stop();
    expect(isAlive(first.workerdPid)).toBe(false);

    const second = await start(home);
    expect(second.first).toBe(false);
    expect(second.credentials).toEqual({ ...first.credentials, url: second.url });
    expect(await messages(second)).toEqual(["before the stop"]);
    await send(second, "before the kill");
    await second.kill();

    const third = await start(home);
    expect(await messages(third)).toEqual(["before the kill", "before the stop"]);
  });

  it("lets nobody else read its keys", async () => {
    const home = newHome();
    await start(home);
    for (const name of ["credentials.json", "secrets.json"]) expect(statSync(join(home, name)).mode & 0o777, name).toBe(0o600);
    const { url, project_id, api_key } = JSON.parse(readFileSync(join(home, "credentials.json"), "utf8"));
    expect([typeof url, typeof project_id, api_key.slice(0, 6)]).toEqual(["string", "string", "ledge_"]);
  });

  it("is not started twice on one folder", async () => {
    const home = newHome();
    await start(home);
    await expect(start(home)).rejects.toThrow(/already running/);
  });

  it("names the setting where the port is taken", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    ended.push(() => server.close());
    await expect(start(newHome(), port)).rejects.toThrow(/LEDGE_PORT/);
  });

  it("replaces a runtime that crashed, with its data", async () => {
    const ledge = await start(newHome());
    await send(ledge, "before the crash");
    const crashed = ledge.workerdPid;
    process.kill(crashed, "SIGKILL");
    await vi.waitFor(async () => expect(await messages(ledge)).toEqual(["before the crash"]), { timeout: 20_000, interval: 100 });
    expect(ledge.workerdPid).not.toBe(crashed);
  });

  it("runs the cron handler", async () => {
    const ledge = await start(newHome());
    await ledge.scheduled("*/5 * * * *");
    await ledge.scheduled("17 * * * *");
    expect((await call(ledge, "/healthz")).status).toBe(200);
  });
});

describe("npm start", () => {
  /** The program as a person starts it; resolves with what it printed once `until` stands in it, or it ended. */
  function run(env: Record<string, string>, until: RegExp) {
    const child = spawn(process.execPath, [join(ROOT, "clients/cli/start.mjs")], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    ended.push(() => child.kill("SIGKILL"));
    let output = "";
    const exited = new Promise<number | null>((resolve) => child.on("exit", resolve));
    const printed = new Promise<string>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk) => {
          output += chunk;
          if (until.test(output)) resolve(output);
        });
      }
      void exited.then(() => resolve(output));
    });
    return { child, exited, printed };
  }

  it("prints what a newcomer needs, works as it says, and ends in order when told to", async () => {
    const home = newHome();
    const { child, exited, printed } = run({ LEDGE_HOME: home, LEDGE_PORT: "0" }, /Ctrl-C/);
    const text = await printed;
    const { url, api_key } = JSON.parse(readFileSync(join(home, "credentials.json"), "utf8"));
    expect(text).toContain(url);
    expect(text).toContain(api_key);
    expect(text).toContain(`curl ${url}/api/v1/logs`);
    expect((await fetch(url, { headers: { accept: "text/html" } })).headers.get("content-type")).toContain("text/html");
    const { workerd } = JSON.parse(readFileSync(join(home, "lock.json"), "utf8"));
    child.kill("SIGINT");
    expect(await exited).toBe(0);
    expect(isAlive(workerd.pid)).toBe(false);
  }, 120_000);

  it("says plainly what is wrong with a setting", async () => {
    const { exited, printed } = run({ LEDGE_HOME: newHome(), LEDGE_PORT: "eighty" }, /LEDGE_PORT/);
    expect(await printed).toContain('LEDGE_PORT must be a number from 0 (any free port) to 65535, not "eighty"');
    expect(await exited).toBe(1);
  });
});
