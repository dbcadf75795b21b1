import type { Ledge } from "../../clients/cli/local/index.ts";

interface Target {
  id: string;
  title?: string;
  webSocketDebuggerUrl: string;
}

interface HeapUsage {
  usedSize: number;
  /** Memory of buffers, outside of the heap. */
  backingStorageSize: number;
}

/** The Worker's isolate, through workerd's inspector. */
export class Isolate {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, result, error } = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: { message: string } };
      const waiting = id === undefined ? undefined : this.#waiting.get(id);
      if (id === undefined || !waiting) return;
      this.#waiting.delete(id);
      if (error) waiting.reject(new Error(error.message));
      else waiting.resolve(result);
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the inspector is gone"));
    });
  }

  /** @param ledge started with its inspector */
  static async of(ledge: Ledge): Promise<Isolate> {
    const address = await ledge.miniflare.getInspectorURL();
    const targets = (await (await fetch(`http://${address.host}/json`)).json()) as Target[];
    const target = targets.find(({ id, title }) => `${id} ${title}`.includes("ledge"));
    if (!target) throw new Error(`no Worker to inspect among ${targets.map(({ id }) => id).join(", ")}`);
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", () => reject(new Error("the inspector does not answer")), { once: true });
    });
    return new Isolate(socket);
  }

  close(): void {
    this.#socket.close();
  }

  call<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Heap and buffers that are alive: measured after a collection, which workerd does when the isolate next has something else to do. */
  async alive_bytes(): Promise<number> {
    await this.call("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await this.call<HeapUsage>("Runtime.getHeapUsage");
    return usedSize + backingStorageSize;
  }
}
