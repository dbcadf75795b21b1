import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { RATE_ASK_SHARE, RATE_ASK_TIMEOUT_MS, RATE_KEY_REQUESTS_MAX, RATE_LIMIT_PERIOD_S, RATE_PROJECT_REQUESTS_MAX } from "../limits.ts";
import { withTimeout } from "../timeout.ts";

/** Requests of one isolate in the running period, by key or project. */
export class RateCounter {
  readonly #requests_max: number;
  readonly #counts = new Map<string, number>();
  #period = Number.NaN;

  constructor(requests_max: number) {
    this.#requests_max = requests_max;
  }

  /** Counts a request. "refuse": this isolate alone has passed the limit. "ask": it has a share of it that others may complete. */
  take(name: string, now_ms: number): "admit" | "ask" | "refuse" {
    const period = Math.floor(now_ms / (RATE_LIMIT_PERIOD_S * 1000));
    if (period !== this.#period) {
      this.#counts.clear();
      this.#period = period;
    }
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count > this.#requests_max) return "refuse";
    return count > this.#requests_max * RATE_ASK_SHARE ? "ask" : "admit";
  }
}

const keys = new RateCounter(RATE_KEY_REQUESTS_MAX);
const projects = new RateCounter(RATE_PROJECT_REQUESTS_MAX);

/** A counter that errs or dawdles admits: it is a shield, and quotas are counted elsewhere. */
async function isAdmitted(binding: RateLimit, name: string): Promise<boolean> {
  try {
    return (await withTimeout(binding.limit({ key: name }), RATE_ASK_TIMEOUT_MS)).success;
  } catch {
    return true;
  }
}

async function check(counter: RateCounter, binding: RateLimit, name: string, env: Env, now_ms: number): Promise<boolean> {
  const verdict = counter.take(name, now_ms);
  // Locally there is one isolate: what it counted is all there is.
  if (verdict === "ask" && env.LEDGE_PROFILE !== "local") return isAdmitted(binding, name);
  return verdict !== "refuse";
}

/** @throws Problem `rate_limited` where the key or the project sends more requests than the limits allow */
export async function checkRates(env: Env, project_id: string, key_id: string, now_ms: number): Promise<void> {
  const [key, project] = await Promise.all([
    check(keys, env.RATE_KEY, key_id, env, now_ms),
    check(projects, env.RATE_PROJECT, project_id, env, now_ms),
  ]);
  if (key && project) return;
  const detail = key
    ? `The project sends more than ${RATE_PROJECT_REQUESTS_MAX} requests in ${RATE_LIMIT_PERIOD_S} seconds.`
    : `The key sends more than ${RATE_KEY_REQUESTS_MAX} requests in ${RATE_LIMIT_PERIOD_S} seconds.`;
  throw new Problem("rate_limited", detail, { retry_after_s: RATE_LIMIT_PERIOD_S });
}
