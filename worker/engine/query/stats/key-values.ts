import { Buffer } from "node:buffer";
import { bufferOf } from "../../batch/record.ts";
import type { TableValue } from "../table.ts";
import { hashBytes } from "./hash-bytes.ts";

/** What a value was stored as: values of one text are one value, shown as a number or boolean where all of them were. */
export const TEXT = 1;
export const NUMBER = 2;
export const BOOLEAN = 4;

/** The distinct values of one key of groups, by number; 0 stands for no value. */
export interface KeyValues {
  /** Bytes of the values' texts. */
  readonly size_bytes: number;
  value(id: number): TableValue;
  serialize(): unknown;
  /** Numbers here of values that another one serialized, by their numbers there; -1 for a new one where there is no room. */
  adopt(serialized: unknown): (id: number, room: boolean) => number;
}

export const NO_VALUE = 0;
/** Stands for no value of a key that must have one. */
export const LEFT_OUT = -2;

interface SerializedTexts {
  bytes: Uint8Array;
  offsets: Uint32Array;
  types: Uint8Array;
}

const hash = new Uint32Array(2);
const scratch = new Uint8Array(256);
const encoder = new TextEncoder();

/** Texts as UTF-8, so that dictionaries need not become strings. */
export class TextValues implements KeyValues {
  #bytes = new Uint8Array(1024);
  #offsets = new Uint32Array(64);
  #hashes = new Uint32Array(64);
  #types = new Uint8Array(64);
  #slots = new Int32Array(256);
  #count = 1;
  /** Numbers that were met as such. */
  readonly #numbers = new Map<number, number>();

  get size_bytes(): number {
    return this.#offsets[this.#count]!;
  }

  /** The number of a text, made if there is room; else -1. */
  idOfBytes(bytes: Uint8Array, start: number, end: number, type: number, room: boolean): number {
    hashBytes(bytes, start, end, hash);
    const wanted = hash[0]!;
    const mask = this.#slots.length - 1;
    let at = wanted & mask;
    for (;;) {
      const id = this.#slots[at]!;
      if (id === 0) break;
      if (this.#hashes[id] === wanted && this.#isText(id, bytes, start, end)) {
        this.#types[id]! |= type;
        return id;
      }
      at = (at + 1) & mask;
    }
    return room ? this.#add(bytes, start, end, wanted, type, at) : -1;
  }

  idOfText(text: string, type: number, room: boolean): number {
    if (text.length * 3 <= scratch.length) return this.idOfBytes(scratch, 0, encoder.encodeInto(text, scratch).written, type, room);
    const bytes = Buffer.from(text);
    return this.idOfBytes(bytes, 0, bytes.length, type, room);
  }

  idOfNumber(value: number, room: boolean): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const id = this.idOfText(String(value), NUMBER, room);
    if (id >= 0) this.#numbers.set(value, id);
    return id;
  }

  value(id: number): TableValue {
    if (id === NO_VALUE) return null;
    const text = bufferOf(this.#bytes).toString("utf8", this.#offsets[id], this.#offsets[id + 1]);
    if (this.#types[id] === NUMBER) return Number(text);
    return this.#types[id] === BOOLEAN ? text === "true" : text;
  }

  serialize(): SerializedTexts {
    return {
      bytes: this.#bytes.slice(0, this.#offsets[this.#count]),
      offsets: this.#offsets.slice(0, this.#count + 1),
      types: this.#types.slice(0, this.#count),
    };
  }

  adopt(serialized: unknown): (id: number, room: boolean) => number {
    const { bytes, offsets, types } = serialized as SerializedTexts;
    const known = new Int32Array(types.length).fill(-1);
    return (id, room) => {
      if (id === NO_VALUE) return NO_VALUE;
      if (known[id]! < 0) known[id] = this.idOfBytes(bytes, offsets[id]!, offsets[id + 1]!, types[id]!, room);
      return known[id]!;
    };
  }

  #isText(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.#offsets[id]!;
    if (this.#offsets[id + 1]! - at !== end - start) return false;
    for (let from = start; from < end; from++, at++) if (this.#bytes[at] !== bytes[from]) return false;
    return true;
  }

  #add(bytes: Uint8Array, start: number, end: number, wanted: number, type: number, at: number): number {
    if (this.#count + 1 >= this.#offsets.length) this.#grow();
    const id = this.#count++;
    const from = this.#offsets[id]!;
    const to = from + end - start;
    if (to > this.#bytes.length) this.#bytes = withLength(this.#bytes, Math.max(to, this.#bytes.length * 2));
    for (let source = start, target = from; source < end; source++, target++) this.#bytes[target] = bytes[source]!;
    this.#offsets[id + 1] = to;
    this.#hashes[id] = wanted;
    this.#types[id] = type;
    if (this.#count * 2 <= this.#slots.length) this.#slots[at] = id;
    else this.#rehash();
    return id;
  }

  #grow(): void {
    const length = this.#offsets.length * 2;
    this.#offsets = withLength(this.#offsets, length);
    this.#hashes = withLength(this.#hashes, length);
    this.#types = withLength(this.#types, length);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let id = 1; id < this.#count; id++) {
      let at = this.#hashes[id]! & mask;
      while (this.#slots[at] !== 0) at = (at + 1) & mask;
      this.#slots[at] = id;
    }
  }
}

/** Numbers that are shown in a form of their own, such as times. */
export class NumberValues implements KeyValues {
  readonly #format: (value: number) => TableValue;
  readonly #ids = new Map<number, number>();
  readonly #values: number[] = [Number.NaN];

  constructor(format: (value: number) => TableValue) {
    this.#format = format;
  }

  get size_bytes(): number {
    return this.#values.length * 8;
  }

  idOfNumber(value: number, room: boolean): number {
    const known = this.#ids.get(value);
    if (known !== undefined || !room) return known ?? -1;
    const id = this.#values.push(value) - 1;
    this.#ids.set(value, id);
    return id;
  }

  value(id: number): TableValue {
    return id === NO_VALUE ? null : this.#format(this.#values[id]!);
  }

  serialize(): Float64Array {
    return Float64Array.from(this.#values);
  }

  adopt(serialized: unknown): (id: number, room: boolean) => number {
    const values = serialized as Float64Array;
    return (id, room) => (id === NO_VALUE ? NO_VALUE : this.idOfNumber(values[id]!, room));
  }
}

/** A longer array with the same numbers first. */
export function withLength<T extends Uint8Array | Uint32Array | Float64Array>(array: T, length: number): T {
  const grown = new (array.constructor as new (length: number) => T)(length);
  grown.set(array);
  return grown;
}
