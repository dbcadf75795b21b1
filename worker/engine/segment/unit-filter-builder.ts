/** Collects hashes unit by unit over a whole segment, and makes the parts of its filter. */
import { FuseFilter, KeyList } from "./fuse-filter.ts";
import { listedHash, mix, partOfHash, pushKey, strideOf, UnitFilter } from "./unit-filter.ts";

/** Parts are made so large that one is read at once, and no more of them than there are buckets to collect in. */
const KEYS_PER_PART_MAX = 60_000;
const BUCKET_BITS = 5;
const BUCKETS = 1 << BUCKET_BITS;

/** Hashes of one bucket in the order of their units. */
class Bucket {
  hashes = new Uint32Array(256);
  count = 0;
  /** Where each unit's hashes end. */
  readonly ends: number[] = [];

  push(hash: number): void {
    if (this.count === this.hashes.length) {
      const hashes = new Uint32Array(this.count * 2);
      hashes.set(this.hashes);
      this.hashes = hashes;
    }
    this.hashes[this.count++] = hash;
  }
}

export class UnitFilterBuilder {
  readonly #buckets = Array.from({ length: BUCKETS }, () => new Bucket());
  /** Of hashes on many units: a bit for each unit. */
  readonly #listed = new Map<number, Uint8Array>();
  #units = 0;
  #rare = 0;

  /** Notes that the unit under way has what has this hash; each hash once a unit. */
  add(hash: number): void {
    this.#buckets[mix(hash) >>> (32 - BUCKET_BITS)]!.push(hash);
    this.#rare++;
  }

  endUnit(): void {
    for (const bucket of this.#buckets) bucket.ends.push(bucket.count);
    this.#units++;
  }

  /** Notes something on many units at once. @param units a bit for each, counted from unit `first` */
  list(hash: number, first: number, units: Uint8Array): void {
    let bits = this.#listed.get(hash);
    const size = strideOf(first) + units.length + 1;
    if (bits === undefined || bits.length < size) {
      const grown = new Uint8Array(Math.max(size, (bits?.length ?? 0) * 2));
      if (bits !== undefined) grown.set(bits);
      bits = grown;
      this.#listed.set(hash, bits);
    }
    const shift = first & 7;
    for (let byte = 0, at = first >>> 3; byte < units.length; byte++, at++) {
      bits[at] = bits[at]! | (units[byte]! << shift);
      bits[at + 1] = bits[at + 1]! | (units[byte]! >>> (8 - shift));
    }
  }

  get units(): number {
    return this.#units;
  }

  /** The parts in order, a power of two of them; null where one could not be built. */
  finish(): Uint8Array[] | null {
    let part_count = 1;
    while (part_count < BUCKETS && this.#rare > part_count * KEYS_PER_PART_MAX) part_count *= 2;
    const lists = this.#listsByPart(part_count);
    const parts: Uint8Array[] = [];
    for (let part = 0; part < part_count; part++) {
      const rare = FuseFilter.build(this.#keysOf(part, BUCKETS / part_count), this.#units);
      if (rare === null) return null;
      parts.push(new UnitFilter(rare, ...this.#joined(lists[part]!)).encode());
    }
    return parts;
  }

  #keysOf(part: number, buckets: number): KeyList {
    const keys = new KeyList();
    for (const { hashes, ends } of this.#buckets.slice(part * buckets, (part + 1) * buckets)) {
      for (let unit = 0, index = 0; unit < this.#units; unit++) {
        for (const end = ends[unit]!; index < end; index++) pushKey(keys, hashes[index]!, unit);
      }
    }
    return keys;
  }

  #listsByPart(part_count: number): number[][] {
    const lists: number[][] = Array.from({ length: part_count }, () => []);
    for (const hash of this.#listed.keys()) lists[partOfHash(hash, part_count)]!.push(hash);
    return lists;
  }

  /** By hash; of those that share one, the units of all. */
  #joined(hashes: readonly number[]): [listed: Uint32Array, units: Uint8Array] {
    const stride = strideOf(this.#units);
    const ordered = hashes.map((hash) => ({ hash, listed: listedHash(hash) })).sort((a, b) => a.listed - b.listed);
    const listed: number[] = [];
    const units = new Uint8Array(ordered.length * stride);
    for (const entry of ordered) {
      if (listed.at(-1) !== entry.listed) listed.push(entry.listed);
      const at = (listed.length - 1) * stride;
      const bits = this.#listed.get(entry.hash)!;
      for (let byte = 0; byte < Math.min(stride, bits.length); byte++) units[at + byte] = units[at + byte]! | bits[byte]!;
    }
    return [Uint32Array.from(listed), units.subarray(0, listed.length * stride)];
  }
}
