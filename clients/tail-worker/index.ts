/**
 * A Tail Worker that ships what other Workers log to Ledge: `console` lines, uncaught exceptions, and one event for each invocation.
 * See docs/sources/cloudflare-workers.md.
 */
import { eventsOf } from "./events.ts";

interface Env {
  /** Such as https://ledge.example.workers.dev */
  LEDGE_URL: string;
  /** A key with the scope `ingest`; a secret. */
  LEDGE_API_KEY: string;
}

const TRIES = 3;
const WAIT_MS = 500;

async function send(env: Env, body: string): Promise<void> {
  // The same key each time: what arrived although its answer was lost is not counted twice.
  const headers = {
    authorization: `Bearer ${env.LEDGE_API_KEY}`,
    "content-type": "application/x-ndjson",
    "idempotency-key": crypto.randomUUID(),
  };
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`${env.LEDGE_URL}/in/ndjson`, { method: "POST", headers, body }).catch((error: unknown) => error as Error);
    if (answer instanceof Response && answer.ok) return;
    const is_passing = !(answer instanceof Response) || answer.status === 429 || answer.status >= 500;
    if (!is_passing || attempt === TRIES) {
      console.error("Ledge did not take the logs", answer instanceof Response ? answer.status : answer.message);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS * attempt));
  }
}

export default {
  async tail(items: TraceItem[], env: Env): Promise<void> {
    const lines = items.flatMap(eventsOf).map((event) => JSON.stringify(event));
    if (lines.length > 0) await send(env, lines.join("\n"));
  },
} satisfies ExportedHandler<Env>;
