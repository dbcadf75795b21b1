import type { ProjectSettings } from "../../durable-objects/project-stream/types.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import {
  PERSON_REQUESTS_MAX,
  RATE_ASK_SHARE,
  RATE_ASK_TIMEOUT_MS,
  RATE_KEY_REQUESTS_MAX,
  RATE_LIMIT_PERIOD_S,
  RATE_PROJECT_REQUESTS_MAX,
} from "../limits.ts";
import { withTimeout } from "../timeout.ts";

/** Requests of one isolate in the running period, by key or project. */
export class RateCounter {
  readonly #requests_max: number;
  readonly #counts = new Map<string, number>();
  #period = Number.NaN;

  constructor(requests_max: number) {
    this.#requests_max = requests_max;
  }

  /**
   * Counts a request. "refuse": this isolate alone has passed the limit. "ask": it has a share of it that others may complete.
   * @param own_max a limit below the general one
   */
  take(name: string, now_ms: number, own_max: number | null = null): "admit" | "ask" | "refuse" {
    const requests_max = Math.min(this.#requests_max, own_max ?? this.#requests_max);
    const period = Math.floor(now_ms / (RATE_LIMIT_PERIOD_S * 1000));
    if (period !== this.#period) {
      this.#counts.clear();
      this.#period = period;
    }
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count > requests_max) return "refuse";
    return count > requests_max * RATE_ASK_SHARE ? "ask" : "admit";
  }
}

const keys = new RateCounter(RATE_KEY_REQUESTS_MAX);
const projects = new RateCounter(RATE_PROJECT_REQUESTS_MAX);

/** A counter that errs or dawdles admits: it is a shield, and quotas are counted elsewhere. */
async function isAdmitted(binding: RateLimit, options: RateLimitOptions): Promise<boolean> {
  try {
    return (await withTimeout(binding.limit(options), RATE_ASK_TIMEOUT_MS)).success;
  } catch {
    return true;
  }
}

interface Limited {
  name: string;
  counter: RateCounter;
  binding: RateLimit;
  requests_max: number;
  /** What the project's settings say; null: the general limit. */
  own_max: number | null;
}

async function check({ name, counter, binding, requests_max, own_max }: Limited, env: Env, now_ms: number): Promise<boolean> {
  const verdict = counter.take(name, now_ms, own_max);
  // Locally there is one isolate: what it counted is all there is.
  if (verdict !== "ask" || env.LEDGE_PROFILE === "local") return verdict !== "refuse";
  // The binding has one limit for all. Where a project's own is an nth of it, each of its requests counts for n.
  const delta = own_max === null ? 1 : Math.max(1, Math.ceil(requests_max / Math.max(1, own_max)));
  return isAdmitted(binding, delta === 1 ? { key: name } : { key: `${name} ${delta}`, delta });
}

/**
 * @param asker_id the key's id, or the person's
 * @throws Problem `rate_limited` where the key or the project sends more requests than the limits allow
 */
export async function checkRates(env: Env, settings: ProjectSettings, asker_id: string, now_ms: number): Promise<void> {
  const { project_id, key_requests_max = null, project_requests_max = null } = settings;
  const of_key = { name: asker_id, counter: keys, binding: env.RATE_KEY, requests_max: RATE_KEY_REQUESTS_MAX, own_max: key_requests_max };
  const of_project = {
    name: project_id,
    counter: projects,
    binding: env.RATE_PROJECT,
    requests_max: RATE_PROJECT_REQUESTS_MAX,
    own_max: project_requests_max,
  };
  const [key, project] = await Promise.all([check(of_key, env, now_ms), check(of_project, env, now_ms)]);
  if (key && project) return;
  const { requests_max, own_max } = key ? of_project : of_key;
  const detail = `The ${key ? "project" : "key"} sends more than ${own_max ?? requests_max} requests in ${RATE_LIMIT_PERIOD_S} seconds.`;
  throw new Problem("rate_limited", detail, { retry_after_s: RATE_LIMIT_PERIOD_S });
}

/** As `checkRates`, for what a person asks that belongs to no project. @throws Problem `rate_limited` */
export async function checkPersonRate(env: Env, user_id: string, now_ms: number): Promise<void> {
  const limited = {
    name: `person ${user_id}`,
    counter: keys,
    binding: env.RATE_KEY,
    requests_max: RATE_KEY_REQUESTS_MAX,
    own_max: PERSON_REQUESTS_MAX,
  };
  if (await check(limited, env, now_ms)) return;
  const detail = `You send more than ${PERSON_REQUESTS_MAX} requests in ${RATE_LIMIT_PERIOD_S} seconds.`;
  throw new Problem("rate_limited", detail, { retry_after_s: RATE_LIMIT_PERIOD_S });
}
