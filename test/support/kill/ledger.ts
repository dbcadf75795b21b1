/** What was sent, what was acknowledged, and what a search may therefore show. */
export interface SentRequest {
  project: number;
  /** Idempotency-Key: a request is sent with it until it is acknowledged. */
  key: string;
  body: string;
  words: string[];
  acknowledged: boolean;
}

export interface Verdict {
  acknowledged: number;
  found: number;
  lost: string[];
  doubled: string[];
  /** Shown by a project that was never sent them. */
  foreign: string[];
}

/** Each event bears a word of its own: `p<project>r<request>e<event>`. */
export class Ledger {
  readonly requests: SentRequest[] = [];
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** A request that was not sent before, of up to `events_max` events of the last three days. */
  next(project: number, events_max: number): SentRequest {
    const number = this.requests.length;
    const count = 1 + Math.floor(this.random() * events_max);
    const words = Array.from({ length: count }, (_, event) => `p${project}r${number}e${event}`);
    const events = words.map((word) => ({
      timestamp: new Date(Date.now() - Math.floor(this.random() * 3) * 86_400_000).toISOString(),
      service: ["api", "web", "billing"][Math.floor(this.random() * 3)],
      message: `${word} was sent with ${count} of its kind`,
      filler: "x".repeat(Math.floor(this.random() * 200)),
    }));
    const request = { project, key: `request ${number}`, body: JSON.stringify(events), words, acknowledged: false };
    this.requests.push(request);
    return request;
  }

  unacknowledged(project: number): SentRequest[] {
    return this.requests.filter((request) => request.project === project && !request.acknowledged);
  }

  /** What was promised so far; to be taken before a search begins. */
  promised(project: number): Set<string> {
    return new Set(
      this.requests.filter((request) => request.project === project && request.acknowledged).flatMap((request) => request.words),
    );
  }

  judge(project: number, promised: ReadonlySet<string>, messages: readonly string[]): Verdict {
    const sent = new Set(this.requests.filter((request) => request.project === project).flatMap((request) => request.words));
    const counts = new Map<string, number>();
    for (const message of messages) {
      const word = message.split(" ", 1)[0]!;
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const words = [...counts.keys()];
    return {
      acknowledged: promised.size,
      found: words.length,
      lost: [...promised].filter((word) => !counts.has(word)),
      doubled: words.filter((word) => counts.get(word)! > 1),
      foreign: words.filter((word) => !sent.has(word)),
    };
  }
}
