/** The stream as server-sent events. It ends here: a stream out of the object would keep that in memory, a socket to it does not. */
import { TAIL_HEARTBEAT_MS } from "../limits.ts";

interface Frame {
  cursor?: string;
  ack?: number;
  error?: { status: number };
}

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  // Proxies that gather answers before they pass them on are asked not to.
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** A frame as an event whose id is the cursor: a client that comes back sends it as Last-Event-ID. JSON is one line. */
function eventOf(text: string, { cursor }: Frame): string {
  return `${cursor === undefined ? "" : `id: ${cursor}\n`}data: ${text}\n\n`;
}

/** The first frame says whether the stream is open or what was wrong. */
function firstFrame(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", ({ data }) => resolve(String(data)), { once: true });
    socket.addEventListener("close", () => reject(new Error("closed before the first frame")), { once: true });
  });
}

/** @param signal aborted when the client is gone */
export async function eventStreamOf(socket: WebSocket, signal: AbortSignal | null): Promise<Response> {
  const first = firstFrame(socket);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  let writing: Promise<void> = Promise.resolve();
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  const end = (): void => {
    clearInterval(heartbeat);
    socket.close(1000);
    void writing.then(() => writer.close()).catch(() => undefined);
  };
  /** One after another; what the client has taken is confirmed to the object, which bounds what waits here. */
  const write = (text: string, ack?: number): void => {
    writing = writing
      .then(() => writer.write(encoder.encode(text)))
      .then(() => {
        if (ack !== undefined) socket.send(JSON.stringify({ type: "ack", ack }));
      })
      .catch(end);
  };
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    const frame = JSON.parse(text) as Frame;
    write(eventOf(text, frame), frame.ack);
  });
  socket.addEventListener("close", end);
  socket.accept();
  const text = await first;
  const { error } = JSON.parse(text) as Frame;
  if (error) {
    end();
    return new Response(JSON.stringify(error), { status: error.status, headers: { "content-type": "application/problem+json" } });
  }
  heartbeat = setInterval(() => write(": here\n\n"), TAIL_HEARTBEAT_MS);
  signal?.addEventListener("abort", end);
  return new Response(readable, { headers: HEADERS });
}
