/**
 * A sum of numbers that does not depend on their order: the exact sum, rounded once.
 * Whole numbers are added as they are while their sum is exact; else the sum is held as numbers that do not overlap
 * (Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997; rounding as in Python's math.fsum).
 */
export class ExactSum {
  #whole = 0;
  #parts: number[] | null = null;

  /** Numbers whose exact sum is this one. */
  get parts(): readonly number[] {
    return this.#parts ?? [this.#whole];
  }

  add(value: number): void {
    if (!this.#parts) {
      const whole = this.#whole + value;
      if (Number.isSafeInteger(whole) && Number.isSafeInteger(value)) {
        this.#whole = whole;
        return;
      }
      this.#parts = [this.#whole];
    }
    this.#addPart(this.#parts, value);
  }

  /** Not finite where the sum is beyond the range of numbers. */
  get value(): number {
    const parts = this.#parts;
    if (!parts) return this.#whole;
    let index = parts.length - 1;
    let high = parts[index] ?? 0;
    let low = 0;
    while (index > 0 && low === 0) {
      const before = high;
      const part = parts[--index] as number;
      high = before + part;
      low = part - (high - before);
    }
    const next = index > 0 ? (parts[index - 1] as number) : 0;
    if (low !== 0 && Math.sign(low) === Math.sign(next)) {
      const doubled = low * 2;
      const nudged = high + doubled;
      if (doubled === nudged - high) high = nudged;
    }
    return high;
  }

  #addPart(parts: number[], value: number): void {
    let kept = 0;
    let carried = value;
    for (const part of parts) {
      const [large, small] = Math.abs(carried) < Math.abs(part) ? [part, carried] : [carried, part];
      const high = large + small;
      const low = small - (high - large);
      if (low !== 0) parts[kept++] = low;
      carried = high;
    }
    parts.length = kept;
    parts.push(carried);
  }
}
