/** Lines a second over the last two minutes, one value a second. */
export const RATES_KEPT = 120;

export class RateHistory {
  #values: number[] = [];
  #second = 0;

  add(rate_per_s: number, now_ms = Date.now()): void {
    const second = Math.floor(now_ms / 1_000);
    if (second === this.#second) {
      this.#values[this.#values.length - 1] = rate_per_s;
      return;
    }
    // Seconds in which nothing was heard had nothing.
    const missed = this.#second === 0 ? 0 : Math.min(RATES_KEPT, second - this.#second - 1);
    this.#values.push(...new Array<number>(missed).fill(0), rate_per_s);
    this.#values = this.#values.slice(-RATES_KEPT);
    this.#second = second;
  }

  clear(): void {
    this.#values = [];
    this.#second = 0;
  }

  values(now_ms = Date.now()): number[] {
    const missed = this.#second === 0 ? 0 : Math.min(RATES_KEPT, Math.max(0, Math.floor(now_ms / 1_000) - this.#second - 2));
    return [...this.#values, ...new Array<number>(missed).fill(0)].slice(-RATES_KEPT);
  }
}
