import { createApp } from "../../../worker/app.ts";
import type { Env } from "../../../worker/env.ts";
import { searchRoutes } from "../../../worker/search/routes.ts";
import { ORIGIN } from "./api.ts";

const jobs = { flushNow: async () => 0, compactNow: async () => 0, rebuildCatalog: async () => ({}) };

/** All routes of the Worker, to be asked with bindings of one's own. */
export const app = createApp({ search: searchRoutes, jobs });

/** Asks the app as a page of Ledge does, and waits for what goes on after the answer. */
export async function askApp(env: Env, path: string, json: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const after: Promise<unknown>[] = [];
  const context = { waitUntil: (work: Promise<unknown>) => void after.push(work), passThroughOnException() {}, props: {} };
  const request = new Request(ORIGIN + path, {
    method: "POST",
    headers: { "content-type": "application/json", origin: ORIGIN, ...headers },
    body: JSON.stringify(json),
  });
  const answer = await app.fetch(request, env, context as unknown as ExecutionContext);
  await Promise.all(after);
  return answer;
}
