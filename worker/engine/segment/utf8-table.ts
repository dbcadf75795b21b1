/**
 * Distinct strings as UTF-8, numbered as they come; and their order. Dictionaries of frames and row groups are merged with it, without a string
 * object for any value.
 */
import { Buffer } from "node:buffer";
import type { Utf8Values } from "../batch/event-batch.ts";

const PRIME = 0x01000193;
/** Longer searches come from values made to collide; from then on a Map, whose hash nobody can foresee, tells values apart. */
const PROBES_MAX = 256;

/** A list of strings that values are taken from. */
export class Utf8Source {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  readonly view: DataView;

  constructor({ offsets, bytes }: Utf8Values) {
    this.bytes = bytes;
    this.offsets = offsets;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

export class Utf8Table {
  count = 0;
  bytes: Uint8Array;
  /** count + 1 entries in use. */
  offsets: Uint32Array;
  #view: DataView;
  #hashes: Int32Array;
  /** Code + 1; 0 where free. */
  #slots: Int32Array;
  #crowded: Map<string, number> | null = null;

  constructor(capacity = 64) {
    const size = 1 << (32 - Math.clz32(Math.max(63, capacity)));
    this.bytes = new Uint8Array(size * 16);
    this.#view = new DataView(this.bytes.buffer);
    this.offsets = new Uint32Array(size + 1);
    this.#hashes = new Int32Array(size);
    this.#slots = new Int32Array(size * 2);
  }

  /** The values; valid until the next `add`. */
  list(): Utf8Values {
    return { offsets: this.offsets.subarray(0, this.count + 1), bytes: this.bytes.subarray(0, this.offsets[this.count]!) };
  }

  /** Code of value `index` of the source, which is added where it is new. */
  add(source: Utf8Source, index: number): number {
    return this.addRange(source, source.offsets[index]!, source.offsets[index + 1]!);
  }

  /** Code of the value in the source's bytes [start, end). */
  addRange(source: Utf8Source, start: number, end: number): number {
    if (this.#crowded !== null) return this.#addCrowded(source, start, end);
    const hash = hashOf(source, start, end);
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    let probes = 0;
    for (let entry = this.#slots[slot]!; entry !== 0; entry = this.#slots[slot]!) {
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, source, start, end)) return entry - 1;
      slot = (slot + 1) & mask;
      if (++probes > PROBES_MAX) {
        this.#crowded = this.#mapped();
        return this.#addCrowded(source, start, end);
      }
    }
    this.#slots[slot] = this.count + 1;
    const code = this.#append(source, start, end);
    this.#hashes[code] = hash;
    if (this.count * 2 > this.#slots.length) this.#growSlots();
    return code;
  }

  #mapped(): Map<string, number> {
    const known = new Map<string, number>();
    for (let code = 0; code < this.count; code++) known.set(keyOf(this.bytes, this.offsets[code]!, this.offsets[code + 1]!), code);
    return known;
  }

  #addCrowded(source: Utf8Source, start: number, end: number): number {
    const key = keyOf(source.bytes, start, end);
    let code = this.#crowded!.get(key);
    if (code === undefined) {
      code = this.#append(source, start, end);
      this.#crowded!.set(key, code);
    }
    return code;
  }

  #equals(code: number, source: Utf8Source, start: number, end: number): boolean {
    let at = this.offsets[code]!;
    if (this.offsets[code + 1]! - at !== end - start) return false;
    const own = this.#view;
    const { view } = source;
    let from = start;
    for (; from + 4 <= end; from += 4, at += 4) if (own.getInt32(at, true) !== view.getInt32(from, true)) return false;
    for (; from < end; from++, at++) if (this.bytes[at] !== source.bytes[from]) return false;
    return true;
  }

  #append(source: Utf8Source, start: number, end: number): number {
    const code = this.count++;
    if (code === this.#hashes.length) this.#growEntries();
    const to = this.offsets[code]!;
    const stop = to + end - start;
    if (stop > this.bytes.length) this.#growBytes(stop);
    copyRange(source, start, end, this.bytes, this.#view, to);
    this.offsets[code + 1] = stop;
    return code;
  }

  #growBytes(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
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
    for (let code = 0; code < this.count; code++) {
      const hash = this.#hashes[code]!;
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code + 1;
    }
    this.#slots = slots;
  }
}

/** One character for each byte. */
function keyOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** FNV-1a by words of four bytes, the last bytes one by one; then mixed. */
function hashOf({ bytes, view }: Utf8Source, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), PRIME);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, PRIME);
  return Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
}

/** Copies source bytes [start, end); by words, which beats a call for the lengths that values have. */
export function copyRange(
  { bytes, view }: Utf8Source,
  start: number,
  end: number,
  target: Uint8Array,
  target_view: DataView,
  to: number,
): void {
  if (end - start > 160) {
    target.set(bytes.subarray(start, end), to);
    return;
  }
  let at = start;
  let out = to;
  for (; at + 4 <= end; at += 4, out += 4) target_view.setInt32(out, view.getInt32(at, true), true);
  for (; at < end; at++, out++) target[out] = bytes[at]!;
}

/** Of two places in a list, which comes first by bytes. */
function compareValues({ bytes, offsets }: Utf8Values, a: number, b: number, depth: number): number {
  let left = offsets[a]! + depth;
  let right = offsets[b]! + depth;
  const left_end = offsets[a + 1]!;
  const right_end = offsets[b + 1]!;
  while (left < left_end && right < right_end) {
    const difference = bytes[left++]! - bytes[right++]!;
    if (difference !== 0) return difference;
  }
  return left_end - left - (right_end - right);
}

/** Numbers of up to 2^21 values fit below the four bytes that are compared at a time. */
const VALUES_PER_KEY = 2 ** 21;
/** Values that agree in more bytes are compared: each step down takes memory. */
const DEPTH_MAX = 256;
/** Shorter runs of values that agree so far are put in order by comparing them. */
const INSERTION_MAX = 12;

/**
 * The codes of distinct values in ascending order of their bytes: sorted as numbers by four bytes, and again by the next four where those agree.
 */
export function sortedCodes(list: Utf8Values): Uint32Array {
  const count = list.offsets.length - 1;
  const order = new Uint32Array(count);
  for (let code = 0; code < count; code++) order[code] = code;
  if (count > 1) sortRange(list, order, 0, count, commonPrefix(list));
  return order;
}

function commonPrefix({ bytes, offsets }: Utf8Values): number {
  const count = offsets.length - 1;
  let length = offsets[1]! - offsets[0]!;
  for (let code = 1; code < count && length > 0; code++) {
    const start = offsets[code]!;
    length = Math.min(length, offsets[code + 1]! - start);
    let at = 0;
    while (at < length && bytes[offsets[0]! + at] === bytes[start + at]) at++;
    length = at;
  }
  return length;
}

/** Sorts order[from..to), whose values agree in their first `depth` bytes. */
function sortRange(list: Utf8Values, order: Uint32Array, from: number, to: number, depth: number): void {
  if (to - from <= INSERTION_MAX) {
    insertionSort(list, order, from, to, depth);
    return;
  }
  if (to - from > VALUES_PER_KEY) {
    order.subarray(from, to).sort((a, b) => compareValues(list, a, b, depth));
    return;
  }
  const keys = new Float64Array(to - from);
  const codes = order.slice(from, to);
  for (let index = 0; index < keys.length; index++) keys[index] = wordAt(list, codes[index]!, depth) * VALUES_PER_KEY + index;
  keys.sort();
  let start = 0;
  for (let index = 0; index < keys.length; index++) {
    const word = Math.floor(keys[index]! / VALUES_PER_KEY);
    order[from + index] = codes[keys[index]! - word * VALUES_PER_KEY]!;
    if (index + 1 < keys.length && Math.floor(keys[index + 1]! / VALUES_PER_KEY) === word) continue;
    if (index > start) sortTied(list, order, from + start, from + index + 1, depth);
    start = index + 1;
  }
}

/** A value's end counts as zeros: where values may end within the word, only comparing tells. */
function sortTied(list: Utf8Values, order: Uint32Array, from: number, to: number, depth: number): void {
  let ends = false;
  for (let at = from; at < to; at++) if (list.offsets[order[at]! + 1]! - list.offsets[order[at]!]! < depth + 4) ends = true;
  if (!ends && depth < DEPTH_MAX) sortRange(list, order, from, to, depth + 4);
  else if (to - from <= INSERTION_MAX) insertionSort(list, order, from, to, depth);
  else order.subarray(from, to).sort((a, b) => compareValues(list, a, b, depth));
}

function insertionSort(list: Utf8Values, order: Uint32Array, from: number, to: number, depth: number): void {
  for (let next = from + 1; next < to; next++) {
    const code = order[next]!;
    let at = next;
    for (; at > from && compareValues(list, order[at - 1]!, code, depth) > 0; at--) order[at] = order[at - 1]!;
    order[at] = code;
  }
}

/** Four bytes as a number, the first the most significant; 0 beyond the value's end. */
function wordAt({ bytes, offsets }: Utf8Values, code: number, depth: number): number {
  const start = offsets[code]! + depth;
  const left = offsets[code + 1]! - start;
  if (left >= 4) return ((bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!) >>> 0;
  let word = 0;
  for (let at = 0; at < 4; at++) word = (word << 8) | (at < left ? bytes[start + at]! : 0);
  return word >>> 0;
}

/** The listed values in another order. */
export function reordered({ offsets, bytes }: Utf8Values, order: Uint32Array): Utf8Values {
  const sorted = { offsets: new Uint32Array(order.length + 1), bytes: new Uint8Array(offsets[offsets.length - 1]! - offsets[0]!) };
  const source = new Utf8Source({ offsets, bytes });
  const view = new DataView(sorted.bytes.buffer);
  for (let index = 0; index < order.length; index++) {
    const start = offsets[order[index]!]!;
    const end = offsets[order[index]! + 1]!;
    const to = sorted.offsets[index]!;
    copyRange(source, start, end, sorted.bytes, view, to);
    sorted.offsets[index + 1] = to + end - start;
  }
  return sorted;
}
