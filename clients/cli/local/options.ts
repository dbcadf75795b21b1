import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { V4WorkerOptions } from "miniflare";
import { APP, CACHE, hashFiles, ROOT } from "./paths.ts";

/** What is read of it here; the rest is Miniflare's business. */
type Settings = Omit<V4WorkerOptions, "script" | "scriptPath" | "modules" | "modulesRoot"> & {
  bindings?: Record<string, unknown>;
  cronTriggers?: string[];
};

/** What both wrangler.toml files say, in the form that Miniflare takes. */
export interface ConfiguredWorkers {
  main: string;
  ledge: Settings;
  app: Settings;
}

/**
 * Reads both wrangler.toml files as wrangler does, so that nothing is configured twice. Loading wrangler costs more than a second:
 * its answer is kept until one of the files, or a version, changes.
 */
export async function configuredWorkers(): Promise<ConfiguredWorkers> {
  const files = [join(ROOT, "wrangler.toml"), join(APP, "wrangler.toml"), join(ROOT, "package-lock.json"), join(ROOT, ".dev.vars")];
  const kept = join(CACHE, `workers-${hashFiles(files)}.json`);
  const known = existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as ConfiguredWorkers) : null;
  // It holds whole paths: in a folder that was copied or moved they lead to the sources of the other one.
  if (known?.main.startsWith(join(ROOT, "/"))) return known;
  process.env.WRANGLER_SEND_METRICS = "false";
  const { unstable_getMiniflareWorkerOptions: read } = await import("wrangler");
  const ledge = read(join(ROOT, "wrangler.toml"));
  const app = read(join(APP, "wrangler.toml"));
  const workers: ConfiguredWorkers = {
    main: ledge.main ?? join(ROOT, "worker/index.ts"),
    ledge: ledge.workerOptions as Settings,
    app: app.workerOptions as Settings,
  };
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(kept, JSON.stringify(workers));
  return workers;
}
