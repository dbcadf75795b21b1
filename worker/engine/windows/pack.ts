/**
 * Plain data and typed arrays as few bytes: what partial states of `stats` serialize to. Whole numbers are of variable length, arrays of counts
 * skip zeros, ascending ones hold differences, decimals are whole numbers of a smaller unit where that is exact.
 */
import { ByteReader, ByteSink } from "../segment/bytes.ts";
import { DamageError } from "../segment/errors.ts";

export type Packable =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Uint32Array
  | Float64Array
  | readonly Packable[]
  | { [key: string]: Packable };

const TAG = {
  null: 0,
  false: 1,
  true: 2,
  whole: 3,
  number: 4,
  text: 5,
  bytes: 6,
  words: 7,
  ascending: 8,
  sparse: 9,
  numbers: 10,
  scaled: 11,
  array: 12,
  object: 13,
} as const;
/** Names of members with a number of their own. The list may only grow at its end. */
const KEYS = [
  ...["groups", "events", "states", "overflow_events", "count", "keys", "values", "bytes", "offsets", "types"],
  ...["counts", "parts", "least", "most", "means", "squares", "levels", "words", "cells", "bits", "zeros", "positive", "negative", "first"],
  ...["limit", "main", "rest"],
];
const KEY_NUMBERS = new Map(KEYS.map((key, index) => [key, index]));
const SCALES = [1, 10, 100, 1_000];
const DEPTH_MAX = 32;
const sink = new ByteSink(16 * 1024);

/** The value as bytes of their own. @throws where it holds what is no plain data */
export function pack(value: unknown): Uint8Array {
  sink.length = 0;
  write(value as Packable);
  return sink.copy();
}

/** @throws DamageError for what `pack` did not write */
export function unpack(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes);
  const value = read(reader, 0);
  if (reader.at !== reader.end) throw new DamageError("bytes are left over");
  return value;
}

function write(value: Packable): void {
  if (value === null || value === undefined) sink.u8(TAG.null);
  else if (typeof value === "boolean") sink.u8(value ? TAG.true : TAG.false);
  else if (typeof value === "number") writeNumber(value);
  else if (typeof value === "string") {
    sink.u8(TAG.text);
    sink.text(value);
  } else if (value instanceof Uint8Array) {
    sink.u8(TAG.bytes);
    sink.varint(value.length);
    sink.raw(value);
  } else if (value instanceof Uint32Array) writeWords(value);
  else if (value instanceof Float64Array) writeNumbers(value);
  else if (Array.isArray(value)) {
    sink.u8(TAG.array);
    sink.varint(value.length);
    for (const item of value) write(item);
  } else writeObject(value as { [key: string]: Packable });
}

function writeNumber(value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    sink.u8(TAG.whole);
    sink.zigzag(value);
  } else {
    sink.u8(TAG.number);
    sink.f64(value);
  }
}

function writeObject(value: { [key: string]: Packable }): void {
  const entries = Object.entries(value);
  sink.u8(TAG.object);
  sink.varint(entries.length);
  for (const [key, member] of entries) {
    const known = KEY_NUMBERS.get(key);
    sink.varint(known === undefined ? 0 : known + 1);
    if (known === undefined) sink.text(key);
    write(member);
  }
}

function writeWords(words: Uint32Array): void {
  let zeros = 0;
  let ascending = words.length > 1;
  for (let index = 0; index < words.length; index++) {
    if (words[index] === 0) zeros++;
    if (index > 0 && words[index]! < words[index - 1]!) ascending = false;
  }
  sink.u8(ascending ? TAG.ascending : zeros * 3 > words.length ? TAG.sparse : TAG.words);
  sink.varint(words.length);
  if (ascending) {
    for (let index = 0, last = 0; index < words.length; last = words[index++]!) sink.varint(words[index]! - last);
  } else if (zeros * 3 > words.length) writeSparse(words);
  else for (let index = 0; index < words.length; index++) sink.varint(words[index]!);
}

/** How many zeros, then a number, until the end; zeros at the end are not written. */
function writeSparse(words: Uint32Array): void {
  let run = 0;
  let left = words.length - words.reduce((count, word) => count + (word === 0 ? 1 : 0), 0);
  sink.varint(left);
  for (let index = 0; left > 0; index++) {
    if (words[index] === 0) {
      run++;
      continue;
    }
    sink.varint(run);
    sink.varint(words[index]!);
    run = 0;
    left--;
  }
}

function writeNumbers(numbers: Float64Array): void {
  const scale = scaleOf(numbers);
  sink.u8(scale === 0 ? TAG.numbers : TAG.scaled);
  sink.varint(numbers.length);
  if (scale !== 0) sink.u8(SCALES.indexOf(scale));
  for (let index = 0; index < numbers.length; index++) {
    if (scale === 0) sink.f64(numbers[index]!);
    else sink.zigzag(Math.round(numbers[index]! * scale));
  }
}

/** What all the numbers are whole multiples of, as a part of 1: they can be written as such; 0 where there is none. */
function scaleOf(numbers: Float64Array): number {
  return SCALES.find((scale) => numbers.every((value) => isMultiple(value, scale))) ?? 0;
}

function isMultiple(value: number, scale: number): boolean {
  const scaled = Math.round(value * scale);
  // Beyond this a number of eight bytes is no longer than what would be written.
  return Math.abs(scaled) < 2 ** 48 && scaled / scale === value && !Object.is(value, -0);
}

function read(reader: ByteReader, depth: number): unknown {
  if (depth > DEPTH_MAX) throw new DamageError("packed data is nested too deeply");
  const tag = reader.u8();
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.false:
    case TAG.true:
      return tag === TAG.true;
    case TAG.whole:
      return reader.zigzag();
    case TAG.number:
      return reader.f64();
    case TAG.text:
      return reader.text();
    case TAG.bytes:
      return reader.raw(reader.varint());
    case TAG.array:
      return Array.from({ length: countOf(reader) }, () => read(reader, depth + 1));
    case TAG.object:
      return readObject(reader, depth);
    case TAG.numbers:
    case TAG.scaled:
      return readNumbers(reader, tag);
    case TAG.sparse:
      return readSparse(reader);
    case TAG.words:
    case TAG.ascending:
      return readWords(reader, tag === TAG.ascending);
    default:
      throw new DamageError(`packed data of an unknown kind ${tag}`);
  }
}

/** A count of things that take a byte at least. */
function countOf(reader: ByteReader): number {
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("packed data says that there is more of it than there is");
  return count;
}

function readObject(reader: ByteReader, depth: number): Record<string, unknown> {
  const count = countOf(reader);
  const value: Record<string, unknown> = {};
  for (let index = 0; index < count; index++) {
    const number = reader.varint();
    const key = number === 0 ? reader.text() : KEYS[number - 1];
    if (key === undefined || key === "__proto__") throw new DamageError("packed data has a member without a name");
    value[key] = read(reader, depth + 1);
  }
  return value;
}

function readWords(reader: ByteReader, ascending: boolean): Uint32Array {
  const words = new Uint32Array(countOf(reader));
  let last = 0;
  for (let index = 0; index < words.length; index++) {
    last = reader.varint() + (ascending ? last : 0);
    words[index] = last;
  }
  return words;
}

/** Zeros take no bytes: their number is bounded by what `NumberCells` may have. */
const SPARSE_LENGTH_MAX = 1 << 20;

function readSparse(reader: ByteReader): Uint32Array {
  const length = reader.varint();
  if (length > SPARSE_LENGTH_MAX) throw new DamageError("packed counts are impossibly many");
  const words = new Uint32Array(length);
  const count = countOf(reader);
  for (let index = 0, at = 0; index < count; index++) {
    at += reader.varint();
    if (at >= length) throw new DamageError("packed counts run past their end");
    words[at++] = reader.varint();
  }
  return words;
}

function readNumbers(reader: ByteReader, tag: number): Float64Array {
  const numbers = new Float64Array(countOf(reader));
  const scale = tag === TAG.scaled ? SCALES[reader.u8()] : 0;
  if (scale === undefined) throw new DamageError("packed numbers have no unit");
  for (let index = 0; index < numbers.length; index++) numbers[index] = scale === 0 ? reader.f64() : reader.zigzag() / scale;
  return numbers;
}
