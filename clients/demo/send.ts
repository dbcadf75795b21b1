import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "../cli/local/credentials.ts";

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/** What cannot be helped by sending again; the message is for a person. */
export class SendFault extends Error {
  override name = "SendFault";
}

export interface SendOptions {
  credentials: Credentials;
  signal: AbortSignal;
  /** Told once when the service does not answer or asks to wait, before the batch is tried again. */
  waiting(reason: string): void;
}

/**
 * Sends NDJSON until it is accepted; the idempotency key makes a repeated attempt harmless.
 * @returns how many events were accepted.
 * @throws SendFault where the service refuses for good, AbortError when the signal fires.
 */
export async function sendLogs(body: Uint8Array, options: SendOptions): Promise<number> {
  const { credentials, signal } = options;
  const key = randomUUID();
  let told = false;
  for (let wait_ms = RETRY_MS_MIN; ; wait_ms = Math.min(wait_ms * 2, RETRY_MS_MAX)) {
    let reason: string;
    let asked_ms = 0;
    try {
      const response = await fetch(`${credentials.url}/api/v1/logs`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${credentials.api_key}`,
          "content-type": "application/x-ndjson",
          "idempotency-key": key,
        },
        body,
        signal,
      });
      if (response.ok) return ((await response.json()) as { accepted: number }).accepted;
      const text = await response.text();
      if (response.status !== 429 && response.status < 500) throw new SendFault(`Ledge refused the logs (${response.status}): ${text}`);
      reason = `Ledge answered ${response.status}`;
      asked_ms = Number(response.headers.get("retry-after") ?? 0) * 1_000;
    } catch (error) {
      if (error instanceof SendFault || signal.aborted) throw error;
      reason = "Ledge does not answer";
    }
    if (!told) options.waiting(reason);
    told = true;
    await sleep(Math.max(wait_ms, asked_ms), undefined, { signal });
  }
}

/** Whether a Ledge runs behind these credentials. */
export async function answers(credentials: Credentials): Promise<boolean> {
  try {
    const response = await fetch(`${credentials.url}/healthz`, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Whether the project has any event between these times (milliseconds since the epoch). */
export async function hasEvents(credentials: Credentials, from_ms: number, to_ms: number): Promise<boolean> {
  const range = new URLSearchParams({ from: new Date(from_ms).toISOString(), to: new Date(to_ms).toISOString(), limit: "1" });
  const response = await fetch(`${credentials.url}/api/v1/logs?${range}`, { headers: { authorization: `Bearer ${credentials.api_key}` } });
  if (!response.ok) throw new SendFault(`Ledge did not answer a search (${response.status}): ${await response.text()}`);
  const { events } = (await response.json()) as { events: unknown[] };
  return events.length > 0;
}
