/**
 * Sends the logs of a small invented shop to the local Ledge: first a day of history where there is none, then live, until Ctrl-C.
 * Reads url and key from `.ledge/credentials.json` (folder: LEDGE_HOME).
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Credentials, readCredentials } from "../cli/local/credentials.ts";
import { Week } from "./generate/week.ts";
import { answers, hasEvents, SendFault, sendLogs } from "./send.ts";
import { Traffic } from "./traffic.ts";

const HELP = `Usage: npm run demo -- [options]

  --rate <n>          events per second on average (default 30)
  --backfill          send a day of history first, even if the project has some
  --no-backfill       send live events only
  --events <n>        events of that history (default 40000)
  --for <seconds>     stop by itself after this long
  --seed <n>          another seed, other events
`;

const ROOT = join(import.meta.dirname, "../..");
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const BACKFILL_BATCH = 2_000;
const TICK_MS = 500;
const REPORT_MS = 10_000;
const RATE_MAX = 5_000;

interface Options {
  rate: number;
  /** Null: where the project has no history yet. */
  backfill: boolean | null;
  events: number;
  for_ms: number;
  seed: number;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      rate: { type: "string", default: "30" },
      backfill: { type: "boolean" },
      events: { type: "string", default: "40000" },
      for: { type: "string" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      help: { type: "boolean", short: "h" },
    },
    allowNegative: true,
  });
  if (values.help) return null;
  const number = (name: string, text: string, low: number, high: number): number => {
    const value = Number(text);
    if (!(value >= low && value <= high)) throw new SendFault(`--${name} must be a number from ${low} to ${high}, not "${text}".`);
    return value;
  };
  return {
    rate: number("rate", values.rate, 0.1, RATE_MAX),
    backfill: values.backfill ?? null,
    events: Math.floor(number("events", values.events, 1, 10_000_000)),
    for_ms: values.for === undefined ? Number.POSITIVE_INFINITY : number("for", values.for, 0, 1e9) * 1_000,
    seed: Math.floor(number("seed", values.seed, 0, 2 ** 31)),
  };
}

async function findLedge(): Promise<Credentials> {
  const home = process.env.LEDGE_HOME || join(ROOT, ".ledge");
  const credentials = readCredentials(home);
  if (credentials === null) {
    throw new SendFault("No Ledge has run here yet. Start it in another terminal first: npm start");
  }
  if (!(await answers(credentials))) {
    throw new SendFault(`Ledge does not run at ${credentials.url}. Start it in another terminal first: npm start`);
  }
  return credentials;
}

class Demo {
  private readonly credentials: Credentials;
  private readonly options: Options;
  private readonly signal: AbortSignal;
  private sent = 0;

  constructor(credentials: Credentials, options: Options, signal: AbortSignal) {
    this.credentials = credentials;
    this.options = options;
    this.signal = signal;
  }

  async run(): Promise<void> {
    try {
      if (await this.wantsBackfill()) await this.backfill();
      await this.live();
    } catch (error) {
      if (!this.signal.aborted) throw error;
    } finally {
      console.log(`\n${this.sent.toLocaleString("en")} events sent.`);
    }
  }

  private async wantsBackfill(): Promise<boolean> {
    const { backfill } = this.options;
    const now_ms = Date.now();
    return backfill ?? !(await hasEvents(this.credentials, now_ms - DAY_MS, now_ms - HOUR_MS));
  }

  private async backfill(): Promise<void> {
    const { events, seed } = this.options;
    console.log(`Sending ${events.toLocaleString("en")} events of the last 24 hours …`);
    const week = new Week({ seed, events, batch: BACKFILL_BATCH, start_ms: Date.now() - DAY_MS, span_ms: DAY_MS });
    for (const batch of week.batches()) await this.send(batch.bytes);
  }

  private async live(): Promise<void> {
    const { rate, seed, for_ms } = this.options;
    console.log(`Sending about ${rate} events a second to ${this.credentials.url}, live. Stop: Ctrl-C`);
    const started_ms = Date.now();
    const traffic = new Traffic(seed ^ 1, rate, started_ms);
    const encoder = new TextEncoder();
    let reported_ms = started_ms;
    let failing: string | null = null;
    while (Date.now() - started_ms < for_ms) {
      await sleep(Math.min(TICK_MS, for_ms), undefined, { signal: this.signal });
      const tick = traffic.tick(Date.now());
      if (tick.events.length > 0) await this.send(encoder.encode(tick.events.map((event) => `${JSON.stringify(event)}\n`).join("")));
      if (tick.failing !== failing) console.log(tick.failing === null ? `${failing} is well again` : `${tick.failing} begins to fail`);
      failing = tick.failing;
      if (Date.now() - reported_ms >= REPORT_MS) {
        reported_ms = Date.now();
        console.log(`${this.sent.toLocaleString("en")} events sent`);
      }
    }
  }

  private async send(body: Uint8Array): Promise<void> {
    this.sent += await sendLogs(body, {
      credentials: this.credentials,
      signal: this.signal,
      waiting: (reason) => console.log(`${reason}; trying again …`),
    });
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) return console.log(HELP);
  const credentials = await findLedge();
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  await new Demo(credentials, options, stop.signal).run();
}

main().catch((error: unknown) => {
  const known = error instanceof SendFault || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
  console.error(known ? `\n${(error as Error).message}\n` : error);
  process.exitCode = 1;
});
