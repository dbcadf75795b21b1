import { setTimeout as sleep } from "node:timers/promises";
import { type Ledge, startLedge } from "../../../clients/cli/local/index.ts";
import { randomOf } from "../random.ts";
import { Ledger, type Verdict } from "./ledger.ts";

export interface CampaignOptions {
  home: string;
  /** Lives of the service, each ended by SIGKILL. */
  rounds: number;
  /** Clients that send at the same time, over two projects in turn. */
  clients: number;
  seed: number;
  /** Acknowledged requests after which a life ends, at most. */
  answers_max: number;
  events_per_request_max: number;
  report?(line: string): void;
}

export interface CampaignReport {
  requests: number;
  /** Requests that had to be sent more than once. */
  repeated: number;
  kills: number;
  /** Judgements of both projects after each start, and at the end before and after everything was flushed and merged. */
  verdicts: Verdict[];
}

interface Project {
  project_id: string;
  api_key: string;
}

const PAGE = 5_000;
const ANSWER_TIMEOUT_MS = 20_000;

/**
 * Clients send to a real service on this machine while its process is killed and started again on the same folder. Every request is sent with its
 * Idempotency-Key until it is acknowledged; flushes and merges run meanwhile. After each start all that was acknowledged must be found once.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const campaign = new Campaign(options);
  try {
    for (let round = 0; round < options.rounds; round++) await campaign.live();
    return await campaign.conclude();
  } finally {
    await campaign.end();
  }
}

class Campaign {
  private readonly options: CampaignOptions;
  private readonly random: () => number;
  private readonly ledger: Ledger;
  private readonly report: CampaignReport = { requests: 0, repeated: 0, kills: 0, verdicts: [] };
  private ledge: Ledge | null = null;
  private projects: Project[] = [];

  constructor(options: CampaignOptions) {
    this.options = options;
    this.random = randomOf(options.seed);
    this.ledger = new Ledger(this.random);
  }

  /** One life: clients and maintenance at work until so many answers have come, then SIGKILL in the middle of it all. */
  async live(): Promise<void> {
    const ledge = await this.start();
    const checked = this.check();
    let answers_left = 1 + Math.floor(this.random() * this.options.answers_max);
    let killing: Promise<void> | null = null;
    const alive = () => killing === null;
    const answered = () => {
      if (--answers_left === 0) killing = ledge.kill();
    };
    const clients = Array.from({ length: this.options.clients }, (_, client) => this.sendWhile(alive, client, answered));
    await Promise.all([...clients, this.maintainWhile(alive)]);
    await killing;
    await checked;
    this.report.kills++;
    this.ledge = null;
    this.options.report?.(`life ${this.report.kills}: ${this.ledger.requests.length} requests so far, ${this.report.repeated} repeated`);
  }

  /** The last life: what is not yet acknowledged is sent until it is; then everything is looked for, before and after maintenance. */
  async conclude(): Promise<CampaignReport> {
    await this.start();
    for (let project = 0; project < this.projects.length; project++) {
      for (const request of this.ledger.unacknowledged(project)) {
        if (!(await this.send(request))) throw new Error(`request ${request.key} is not taken by a service that nobody disturbs`);
      }
    }
    await this.check();
    await this.maintain();
    await this.check();
    await this.checkWords();
    return { ...this.report, requests: this.ledger.requests.length };
  }

  async end(): Promise<void> {
    await this.ledge?.stop();
  }

  private async start(): Promise<Ledge> {
    const ledge = await startLedge({ home: this.options.home, port: 0, quiet: true, app: false, cron: false });
    this.ledge = ledge;
    if (this.projects.length === 0) this.projects = [ledge.credentials, await secondProject(ledge)];
    return ledge;
  }

  private async sendWhile(alive: () => boolean, client: number, answered: () => void): Promise<void> {
    const project = client % this.projects.length;
    // What an earlier life left open, its share of it.
    const open = this.ledger.unacknowledged(project).filter((_, index) => index % this.options.clients === client);
    while (alive()) {
      const request = open.shift() ?? this.ledger.next(project, this.options.events_per_request_max);
      if (await this.send(request)) answered();
      else if (alive()) open.unshift(request);
    }
  }

  private async send(request: { project: number; key: string; body: string; acknowledged: boolean; words: string[] }): Promise<boolean> {
    const answer = await this.call(request.project, "/api/v1/logs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": request.key },
      body: request.body,
    }).catch(() => null);
    if (answer?.status === 202) {
      const { accepted } = (await answer.json().catch(() => ({ accepted: null }))) as { accepted: number | null };
      if (accepted !== null && accepted !== request.words.length)
        throw new Error(`${request.key}: ${accepted} of ${request.words.length} accepted`);
      // The status is the promise, whatever became of the answer's body.
      request.acknowledged = true;
      return true;
    }
    this.report.repeated++;
    if (answer && answer.status < 500 && answer.status !== 429)
      throw new Error(`${request.key} was answered ${answer.status}: ${await answer.text()}`);
    return false;
  }

  private async maintainWhile(alive: () => boolean): Promise<void> {
    while (alive()) {
      const project = Math.floor(this.random() * this.projects.length);
      const job = this.random() < 0.75 ? "flush" : "compact";
      const done = await this.call(project, `/api/v1/admin/${job}`, { method: "POST" }).catch(() => null);
      await done?.arrayBuffer().catch(() => undefined);
      if (alive()) await sleep(this.random() * 50);
    }
  }

  private async maintain(): Promise<void> {
    for (let project = 0; project < this.projects.length; project++) {
      for (const job of ["flush", "compact"]) {
        const answer = await this.call(project, `/api/v1/admin/${job}`, { method: "POST" });
        if (answer.status !== 200) throw new Error(`${job} was answered ${answer.status}: ${await answer.text()}`);
      }
    }
  }

  /** Reads both projects from end to end. A service that dies meanwhile leaves it at that. */
  private async check(): Promise<void> {
    for (let project = 0; project < this.projects.length; project++) {
      const promised = this.ledger.promised(project);
      const messages = await this.messages(project);
      if (messages) this.report.verdicts.push(this.ledger.judge(project, promised, messages));
    }
  }

  private async messages(project: number): Promise<string[] | null> {
    const messages: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const parameters: URLSearchParams = new URLSearchParams({
        from: "-10d",
        to: "+1h",
        limit: String(PAGE),
        ...(cursor ? { cursor } : {}),
      });
      const answer: Response | null = await this.call(project, `/api/v1/logs?${parameters}`).catch(() => null);
      const page: Page | null = answer?.status === 200 ? ((await answer.json().catch(() => null)) as Page | null) : null;
      if (answer && answer.status < 500 && answer.status !== 200)
        throw new Error(`a search was answered ${answer.status}: ${await answer.text()}`);
      if (!page) return null;
      messages.push(...page.events.map((event) => event.message));
      if (page.cursor === null) return messages;
      cursor = page.cursor;
    }
  }

  /** Some events by their own words, all of them by counting. */
  private async checkWords(): Promise<void> {
    for (let project = 0; project < this.projects.length; project++) {
      const words = [...this.ledger.promised(project)];
      const ask = async <T>(q: string) => {
        const parameters = new URLSearchParams({ q, from: "-10d", to: "+1h" });
        const answer = await this.call(project, `/api/v1/logs?${parameters}`);
        if (answer.status !== 200) throw new Error(`${q} was answered ${answer.status}: ${await answer.text()}`);
        return (await answer.json()) as T;
      };
      const { rows } = await ask<{ rows: unknown[][] }>("* | stats count()");
      if (Number(Object.values(rows[0]!)[0]) !== words.length)
        throw new Error(`stats count ${JSON.stringify(rows)}, ${words.length} were sent`);
      for (let looked = 0; looked < 20; looked++) {
        const word = words[Math.floor(this.random() * words.length)]!;
        const { events } = await ask<Page>(word);
        if (events.length !== 1 || !events[0]!.message.startsWith(`${word} `)) throw new Error(`${word} is found ${events.length} times`);
      }
    }
  }

  private call(project: number, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.projects[project]!.api_key}`, ...init.headers };
    return fetch(this.ledge!.url + path, { ...init, headers, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  }
}

interface Page {
  events: { message: string }[];
  cursor: string | null;
}

async function secondProject(ledge: Ledge): Promise<Project> {
  const answer = await fetch(`${ledge.url}/api/v1/bootstrap`, {
    method: "POST",
    headers: { authorization: `Bearer ${ledge.secrets.LEDGE_OPERATOR_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ project_name: "the other one" }),
  });
  if (answer.status !== 201) throw new Error(`bootstrap was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Project;
}
