/**
 * Puts Ledge on a Cloudflare account: makes what is missing, applies the migrations, deploys Worker and app, makes the first project.
 * May be run again at any time. `--dry-run` prints what it would do. See docs/deploy.md.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bootstrap } from "./bootstrap.ts";
import { rehearsalShell, type Shell, wranglerShell } from "./deploy/shell.ts";
import {
  deployPages,
  deployWorker,
  ensureBucket,
  ensureDatabase,
  ensurePages,
  ensureQueues,
  knownSecrets,
  type Names,
  pagesDomains,
  withDatabaseId,
} from "./deploy/steps.ts";
import { bundleApp } from "./local/bundle.ts";
import { ensureSecrets, readCredentials, secretsPath, writeCredentials } from "./local/credentials.ts";
import { StartFault } from "./local/fault.ts";
import { APP, ROOT } from "./local/paths.ts";
import { ownerLink } from "./operator.ts";

const WRANGLER_TOML = join(ROOT, "wrangler.toml");
const SECRET_NAMES = ["LEDGE_SECRET", "LEDGE_OPERATOR_TOKEN"] as const;

async function readNames(): Promise<Names> {
  const { unstable_readConfig: read } = await import("wrangler");
  const worker = read({ config: WRANGLER_TOML });
  const app = read({ config: join(APP, "wrangler.toml") });
  const consumed = (worker.queues.consumers ?? []).flatMap((consumer: { queue: string; dead_letter_queue?: string }) => [
    consumer.queue,
    consumer.dead_letter_queue,
  ]);
  const produced = (worker.queues.producers ?? []).map((producer: { queue: string }) => producer.queue);
  const need = (what: string, name: string | undefined): string => {
    if (name === undefined) throw new StartFault(`wrangler.toml names no ${what}.`);
    return name;
  };
  return {
    worker: need("Worker", worker.name),
    database: need("D1 database", worker.d1_databases[0]?.database_name),
    bucket: need("R2 bucket", worker.r2_buckets[0]?.bucket_name),
    queues: [...new Set([...produced, ...consumed].filter((name) => name !== undefined))],
    pages: need("Pages project", app.name),
  };
}

async function assertLoggedIn(shell: Shell): Promise<void> {
  if ((await shell.ask(["whoami", "--json"])).code === 0) return;
  throw new StartFault(
    "wrangler is not logged in. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID, then try again.\nTo see what would be done: npm run deploy -- --dry-run",
  );
}

/** A file for wrangler with the secrets that the Worker lacks; null where it has them. One that it has is never replaced: keys depend on it. */
async function missingSecrets(shell: Shell, worker: string, home: string): Promise<string | null> {
  const known = await knownSecrets(shell, worker);
  const missing = SECRET_NAMES.filter((name) => !known.has(name));
  if (missing.length === 0) return null;
  const secrets = ensureSecrets(home);
  const path = join(home, "deploy-secrets.json");
  writeFileSync(path, JSON.stringify(Object.fromEntries(missing.map((name) => [name, secrets[name]]))), { mode: 0o600 });
  return path;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { "dry-run": { type: "boolean", default: false }, home: { type: "string", default: ".ledge/remote" } },
  });
  const rehearsal = values["dry-run"];
  const home = join(ROOT, values.home);
  const say = (line: string): void => console.log(line);
  const shell = rehearsal ? rehearsalShell(say) : wranglerShell(say);
  const names = await readNames();
  if (rehearsal) say("What would be done on an empty account:\n");
  else await assertLoggedIn(shell);

  const id = await ensureDatabase(shell, names.database);
  if (rehearsal) say("  (writes the database's id into wrangler.toml)");
  else if (id === null) throw new StartFault(`The database ${names.database} was made but is not listed yet. Run this again in a minute.`);
  else writeFileSync(WRANGLER_TOML, withDatabaseId(readFileSync(WRANGLER_TOML, "utf8"), names.database, id));
  await ensureBucket(shell, names.bucket);
  await ensureQueues(shell, names.queues);
  await ensurePages(shell, names.pages);

  const secrets = rehearsal ? secretsPath(home) : await missingSecrets(shell, names.worker, home);
  let workerUrl: string | undefined;
  try {
    [workerUrl] = await deployWorker(shell, names.database, secrets);
  } finally {
    if (!rehearsal && secrets !== null) rmSync(secrets, { force: true });
  }
  if (!rehearsal) await bundleApp(say);
  await deployPages(shell, names.pages, APP);
  if (rehearsal) {
    say(`\nThen the first project is made through the Worker's address and its key kept in ${join(values.home, "credentials.json")}.`);
    return;
  }
  await finish(shell, names, workerUrl, home);
}

async function finish(shell: Shell, names: Names, workerUrl: string | undefined, home: string): Promise<void> {
  if (workerUrl === undefined) throw new StartFault("The Worker has no address. Give it a route or workers_dev = true in wrangler.toml.");
  const token = process.env.LEDGE_OPERATOR_TOKEN ?? ensureSecrets(home).LEDGE_OPERATOR_TOKEN;
  if (readCredentials(home) === null) {
    writeCredentials(home, { url: workerUrl, ...(await bootstrap(workerUrl, token, "ledge")) });
  }
  const credentials = readCredentials(home);
  const [appUrl] = (await pagesDomains(shell, names.pages)) ?? [];
  // The link holds the code that keeps strangers from claiming a fresh installation.
  const owner = await ownerLink({ url: workerUrl, token }, appUrl ?? "").catch(() => null);
  const owner_line = owner === null ? "" : `\n  owner      ${owner}   (sign up there first: this address makes you the owner)`;
  console.log(`
Ledge is deployed.
${owner_line}
  app        ${appUrl ?? "(see wrangler pages project list)"}
  API        ${workerUrl}/api/v1
  API key    ${credentials?.api_key}
  kept in    ${home} (secrets.json, credentials.json: keep them safe, they cannot be read back)

  curl ${workerUrl}/api/v1/logs -H "Authorization: Bearer ${credentials?.api_key}" \\
    -H "Content-Type: application/json" -d '{"level":"info","service":"hello","message":"the first line"}'
`);
}

main().catch((error: unknown) => {
  console.error(error instanceof StartFault || error instanceof Error ? `\n${error.message}\n` : error);
  process.exit(1);
});
