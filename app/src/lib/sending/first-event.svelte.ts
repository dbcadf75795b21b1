/** Waits for the first event after a moment, by asking; quickly at first, and not at all while nobody looks. */
import { api, ask, type Schemas } from "../api/client.ts";

export type FoundEvent = Schemas["Event"];

const QUICK_MS = 1_000;
const QUICK_TRIES = 90;
const SLOW_MS = 5_000;

export class FirstEvent {
  found = $state.raw<FoundEvent | null>(null);
  /** Whether a request came with the key, as far as that can be known. */
  used = $state(false);
  /** Whether the last question was answered. */
  connected = $state(true);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #since: string;
  #key_id: string;

  /**
   * @param since_ms moment after which an event must have arrived, whatever time it bears
   * @param key_id the key that it must have come with: in a busy project others send, too
   */
  constructor(since_ms: number, key_id: string) {
    this.#since = new Date(since_ms).toISOString();
    this.#key_id = key_id;
  }

  /** Returns what ends the waiting: made for `$effect`. */
  start(): () => void {
    const look = (): void => {
      if (document.visibilityState === "visible") void this.#ask();
    };
    document.addEventListener("visibilitychange", look);
    void this.#ask();
    return () => {
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", look);
    };
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.found) return;
    try {
      if (!this.used) this.used = await this.#isUsed();
      if (this.used) await this.#find();
      this.connected = true;
    } catch {
      this.connected = false;
    }
    this.#tries++;
    if (!this.found && document.visibilityState === "visible")
      this.#timer = setTimeout(() => void this.#ask(), this.#tries < QUICK_TRIES ? QUICK_MS : SLOW_MS);
  }

  async #isUsed(): Promise<boolean> {
    const { keys } = await ask(api.GET("/api/v1/keys"));
    return (keys.find(({ key_id }) => key_id === this.#key_id)?.last_used_at ?? null) !== null;
  }

  async #find(): Promise<void> {
    const query = { q: `ingest_ts:>="${this.#since}"`, from: "-30d", limit: 1 };
    const answer = await ask(api.GET("/api/v1/logs", { params: { query } }));
    this.found = typeof answer === "object" && "events" in answer ? (answer.events[0] ?? null) : null;
  }
}
