/** A client of the live tail, as browsers and agents are. */
import { vi } from "vitest";
import { call, type ProblemBody, type TestProject } from "./api.ts";

export interface TailFrame {
  events: { event_id: string; message?: string; level?: string; attributes: Record<string, unknown> }[];
  cursor: string;
  dropped: number;
  counts: { total: number; levels: Record<string, number>; rate_per_s: number };
  sampling: { kept: number } | null;
  gap?: { from: string | null; to: string; reason: string };
  ack?: number;
  state?: { q: string; paused: boolean; metrics: string[] };
  metrics?: Record<string, unknown>;
  error?: ProblemBody & { position?: number; expected?: string };
}

export type TailParameters = Record<string, string>;

export function streamPath(parameters: TailParameters): string {
  return `/api/v1/logs/stream?${new URLSearchParams(parameters)}`;
}

/** One socket and everything that came over it. */
export class TailClient {
  readonly socket: WebSocket;
  readonly frames: TailFrame[] = [];
  closed: { code: number; reason: string } | null = null;
  /** Whether frames that ask for it are confirmed. */
  confirms = true;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(String(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
    socket.accept();
  }

  /** What the Worker answers to a request for a socket. */
  static request(key: string | undefined, parameters: TailParameters = {}): Promise<Response> {
    return call(streamPath(parameters), { key, headers: { upgrade: "websocket" } });
  }

  /** An open socket that has been greeted. */
  static async open(project: Pick<TestProject, "key">, parameters: TailParameters = {}): Promise<TailClient> {
    const answer = await TailClient.request(project.key, parameters);
    if (!answer.webSocket) throw new Error(`the stream answered ${answer.status}: ${await answer.text()}`);
    const client = new TailClient(answer.webSocket);
    await client.until(() => client.frames.length > 0, "a greeting");
    return client;
  }

  #take(text: string): void {
    if (text === "pong") return;
    const frame = JSON.parse(text) as TailFrame;
    this.frames.push(frame);
    if (frame.ack !== undefined && this.confirms) this.send({ type: "ack", ack: frame.ack });
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message));
  }

  /** Says something and waits for what the object answers. */
  async say(message: unknown): Promise<TailFrame> {
    const before = this.frames.length;
    this.send(message);
    const answer = () => this.frames.slice(before).find((frame) => frame.state !== undefined || frame.error !== undefined);
    await this.until(() => answer() !== undefined, `an answer to ${JSON.stringify(message)}`);
    return answer()!;
  }

  get messages(): string[] {
    return this.frames.flatMap((frame) => (frame.events ?? []).map((event) => event.message ?? ""));
  }

  get cursor(): string {
    return this.frames.findLast((frame) => frame.cursor !== undefined)!.cursor;
  }

  get total(): number {
    return this.frames.reduce((sum, frame) => sum + (frame.counts?.total ?? 0), 0);
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    await vi.waitFor(
      () => {
        if (!holds())
          throw new Error(
            `no ${what}; there are ${JSON.stringify(this.frames.slice(-3)).slice(0, 2_000)}, closed: ${JSON.stringify(this.closed)}`,
          );
      },
      { timeout: 15_000, interval: 5 },
    );
  }

  /** Waits for a line. */
  line(message: string): Promise<void> {
    return this.until(() => this.messages.includes(message), `line "${message}"`);
  }

  async ended(): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closed !== null, "end of the socket");
    return this.closed!;
  }

  close(): void {
    this.socket.close(1000);
  }
}

/** Sends lines by ingest; resolves when they were accepted. */
export async function sendLines(project: TestProject, messages: readonly string[], fields: Record<string, unknown> = {}): Promise<void> {
  const answer = await call("/api/v1/logs", { key: project.key, json: messages.map((message) => ({ message, ...fields })) });
  if (answer.status !== 202) throw new Error(`ingest answered ${answer.status}: ${await answer.text()}`);
}
