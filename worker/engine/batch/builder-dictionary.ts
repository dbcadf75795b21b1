import { hashOf, viewOf } from "./byte-hash.ts";
import type { Utf8Values } from "./event-batch.ts";
import { utf8Text } from "./utf8.ts";

/** Distinct byte strings in order of first appearance. Open addressing over typed arrays: no object per value, no string until asked for. */
const PROBES_MAX = 64;
/** Larger buffers are let go between batches. */
export const KEPT_SIZE_BYTES_MAX = 128 * 1024;
/** Longer runs are worth a call of `set`, which costs an object. */
const COPY_WORDS_SIZE_BYTES_MAX = 256;
const COPY_LOOP_SIZE_BYTES_MAX = 32;

export class ByteDictionary {
  size = 0;
  bytes: Uint8Array<ArrayBuffer>;
  /** size + 1 entries in use. */
  offsets: Uint32Array<ArrayBuffer>;
  /** Set once a look-up needed more than PROBES_MAX steps: values chosen to collide, or too many of them. */
  crowded = false;
  #view: DataView;
  #hashes: Int32Array<ArrayBuffer>;
  /** Index + 1; 0 where free. */
  #slots: Int32Array<ArrayBuffer>;

  /** @param capacity values for which there is room at first, a power of two */
  constructor(capacity = 32) {
    this.bytes = new Uint8Array(capacity * 16);
    this.#view = new DataView(this.bytes.buffer);
    this.offsets = new Uint32Array(capacity + 1);
    this.#hashes = new Int32Array(capacity);
    this.#slots = new Int32Array(capacity * 2);
  }

  clear(): void {
    if (this.bytes.length > KEPT_SIZE_BYTES_MAX) this.#setBytes(new Uint8Array(1024));
    this.size = 0;
    this.crowded = false;
    this.#slots.fill(0);
  }

  get size_bytes(): number {
    return this.offsets[this.size]!;
  }

  /** Index of the value `source[start .. end)`, which is added where it is new (then `size` has grown). @param hash as `hashOf` makes it */
  add(source: Uint8Array, start: number, end: number, hash = hashOf(source, start, end)): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    let probes = 0;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, source, start, end)) return entry - 1;
      slot = (slot + 1) & mask;
      probes++;
    }
    if (probes > PROBES_MAX) this.crowded = true;
    return this.#insert(slot, hash, source, start, end);
  }

  /** Index of the value, -1 where it is not there. */
  find(source: Uint8Array, start: number, end: number): number {
    const hash = hashOf(source, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, source, start, end)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** The values in order of their indexes, independent of the dictionary. */
  utf8(): Utf8Values {
    return { offsets: this.offsets.slice(0, this.size + 1), bytes: this.bytes.slice(0, this.size_bytes) };
  }

  #equals(index: number, source: Uint8Array, start: number, end: number): boolean {
    let at = this.offsets[index]!;
    const length = end - start;
    if (this.offsets[index + 1]! - at !== length) return false;
    if (length < 4) {
      for (let from = start; from < end; from++, at++) if (this.bytes[at] !== source[from]) return false;
      return true;
    }
    const own = this.#view;
    const other = viewOf(source);
    const last = end - 4;
    if (own.getInt32(at + last - start, true) !== other.getInt32(last, true)) return false;
    for (let from = start; from < last; from += 4, at += 4) if (own.getInt32(at, true) !== other.getInt32(from, true)) return false;
    return true;
  }

  #insert(slot: number, hash: number, source: Uint8Array, start: number, end: number): number {
    const index = this.size++;
    if (index === this.#hashes.length) this.#growEntries();
    const from = this.offsets[index]!;
    const to = from + end - start;
    if (to > this.bytes.length) this.#setBytes(grownBytes(this.bytes, from, to));
    copyWords(source, start, end, this.bytes, this.#view, from);
    this.offsets[index + 1] = to;
    this.#hashes[index] = hash;
    this.#slots[slot] = index + 1;
    if (this.size * 2 > this.#slots.length) this.#growSlots();
    return index;
  }

  #setBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #growEntries(): void {
    const hashes = new Int32Array(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const offsets = new Uint32Array(hashes.length + 1);
    offsets.set(this.offsets);
    this.offsets = offsets;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = this.#hashes[index]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

/** Strings of UTF-8 values, in order of their indexes. */
export function textsOf({ offsets, bytes }: Utf8Values): string[] {
  const count = offsets.length - 1;
  const values = new Array<string>(count);
  const all = utf8Text(bytes);
  // In ASCII text, and only there, the places in the string are those in the bytes.
  const is_ascii = all.length === bytes.length;
  for (let index = 0; index < count; index++) {
    const start = offsets[index]!;
    const end = offsets[index + 1]!;
    values[index] = is_ascii ? all.slice(start, end) : utf8Text(bytes.subarray(start, end));
  }
  return values;
}

/** A copy of the first `used` bytes with room for at least `needed`. */
export function grownBytes(bytes: Uint8Array<ArrayBuffer>, used: number, needed: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(needed, bytes.length * 2));
  grown.set(bytes.subarray(0, used));
  return grown;
}

/** Copies `source[start .. end)` to `at` in the bytes that `view` is over; short runs by a loop, which beats the call that long ones are worth. */
export function copyWords(source: Uint8Array, start: number, end: number, target: Uint8Array, view: DataView, at: number): void {
  const length = end - start;
  if (length > COPY_WORDS_SIZE_BYTES_MAX) target.set(source.subarray(start, end), at);
  else if (length < 4) for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
  else {
    const other = viewOf(source);
    const last = end - 4;
    for (let from = start, to = at; from < last; from += 4, to += 4) view.setInt32(to, other.getInt32(from, true), true);
    view.setInt32(at + length - 4, other.getInt32(last, true), true);
  }
}

/** The same byte by byte, where bytes come from many sources in turn. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > COPY_LOOP_SIZE_BYTES_MAX) target.set(source.subarray(start, end), at);
  else for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}
