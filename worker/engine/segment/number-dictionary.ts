/** Dictionaries of numbers: fingerprints, status codes, arrival times. Values are told apart by their bits, so that -0 stays -0. */
import { NULL_CODE } from "../batch/event-batch.ts";
import { bitWidth } from "./bits.ts";

export interface NumberDictionary {
  values: Float64Array;
  /** Per row; NULL_CODE where there is no value. */
  codes: Uint32Array;
}

/** A growing set of distinct numbers, numbered as they come. */
export class NumberTable {
  values: Float64Array;
  count = 0;
  #slots: Int32Array;
  #mask: number;
  readonly #probe = new Float64Array(1);
  readonly #bits = new Uint32Array(this.#probe.buffer);

  constructor(expected = 256) {
    const size = 1 << (33 - Math.clz32(Math.max(15, expected)));
    this.values = new Float64Array(size >>> 1);
    this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
  }

  codeOf(value: number): number {
    this.#probe[0] = value;
    const low = this.#bits[0]!;
    const high = this.#bits[1]!;
    let slot = hash(low, high) & this.#mask;
    for (;;) {
      const code = this.#slots[slot]!;
      if (code < 0) return this.#add(value, slot);
      if (Object.is(this.values[code], value)) return code;
      slot = (slot + 1) & this.#mask;
    }
  }

  distinct(): Float64Array {
    return this.values.slice(0, this.count);
  }

  #add(value: number, slot: number): number {
    const code = this.count++;
    this.values[code] = value;
    this.#slots[slot] = code;
    if (this.count === this.values.length) this.#grow();
    return code;
  }

  #grow(): void {
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.values = values;
    const size = this.#slots.length * 2;
    this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    for (let code = 0; code < this.count; code++) {
      this.#probe[0] = values[code]!;
      let slot = hash(this.#bits[0]!, this.#bits[1]!) & this.#mask;
      while (this.#slots[slot]! >= 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = code;
    }
  }
}

function hash(low: number, high: number): number {
  let mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** Numbers of which so many are nearly all different are taken to go on so. */
const SAMPLE_ROWS = 2_048;
const SAMPLE_NEW_MIN = SAMPLE_ROWS * 0.9;

/** The numbers as a dictionary, or null where they would take more bytes so than as differences. */
export function numberDictionary(values: Float64Array, present: Uint8Array | null, rows: number): NumberDictionary | null {
  const distinct_max = rows >>> 1;
  const table = new NumberTable(Math.min(distinct_max, 1024));
  const codes = new Uint32Array(rows);
  let kept = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    if (present !== null && present[row] === 0) {
      codes[row] = NULL_CODE;
      continue;
    }
    const value = values[row]!;
    codes[row] = table.codeOf(value);
    if (table.count > distinct_max || (row === SAMPLE_ROWS && table.count > SAMPLE_NEW_MIN)) return null;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
    kept++;
  }
  return dictionaryPays(table.count, kept, largest - smallest) ? { values: table.distinct(), codes } : null;
}

/**
 * Whether `kept` numbers, `count` of them distinct, take fewer bytes as a dictionary than as differences.
 * @param span from the smallest to the largest
 */
export function dictionaryPays(count: number, kept: number, span: number): boolean {
  const plain_bits = Math.log2(span + 2) + 1;
  const dictionary_bits = count * (plain_bits + 4) + kept * bitWidth(count);
  return dictionary_bits <= kept * plain_bits * 0.8;
}
