import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { StartFault } from "./fault.ts";
import { APP, CACHE, hashFiles, ROOT } from "./paths.ts";

const APP_OUTPUT = join(APP, ".svelte-kit/cloudflare");
const APP_SOURCES = ["src", "static", "_headers", "svelte.config.js", "vite.config.ts", "wrangler.toml"].map((name) => join(APP, name));
/** A build that somebody else began is waited for this long. */
const BUILD_WAIT_MS = 120_000;

export interface AppBundle {
  /** The app's Worker in one file. */
  script: string;
  /** Folder of its pages and assets. */
  assets: string;
}

/** One ES module of an entry file as workerd runs it; platform modules stay imports. Returns the path. */
export async function bundle(entry: string, name: string): Promise<string> {
  const outfile = join(CACHE, name, "index.mjs");
  mkdirSync(join(CACHE, name), { recursive: true });
  // Written beside and renamed: another process may be starting from the same file.
  const beside = join(CACHE, name, `index.${process.pid}.mjs`);
  try {
    await build({
      entryPoints: [entry],
      outfile: beside,
      bundle: true,
      format: "esm",
      target: "es2024",
      platform: "browser",
      mainFields: ["module", "main"],
      conditions: ["workerd", "worker", "browser"],
      external: ["node:*", "cloudflare:*"],
      define: { "process.env.NODE_ENV": '"production"' },
      keepNames: true,
      sourcemap: "inline",
      sourcesContent: false,
      logLevel: "error",
      absWorkingDir: ROOT,
    });
  } catch (error) {
    throw new StartFault(`The Worker could not be bundled: ${error instanceof Error ? error.message : String(error)}`);
  }
  renameSync(beside, outfile);
  return outfile;
}

/** The Pages app, built again only where its sources changed. Two processes never build at once. */
export async function bundleApp(report: (line: string) => void): Promise<AppBundle> {
  const stamp = join(CACHE, "app", "built-from");
  const script = join(CACHE, "app", "index.mjs");
  const sources = hashFiles([...APP_SOURCES, join(ROOT, "package-lock.json")]);
  const built = (): boolean => existsSync(script) && existsSync(APP_OUTPUT) && existsSync(stamp) && readFileSync(stamp, "utf8") === sources;
  if (!built()) {
    const release = await takeBuild(built);
    try {
      if (!built()) {
        report("Building the app …");
        await buildApp();
        await bundle(join(APP_OUTPUT, "_worker.js"), "app");
        writeFileSync(stamp, sources);
      }
    } finally {
      release();
    }
  }
  return { script, assets: APP_OUTPUT };
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
