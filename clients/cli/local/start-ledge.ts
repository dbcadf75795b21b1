import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Miniflare } from "miniflare";
import { bootstrap } from "../bootstrap.ts";
import { bundleApp } from "./bundle.ts";
import { type Credentials, ensureSecrets, readCredentials, type Secrets, writeCredentials } from "./credentials.ts";
import { driveCron } from "./cron.ts";
import { lockHome } from "./lock.ts";
import { applyMigrations, readMigrations } from "./migrate.ts";
import { ROOT } from "./paths.ts";
import { startRuntime } from "./runtime.ts";
import { sourceLines } from "./source-lines.ts";

export interface StartOptions {
  /** Data folder; made where it is missing. */
  home: string;
  /** Port of app and API; 0 (the default) for any free one. */
  port?: number;
  /** Address to listen on; 127.0.0.1 where absent. */
  host?: string;
  /** Prints nothing; what the Worker says is still in `logs()`. */
  quiet?: boolean;
  /** False: the Worker alone, for tests and measurements that need no page. */
  app?: boolean;
  /** False: cron is called by the test alone, through `scheduled`. */
  cron?: boolean;
  /** Another entry file for the Worker: tests wrap the real one to make it fail on purpose. */
  main?: string;
  /** Variables of the Worker besides those of wrangler.toml. */
  vars?: Record<string, string>;
  /** Opens workerd's inspector on a free port of the loopback (`miniflare.getInspectorURL()`), for measurements. */
  inspector?: boolean;
}

/** A running Ledge. */
export interface Ledge {
  url: string;
  home: string;
  credentials: Credentials;
  /** True where this start made the organization, project and key. */
  first: boolean;
  secrets: Secrets;
  miniflare: Miniflare;
  /** Process of the runtime that is running now. */
  readonly workerdPid: number;
  /** The newest lines that the Worker printed, oldest first. */
  logs(): string[];
  /** Runs the Worker's cron handler and waits for it. */
  scheduled(cron: string, at?: Date): Promise<void>;
  /** Ends it in order; the data stays. */
  stop(): Promise<void>;
  /** Ends the runtime as a power cut would (SIGKILL, no warning) and frees the folder for another start. */
  kill(): Promise<void>;
}

const LOG_LINES_MAX = 500;

/**
 * Starts Ledge on this machine: Worker, app, queues, cron and data below `home`.
 * @throws StartFault where the port or the folder is taken, or a bundle cannot be made.
 */
export async function startLedge(options: StartOptions): Promise<Ledge> {
  const home = resolve(options.home);
  const report = options.quiet ? () => {} : (line: string) => console.log(line);
  const lock = await lockHome(home);
  const lines: string[] = [];
  const toSources = sourceLines();
  let workerdPid = 0;
  try {
    const secrets = ensureSecrets(home);
    const runtime = await startRuntime({
      home,
      host: options.host ?? "127.0.0.1",
      port: options.port ?? 0,
      secrets,
      app: options.app === false ? null : await bundleApp(report),
      main: options.main ?? null,
      vars: options.vars ?? {},
      inspector: options.inspector === true,
      log(level, printed) {
        const message = toSources(printed);
        lines.push(`${level}: ${message}`);
        if (lines.length > LOG_LINES_MAX) lines.splice(0, lines.length - LOG_LINES_MAX);
        if (!options.quiet) (level === "error" || level === "warn" ? console.error : console.log)(message);
      },
      started(pid) {
        workerdPid = pid;
        lock.setRuntime(pid);
      },
    });
    const { miniflare, url } = runtime;
    let cron = { stop() {} };
    const end = async (): Promise<void> => {
      cron.stop();
      await miniflare.dispose();
      await gone(workerdPid);
      lock.release();
    };
    try {
      await applyMigrations(await miniflare.getD1Database("DB", "ledge"), readMigrations(join(ROOT, "migrations")));
      const scheduled = async (expression: string, at = new Date()): Promise<void> => {
        const worker = await miniflare.getWorker("ledge");
        const { outcome } = await worker.scheduled({ cron: expression, scheduledTime: at });
        if (outcome !== "ok") throw new Error(`The cron handler for "${expression}" ended with ${outcome}`);
      };
      if (options.cron !== false) {
        cron = driveCron(runtime.crons, (expression, at) => scheduled(expression, at).catch((error) => console.error(String(error))));
      }
      const known = readCredentials(home);
      const credentials = { ...(known ?? (await bootstrap(url, secrets.LEDGE_OPERATOR_TOKEN, "local"))), url };
      if (known?.url !== url) writeCredentials(home, credentials);
      return {
        url,
        home,
        credentials,
        first: known === null,
        secrets,
        miniflare,
        get workerdPid() {
          return workerdPid;
        },
        logs: () => [...lines],
        scheduled,
        stop: once(end),
        kill: once(async () => {
          process.kill(workerdPid, "SIGKILL");
          await end();
        }),
      };
    } catch (error) {
      await end();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Resolves when the process is no more. */
async function gone(pid: number): Promise<void> {
  for (let waited_ms = 0; pid !== 0 && waited_ms < 5_000; waited_ms += 10) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
}

function once(act: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= act());
}
