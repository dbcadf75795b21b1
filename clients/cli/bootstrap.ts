import { setTimeout as sleep } from "node:timers/promises";
import { StartFault } from "./local/fault.ts";

/** A new deployment reaches every location within seconds; until then its address may not answer. */
const ATTEMPTS = 6;

/**
 * Makes an organization with its owner, a project and a first key. Each call makes new ones: it is called where no credentials are kept.
 * @throws StartFault with the Worker's words where it refuses
 */
export async function bootstrap(
  url: string,
  operatorToken: string,
  organization: string,
): Promise<{ project_id: string; api_key: string }> {
  const body = { organization_name: organization, owner_email: "owner@ledge.local", project_name: "default", key_name: "first key" };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${url}/api/v1/bootstrap`, {
      method: "POST",
      headers: { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    }).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    if (response instanceof Response && response.ok) {
      const { project_id, api_key } = (await response.json()) as { project_id: string; api_key: string };
      return { project_id, api_key };
    }
    const refused = response instanceof Response && response.status < 500 && response.status !== 404;
    if (refused || attempt === ATTEMPTS) {
      const words = response instanceof Response ? `the Worker answered ${response.status}: ${await response.text()}` : response.message;
      throw new StartFault(`The first project could not be made: ${words}`);
    }
    await sleep(attempt * 500);
  }
}
