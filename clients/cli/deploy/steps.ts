/** The steps of a deployment, each of which may be repeated: it looks first and makes only what is missing. */
import type { Shell } from "./shell.ts";

/** The names that both wrangler.toml files give to things. */
export interface Names {
  worker: string;
  database: string;
  bucket: string;
  queues: string[];
  pages: string;
}

/** Makes the database where it is missing. Returns its id; null in a rehearsal. */
export async function ensureDatabase(shell: Shell, name: string): Promise<string | null> {
  const known = await databaseId(shell, name);
  if (known !== null) return known;
  await shell.act(["d1", "create", name]);
  return databaseId(shell, name);
}

async function databaseId(shell: Shell, name: string): Promise<string | null> {
  const { code, output } = await shell.ask(["d1", "list", "--json"]);
  if (code !== 0) return null;
  const all = readJson<{ name: string; uuid: string }[]>(output) ?? [];
  return all.find((database) => database.name === name)?.uuid ?? null;
}

export async function ensureBucket(shell: Shell, name: string): Promise<void> {
  if ((await shell.ask(["r2", "bucket", "info", name])).code !== 0) await shell.act(["r2", "bucket", "create", name]);
}

export async function ensureQueues(shell: Shell, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if ((await shell.ask(["queues", "info", name])).code !== 0) await shell.act(["queues", "create", name]);
  }
}

export async function ensurePages(shell: Shell, name: string): Promise<void> {
  if ((await pagesDomains(shell, name)) === null) await shell.act(["pages", "project", "create", name, "--production-branch", "main"]);
}

/** Addresses of a Pages project; null where there is none. */
export async function pagesDomains(shell: Shell, name: string): Promise<string[] | null> {
  const { code, output } = await shell.ask(["pages", "project", "list", "--json"]);
  if (code !== 0) return null;
  const project = (readJson<Record<string, string>[]>(output) ?? []).find((one) => one["Project Name"] === name);
  return project === undefined ? null : (project["Project Domains"] ?? "").split(",").map((domain) => `https://${domain.trim()}`);
}

/** Which of the secrets the Worker has already; an empty set before its first deployment. */
export async function knownSecrets(shell: Shell, worker: string): Promise<Set<string>> {
  const { code, output } = await shell.ask(["secret", "list", "--name", worker, "--format", "json"]);
  if (code !== 0) return new Set();
  return new Set((readJson<{ name: string }[]>(output) ?? []).map((secret) => secret.name));
}

/** Applies the migrations, then replaces the Worker. Returns its addresses. */
export async function deployWorker(shell: Shell, database: string, secretsFile: string | null): Promise<string[]> {
  await shell.act(["d1", "migrations", "apply", database, "--remote"]);
  const { events } = await shell.act(["deploy", ...(secretsFile === null ? [] : ["--secrets-file", secretsFile])]);
  const targets = events.find((event) => event.type === "deploy")?.targets;
  return Array.isArray(targets) ? targets.filter((target) => typeof target === "string" && target.startsWith("https://")) : [];
}

/** Uploads the built app as the production deployment of its Pages project. */
export async function deployPages(shell: Shell, name: string, folder: string): Promise<void> {
  await shell.act(["pages", "deploy", "--project-name", name, "--branch", "main", "--commit-dirty=true"], folder);
}

/**
 * wrangler.toml with the database's id written in.
 * @throws Error where the file has no such database
 */
export function withDatabaseId(toml: string, name: string, id: string): string {
  const tables = toml.split(/^(?=\[)/m);
  const at = tables.findIndex((table) => table.startsWith("[[d1_databases]]") && table.includes(`database_name = "${name}"`));
  const table = tables[at];
  if (table === undefined || !/^database_id = /m.test(table)) throw new Error(`wrangler.toml has no database "${name}" with a database_id`);
  tables[at] = table.replace(/^database_id = .*$/m, `database_id = "${id}"`);
  return tables.join("");
}

/** The first JSON value in a program's output, which may be preceded by notices. */
function readJson<T>(output: string): T | null {
  const start = output.search(/^[[{]/m);
  if (start === -1) return null;
  try {
    return JSON.parse(output.slice(start)) as T;
  } catch {
    return null;
  }
}
