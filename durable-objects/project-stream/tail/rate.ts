const SECONDS = 10;

/** Lines a second over the last ten seconds, or since it began. */
export class Rate {
  readonly #counts = new Float64Array(SECONDS);
  readonly #seconds = new Float64Array(SECONDS).fill(Number.NEGATIVE_INFINITY);
  readonly #begun_ms: number;

  constructor(now_ms: number) {
    this.#begun_ms = now_ms;
  }

  add(count: number, now_ms: number): void {
    const second = Math.floor(now_ms / 1000);
    const slot = second % SECONDS;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot]! += count;
  }

  perSecond(now_ms: number): number {
    const oldest = Math.floor(now_ms / 1000) - SECONDS;
    let sum = 0;
    for (let slot = 0; slot < SECONDS; slot++) if (this.#seconds[slot]! > oldest) sum += this.#counts[slot]!;
    const span_s = Math.min(SECONDS, Math.max(1, (now_ms - this.#begun_ms) / 1000));
    return Math.round((sum / span_s) * 10) / 10;
  }
}
