/** In a thread of its own: ends the process where the main thread stays in one try for too long, and says in which. */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const TICK_MS = 500;

interface Shared {
  beat: Int32Array<SharedArrayBuffer>;
  patience_ms: number;
}

export interface Watchdog {
  /** A try begins. */
  beat(target: number, seed: number): void;
  stop(): Promise<number>;
}

export function watchdog(patience_ms: number): Watchdog {
  const beat = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { beat, patience_ms } });
  return {
    beat(target, seed) {
      beat[1] = target;
      beat[2] = seed;
      Atomics.add(beat, 0, 1);
    },
    stop: () => worker.terminate(),
  };
}

function watch({ beat, patience_ms }: Shared): void {
  let last = -1;
  let since_ms = Date.now();
  setInterval(() => {
    const now = Atomics.load(beat, 0);
    if (now !== last) {
      last = now;
      since_ms = Date.now();
    } else if (Date.now() - since_ms > patience_ms) {
      writeSync(2, `target ${beat[1]}, seed ${beat[2]}: no end after ${patience_ms} ms\n`);
      process.kill(process.pid, "SIGKILL");
    }
  }, TICK_MS);
}

if (!isMainThread) watch(workerData as Shared);
