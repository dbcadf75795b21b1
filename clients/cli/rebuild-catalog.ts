/**
 * Makes D1's catalog of segments anew from the bucket alone. Of the running local service, of the local data where none runs, or of the
 * service at `--url` (its operator token in LEDGE_OPERATOR_TOKEN).
 */
import { parseArgs } from "node:util";
import { StartFault } from "./local/index.ts";
import { findService, type OperatedService } from "./operator.ts";

const STILL_AT_IT_MS = 10_000;

async function rebuild({ url, token }: OperatedService): Promise<void> {
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
