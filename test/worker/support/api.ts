/** The Worker as its clients meet it, and projects to try it with. */
import { env, exports } from "cloudflare:workers";
import type { Scope } from "../../../durable-objects/project-stream/types.ts";

/** The default export of wrangler.toml's `main`. */
const worker = (exports as unknown as { default: Pick<Fetcher, "fetch"> }).default;

export const ORIGIN = "https://ledge.test";

interface CallInit {
  method?: string;
  key?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  body?: BodyInit;
}

/** Sends a request to the Worker's own fetch handler. */
export function call(path: string, init: CallInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (init.key) headers.set("authorization", `Bearer ${init.key}`);
  if (init.json !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  const body = init.json === undefined ? init.body : JSON.stringify(init.json);
  const request = new Request(ORIGIN + path, { method: init.method ?? (body === undefined ? "GET" : "POST"), headers, body });
  return worker.fetch(request);
}

export interface TestProject {
  project_id: string;
  /** A key with all scopes. */
  key: string;
}

/** A fresh project: tests of one file share a database, so each makes its own. */
export async function createProject(): Promise<TestProject> {
  const answer = await call("/api/v1/bootstrap", { key: env.LEDGE_OPERATOR_TOKEN, json: { project_name: "tests" } });
  if (answer.status !== 201) throw new Error(`bootstrap answered ${answer.status}: ${await answer.text()}`);
  const { project_id, api_key } = await answer.json<{ project_id: string; api_key: string }>();
  return { project_id, key: api_key };
}

/** A further key of a project. */
export async function createKey(
  project: TestProject,
  scopes: Scope[],
  expires_at: string | null = null,
): Promise<{ key_id: string; key: string }> {
  const answer = await call("/api/v1/keys", { key: project.key, json: { name: scopes.join("+"), scopes, expires_at } });
  if (answer.status !== 201) throw new Error(`keys answered ${answer.status}: ${await answer.text()}`);
  const { key_id, api_key } = await answer.json<{ key_id: string; api_key: string }>();
  return { key_id, key: api_key };
}

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance: string;
  errors?: { field: string; value?: unknown; message: string; expected?: string; index?: number }[];
  [member: string]: unknown;
}

/** The problem document of an answer; throws where it is none. */
export async function problemOf(answer: Response): Promise<ProblemBody> {
  const type = answer.headers.get("content-type");
  if (type !== "application/problem+json") throw new Error(`${answer.status} with ${type}: ${(await answer.text()).slice(0, 300)}`);
  return answer.json<ProblemBody>();
}
