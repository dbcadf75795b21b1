/** Parquet's DELTA_BINARY_PACKED: blocks of 128 values, each four miniblocks of 32 with their own width. */
import type { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";

const BLOCK = 128;
const MINIBLOCK = 32;
const MINIBLOCKS = BLOCK / MINIBLOCK;
const TWO_32 = 4_294_967_296;

/** Differences of values within this span, less the smallest of them, are exact in a double. */
export const DELTA_SPAN_MAX = 2 ** 51;

const words = new Uint32Array(2 * MINIBLOCK + 2);
const wordBytes = new Uint8Array(words.buffer);
const deltas = new Float64Array(BLOCK);

/** Appends values[start..end), whole numbers within a span of DELTA_SPAN_MAX. */
export function encodeDelta(sink: ByteSink, values: Float64Array | Uint32Array, start: number, end: number): void {
  const count = end - start;
  sink.varint(BLOCK);
  sink.varint(MINIBLOCKS);
  sink.varint(count);
  if (count === 0) {
    sink.zigzag(0);
    return;
  }
  let previous = values[start]!;
  sink.zigzag(previous);
  for (let at = start + 1; at < end; at += BLOCK) {
    const size = Math.min(BLOCK, end - at);
    let smallest = Number.POSITIVE_INFINITY;
    for (let index = 0; index < size; index++) {
      const value = values[at + index]!;
      const delta = value - previous;
      previous = value;
      deltas[index] = delta;
      if (delta < smallest) smallest = delta;
    }
    encodeBlock(sink, size, smallest);
  }
}

function encodeBlock(sink: ByteSink, size: number, smallest: number): void {
  sink.zigzag(smallest);
  sink.reserve(MINIBLOCKS + BLOCK * 8);
  const widths_at = sink.length;
  sink.length += MINIBLOCKS;
  for (let mini = 0; mini < MINIBLOCKS; mini++) {
    const from = mini * MINIBLOCK;
    const to = Math.min(size, from + MINIBLOCK);
    let largest = 0;
    for (let index = from; index < to; index++) {
      const rest = deltas[index]! - smallest;
      deltas[index] = rest;
      if (rest > largest) largest = rest;
    }
    const width = widthOf(largest);
    sink.bytes[widths_at + mini] = width;
    if (width === 0) continue;
    packMiniblock(from, to, width);
    sink.bytes.set(wordBytes.subarray(0, width * 4), sink.length);
    sink.length += width * 4;
  }
}

function widthOf(value: number): number {
  return value < TWO_32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / TWO_32));
}

function packMiniblock(from: number, to: number, width: number): void {
  words.fill(0, 0, width + 1);
  let bit = 0;
  for (let index = from; index < to; index++, bit += width) {
    const value = deltas[index]!;
    if (width <= 32) {
      putBits(bit, value >>> 0, width);
    } else {
      const high = Math.floor(value / TWO_32);
      putBits(bit, (value - high * TWO_32) >>> 0, 32);
      putBits(bit + 32, high, width - 32);
    }
  }
}

function putBits(bit: number, value: number, width: number): void {
  const word = bit >>> 5;
  const shift = bit & 31;
  words[word] = words[word]! | (value << shift);
  if (shift + width > 32) words[word + 1] = value >>> (32 - shift);
}

/** Decodes exactly `count` values to target[start..]. @throws DamageError where the bytes do not hold them */
export function decodeDelta(reader: ByteReader, target: Float64Array | Uint32Array, start: number, count: number): void {
  if (reader.varint() !== BLOCK || reader.varint() !== MINIBLOCKS) throw new DamageError("deltas are in blocks of an unknown size");
  if (reader.varint() !== count) throw new DamageError("the number of deltas is not the number of values");
  let value = reader.zigzag();
  if (count === 0) return;
  const end = start + count;
  target[start] = value;
  for (let at = start + 1; at < end; at += BLOCK) {
    const smallest = reader.zigzag();
    const widths_at = reader.skip(MINIBLOCKS);
    for (let mini = 0; mini < MINIBLOCKS; mini++) {
      const from = at + mini * MINIBLOCK;
      if (from >= end) break;
      value = decodeMiniblock(reader, reader.bytes[widths_at + mini]!, value, smallest, target, from, Math.min(end, from + MINIBLOCK));
    }
  }
}

function decodeMiniblock(
  reader: ByteReader,
  width: number,
  before: number,
  smallest: number,
  target: Float64Array | Uint32Array,
  from: number,
  to: number,
): number {
  if (width > 64) throw new DamageError("a delta is too wide");
  let value = before;
  if (width === 0) {
    for (let at = from; at < to; at++) {
      value += smallest;
      target[at] = value;
    }
    return value;
  }
  const bytes_at = reader.skip(width * 4);
  wordBytes.set(reader.bytes.subarray(bytes_at, bytes_at + width * 4));
  const narrow = Math.min(width, 32);
  const mask = narrow === 32 ? 0xffffffff : (1 << narrow) - 1;
  for (let at = from, bit = 0; at < to; at++, bit += width) {
    const shift = bit & 31;
    const word = bit >>> 5;
    let low = words[word]! >>> shift;
    if (shift + narrow > 32) low |= words[word + 1]! << (32 - shift);
    value += smallest + ((low & mask) >>> 0) + (width > 32 ? takeBits(bit + 32, width - 32) * TWO_32 : 0);
    target[at] = value;
  }
  return value;
}

function takeBits(bit: number, width: number): number {
  const shift = bit & 31;
  const word = bit >>> 5;
  let value = words[word]! >>> shift;
  if (shift + width > 32) value |= words[word + 1]! << (32 - shift);
  return width === 32 ? value >>> 0 : value & ((1 << width) - 1);
}
