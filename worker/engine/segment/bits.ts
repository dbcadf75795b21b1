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

/** Decodes `count` codes from bytes[at..end) to target[start..]. @throws DamageError where the bytes do not hold them */
export function decodeHybrid(
  bytes: Uint8Array,
  at: number,
  end: number,
  width: number,
  target: Uint8Array | Uint32Array,
  start: number,
  count: number,
): void {
  const stop = start + count;
  let out = start;
  let from = at;
  while (out < stop) {
    let header = 0;
    let shift = 0;
    let byte = 0x80;
    while (byte >= 0x80) {
      if (from >= end || shift > 28) throw new DamageError("codes end early");
      byte = bytes[from++]!;
      header |= (byte & 0x7f) << shift;
      shift += 7;
    }
    const length = header >>> 1;
    if (length === 0) throw new DamageError("an empty run of codes");
    if ((header & 1) === 0) {
      if (from + ((width + 7) >>> 3) > end || out + length > stop) throw new DamageError("a run of codes does not fit");
      let value = 0;
      for (let bit = 0; bit < width; bit += 8) value |= bytes[from++]! << bit;
      target.fill(value, out, out + length);
      out += length;
    } else {
      const size = length * width;
      if (from + size > end || out + length * 8 >= stop + 8) throw new DamageError("packed codes do not fit");
      const taken = Math.min(length * 8, stop - out);
      unpack(bytes, from, width, target, out, taken);
      out += taken;
      from += size;
    }
  }
}

function unpack(bytes: Uint8Array, from: number, width: number, target: Uint8Array | Uint32Array, start: number, count: number): void {
  const mask = (1 << width) - 1;
  let at = from;
  let pending = 0;
  let bits = 0;
  for (let out = start; out < start + count; out++) {
    while (bits < width) {
      pending |= bytes[at++]! << bits;
      bits += 8;
    }
    target[out] = pending & mask;
    pending >>>= width;
    bits -= width;
  }
}
