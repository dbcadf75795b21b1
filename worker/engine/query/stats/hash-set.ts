/**
 * A set of 64-bit hashes that counts distinct values: exactly while it holds at most `most` of them, then by adaptive sampling
 * (Wegman; Flajolet, "On adaptive sampling", 1990): it keeps the hashes that begin with `level` zero bits, of which there are at most `most`,
 * and each stands for 2^level. What is kept follows from the set of values alone, not from their order or how they were parted.
 */
export class HashSet {
  /** Pairs of words, low first; both 0: a free place. */
  #slots = new Uint32Array(16);
  #count = 0;
  #level = 0;

  get count(): number {
    return this.#count;
  }

  get level(): number {
    return this.#level;
  }

  /** How many distinct values there are; its relative standard error is about sqrt(2 / most) where the level is above 0. */
  get estimate(): number {
    return this.#count * 2 ** this.#level;
  }

  /** Memory in bytes. */
  get size_bytes(): number {
    return this.#slots.byteLength;
  }

  /** Adds a hash; what exceeds `most` is left to `limit`. */
  add(low: number, high: number): void {
    if (this.#level > 0 && Math.clz32(high) < this.#level) return;
    const first = low === 0 && high === 0 ? 1 : low;
    const mask = this.#slots.length - 2;
    let at = (first << 1) & mask;
    for (;;) {
      const held_low = this.#slots[at]!;
      const held_high = this.#slots[at + 1]!;
      if (held_low === first && held_high === high) return;
      if (held_low === 0 && held_high === 0) break;
      at = (at + 2) & mask;
    }
    this.#slots[at] = first;
    this.#slots[at + 1] = high;
    this.#count++;
    if (this.#count * 3 > this.#slots.length) this.#rebuild(this.#slots.length * 2);
  }

  /** Adds the hashes (two words each) that are marked; further marks count for nothing. */
  addMarked(hashes: Uint32Array, marks: Uint8Array): void {
    const count = hashes.length / 2;
    let slots = this.#slots;
    let mask = slots.length - 2;
    for (let index = 0; index < count; index++) {
      if (marks[index] === 0) continue;
      const low = hashes[2 * index]!;
      const high = hashes[2 * index + 1]!;
      // Most are there already, at the place that is looked at first.
      const at = (low << 1) & mask;
      if (slots[at] === low && slots[at + 1] === high && (low !== 0 || high !== 0)) continue;
      this.add(low, high);
      slots = this.#slots;
      mask = slots.length - 2;
    }
  }

  /** Raises the level until at most `most` hashes are kept. */
  limit(most: number): void {
    while (this.#count > most && this.#level < 32) this.raise(this.#level + 1);
  }

  /** Keeps only hashes that begin with so many zero bits. */
  raise(level: number): void {
    if (level <= this.#level) return;
    this.#level = level;
    this.#rebuild(this.#slots.length);
  }

  /** The hashes, two words each. */
  words(): Uint32Array {
    const words = new Uint32Array(this.#count * 2);
    let length = 0;
    for (let at = 0; at < this.#slots.length; at += 2) {
      if (this.#slots[at] === 0 && this.#slots[at + 1] === 0) continue;
      words[length++] = this.#slots[at]!;
      words[length++] = this.#slots[at + 1]!;
    }
    return words;
  }

  #rebuild(length: number): void {
    const held = this.#slots;
    this.#slots = new Uint32Array(length);
    this.#count = 0;
    for (let at = 0; at < held.length; at += 2) {
      if (held[at] !== 0 || held[at + 1] !== 0) this.add(held[at]!, held[at + 1]!);
    }
  }
}
