import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "../../clients/cli/local/index.ts";
import type { Counts } from "../counting/counts.ts";
import type { BatchFile } from "./batches.ts";

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** ISO times; half open. */
export interface Range {
  from: string;
  to: string;
}

export interface SendResult {
  accepted: number;
  /** From the first byte sent to the last answer. */
  took_ms: number;
  /** One per request, in order of their answers. */
  latencies_ms: number[];
  /** Answers that asked to wait; these batches were sent again. */
  pushbacks: number;
  /** Events of batches that were answered with a fault. They may be stored or not: they were not sent again. */
  uncertain: number;
}

/** The measured service, over plain HTTP with kept connections. */
export class Client {
  private readonly url: URL;
  private readonly key: string;
  private readonly agent: Agent;

  constructor(credentials: Credentials, connections: number) {
    this.url = new URL(credentials.url);
    this.key = credentials.api_key;
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  close(): void {
    this.agent.destroy();
  }

  call(method: string, path: string, body?: Uint8Array, content_type = "application/x-ndjson"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: this.url.hostname,
          port: this.url.port,
          agent: this.agent,
          method,
          path,
          headers: {
            authorization: `Bearer ${this.key}`,
            ...(body === undefined ? {} : { "content-type": content_type, "content-length": body.length }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString("utf8") }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  }

  /** The answer's JSON. @throws Error where the status is not 2xx */
  async json<T>(method: string, path: string): Promise<T> {
    const answer = await this.call(method, path);
    if (answer.status < 200 || answer.status > 299) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text) as T;
  }

  search<T>(path: string, parameters: Record<string, string>): Promise<T> {
    return this.json<T>("GET", `${path}?${new URLSearchParams(parameters)}`);
  }

  /** Sends all batches over so many connections, as fast as answers come. */
  async sendAll(batches: BatchFile, connections: number): Promise<SendResult> {
    const latencies_ms: number[] = [];
    let accepted = 0;
    let pushbacks = 0;
    let uncertain = 0;
    let next = 0;
    const connection = async (): Promise<void> => {
      let buffer: Buffer = Buffer.alloc(0);
      while (next < batches.length) {
        const index = next++;
        const body = batches.read(index, buffer);
        if (body.length > buffer.length) buffer = body;
        for (;;) {
          const sent_ms = performance.now();
          const answer = await this.call("POST", "/api/v1/logs", body);
          latencies_ms.push(performance.now() - sent_ms);
          if (answer.status === 202) {
            accepted += (JSON.parse(answer.text) as { accepted: number }).accepted;
            break;
          }
          if (answer.status >= 500) {
            if (uncertain === 0) console.error(`WRONG: a batch was answered ${answer.status}: ${answer.text}`);
            uncertain += batches.events(index);
            break;
          }
          if (answer.status !== 429) throw new Error(`a batch was answered ${answer.status}: ${answer.text}`);
          pushbacks++;
          await sleep(Math.max(100, Number(answer.headers["retry-after"] ?? 0) * 1_000));
        }
      }
    };
    const started_ms = performance.now();
    await Promise.all(Array.from({ length: connections }, connection));
    return { accepted, took_ms: performance.now() - started_ms, latencies_ms, pushbacks, uncertain };
  }

  /** Waits until so many events of a range are found, or, of a fault while sending, up to `uncertain` more. @throws Error after `wait_ms` */
  async waitForTotal(range: Range, sent: SendResult, wait_ms: number): Promise<void> {
    const path = `/api/v1/logs/histogram?${new URLSearchParams({ ...range, by: "none" })}`;
    let found = "nothing";
    for (const started_ms = performance.now(); performance.now() - started_ms < wait_ms; await sleep(50)) {
      const answer = await this.call("GET", path);
      if (answer.status === 200) {
        const { total } = JSON.parse(answer.text) as { total: number };
        if (total >= sent.accepted && total <= sent.accepted + sent.uncertain) return;
        found = String(total);
      } else {
        if (!found.startsWith("status")) console.error(`WRONG: a count was answered ${answer.status}: ${answer.text}`);
        found = `status ${answer.status}`;
      }
    }
    throw new Error(`found ${found} after ${wait_ms} ms, where ${sent.accepted} events were accepted and ${sent.uncertain} are uncertain`);
  }

  /** What the bindings were asked for since the last call of this. */
  async takeCounts(): Promise<Counts> {
    return this.json<Counts>("POST", "/bench/counts");
  }
}
