import { call, ORIGIN } from "./api.ts";

interface Init {
  method?: string;
  json?: unknown;
  headers?: Record<string, string>;
  project?: string;
  organization?: string;
}

/** A browser with its cookies, on a page of Ledge. */
export class Browser {
  readonly cookies = new Map<string, string>();

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async call(path: string, init: Init = {}): Promise<Response> {
    const headers: Record<string, string> = { origin: ORIGIN, "user-agent": "tests", ...init.headers };
    if (this.cookies.size > 0) headers.cookie = this.cookieHeader();
    if (init.project) headers["x-ledge-project"] = init.project;
    if (init.organization) headers["x-ledge-organization"] = init.organization;
    const answer = await call(path, { ...init, headers });
    for (const cookie of answer.headers.getSetCookie()) this.take(cookie);
    return answer;
  }

  /** The JSON of an answer that must have this status. */
  async json<T>(path: string, init: Init & { status?: number } = {}): Promise<T> {
    const answer = await this.call(path, init);
    if (answer.status !== (init.status ?? 200)) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.status === 204 ? (undefined as T) : answer.json<T>();
  }

  private take(cookie: string): void {
    const [pair = "", ...attributes] = cookie.split("; ");
    const at = pair.indexOf("=");
    const name = pair.slice(0, at);
    if (attributes.some((attribute) => attribute.toLowerCase() === "max-age=0")) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(at + 1));
  }
}
