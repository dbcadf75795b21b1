/**
 * Where in a segment a word or value may be: in which units, which are pages of messages or row groups. What is on many units is listed with a bit
 * for each unit; of everything else each pair of hash and unit is a key of a fuse filter. A hash has 32 bits: what shares it shares its units.
 * The whole is cut into parts by the hash, so that a question needs one small part of it.
 */
import { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import { FuseFilter, type KeyList } from "./fuse-filter.ts";
import { compressPieces, decompressPieces } from "./zstd.ts";

/** Hashes of listed words are cut to so many bits less: what is taken for a listed one is looked for in that one's units too. */
const LISTED_HASH_SHIFT = 8;

/** MurmurHash3's finalizer. */
export function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Which of `part_count` parts, a power of two, knows a hash. */
export function partOfHash(hash: number, part_count: number): number {
  return part_count === 1 ? 0 : mix(hash) >>> (Math.clz32(part_count) + 1);
}

/** The hash in a list. */
export function listedHash(hash: number): number {
  return mix(hash) >>> LISTED_HASH_SHIFT;
}

/** The two halves of the key of a hash in a unit. */
function lowKey(hash: number, unit: number): number {
  return (hash ^ Math.imul(unit + 1, 0x9e3779b1)) >>> 0;
}

function highKey(hash: number, unit: number): number {
  return Math.imul(hash + unit + 1, 0x85ebca77) >>> 0;
}

export function pushKey(keys: KeyList, hash: number, unit: number): void {
  keys.push(lowKey(hash, unit), highKey(hash, unit));
}

export function strideOf(unit_count: number): number {
  return (unit_count + 7) >>> 3;
}

/** One part. */
export class UnitFilter {
  readonly unit_count: number;
  readonly #rare: FuseFilter;
  /** Ascending; the bits of entry i are units[i * stride .. (i + 1) * stride). */
  readonly #listed: Uint32Array;
  readonly #units: Uint8Array;
  readonly #stride: number;

  constructor(rare: FuseFilter, listed: Uint32Array, units: Uint8Array) {
    this.unit_count = rare.note;
    this.#rare = rare;
    this.#listed = listed;
    this.#units = units;
    this.#stride = strideOf(rare.note);
  }

  /** False only where it is certain that the unit does not have what has this hash. */
  has(hash: number, unit: number): boolean {
    return this.#lists(this.#find(listedHash(hash)), unit) || this.#rare.has(lowKey(hash, unit), highKey(hash, unit));
  }

  #lists(entry: number, unit: number): boolean {
    return entry >= 0 && ((this.#units[entry * this.#stride + (unit >>> 3)]! >>> (unit & 7)) & 1) === 1;
  }

  /** Clears the marks of units that cannot have what has this hash. @param marks of units from `first` on */
  keep(hash: number, first: number, marks: Uint8Array): void {
    const entry = this.#find(listedHash(hash));
    for (let index = 0; index < marks.length; index++) {
      if (marks[index] === 0) continue;
      const unit = first + index;
      if (!this.#lists(entry, unit) && !this.#rare.has(lowKey(hash, unit), highKey(hash, unit))) marks[index] = 0;
    }
  }

  #find(hash: number): number {
    let low = 0;
    let high = this.#listed.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#listed[middle]!;
      if (found === hash) return middle;
      if (found < hash) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  encode(): Uint8Array {
    const rare = this.#rare.encode();
    const list = new ByteSink(this.#units.length + this.#listed.length * 3 + 8);
    let before = 0;
    for (const hash of this.#listed) {
      list.varint(hash - before);
      before = hash;
    }
    list.raw(this.#units);
    const raw = list.view();
    const pieces = compressPieces(raw);
    const packed_size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const is_packed = packed_size < raw.length;
    const sink = new ByteSink(rare.length + Math.min(packed_size, raw.length) + 32);
    sink.varint(rare.length);
    sink.raw(rare);
    sink.varint(this.#listed.length);
    sink.varint(raw.length);
    sink.varint(is_packed ? pieces.length : 0);
    if (!is_packed) sink.raw(raw);
    else {
      for (const piece of pieces) sink.varint(piece.length);
      for (const piece of pieces) sink.raw(piece);
    }
    return sink.copy();
  }

  /** @throws DamageError */
  static decode(encoded: Uint8Array): UnitFilter {
    const reader = new ByteReader(encoded);
    const rare = FuseFilter.decode(reader.raw(reader.varint()));
    const count = reader.varint();
    const raw_size = reader.varint();
    const piece_count = reader.varint();
    if (piece_count > reader.end - reader.at) throw new DamageError("more pieces than bytes");
    const sizes = Array.from({ length: piece_count }, () => reader.varint());
    const stored = reader.raw(reader.end - reader.at);
    const raw = piece_count === 0 ? stored : decompressPieces(stored, sizes, raw_size);
    const stride = strideOf(rare.note);
    if (raw.length !== raw_size || count * (stride + 1) > raw_size) throw new DamageError("more words than bytes");
    const list = new ByteReader(raw);
    const listed = new Uint32Array(count);
    let hash = 0;
    for (let index = 0; index < count; index++) {
      hash += list.varint();
      listed[index] = hash;
    }
    const units = list.raw(count * stride);
    if (list.at !== list.end) throw new DamageError("words have bytes left over");
    return new UnitFilter(rare, listed, units);
  }
}
