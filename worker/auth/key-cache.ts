import type { KeyAnswer } from "../../durable-objects/project-stream/types.ts";
import { KEY_CACHE_ENTRIES_MAX, KEY_CACHE_MS, KEY_CACHE_STALE_MS, KEY_LOOKUP_PAUSE_MS, KEY_LOOKUP_TIMEOUT_MS } from "../limits.ts";
import { withTimeout } from "../timeout.ts";

const DAY_MS = 86_400_000;

interface Entry {
  project_id: string;
  answer: KeyAnswer;
  loaded_ms: number;
  /** When the last look-up failed; the project's object is left in peace for a while after it. */
  failed_ms: number;
}

/**
 * What an isolate knows of keys, by hash. An answer is believed for KEY_CACHE_MS, and up to KEY_CACHE_STALE_MS while the project's object errs.
 * Look-ups of one key that happen at once share one call.
 */
export class KeyCache {
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, { project_id: string; call: Promise<KeyAnswer> }>();
  readonly #now_ms: () => number;

  constructor(now_ms: () => number) {
    this.#now_ms = now_ms;
  }

  /**
   * @param load asks the project's object; called only where nothing fresh is known
   * @throws what `load` throws, where nothing is known that may still be believed
   */
  async lookup(project_id: string, hash: string, load: () => Promise<KeyAnswer>): Promise<KeyAnswer> {
    const entry = this.#entries.get(hash);
    if (entry && this.#isFresh(entry)) return entry.answer;
    try {
      return await this.#load(project_id, hash, load);
    } catch (error) {
      if (!entry || this.#now_ms() - entry.loaded_ms >= KEY_CACHE_STALE_MS) throw error;
      entry.failed_ms = this.#now_ms();
      return entry.answer;
    }
  }

  /** Forgets what is known of a project's keys, and what is being asked, after one of them or the project's settings were changed here. */
  forget(project_id: string): void {
    for (const [hash, entry] of this.#entries) if (entry.project_id === project_id) this.#entries.delete(hash);
    for (const [hash, pending] of this.#pending) if (pending.project_id === project_id) this.#pending.delete(hash);
  }

  #isFresh(entry: Entry): boolean {
    const now_ms = this.#now_ms();
    const quota_is_renewed = entry.answer.quota_exceeded && Math.floor(now_ms / DAY_MS) !== Math.floor(entry.loaded_ms / DAY_MS);
    if (quota_is_renewed) return false;
    if (now_ms - entry.loaded_ms < KEY_CACHE_MS) return true;
    return now_ms - entry.failed_ms < KEY_LOOKUP_PAUSE_MS && now_ms - entry.loaded_ms < KEY_CACHE_STALE_MS;
  }

  async #load(project_id: string, hash: string, load: () => Promise<KeyAnswer>): Promise<KeyAnswer> {
    const pending = this.#pending.get(hash);
    if (!pending) return this.#ask(project_id, hash, load);
    try {
      return await withTimeout(pending.call, KEY_LOOKUP_TIMEOUT_MS);
    } catch (error) {
      // The request that leads was cancelled and left its call for ever unsettled.
      if (this.#pending.get(hash) === pending) return this.#ask(project_id, hash, load);
      throw error;
    }
  }

  async #ask(project_id: string, hash: string, load: () => Promise<KeyAnswer>): Promise<KeyAnswer> {
    const pending = { project_id, call: withTimeout(load(), KEY_LOOKUP_TIMEOUT_MS) };
    this.#pending.set(hash, pending);
    try {
      const answer = await pending.call;
      if (this.#pending.get(hash) === pending) this.#store(project_id, hash, answer);
      return answer;
    } finally {
      if (this.#pending.get(hash) === pending) this.#pending.delete(hash);
    }
  }

  #store(project_id: string, hash: string, answer: KeyAnswer): void {
    this.#entries.delete(hash);
    if (this.#entries.size >= KEY_CACHE_ENTRIES_MAX) {
      const oldest = this.#entries.keys().next().value;
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(hash, { project_id, answer, loaded_ms: this.#now_ms(), failed_ms: Number.NEGATIVE_INFINITY });
  }
}
