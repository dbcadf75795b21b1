/** What a command of the operator talks to: the running local service, the local data where none runs, or a deployed service. */
import { join } from "node:path";
import { readCredentials, readSecrets, StartFault, startLedge } from "./local/index.ts";
import { ROOT } from "./local/paths.ts";

export interface OperatedService {
  url: string;
  token: string;
  /** Ends what was started for the command. */
  stop(): Promise<void>;
}

/**
 * @param url of a deployed service, whose operator token is in LEDGE_OPERATOR_TOKEN; undefined for the local one
 * @throws StartFault that says what is missing
 */
export async function findService(url: string | undefined): Promise<OperatedService> {
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

/**
 * Asks a route of the operator.
 * @throws StartFault with the service's words where it refuses
 */
export async function askOperator<T>(service: Pick<OperatedService, "url" | "token">, path: string, json?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${service.token}`, "content-type": "application/json" };
  const request = json === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(json) };
  const response = await fetch(service.url + path, request);
  const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  if (!response.ok) throw new StartFault(`${service.url}${path} answered ${response.status}: ${body?.detail ?? body?.title ?? ""}`);
  return body as T;
}

/** The address by which the first owner signs up, or null where somebody has. It holds the setup code. */
export async function ownerLink(service: Pick<OperatedService, "url" | "token">, app_url: string): Promise<string | null> {
  const { needs_owner, path } = await askOperator<{ needs_owner: boolean; path: string }>(service, "/api/v1/admin/setup");
  return needs_owner ? app_url + path : null;
}
