/**
 * A set of fixed-width binary keys in one typed array (open addressing, linear probing): a million 12-byte keys in 24 MB, where a Set of
 * strings would take over a hundred. Keys are hashes already, so their first word is the hash.
 */
export class KeySet {
  private table: Uint32Array;
  private mask: number;
  private readonly words: number;
  /** Keys in the set. */
  count = 0;
  /** The key of zeros only marks an empty place in the table; it is remembered here. */
  private has_zero = false;

  /** @param key_size_bytes a multiple of 4 */
  constructor(key_size_bytes: number, capacity = 1024) {
    this.words = key_size_bytes / 4;
    let places = 16;
    while (places < capacity * 2) places *= 2;
    this.mask = places - 1;
    this.table = new Uint32Array(places * this.words);
  }

  /** True where the key was not in the set before. `keys` holds keys back to back; `index` says which. */
  add(keys: Uint8Array, index: number): boolean {
    if (this.count * 2 > this.mask) this.grow();
    const key = this.wordsAt(keys, index);
    if (isZero(key)) {
      const added = !this.has_zero;
      this.has_zero = true;
      if (added) this.count++;
      return added;
    }
    const place = this.find(key);
    if (place < 0) return false;
    this.table.set(key, place);
    this.count++;
    return true;
  }

  has(keys: Uint8Array, index: number): boolean {
    const key = this.wordsAt(keys, index);
    return isZero(key) ? this.has_zero : this.find(key) < 0;
  }

  private wordsAt(keys: Uint8Array, index: number): Uint32Array {
    const size = this.words * 4;
    return new Uint32Array(keys.slice(index * size, index * size + size).buffer);
  }

  /** The offset of the free place for the key, or -1 where the key is there. */
  private find(key: Uint32Array): number {
    for (let slot = (key[0]! ^ key[this.words - 1]!) & this.mask; ; slot = (slot + 1) & this.mask) {
      const place = slot * this.words;
      let empty = true;
      let equal = true;
      for (let word = 0; word < this.words; word++) {
        const stored = this.table[place + word]!;
        if (stored !== 0) empty = false;
        if (stored !== key[word]) equal = false;
      }
      if (equal) return -1;
      if (empty) return place;
    }
  }

  private grow(): void {
    const old = this.table;
    this.mask = this.mask * 2 + 1;
    this.table = new Uint32Array((this.mask + 1) * this.words);
    for (let place = 0; place < old.length; place += this.words) {
      const key = old.subarray(place, place + this.words);
      if (!isZero(key)) this.table.set(key, this.find(key));
    }
  }
}

function isZero(key: Uint32Array): boolean {
  for (const word of key) if (word !== 0) return false;
  return true;
}

/** Bytes of hexadecimal text. */
export function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
