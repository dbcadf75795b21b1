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

/** Miniblocks are copied here to be read four bytes at a time, up to eight of them behind the last. */
let packed = new Uint8Array(16 * 1024);
let packedView = new DataView(packed.buffer);
const READ_AHEAD = 8;
/** Of a block at most: its smallest difference, widths, and values of 64 bits. */
const BLOCK_SIZE_BYTES_MAX = 10 + MINIBLOCKS + BLOCK * 8;

/** Copies what `count` values may take. @returns where the copy begins in the reader's bytes */
function loadPacked(reader: ByteReader, count: number): number {
  const from = reader.at;
  const size = Math.min(reader.end - from, Math.ceil(count / BLOCK) * BLOCK_SIZE_BYTES_MAX);
  if (size + READ_AHEAD > packed.length) {
    packed = new Uint8Array(size + READ_AHEAD);
    packedView = new DataView(packed.buffer);
  }
  packed.set(reader.bytes.subarray(from, from + size));
  return from;
}

/** Reads the header. @returns the first value */
function readHeader(reader: ByteReader, count: number): number {
  if (reader.varint() !== BLOCK || reader.varint() !== MINIBLOCKS) throw new DamageError("deltas are in blocks of an unknown size");
  if (reader.varint() !== count) throw new DamageError("the number of deltas is not the number of values");
  return reader.zigzag();
}

/** Decodes exactly `count` values to target[start..]. @throws DamageError where the bytes do not hold them */
export function decodeDelta(reader: ByteReader, target: Float64Array, start: number, count: number): void {
  let value = readHeader(reader, count);
  if (count === 0) return;
  const loaded_at = loadPacked(reader, count);
  const end = start + count;
  target[start] = value;
  for (let at = start + 1; at < end; at += BLOCK) {
    const smallest = reader.zigzag();
    const widths_at = reader.skip(MINIBLOCKS);
    for (let mini = 0; mini < MINIBLOCKS; mini++) {
      const from = at + mini * MINIBLOCK;
      if (from >= end) break;
      const width = reader.bytes[widths_at + mini]!;
      if (width > 64) throw new DamageError("a delta is too wide");
      const bit = (reader.skip(width * 4) - loaded_at) * 8;
      const to = Math.min(end, from + MINIBLOCK);
      value =
        width <= 25
          ? narrowDeltas(width, bit, value, smallest, target, from, to)
          : wideDeltas(width, bit, value, smallest, target, from, to);
    }
  }
}

function narrowDeltas(
  width: number,
  bit: number,
  before: number,
  smallest: number,
  target: Float64Array,
  from: number,
  to: number,
): number {
  const mask = (1 << width) - 1;
  let value = before;
  for (let at = from, next = bit; at < to; at++, next += width) {
    value += smallest + ((packedView.getInt32(next >>> 3, true) >>> (next & 7)) & mask);
    target[at] = value;
  }
  return value;
}

function wideDeltas(width: number, bit: number, before: number, smallest: number, target: Float64Array, from: number, to: number): number {
  const narrow = Math.min(width, 32);
  let value = before;
  for (let at = from, next = bit; at < to; at++, next += width) {
    value += smallest + takeBits(next, narrow) + (width > 32 ? takeBits(next + 32, width - 32) * TWO_32 : 0);
    target[at] = value;
  }
  return value;
}

/** @param width 1 to 32 */
function takeBits(bit: number, width: number): number {
  const shift = bit & 7;
  const at = bit >>> 3;
  let value = packedView.getInt32(at, true) >>> shift;
  if (shift + width > 32) value |= packedView.getInt32(at + 4, true) << (32 - shift);
  return width === 32 ? value >>> 0 : (value & ((1 << width) - 1)) >>> 0;
}

/**
 * Decodes exactly `count` lengths to target[0..].
 * @returns their sum
 * @throws DamageError where the bytes do not hold them, or one of them is below 0 or impossibly large
 */
export function decodeLengths(reader: ByteReader, target: Uint32Array, count: number): number {
  const first = readHeader(reader, count);
  if (count === 0) return 0;
  const loaded_at = loadPacked(reader, count);
  checkLength(first);
  target[0] = first;
  let value = first;
  let sum = first;
  for (let at = 1; at < count; at += BLOCK) {
    const smallest = reader.zigzag();
    const widths_at = reader.skip(MINIBLOCKS);
    for (let mini = 0; mini < MINIBLOCKS; mini++) {
      const from = at + mini * MINIBLOCK;
      if (from >= count) break;
      const width = reader.bytes[widths_at + mini]!;
      if (width > 25) throw new DamageError("a length is too wide");
      const bit = (reader.skip(width * 4) - loaded_at) * 8;
      const mask = (1 << width) - 1;
      for (let to = Math.min(count, from + MINIBLOCK), place = from, next = bit; place < to; place++, next += width) {
        value += smallest + ((packedView.getInt32(next >>> 3, true) >>> (next & 7)) & mask);
        if (value < 0) throw new DamageError("a length below zero");
        target[place] = value;
        sum += value;
      }
    }
    checkLength(value);
  }
  return sum;
}

const LENGTH_MAX = 2 ** 30;

function checkLength(length: number): void {
  if (length < 0 || length > LENGTH_MAX) throw new DamageError("a length that cannot be");
}

/** Passes over `count` values. */
export function skipDelta(reader: ByteReader, count: number): void {
  readHeader(reader, count);
  for (let left = count - 1; left > 0; left -= BLOCK) {
    reader.zigzag();
    const widths_at = reader.skip(MINIBLOCKS);
    for (let mini = 0; mini * MINIBLOCK < Math.min(left, BLOCK); mini++) reader.skip(reader.bytes[widths_at + mini]! * 4);
  }
}
