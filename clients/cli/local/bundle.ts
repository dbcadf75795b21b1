import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build, stop } from "esbuild";
import { StartFault } from "./fault.ts";
import { APP, CACHE, hashFiles, ROOT } from "./paths.ts";

const APP_OUTPUT = join(APP, ".svelte-kit/cloudflare");
const APP_SOURCES = ["src", "static", "_headers", "svelte.config.js", "vite.config.ts", "wrangler.toml"].map((name) => join(APP, name));
const OLD_BUNDLE_MS = 600_000;
/** A build that somebody else began is waited for this long. */
const BUILD_WAIT_MS = 120_000;

export interface AppBundle {
  /** The app's Worker in one file. */
  script: string;
  /** Folder of its pages and assets. */
  assets: string;
}

interface KeptBundle {
  /** What went into it, besides packages. */
  inputs: string[];
  hash: string;
  path: string;
}

const LOCK_FILE = join(ROOT, "package-lock.json");

/** One ES module of an entry file as workerd runs it; platform modules stay imports. Made again only where a source changed. Returns its path. */
export async function bundle(entry: string, name: string): Promise<string> {
  const record = join(CACHE, `${name}.json`);
  const kept = readKept(record);
  // Of this entry: in a folder that was copied, what is kept was made from the sources of the other one.
  const is_own = kept?.inputs.includes(resolve(entry)) === true;
  if (is_own && existsSync(kept.path) && hashFiles([...kept.inputs, LOCK_FILE]) === kept.hash) return kept.path;
  // Made in a folder of its own and named last: another process may be starting from the one before.
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, `${name}-`));
  const path = join(folder, "index.mjs");
  const inputs = await runEsbuild(entry, path);
  const made: KeptBundle = { inputs, hash: hashFiles([...inputs, LOCK_FILE]), path };
  const beside = `${record}.${process.pid}`;
  writeFileSync(beside, JSON.stringify(made));
  renameSync(beside, record);
  removeOld(name, folder);
  return path;
}

let building = 0;

/** Returns the files of the repository that went in. */
async function runEsbuild(entry: string, outfile: string): Promise<string[]> {
  building++;
  try {
    const { metafile } = await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      target: "es2024",
      platform: "browser",
      mainFields: ["module", "main"],
      conditions: ["workerd", "worker", "browser"],
      external: ["node:*", "cloudflare:*"],
      define: { "process.env.NODE_ENV": '"production"' },
      sourcemap: "linked",
      sourcesContent: false,
      metafile: true,
      logLevel: "silent",
      absWorkingDir: ROOT,
    });
    return Object.keys(metafile.inputs)
      .filter((path) => !path.includes("node_modules/"))
      .map((path) => join(ROOT, path));
  } catch (error) {
    throw new StartFault(`The Worker could not be bundled: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    // Its process would stay beside the service for as long as that runs.
    if (--building === 0) await stop();
  }
}

function readKept(record: string): KeptBundle | null {
  try {
    return JSON.parse(readFileSync(record, "utf8")) as KeptBundle;
  } catch {
    return null;
  }
}

/** Bundles of earlier sources, unless they are so young that somebody may be starting from them. */
function removeOld(name: string, current: string): void {
  for (const entry of readdirSync(CACHE, { withFileTypes: true })) {
    const folder = join(CACHE, entry.name);
    if (!entry.isDirectory() || folder === current || !new RegExp(`^${name}-.{6}$`).test(entry.name)) continue;
    const since = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - since > OLD_BUNDLE_MS) rmSync(folder, { recursive: true, force: true });
  }
}

/** The Pages app, built again only where its sources changed. Two processes never build at once. */
export async function bundleApp(report: (line: string) => void): Promise<AppBundle> {
  const stamp = join(CACHE, "app-built-from");
  const sources = hashFiles([...APP_SOURCES, LOCK_FILE]);
  const built = (): boolean => existsSync(APP_OUTPUT) && existsSync(stamp) && readFileSync(stamp, "utf8") === sources;
  if (!built()) {
    const release = await takeBuild(built);
    try {
      if (!built()) {
        report("Building the app …");
        await buildApp();
        writeFileSync(stamp, sources);
      }
    } finally {
      release();
    }
  }
  return { script: await bundle(join(APP_OUTPUT, "_worker.js"), "app"), assets: APP_OUTPUT };
}

/** Holds the right to build: a folder, which only one process can make. One left behind by a process that died is taken over in time. */
async function takeBuild(built: () => boolean): Promise<() => void> {
  const lock = join(CACHE, "app.lock");
  mkdirSync(CACHE, { recursive: true });
  const release = (): void => rmSync(lock, { recursive: true, force: true });
  for (;;) {
    try {
      mkdirSync(lock);
      return release;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (built()) return () => {};
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > BUILD_WAIT_MS) release();
    await sleep(100);
  }
}

async function buildApp(): Promise<void> {
  const vite = join(ROOT, "node_modules/vite/bin/vite.js");
  const child = spawn(process.execPath, [vite, "build", "--logLevel", "warn"], {
    cwd: APP,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", NODE_ENV: "production" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new StartFault(`The app could not be built:\n${output.trim()}`);
}
