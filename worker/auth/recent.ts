/** Answers that an isolate believes for a while: bounded in number and age. What fails is not kept. */
export class Recent<T> {
  readonly #entries = new Map<string, { value: T; loaded_ms: number }>();
  readonly #age_ms_max: number;
  readonly #entries_max: number;
  readonly #now_ms: () => number;
  /** Raised whenever something is forgotten: what was asked before may be untrue and is not kept. */
  #forgotten = 0;

  constructor(age_ms_max: number, entries_max: number, now_ms: () => number) {
    this.#age_ms_max = age_ms_max;
    this.#entries_max = entries_max;
    this.#now_ms = now_ms;
  }

  /** What is known, or what `load` gives: kept unless it is null. */
  async get(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known && this.#now_ms() - known.loaded_ms < this.#age_ms_max) return known.value;
    this.#entries.delete(key);
    const loaded_ms = this.#now_ms();
    const forgotten = this.#forgotten;
    const value = await load();
    if (value === null || forgotten !== this.#forgotten) return value;
    if (this.#entries.size >= this.#entries_max) {
      const oldest = this.#entries.keys().next().value;
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(key, { value, loaded_ms });
    return value;
  }

  /** Forgets what a change made untrue. */
  forget(is_untrue: (value: T, key: string) => boolean): void {
    this.#forgotten += 1;
    for (const [key, { value }] of this.#entries) if (is_untrue(value, key)) this.#entries.delete(key);
  }
}
