import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StartFault } from "./fault.ts";

interface Holder {
  pid: number;
  /** When the kernel started that process: a number used again belongs to another process. Null where the system does not tell. */
  started: string | null;
}

interface LockFile {
  node: Holder;
  workerd: Holder | null;
}

export interface HomeLock {
  /** Remembers the runtime's process, so that a later start can end it should this process die without a word. */
  setRuntime(pid: number): void;
  release(): void;
}

/**
 * Takes the data folder for this process. A lock left by a dead process is taken over, and the runtime that it left behind is ended:
 * two runtimes on one folder would damage each other's data.
 * @throws StartFault where a living process holds the folder.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const path = join(home, "lock.json");
  const mine: LockFile = { node: holder(process.pid), workerd: null };
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(mine), { flag: "wx", mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 3) throw error;
      await takeOver(path, home);
    }
  }
  const release = (): void => rmSync(path, { force: true });
  process.once("exit", release);
  return {
    setRuntime(pid) {
      mine.workerd = holder(pid);
      writeFileSync(path, JSON.stringify(mine), { mode: 0o600 });
    },
    release() {
      process.off("exit", release);
      release();
    },
  };
}

async function takeOver(path: string, home: string): Promise<void> {
  const left = readLock(path);
  if (left !== null && lives(left.node)) {
    throw new StartFault(
      `Ledge is already running on ${home} (process ${left.node.pid}). Stop it first, or give this one a folder of its own: LEDGE_HOME=.ledge-2 LEDGE_PORT=8788 npm start`,
    );
  }
  if (left?.workerd && lives(left.workerd)) {
    process.kill(left.workerd.pid, "SIGKILL");
    while (lives(left.workerd)) await sleep(10);
  }
  rmSync(path, { force: true });
}

function readLock(path: string): LockFile | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LockFile;
  } catch {
    return null;
  }
}

function holder(pid: number): Holder {
  return { pid, started: startedAt(pid) };
}

function lives(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return holder.started === null || startedAt(holder.pid) === holder.started;
}

/** Field 22 of /proc/<pid>/stat; null for a zombie's or on other systems. */
function startedAt(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? "zombie" : (fields[19] ?? null);
  } catch {
    return null;
  }
}
