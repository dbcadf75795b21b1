import { Buffer } from "node:buffer";

/**
 * The hash behind an event's identity. Two 32-bit lanes over 4 bytes at a time with the multipliers and rotations of MurmurHash3 (x86, 32
 * and 128 bits), each lane started from the field's name and the type of its value, mixed across at the end.
 */
const TYPE_STRING = 1;
const TYPE_NUMBER = 2;
const TYPE_BOOLEAN = 3;
const TYPE_JSON = 4;

/** A sum mod 2^64 in two halves. */
export class HashSum {
  low = 0;
  high = 0;

  clear(): void {
    this.low = 0;
    this.high = 0;
  }

  add(low: number, high: number): void {
    const sum = this.low + low;
    this.low = sum >>> 0;
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  }

  /** 16 hexadecimal digits of the sum, mixed once more. */
  finish(): string {
    const low = avalanche(this.low ^ Math.imul(this.high, 0x9e3779b1));
    const high = avalanche(this.high + low);
    return hex(high) + hex(low);
  }
}

function hex(value: number): string {
  return (value + 0x1_0000_0000).toString(16).slice(1);
}

/** Where the lanes start for a field with a string in it. */
export class NameSeeds {
  readonly a: number;
  readonly b: number;

  constructor(name: string, type: number = TYPE_STRING) {
    const bytes = Buffer.from(name);
    const lanes = new HashSum();
    addBytes(0x2f0b4a27 + type, 0x9747b28c - type, bytes, 0, bytes.length, lanes);
    this.a = lanes.low;
    this.b = lanes.high;
  }
}

const seeds_by_name = [new Map<string, NameSeeds>(), new Map(), new Map(), new Map(), new Map()];
const SEEDS_MAX = 4096;

function seedsOf(name: string, type: number): NameSeeds {
  const known = seeds_by_name[type] as Map<string, NameSeeds>;
  let seeds = known.get(name);
  if (!seeds) {
    if (known.size >= SEEDS_MAX) known.clear();
    seeds = new NameSeeds(name, type);
    known.set(name, seeds);
  }
  return seeds;
}

const number_bytes = new Uint8Array(8);
const number_view = new DataView(number_bytes.buffer);
const NO_BYTES = new Uint8Array(0);

/** Adds the hash of a field's value as JSON has it; nothing for null. */
export function hashField(name: string, value: unknown, sum: HashSum): void {
  if (value === null || value === undefined) return;
  if (typeof value === "string") {
    hashString(seedsOf(name, TYPE_STRING), value, sum);
  } else if (typeof value === "number") {
    const { a, b } = seedsOf(name, TYPE_NUMBER);
    number_view.setFloat64(0, value === 0 ? 0 : value, true);
    addBytes(a, b, number_bytes, 0, 8, sum);
  } else if (typeof value === "boolean") {
    const { a, b } = seedsOf(name, TYPE_BOOLEAN);
    addBytes(value ? a : ~a, b, NO_BYTES, 0, 0, sum);
  } else {
    hashString(seedsOf(name, TYPE_JSON), JSON.stringify(value), sum);
  }
}

function hashString(seeds: NameSeeds, text: string, sum: HashSum): void {
  const bytes = Buffer.from(text);
  addBytes(seeds.a, seeds.b, bytes, 0, bytes.length, sum);
}

/** Adds the hash of a string given as UTF-8. */
export function hashText(seeds: NameSeeds, bytes: Uint8Array, start: number, end: number, sum: HashSum): void {
  addBytes(seeds.a, seeds.b, bytes, start, end, sum);
}

function addBytes(seed_a: number, seed_b: number, bytes: Uint8Array, start: number, end: number, sum: HashSum): void {
  let a = seed_a | 0;
  let b = seed_b | 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    a = mixA(a, word);
    b = mixB(b, word);
  }
  if (at < end) {
    let word = 0;
    for (let shift = 0; at < end; at++, shift += 8) word |= (bytes[at] as number) << shift;
    a = mixA(a, word);
    b = mixB(b, word);
  }
  a ^= end - start;
  b ^= end - start;
  a = avalanche(a + b);
  b = avalanche(b + Math.imul(a, 5));
  sum.add(a, b);
}

function mixA(lane: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  const next = lane ^ mixed;
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

function mixB(lane: number, word: number): number {
  let mixed = Math.imul(word, 0x239b961b);
  mixed = Math.imul((mixed << 16) | (mixed >>> 16), 0xab0e9789);
  const next = lane ^ mixed;
  return (Math.imul((next << 17) | (next >>> 15), 5) + 0x0bcaa747) | 0;
}

/** MurmurHash3's final mix of 32 bits. */
function avalanche(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
