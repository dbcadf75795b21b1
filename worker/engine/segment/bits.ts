/** Parquet's hybrid of run lengths and bit packing, for dictionary codes and for definition levels. */
import type { ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";

export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** A run must save about this many bytes over packing to be worth a header before and after it. */
const RUN_GAIN_BITS = 40;

/** Bits per code of a dictionary with `count` values; at least 1, which every reader understands. */
export function bitWidth(count: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, count - 1)));
}

/** Appends codes[start..end), each below 2^width, width 1 to 24. */
export function encodeHybrid(sink: ByteSink, codes: Codes, start: number, end: number, width: number): void {
  const run_min = Math.max(8, Math.ceil(RUN_GAIN_BITS / width));
  let literal_start = start;
  let at = start;
  while (at < end) {
    const value = codes[at]!;
    let next = at + 1;
    while (next < end && codes[next] === value) next++;
    if (next - at >= run_min) {
      const padding = (8 - ((at - literal_start) & 7)) & 7;
      if (next - at - padding >= run_min) {
        encodePacked(sink, codes, literal_start, at + padding, width);
        encodeRun(sink, value, next - at - padding, width);
        literal_start = next;
      }
    }
    at = next;
  }
  encodePacked(sink, codes, literal_start, end, width);
}

export function encodeRun(sink: ByteSink, value: number, count: number, width: number): void {
  sink.varint(count * 2);
  for (let shift = 0; shift < width; shift += 8) sink.u8((value >>> shift) & 0xff);
}

function encodePacked(sink: ByteSink, codes: Codes, start: number, end: number, width: number): void {
  if (end <= start) return;
  const groups = (end - start + 7) >>> 3;
  sink.varint(groups * 2 + 1);
  sink.reserve(groups * width);
  const { bytes } = sink;
  let out = sink.length;
  let pending = 0;
  let bits = 0;
  for (let at = start; at < end; at++) {
    pending |= codes[at]! << bits;
    bits += width;
    while (bits >= 8) {
      bytes[out++] = pending;
      pending >>>= 8;
      bits -= 8;
    }
  }
  const stop = sink.length + groups * width;
  while (out < stop) {
    bytes[out++] = pending;
    pending >>>= 8;
  }
  sink.length = stop;
}

/** Codes that one pass of `unpack` takes: a page's, so that its bytes fit `packed`. */
const PASS_CODES = 8_192;
const WIDTH_MAX = 24;
/** Packed bytes are copied here to be read four at a time, up to four of them behind the last. */
const packed = new Uint8Array((PASS_CODES * WIDTH_MAX) / 8 + 4);
const packedView = new DataView(packed.buffer);

/** Decodes `count` codes from bytes[at..end) to target[start..]. @throws DamageError where the bytes do not hold them */
export function decodeHybrid(bytes: Uint8Array, at: number, end: number, width: number, target: Codes, start: number, count: number): void {
  const stop = start + count;
  const runs = new HybridRuns(bytes, at, end, width, count);
  let out = start;
  while (out < stop) {
    runs.next();
    if (runs.packed) unpack(bytes, runs.at, width, target, out, runs.count);
    else target.fill(runs.value, out, out + runs.count);
    out += runs.count;
  }
}

/** Walks the runs of `count` codes in bytes[at..end). */
export class HybridRuns {
  /** Of the run under way: codes that it holds, those beyond the last left out. */
  count = 0;
  /** Whether its codes are packed one by one, from byte `at` on; otherwise all are `value`. */
  packed = false;
  value = 0;
  at = 0;
  #left: number;
  #next: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #width: number;

  constructor(bytes: Uint8Array, at: number, end: number, width: number, count: number) {
    this.#bytes = bytes;
    this.#next = at;
    this.#end = end;
    this.#width = width;
    this.#left = count;
  }

  /** Moves to the next run; not to be called when all codes were met. @throws DamageError where the bytes do not hold it */
  next(): void {
    const bytes = this.#bytes;
    let header = 0;
    let shift = 0;
    let byte = 0x80;
    while (byte >= 0x80) {
      if (this.#next >= this.#end || shift > 28) throw new DamageError("codes end early");
      byte = bytes[this.#next++]!;
      header |= (byte & 0x7f) << shift;
      shift += 7;
    }
    const length = header >>> 1;
    if (length === 0) throw new DamageError("an empty run of codes");
    this.at = this.#next;
    this.packed = (header & 1) === 1;
    if (this.packed) this.#packed(length);
    else this.#repeated(length);
    this.#left -= this.count;
  }

  #repeated(length: number): void {
    if (this.at + ((this.#width + 7) >>> 3) > this.#end || length > this.#left) throw new DamageError("a run of codes does not fit");
    let value = 0;
    for (let bit = 0; bit < this.#width; bit += 8) value |= this.#bytes[this.#next++]! << bit;
    this.value = value;
    this.count = length;
  }

  #packed(length: number): void {
    const size = length * this.#width;
    if (this.at + size > this.#end || length * 8 >= this.#left + 8) throw new DamageError("packed codes do not fit");
    this.#next = this.at + size;
    this.count = Math.min(length * 8, this.#left);
  }
}

/** The code at a place among packed ones. */
export function packedCodeAt(bytes: Uint8Array, from: number, width: number, index: number): number {
  let value = 0;
  for (let bit = index * width, got = 0; got < width; ) {
    const shift = bit & 7;
    const taken = Math.min(8 - shift, width - got);
    value |= ((bytes[from + (bit >>> 3)]! >>> shift) & ((1 << taken) - 1)) << got;
    got += taken;
    bit += taken;
  }
  return value;
}

/** Unpacks `count` codes; the bytes hold them. */
export function unpack(bytes: Uint8Array, from: number, width: number, target: Codes, start: number, count: number): void {
  for (let done = 0; done < count; done += PASS_CODES) {
    const pass = Math.min(PASS_CODES, count - done);
    const at = from + (done * width) / 8;
    packed.set(bytes.subarray(at, at + ((pass * width + 7) >>> 3)));
    // One loop for each kind of target: the same code for several kinds of arrays would be compiled for none.
    if (target instanceof Uint8Array) unpack8(width, target, start + done, pass);
    else if (target instanceof Uint16Array) unpack16(width, target, start + done, pass);
    else unpack32(width, target, start + done, pass);
  }
}

type Seven = readonly [number, number, number, number, number, number, number];
const SEVENTHS = [1, 2, 3, 4, 5, 6, 7] as const;
/** Eight codes fill as many bytes as a code has bits: by width, in which byte of them each but the first begins, and after how many bits of it. */
const PLACES = Array.from({ length: WIDTH_MAX + 1 }, (_, width) => SEVENTHS.map((code) => (code * width) >>> 3) as unknown as Seven);
const SHIFTS = Array.from({ length: WIDTH_MAX + 1 }, (_, width) => SEVENTHS.map((code) => (code * width) & 7) as unknown as Seven);

function unpack8(width: number, target: Uint8Array, start: number, count: number): void {
  const mask = (1 << width) - 1;
  const end = start + count;
  const [at1, at2, at3, at4, at5, at6, at7] = PLACES[width]!;
  const [by1, by2, by3, by4, by5, by6, by7] = SHIFTS[width]!;
  let out = start;
  let at = 0;
  for (; out + 8 <= end; out += 8, at += width) {
    target[out] = packedView.getInt32(at, true) & mask;
    target[out + 1] = (packedView.getInt32(at + at1, true) >>> by1) & mask;
    target[out + 2] = (packedView.getInt32(at + at2, true) >>> by2) & mask;
    target[out + 3] = (packedView.getInt32(at + at3, true) >>> by3) & mask;
    target[out + 4] = (packedView.getInt32(at + at4, true) >>> by4) & mask;
    target[out + 5] = (packedView.getInt32(at + at5, true) >>> by5) & mask;
    target[out + 6] = (packedView.getInt32(at + at6, true) >>> by6) & mask;
    target[out + 7] = (packedView.getInt32(at + at7, true) >>> by7) & mask;
  }
  for (let bit = at * 8; out < end; out++, bit += width) target[out] = (packedView.getInt32(bit >>> 3, true) >>> (bit & 7)) & mask;
}

function unpack16(width: number, target: Uint16Array, start: number, count: number): void {
  const mask = (1 << width) - 1;
  const end = start + count;
  const [at1, at2, at3, at4, at5, at6, at7] = PLACES[width]!;
  const [by1, by2, by3, by4, by5, by6, by7] = SHIFTS[width]!;
  let out = start;
  let at = 0;
  for (; out + 8 <= end; out += 8, at += width) {
    target[out] = packedView.getInt32(at, true) & mask;
    target[out + 1] = (packedView.getInt32(at + at1, true) >>> by1) & mask;
    target[out + 2] = (packedView.getInt32(at + at2, true) >>> by2) & mask;
    target[out + 3] = (packedView.getInt32(at + at3, true) >>> by3) & mask;
    target[out + 4] = (packedView.getInt32(at + at4, true) >>> by4) & mask;
    target[out + 5] = (packedView.getInt32(at + at5, true) >>> by5) & mask;
    target[out + 6] = (packedView.getInt32(at + at6, true) >>> by6) & mask;
    target[out + 7] = (packedView.getInt32(at + at7, true) >>> by7) & mask;
  }
  for (let bit = at * 8; out < end; out++, bit += width) target[out] = (packedView.getInt32(bit >>> 3, true) >>> (bit & 7)) & mask;
}

function unpack32(width: number, target: Uint32Array, start: number, count: number): void {
  const mask = (1 << width) - 1;
  const end = start + count;
  const [at1, at2, at3, at4, at5, at6, at7] = PLACES[width]!;
  const [by1, by2, by3, by4, by5, by6, by7] = SHIFTS[width]!;
  let out = start;
  let at = 0;
  for (; out + 8 <= end; out += 8, at += width) {
    target[out] = packedView.getInt32(at, true) & mask;
    target[out + 1] = (packedView.getInt32(at + at1, true) >>> by1) & mask;
    target[out + 2] = (packedView.getInt32(at + at2, true) >>> by2) & mask;
    target[out + 3] = (packedView.getInt32(at + at3, true) >>> by3) & mask;
    target[out + 4] = (packedView.getInt32(at + at4, true) >>> by4) & mask;
    target[out + 5] = (packedView.getInt32(at + at5, true) >>> by5) & mask;
    target[out + 6] = (packedView.getInt32(at + at6, true) >>> by6) & mask;
    target[out + 7] = (packedView.getInt32(at + at7, true) >>> by7) & mask;
  }
  for (let bit = at * 8; out < end; out++, bit += width) target[out] = (packedView.getInt32(bit >>> 3, true) >>> (bit & 7)) & mask;
}
