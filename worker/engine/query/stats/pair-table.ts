import { withLength } from "./key-values.ts";

/** Numbers for pairs of numbers, counted from 0 as the pairs appear: open addressing, no objects. */
export class PairTable {
  #slots = new Int32Array(64).fill(-1);
  #lefts = new Uint32Array(32);
  #rights = new Uint32Array(32);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of the pair; -1 where it has none and `add` is false. */
  find(left: number, right: number, add: boolean): number {
    const mask = this.#slots.length - 1;
    let at = hashPair(left, right) & mask;
    for (;;) {
      const id = this.#slots[at]!;
      if (id < 0) break;
      if (this.#rights[id] === right && this.#lefts[id] === left) return id;
      at = (at + 1) & mask;
    }
    return add ? this.#add(left, right, at) : -1;
  }

  leftOf(id: number): number {
    return this.#lefts[id]!;
  }

  rightOf(id: number): number {
    return this.#rights[id]!;
  }

  #add(left: number, right: number, at: number): number {
    if (this.#count === this.#lefts.length) this.#grow();
    const id = this.#count++;
    this.#lefts[id] = left;
    this.#rights[id] = right;
    if (this.#count * 2 <= this.#slots.length) this.#slots[at] = id;
    else this.#rehash();
    return id;
  }

  #grow(): void {
    this.#lefts = withLength(this.#lefts, this.#count * 2);
    this.#rights = withLength(this.#rights, this.#count * 2);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (let id = 0; id < this.#count; id++) {
      let at = hashPair(this.#lefts[id]!, this.#rights[id]!) & mask;
      while (this.#slots[at]! >= 0) at = (at + 1) & mask;
      this.#slots[at] = id;
    }
  }
}

function hashPair(left: number, right: number): number {
  let mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}
