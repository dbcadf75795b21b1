/**
 * Makes D1's catalog of segments anew from the bucket alone. Of the running local service, of the local data where none runs, or of the
 * service at `--url` (its operator token in LEDGE_OPERATOR_TOKEN).
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readCredentials, readSecrets, StartFault, startLedge } from "./local/index.ts";
import { ROOT } from "./local/paths.ts";

interface Service {
  url: string;
  token: string;
  stop(): Promise<void>;
}

const STILL_AT_IT_MS = 10_000;

async function findService(url: string | undefined): Promise<Service> {
  if (url !== undefined) {
    const token = process.env.LEDGE_OPERATOR_TOKEN;
    if (!token) throw new StartFault("Set LEDGE_OPERATOR_TOKEN to the operator token of that service.");
    return { url: url.replace(/\/+$/, ""), token, stop: async () => {} };
  }
  const home = process.env.LEDGE_HOME || join(ROOT, ".ledge");
  const secrets = readSecrets(home);
  if (secrets === null) throw new StartFault(`There is no data in ${home}. Set LEDGE_HOME, or give --url for a deployed service.`);
  const running = readCredentials(home)?.url;
  if (running !== undefined && (await answers(running))) return { url: running, token: secrets.LEDGE_OPERATOR_TOKEN, stop: async () => {} };
  console.log(`Nothing runs on ${home}: starting it for this.`);
  const ledge = await startLedge({ home, app: false, cron: false, quiet: true });
  return { url: ledge.url, token: secrets.LEDGE_OPERATOR_TOKEN, stop: () => ledge.stop() };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

async function rebuild({ url, token }: Service): Promise<void> {
  const started = Date.now();
  const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const ticking = setInterval(() => console.log(`  still reading segments, ${seconds()} …`), STILL_AT_IT_MS);
  try {
    const response = await fetch(`${url}/api/v1/admin/rebuild-catalog`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
    const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
    if (!response.ok) throw new StartFault(`The rebuild was refused: ${response.status} ${body?.detail ?? body?.title ?? ""}`);
    console.log(`The catalog was rebuilt in ${seconds()}.`);
    for (const [name, value] of Object.entries(body ?? {}))
      console.log(`  ${name.padEnd(12)} ${Array.isArray(value) ? value.join(", ") || "none" : String(value)}`);
  } finally {
    clearInterval(ticking);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { url: { type: "string" } } });
  const service = await findService(values.url);
  try {
    await rebuild(service);
  } finally {
    await service.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? `\n${error.message}\n` : error);
  process.exit(1);
});
