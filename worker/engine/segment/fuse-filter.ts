/**
 * Binary fuse filters with 8-bit fingerprints (Graf and Lemire, "Binary Fuse Filters", 2022): about 9 bits a key, false positives 1 in 256, three
 * bytes looked at per probe. Keys are 64-bit hashes in two halves.
 */
import { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";

const SEGMENT_LENGTH_MAX = 1 << 18;
/** A build fails by chance about once in some hundred; by duplicates, always. */
const TRIES_MAX = 64;
const TWO_32 = 4_294_967_296;

function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A key's places and fingerprint under a seed; one object, filled again for each key. */
class Probe {
  low = 0;
  high = 0;
  first = 0;
  second = 0;
  third = 0;

  set(low: number, high: number, seed: number, segment_length: number, segment_count: number): void {
    const mixed = scramble(low ^ seed);
    this.setMixed(mixed, scramble(high ^ Math.imul(mixed, 0x9e3779b1) ^ seed), segment_length, segment_count);
  }

  setMixed(low: number, high: number, segment_length: number, segment_count: number): void {
    const mask = segment_length - 1;
    this.low = low;
    this.high = high;
    this.first = Math.floor((high * (segment_count * segment_length)) / TWO_32);
    this.second = (this.first + segment_length) ^ ((low >>> 14) & mask);
    this.third = (this.first + 2 * segment_length) ^ (low & mask);
  }

  at(index: number): number {
    return index === 0 ? this.first : index === 1 ? this.second : this.third;
  }
}

const probe = new Probe();

export class FuseFilter {
  readonly #seed: number;
  readonly #segment_length: number;
  readonly #segment_count: number;
  readonly #bytes: Uint8Array;
  /** What the writer wanted to remember beside the filter. */
  readonly note: number;

  constructor(seed: number, segment_length: number, segment_count: number, bytes: Uint8Array, note: number) {
    this.#seed = seed;
    this.#segment_length = segment_length;
    this.#segment_count = segment_count;
    this.#bytes = bytes;
    this.note = note;
  }

  has(low: number, high: number): boolean {
    const bytes = this.#bytes;
    if (bytes.length === 0) return false;
    probe.set(low, high, this.#seed, this.#segment_length, this.#segment_count);
    return (bytes[probe.first]! ^ bytes[probe.second]! ^ bytes[probe.third]!) === (probe.high & 0xff);
  }

  encode(): Uint8Array {
    const sink = new ByteSink(20 + this.#bytes.length);
    sink.u32(this.#seed);
    sink.u32(this.#segment_length);
    sink.u32(this.#segment_count);
    sink.u32(this.note);
    sink.raw(this.#bytes);
    return sink.view();
  }

  static decode(encoded: Uint8Array): FuseFilter {
    const reader = new ByteReader(encoded);
    const seed = reader.u32();
    const segment_length = reader.u32();
    const segment_count = reader.u32();
    const note = reader.u32();
    const bytes = reader.raw(encoded.length - reader.at);
    const expected = segment_count === 0 ? 0 : (segment_count + 2) * segment_length;
    if (bytes.length !== expected || (segment_length & (segment_length - 1)) !== 0) throw new DamageError("a filter of an impossible size");
    return new FuseFilter(seed, segment_length, segment_count, bytes, note);
  }

  /** @param keys distinct. @returns null where no filter could be built, so that readers do without */
  static build(keys: KeyList, note: number): FuseFilter | null {
    const { count } = keys;
    if (count === 0) return new FuseFilter(0, 1, 0, new Uint8Array(0), note);
    const { segment_length, segment_count } = dimensions(count);
    for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
      const seed = scramble(attempt);
      const bytes = construct(keys, seed, segment_length, segment_count);
      if (bytes !== null) return new FuseFilter(seed, segment_length, segment_count, bytes, note);
    }
    return null;
  }
}

function dimensions(count: number): { segment_length: number; segment_count: number } {
  const exponent = count <= 1 ? 2 : Math.floor(Math.log(count) / Math.log(3.33) + 2.25);
  const segment_length = Math.min(SEGMENT_LENGTH_MAX, 1 << exponent);
  const factor = count <= 1 ? 2 : Math.max(1.125, 0.875 + (0.25 * Math.log(1_000_000)) / Math.log(count));
  return { segment_length, segment_count: Math.max(1, Math.ceil(Math.round(count * factor) / segment_length) - 2) };
}

/** Peels keys that are alone in one of their places until none is left, then gives the places their values in reverse order. */
function construct(keys: KeyList, seed: number, segment_length: number, segment_count: number): Uint8Array | null {
  const size = (segment_count + 2) * segment_length;
  const places = { counts: new Uint8Array(size), lows: new Uint32Array(size), highs: new Uint32Array(size) };
  if (!place(keys, seed, segment_length, segment_count, places)) return null;
  const order = peel(keys.count, segment_length, segment_count, places);
  if (order === null) return null;
  const bytes = new Uint8Array(size);
  const mask = segment_length - 1;
  const { lows, highs, found } = order;
  for (let index = keys.count - 1; index >= 0; index--) {
    const low = lows[index]!;
    const at = found[index]!;
    const first = firstPlace(highs[index]!, segment_length, segment_count);
    const second = (first + segment_length) ^ ((low >>> 14) & mask);
    const third = (first + 2 * segment_length) ^ (low & mask);
    // The place itself still holds 0.
    bytes[at] = highs[index]! ^ bytes[first]! ^ bytes[second]! ^ bytes[third]!;
  }
  return bytes;
}

function firstPlace(high: number, segment_length: number, segment_count: number): number {
  return Math.floor((high * (segment_count * segment_length)) / TWO_32);
}

/** Per place: four times the number of keys, with the exclusive or of which place of theirs it is in the low bits; and of their hashes. */
interface Places {
  counts: Uint8Array;
  lows: Uint32Array;
  highs: Uint32Array;
}

function place(keys: KeyList, seed: number, segment_length: number, segment_count: number, { counts, lows, highs }: Places): boolean {
  const mask = segment_length - 1;
  let most = 0;
  for (let index = 0; index < keys.count; index++) {
    const low = scramble(keys.lows[index]! ^ seed);
    const high = scramble(keys.highs[index]! ^ Math.imul(low, 0x9e3779b1) ^ seed);
    const first = firstPlace(high, segment_length, segment_count);
    const second = (first + segment_length) ^ ((low >>> 14) & mask);
    const third = (first + 2 * segment_length) ^ (low & mask);
    counts[first] = counts[first]! + 4;
    lows[first] = lows[first]! ^ low;
    highs[first] = highs[first]! ^ high;
    counts[second] = (counts[second]! + 4) ^ 1;
    lows[second] = lows[second]! ^ low;
    highs[second] = highs[second]! ^ high;
    counts[third] = (counts[third]! + 4) ^ 2;
    lows[third] = lows[third]! ^ low;
    highs[third] = highs[third]! ^ high;
    most |= counts[first]! | counts[second]! | counts[third]!;
  }
  // A count that might have gone round: so many keys in one place are no accident of a sound hash.
  return most < 128;
}

interface Order {
  lows: Uint32Array;
  highs: Uint32Array;
  /** The place that each key was alone in. */
  found: Uint32Array;
}

function peel(count: number, segment_length: number, segment_count: number, { counts, lows, highs }: Places): Order | null {
  const order = { lows: new Uint32Array(count), highs: new Uint32Array(count), found: new Uint32Array(count) };
  const alone = new Uint32Array(counts.length);
  const mask = segment_length - 1;
  let waiting = 0;
  for (let at = 0; at < counts.length; at++) if (counts[at]! >>> 2 === 1) alone[waiting++] = at;
  let peeled = 0;
  while (waiting > 0) {
    const from = alone[--waiting]!;
    if (counts[from]! >>> 2 !== 1) continue;
    const low = lows[from]!;
    const high = highs[from]!;
    order.lows[peeled] = low;
    order.highs[peeled] = high;
    order.found[peeled++] = from;
    const first = firstPlace(high, segment_length, segment_count);
    const second = (first + segment_length) ^ ((low >>> 14) & mask);
    const third = (first + 2 * segment_length) ^ (low & mask);
    counts[first] = counts[first]! - 4;
    lows[first] = lows[first]! ^ low;
    highs[first] = highs[first]! ^ high;
    counts[second] = (counts[second]! - 4) ^ 1;
    lows[second] = lows[second]! ^ low;
    highs[second] = highs[second]! ^ high;
    counts[third] = (counts[third]! - 4) ^ 2;
    lows[third] = lows[third]! ^ low;
    highs[third] = highs[third]! ^ high;
    if (counts[first]! >>> 2 === 1) alone[waiting++] = first;
    if (counts[second]! >>> 2 === 1) alone[waiting++] = second;
    if (counts[third]! >>> 2 === 1) alone[waiting++] = third;
  }
  return peeled === count ? order : null;
}

/** Growing list of keys. */
export class KeyList {
  lows = new Uint32Array(1024);
  highs = new Uint32Array(1024);
  count = 0;

  push(low: number, high: number): void {
    if (this.count === this.lows.length) {
      this.lows = grown(this.lows);
      this.highs = grown(this.highs);
    }
    this.lows[this.count] = low;
    this.highs[this.count++] = high;
  }
}

function grown(source: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const target = new Uint32Array(source.length * 2);
  target.set(source);
  return target;
}

/** Which keys were seen; emptied at no cost. */
export class KeySet {
  #lows = new Uint32Array(4096);
  #highs = new Uint32Array(4096);
  #rounds = new Uint32Array(4096);
  #round = 1;
  #count = 0;

  clear(): void {
    this.#round++;
    this.#count = 0;
  }

  /** @returns true if the key is new */
  add(low: number, high: number): boolean {
    const mask = this.#lows.length - 1;
    let slot = scramble(low ^ high) & mask;
    while (this.#rounds[slot] === this.#round) {
      if (this.#lows[slot] === low && this.#highs[slot] === high) return false;
      slot = (slot + 1) & mask;
    }
    this.#lows[slot] = low;
    this.#highs[slot] = high;
    this.#rounds[slot] = this.#round;
    if (++this.#count * 2 > this.#lows.length) this.#grow();
    return true;
  }

  #grow(): void {
    const [lows, highs, rounds, round] = [this.#lows, this.#highs, this.#rounds, this.#round];
    this.#lows = new Uint32Array(lows.length * 2);
    this.#highs = new Uint32Array(lows.length * 2);
    this.#rounds = new Uint32Array(lows.length * 2);
    this.#round = 1;
    this.#count = 0;
    for (let slot = 0; slot < lows.length; slot++) if (rounds[slot] === round) this.add(lows[slot]!, highs[slot]!);
  }
}
