import { Buffer } from "node:buffer";
import { DamageError } from "./errors.ts";

const TWO_32 = 4_294_967_296;

/** A growing buffer to append to. Numbers are little-endian, variable-length ones are LEB128. */
export class ByteSink {
  bytes: Uint8Array;
  length = 0;
  #view: DataView;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `size` more bytes, so that a caller may write to `bytes` itself. */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, needed));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Overwrites four bytes that were reserved before. */
  patchU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** A whole number within ±2^53 as eight bytes of two's complement. */
  i64(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / TWO_32);
    this.#view.setUint32(this.length, value - high * TWO_32, true);
    this.#view.setInt32(this.length + 4, high, true);
    this.length += 8;
  }

  /** @param value whole, 0 to 2^54 */
  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80000000) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** @param value whole, within ±2^53. The sign is the lowest bit, so that small numbers are short. */
  zigzag(value: number): void {
    const negative = value < 0;
    const size = negative ? -1 - value : value;
    const rest = Math.floor(size / 64);
    const low = ((size - rest * 64) << 1) | (negative ? 1 : 0);
    this.u8(rest > 0 ? low | 0x80 : low);
    if (rest > 0) this.varint(rest);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Length and UTF-8 bytes of a text. */
  text(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** What was written, without a copy: valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, as bytes of their own. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/** Reads what ByteSink wrote; every read past the end throws DamageError. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Moves on by `size` bytes and returns where they begin. */
  skip(size: number): number {
    const start = this.at;
    if (!(size >= 0 && start + size <= this.end)) throw new DamageError(`${size} bytes wanted at ${start}, there are ${this.end - start}`);
    this.at = start + size;
    return start;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }

  u32(): number {
    const at = this.skip(4);
    const { bytes } = this;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  i64(): number {
    const low = this.u32();
    return (this.u32() | 0) * TWO_32 + low;
  }

  f64(): number {
    const at = this.skip(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8).getFloat64(0, true);
  }

  varint(): number {
    const { bytes, end } = this;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      if (this.at >= end) throw new DamageError("a number runs past the end");
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new DamageError("a number is longer than any that was written");
  }

  zigzag(): number {
    const first = this.u8();
    const size = ((first & 0x7f) >>> 1) + (first >= 0x80 ? this.varint() * 64 : 0);
    return (first & 1) === 0 ? size : -1 - size;
  }

  raw(size: number): Uint8Array {
    const start = this.skip(size);
    return this.bytes.subarray(start, start + size);
  }

  text(): string {
    return utf8(this.raw(this.varint()));
  }
}

/** A Buffer on the same memory. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function utf8(bytes: Uint8Array): string {
  return bufferOf(bytes).toString("utf8");
}
