import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Shell, ShellResult } from "../../clients/cli/deploy/shell.ts";
import {
  deployWorker,
  ensureBucket,
  ensureDatabase,
  ensurePages,
  ensureQueues,
  knownSecrets,
  pagesDomains,
  withDatabaseId,
} from "../../clients/cli/deploy/steps.ts";

const ROOT = join(import.meta.dirname, "../..");

/** An account of Cloudflare as far as a deployment sees it through wrangler. */
class Account implements Shell {
  readonly made: string[] = [];
  readonly things = new Set<string>();

  async ask(args: string[]): Promise<ShellResult> {
    const line = args.join(" ");
    if (line === "d1 list --json") {
      const list = [...this.things]
        .filter((thing) => thing.startsWith("d1:"))
        .map((thing) => ({ name: thing.slice(3), uuid: `id-of-${thing.slice(3)}` }));
      return { code: 0, output: `a notice\n${JSON.stringify(list, null, 2)}`, events: [] };
    }
    if (line === "pages project list --json") {
      const list = this.things.has("pages:ledge-app")
        ? [{ "Project Name": "ledge-app", "Project Domains": "ledge-app-x1.pages.dev, logs.example.com" }]
        : [];
      return { code: 0, output: JSON.stringify(list), events: [] };
    }
    if (args[0] === "secret") {
      return this.things.has("worker:ledge")
        ? { code: 0, output: '[{"name":"LEDGE_SECRET","type":"secret_text"}]', events: [] }
        : { code: 1, output: "not found", events: [] };
    }
    const [kind, name] = args[0] === "r2" ? ["r2", args[3]] : [args[0], args[2]];
    return { code: this.things.has(`${kind}:${name}`) ? 0 : 1, output: "", events: [] };
  }

  async act(args: string[]): Promise<ShellResult> {
    this.made.push(args.join(" "));
    const created = /^(d1|queues|r2|pages)(?: bucket| project)? create (\S+)/.exec(args.join(" "));
    if (created) this.things.add(`${created[1]}:${created[2]}`);
    const events =
      args[0] === "deploy"
        ? [{ type: "version" }, { type: "deploy", targets: ["https://ledge.example.workers.dev", "schedule: 17 * * * *"] }]
        : [];
    return { code: 0, output: "", events };
  }
}

async function prepare(account: Account): Promise<string | null> {
  const id = await ensureDatabase(account, "ledge");
  await ensureBucket(account, "ledge");
  await ensureQueues(account, ["ledge-events", "ledge-jobs"]);
  await ensurePages(account, "ledge-app");
  return id;
}

describe("a deployment", () => {
  it("makes what is missing, and nothing the second time", async () => {
    const account = new Account();
    expect(await prepare(account)).toBe("id-of-ledge");
    expect(account.made).toEqual([
      "d1 create ledge",
      "r2 bucket create ledge",
      "queues create ledge-events",
      "queues create ledge-jobs",
      "pages project create ledge-app --production-branch main",
    ]);
    expect(await prepare(account)).toBe("id-of-ledge");
    expect(account.made).toHaveLength(5);
    expect(await pagesDomains(account, "ledge-app")).toEqual(["https://ledge-app-x1.pages.dev", "https://logs.example.com"]);
  });

  it("applies migrations before the new code runs, and gives the Worker's address", async () => {
    const account = new Account();
    expect(await deployWorker(account, "ledge", "/home/secrets.json")).toEqual(["https://ledge.example.workers.dev"]);
    expect(account.made).toEqual(["d1 migrations apply ledge --remote", "deploy --secrets-file /home/secrets.json"]);
  });

  it("knows which secrets a Worker has, and that a new one has none", async () => {
    const account = new Account();
    expect(await knownSecrets(account, "ledge")).toEqual(new Set());
    account.things.add("worker:ledge");
    expect(await knownSecrets(account, "ledge")).toEqual(new Set(["LEDGE_SECRET"]));
  });

  it("writes the database's id into wrangler.toml and changes nothing else there", () => {
    const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
    const written = withDatabaseId(toml, "ledge", "1234");
    const changed = written.split("\n").filter((line, index) => line !== toml.split("\n")[index]);
    expect(changed).toEqual(['database_id = "1234"']);
    expect(() => withDatabaseId(toml, "another", "1234")).toThrow(/no database "another"/);
  });

  it("can be rehearsed without an account", () => {
    const { stdout, status } = spawnSync(process.execPath, [join(ROOT, "clients/cli/deploy.ts"), "--dry-run"], { encoding: "utf8" });
    expect(status).toBe(0);
    for (const queue of ["ledge-events", "ledge-events-dead", "ledge-jobs", "ledge-jobs-dead"])
      expect(stdout).toContain(`queues create ${queue}\n`);
    expect(stdout.indexOf("d1 migrations apply ledge --remote")).toBeLessThan(stdout.indexOf("wrangler deploy"));
  });
});
