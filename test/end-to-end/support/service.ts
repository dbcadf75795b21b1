/** One running Ledge for a file of tests, and projects to try it with. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ledge, startLedge } from "../../../clients/cli/local/index.ts";

export interface Project {
  project_id: string;
  /** A key with all scopes. */
  key: string;
}

export class Service {
  readonly ledge: Ledge;
  readonly #home: string;

  private constructor(ledge: Ledge, home: string) {
    this.ledge = ledge;
    this.#home = home;
  }

  static async start(): Promise<Service> {
    const home = mkdtempSync(join(tmpdir(), "ledge-service-"));
    return new Service(await startLedge({ home, port: 0, quiet: true, app: false, cron: false }), home);
  }

  async stop(): Promise<void> {
    await this.ledge.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }

  get url(): string {
    return this.ledge.url;
  }

  call(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
    const { key, ...rest } = init;
    return fetch(this.url + path, { ...rest, headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...rest.headers } });
  }

  async json<T>(path: string, init: RequestInit & { key?: string; json?: unknown } = {}): Promise<T> {
    const { json, ...rest } = init;
    const body = json === undefined ? {} : { method: "POST", body: JSON.stringify(json), headers: { "content-type": "application/json" } };
    const answer = await this.call(path, { ...body, ...rest });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async createProject(): Promise<Project> {
    const key = this.ledge.secrets.LEDGE_OPERATOR_TOKEN;
    const { project_id, api_key } = await this.json<{ project_id: string; api_key: string }>("/api/v1/bootstrap", {
      key,
      json: { project_name: "tests" },
    });
    return { project_id, key: api_key };
  }

  /** Everything of the project, oldest first. */
  async events(project: Project): Promise<FoundEvent[]> {
    const query = new URLSearchParams({ from: "2000-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z", order: "asc", limit: "1000" });
    return (await this.json<{ events: FoundEvent[] }>(`/api/v1/logs?${query}`, { key: project.key })).events;
  }
}

export interface FoundEvent {
  timestamp: string;
  level?: string;
  service?: string;
  host?: string;
  source?: string;
  message?: string;
  trace_id?: string;
  span_id?: string;
  attributes: Record<string, unknown>;
}
