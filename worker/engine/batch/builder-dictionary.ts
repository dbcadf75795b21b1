import { utf8Text } from "./utf8.ts";

/** Distinct byte strings in order of first appearance. Open addressing over typed arrays: no object per value, no string until asked for. */
const PROBES_MAX = 64;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Larger buffers are let go between batches. */
export const KEPT_SIZE_BYTES_MAX = 128 * 1024;
const COPY_LOOP_BYTES_MAX = 32;
/** From this size on values are hashed and compared by words. */
const WORDS_SIZE_BYTES_MIN = 8;

export class ByteDictionary {
  size = 0;
  bytes: Uint8Array<ArrayBuffer>;
  /** size + 1 entries in use. */
  offsets: Uint32Array<ArrayBuffer>;
  /** Set once a look-up needed more than PROBES_MAX steps: values chosen to collide, or too many of them. */
  crowded = false;
  /** The value that was added last: values mostly come in runs. */
  #last = 0;
  #view: DataView;
  #hashes: Uint32Array<ArrayBuffer>;
  /** Index + 1; 0 where free. */
  #slots: Int32Array<ArrayBuffer>;

  /** @param capacity values for which there is room at first, a power of two */
  constructor(capacity = 32) {
    this.bytes = new Uint8Array(capacity * 16);
    this.#view = new DataView(this.bytes.buffer);
    this.offsets = new Uint32Array(capacity + 1);
    this.#hashes = new Uint32Array(capacity);
    this.#slots = new Int32Array(capacity * 2);
  }

  clear(): void {
    if (this.bytes.length > KEPT_SIZE_BYTES_MAX) {
      this.bytes = new Uint8Array(1024);
      this.#view = new DataView(this.bytes.buffer);
    }
    this.size = 0;
    this.crowded = false;
    this.#slots.fill(0);
  }

  get size_bytes(): number {
    return this.offsets[this.size]!;
  }

  /** Index of the value `source[start .. end)`, which is added where it is new (then `size` has grown). */
  add(source: Uint8Array, start: number, end: number): number {
    if (this.#last < this.size && this.#equals(this.#last, source, start, end)) return this.#last;
    const hash = hashOf(source, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    let probes = 0;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, source, start, end)) {
        this.#last = entry - 1;
        return entry - 1;
      }
      slot = (slot + 1) & mask;
      probes++;
    }
    if (probes > PROBES_MAX) this.crowded = true;
    this.#last = this.#insert(slot, hash, source, start, end);
    return this.#last;
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

  /** The values as strings, in order of their indexes. */
  values(): string[] {
    const values = new Array<string>(this.size);
    const all = utf8Text(this.bytes.subarray(0, this.size_bytes));
    // In ASCII text, and only there, the places in the string are those in the bytes.
    const is_ascii = all.length === this.size_bytes;
    for (let index = 0; index < this.size; index++) {
      const start = this.offsets[index]!;
      const end = this.offsets[index + 1]!;
      values[index] = is_ascii ? all.slice(start, end) : utf8Text(this.bytes.subarray(start, end));
    }
    return values;
  }

  #equals(index: number, source: Uint8Array, start: number, end: number): boolean {
    let at = this.offsets[index]!;
    if (this.offsets[index + 1]! - at !== end - start) return false;
    if (end - start >= WORDS_SIZE_BYTES_MIN) return this.#equalsByWords(at, viewOf(source), start, end);
    const bytes = this.bytes;
    for (let from = start; from < end; from++, at++) if (bytes[at] !== source[from]) return false;
    return true;
  }

  #equalsByWords(at: number, source: DataView, start: number, end: number): boolean {
    const own = this.#view;
    const last = end - 4;
    if (own.getInt32(at + last - start) !== source.getInt32(last)) return false;
    for (let from = start; from < last; from += 4, at += 4) if (own.getInt32(at) !== source.getInt32(from)) return false;
    return true;
  }

  #insert(slot: number, hash: number, source: Uint8Array, start: number, end: number): number {
    const index = this.size++;
    if (index === this.#hashes.length) this.#growEntries();
    const from = this.offsets[index]!;
    const to = from + end - start;
    if (to > this.bytes.length) {
      this.bytes = grownBytes(this.bytes, from, to);
      this.#view = new DataView(this.bytes.buffer);
    }
    copyBytes(source, start, end, this.bytes, from);
    this.offsets[index + 1] = to;
    this.#hashes[index] = hash;
    this.#slots[slot] = index + 1;
    if (this.size * 2 > this.#slots.length) this.#growSlots();
    return index;
  }

  #growEntries(): void {
    const hashes = new Uint32Array(this.#hashes.length * 2);
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

/** Short values are hashed by FNV-1a, longer ones likewise but by words of four bytes, the last of which may overlap; then the bits are mixed. */
function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  if (end - start < WORDS_SIZE_BYTES_MIN) {
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ source[at]!, FNV_PRIME);
  } else {
    const view = viewOf(source);
    const last = end - 4;
    for (let at = start; at < last; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at), FNV_PRIME);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ view.getInt32(last), FNV_PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
let viewed = NO_BYTES;
let view = new DataView(NO_BYTES.buffer);

/** A DataView over the bytes: values in a row mostly come from the same ones. */
function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return view;
}

/** Lets go of the bytes seen last, which may be a whole request. */
export function forgetSource(): void {
  viewOf(NO_BYTES);
}

/** A copy of the first `used` bytes with room for at least `needed`. */
export function grownBytes(bytes: Uint8Array<ArrayBuffer>, used: number, needed: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(needed, bytes.length * 2));
  grown.set(bytes.subarray(0, used));
  return grown;
}

/** Copies `source[start .. end)`; short runs by a loop, which beats the call that long ones are worth. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > COPY_LOOP_BYTES_MAX) {
    target.set(source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}
