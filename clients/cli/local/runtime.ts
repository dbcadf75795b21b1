import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import diagnostics from "node:diagnostics_channel";
import { createServer } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";
import { type AppBundle, bundle } from "./bundle.ts";
import type { Secrets } from "./credentials.ts";
import { StartFault } from "./fault.ts";
import { configuredWorkers } from "./options.ts";

export interface RuntimeOptions {
  home: string;
  host: string;
  /** 0 for any free port. */
  port: number;
  secrets: Secrets;
  /** Null: the Worker alone. */
  app: AppBundle | null;
  /** Entry file of the Worker, where it is not that of wrangler.toml. */
  main: string | null;
  /** Variables of the Worker besides those of wrangler.toml. */
  vars: Record<string, string>;
  inspector: boolean;
  /** Takes what the Worker prints. */
  log(level: string, message: string): void;
  /** Called with the process of every runtime that is started: a crashed one is replaced. */
  started(pid: number): void;
}

export interface Runtime {
  miniflare: Miniflare;
  url: string;
  crons: string[];
}

/** The bucket and the database bear these names on disk whatever ids a deployment wrote into wrangler.toml: local data must not move. */
const LOCAL_ID = "ledge";

/** Starts both Workers in one workerd, with their data below `<home>/data`. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  await assertFree(options.host, options.port);
  const configured = await configuredWorkers();
  const script = await bundle(options.main ?? configured.main, options.main === null ? "worker" : `worker-${nameOf(options.main)}`);
  const ledge = {
    ...configured.ledge,
    name: "ledge",
    ...module(script),
    bindings: { ...configured.ledge.bindings, LEDGE_PROFILE: "local", ...options.secrets, ...options.vars },
    d1Databases: { DB: { id: LOCAL_ID } },
    ...(options.app === null ? {} : { serviceBindings: { APP: "app" } }),
    // The public port leads straight to the Worker; Miniflare's own entry, with its tools, stays on a loopback port of its own.
    unsafeDirectSockets: [{ host: options.host, port: options.port }],
  } as V4WorkerOptions;
  const workers = options.app === null ? [ledge] : [ledge, appWorker(options.app, configured.app)];
  const miniflareOptions = convertV4MiniflareOptions({
    workers,
    host: "127.0.0.1",
    port: 0,
    ...(options.inspector ? { inspectorPort: 0 } : {}),
    cf: false,
    log: new Log(LogLevel.ERROR),
    logRequests: false,
    handleStructuredLogs: ({ level, message }) => options.log(level, message),
    resourcePersistencePath: join(options.home, "data"),
  });
  const miniflare = whose.run(options.started, () => new Miniflare(miniflareOptions));
  try {
    await miniflare.ready;
    const url = await miniflare.unsafeGetDirectURL("ledge");
    return { miniflare, url: url.origin, crons: configured.ledge.cronTriggers ?? [] };
  } catch (error) {
    await miniflare.dispose();
    throw startError(error, options.port);
  }
}

function nameOf(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 8);
}

function appWorker(app: AppBundle, configured: object): V4WorkerOptions {
  return {
    ...configured,
    name: "app",
    ...module(app.script),
    serviceBindings: { API: "ledge" },
    assets: {
      directory: app.assets,
      binding: "ASSETS",
      routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true },
      assetConfig: { html_handling: "auto-trailing-slash", not_found_handling: "none" },
    },
  } as V4WorkerOptions;
}

function module(path: string): { modules: { type: "ESModule"; path: string }[]; modulesRoot: string } {
  return { modules: [{ type: "ESModule", path }], modulesRoot: join(path, "..") };
}

/**
 * Miniflare keeps its process to itself, but Node announces every process it starts. The async context tells whose it is, also when a
 * crashed runtime is replaced much later.
 */
const whose = new AsyncLocalStorage<(pid: number) => void>();
diagnostics.subscribe("child_process", (message) => {
  const started = whose.getStore();
  if (started === undefined) return;
  const child = (message as { process: ChildProcess }).process;
  // Announced before it has a number.
  process.nextTick(() => {
    if (child.spawnfile?.includes("workerd") && child.pid !== undefined) started(child.pid);
  });
});

/** @throws StartFault that names the setting, where something else listens. */
async function assertFree(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    throw startError(error, port);
  } finally {
    server.close();
  }
}

function startError(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" || code === "ERR_ADDRESS_IN_USE") {
    return new StartFault(`Port ${port} is taken by another program. Choose another one: LEDGE_PORT=${port + 1} npm start`);
  }
  if (code === "EACCES")
    return new StartFault(`Port ${port} may not be opened by this user. Choose one above 1023: LEDGE_PORT=8787 npm start`);
  if (code === "EADDRNOTAVAIL") return new StartFault("LEDGE_HOST is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all.");
  return error;
}
