import { hashOf, viewOf } from "./byte-hash.ts";
import type { Utf8Values } from "./event-batch.ts";
import { utf8Text } from "./utf8.ts";

const PROBES_MAX = 64;
/** Larger buffers are let go between batches. */
export const KEPT_SIZE_BYTES_MAX = 128 * 1024;
/** Longer runs are worth a call of `set`, which costs an object. */
const COPY_WORDS_SIZE_BYTES_MAX = 256;
const COPY_LOOP_SIZE_BYTES_MAX = 32;
/** A place of the table: hash, index + 1 (0 where it is free), where the bytes begin, how many there are. Side by side, for they are needed together. */
const PLACE = 4;

/** Distinct byte strings in order of first appearance. Open addressing over typed arrays: no object per value, no string until asked for. */
export class ByteDictionary {
  size = 0;
  bytes: Uint8Array<ArrayBuffer>;
  /** size + 1 entries in use. */
  offsets: Uint32Array<ArrayBuffer>;
  /** Set once a look-up needed more than PROBES_MAX steps: values chosen to collide, or too many of them. */
  crowded = false;
  #view: DataView;
  #table: Int32Array<ArrayBuffer>;
  /** Places of the table less one. */
  #mask: number;

  /** @param capacity values for which there is room at first, a power of two */
  constructor(capacity = 32) {
    this.bytes = new Uint8Array(capacity * 16);
    this.#view = new DataView(this.bytes.buffer);
    this.offsets = new Uint32Array(capacity + 1);
    this.#table = new Int32Array(capacity * 2 * PLACE);
    this.#mask = capacity * 2 - 1;
  }

  clear(): void {
    if (this.bytes.length > KEPT_SIZE_BYTES_MAX) this.#setBytes(new Uint8Array(1024));
    if (this.size > 0) this.#table.fill(0);
    this.size = 0;
    this.crowded = false;
  }

  get size_bytes(): number {
    return this.offsets[this.size]!;
  }

  /** Index of the value `source[start .. end)`, which is added where it is new (then `size` has grown). @param hash as `hashOf` makes it */
  add(source: Uint8Array, start: number, end: number, hash = hashOf(source, start, end)): number {
    const table = this.#table;
    const mask = this.#mask;
    const length = end - start;
    let place = hash & mask;
    let probes = 0;
    for (;;) {
      const at = place * PLACE;
      const entry = table[at + 1]!;
      if (entry === 0) break;
      if (table[at] === hash && table[at + 3] === length && this.#equals(table[at + 2]!, source, start, end)) return entry - 1;
      place = (place + 1) & mask;
      probes++;
    }
    if (probes > PROBES_MAX) this.crowded = true;
    return this.#insert(place, hash, source, start, end);
  }

  /** Index of the value, -1 where it is not there. */
  find(source: Uint8Array, start: number, end: number): number {
    const table = this.#table;
    const hash = hashOf(source, start, end);
    for (let place = hash & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = place * PLACE;
      const entry = table[at + 1]!;
      if (entry === 0) return -1;
      if (table[at] === hash && table[at + 3] === end - start && this.#equals(table[at + 2]!, source, start, end)) return entry - 1;
    }
  }

  /** The values in order of their indexes, independent of the dictionary. */
  utf8(): Utf8Values {
    return { offsets: this.offsets.slice(0, this.size + 1), bytes: this.bytes.slice(0, this.size_bytes) };
  }

  /** Whether the bytes that begin at `at` are `source[start .. end)`. */
  #equals(at: number, source: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length < 4) {
      for (let from = start; from < end; from++, at++) if (this.bytes[at] !== source[from]) return false;
      return true;
    }
    const own = this.#view;
    const other = viewOf(source);
    // Words from both ends: up to sixteen bytes without a loop, whose end would be hard to foresee.
    if (own.getInt32(at, true) !== other.getInt32(start, true)) return false;
    if (own.getInt32(at + length - 4, true) !== other.getInt32(end - 4, true)) return false;
    if (length <= 8) return true;
    if (own.getInt32(at + 4, true) !== other.getInt32(start + 4, true)) return false;
    if (own.getInt32(at + length - 8, true) !== other.getInt32(end - 8, true)) return false;
    const last = end - 8;
    at += 8;
    for (let from = start + 8; from < last; from += 4, at += 4) if (own.getInt32(at, true) !== other.getInt32(from, true)) return false;
    return true;
  }

  #insert(place: number, hash: number, source: Uint8Array, start: number, end: number): number {
    const index = this.size++;
    const from = this.offsets[index]!;
    const to = from + end - start;
    if (index + 1 === this.offsets.length) this.#growOffsets();
    if (to > this.bytes.length) this.#setBytes(grownBytes(this.bytes, from, to));
    copyWords(source, start, end, this.bytes, this.#view, from);
    this.offsets[index + 1] = to;
    const at = place * PLACE;
    this.#table[at] = hash;
    this.#table[at + 1] = index + 1;
    this.#table[at + 2] = from;
    this.#table[at + 3] = end - start;
    if (this.size * 2 > this.#mask + 1) this.#growTable();
    return index;
  }

  #setBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #growOffsets(): void {
    const offsets = new Uint32Array((this.offsets.length - 1) * 2 + 1);
    offsets.set(this.offsets);
    this.offsets = offsets;
  }

  #growTable(): void {
    const old = this.#table;
    const mask = this.#mask * 2 + 1;
    const table = new Int32Array((mask + 1) * PLACE);
    for (let from = 0; from < old.length; from += PLACE) {
      if (old[from + 1] === 0) continue;
      let place = old[from]! & mask;
      while (table[place * PLACE + 1] !== 0) place = (place + 1) & mask;
      for (let word = 0; word < PLACE; word++) table[place * PLACE + word] = old[from + word]!;
    }
    this.#table = table;
    this.#mask = mask;
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
