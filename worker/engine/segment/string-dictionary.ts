/**
 * The dictionary of a column of strings, read as little as the question needs: a value by its code and the code of a value look only into the
 * pieces where they can be, all values are made once.
 */
import type { Buffer } from "node:buffer";
import { PAGE_SIZE_BYTES } from "../../limits.ts";
import { NULL_CODE, type Utf8Values } from "../batch/event-batch.ts";
import { lastAtOrBelow } from "../batch/pages.ts";
import { bufferOf } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import type { StoredChunk, StoredDictionary } from "./stored-chunk.ts";
import { decodeStrings } from "./strings.ts";
import { decompress } from "./zstd.ts";

/** Whole dictionaries up to this raw size are kept decoded; of larger ones, the pieces that were needed. */
const KEPT_WHOLE_SIZE_BYTES_MAX = 256 * 1024;
/** What a kept thing costs besides its bytes. */
const OVERHEAD_SIZE_BYTES = 128;

/** Where values begin, as far as the dictionary was walked: of each piece the first value that begins in it or after it, and its place. */
interface Marks {
  codes: number[];
  offsets: number[];
}

/** A decompressed piece of a large dictionary. */
interface Piece {
  bytes: Uint8Array;
  /** Where in the whole each value begins that begins in this piece, and behind the last the first of the next; null until values are looked for. */
  starts: Uint32Array | null;
}

export class StringDictionary {
  readonly #chunk: StoredChunk;
  #stored: StoredDictionary | null = null;
  #utf8: Utf8Values | null = null;
  #strings: string[] | null = null;
  #marks: Marks | null = null;
  readonly #pieces: Piece[] = [];

  constructor(chunk: StoredChunk) {
    this.#chunk = chunk;
  }

  get count(): number {
    return this.#utf8 === null ? this.#read().count : this.#utf8.offsets.length - 1;
  }

  utf8(): Utf8Values {
    const { cache, cache_key } = this.#chunk.home;
    this.#utf8 ??= cache.get<Utf8Values>(`${cache_key}/values`) ?? null;
    if (this.#utf8 !== null) return this.#utf8;
    const utf8 = this.#chunk.guard(() => this.#decode());
    const size_bytes = utf8.bytes.length + utf8.offsets.byteLength;
    if (this.#read().raw_size <= KEPT_WHOLE_SIZE_BYTES_MAX) cache.set(`${cache_key}/values`, utf8, size_bytes + OVERHEAD_SIZE_BYTES);
    this.#utf8 = utf8;
    return utf8;
  }

  /** As `utf8`, for somebody who keeps what is made of the values: they themselves are not kept. */
  utf8Once(): Utf8Values {
    const { cache, cache_key } = this.#chunk.home;
    return this.#utf8 ?? cache.get<Utf8Values>(`${cache_key}/values`) ?? this.#chunk.guard(() => this.#decode());
  }

  strings(): string[] {
    this.#strings ??= decodeStrings(this.utf8());
    return this.#strings;
  }

  /** UTF-8 of one value. */
  valueBytes(code: number): Uint8Array {
    if (this.#utf8 === null && this.#isLarge()) return this.#chunk.guard(() => this.#find(code));
    const { offsets, bytes } = this.utf8();
    if (code >= offsets.length - 1) throw new RangeError(`a dictionary of ${offsets.length - 1} values has no value ${code}`);
    return bytes.subarray(offsets[code]!, offsets[code + 1]!);
  }

  /** The code of a value; NULL_CODE where there is no such value. */
  codeOf(value: Uint8Array): number {
    if (this.#utf8 === null && this.#isLarge()) return this.#chunk.guard(() => this.#search(value));
    return findValue(this.utf8(), value);
  }

  #isLarge(): boolean {
    return this.#read().pieces.length > 1;
  }

  #read(): StoredDictionary {
    this.#stored ??= this.#chunk.dictionary();
    return this.#stored;
  }

  #decode(): Utf8Values {
    const { count, raw_size } = this.#read();
    const raw = this.#raw();
    const offsets = new Uint32Array(count + 1);
    const bytes = new Uint8Array(raw_size - count * 4);
    let at = 0;
    let size = 0;
    for (let index = 0; index < count; index++) {
      const length = lengthAt(raw, at);
      at += 4;
      if (length > raw_size - at) throw new DamageError("strings do not fill their dictionary");
      if (length > 48) bytes.set(raw.subarray(at, at + length), size);
      else for (let byte = 0; byte < length; byte++) bytes[size + byte] = raw[at + byte]!;
      at += length;
      size += length;
      offsets[index + 1] = size;
    }
    if (at !== raw_size) throw new DamageError("strings do not fill their dictionary");
    return { offsets, bytes };
  }

  /** All pieces in one. */
  #raw(): Uint8Array {
    const { pieces, raw_size, stored } = this.#read();
    if (pieces.length === 0) return checkedSize(stored, raw_size);
    if (pieces.length === 1) return this.#pieceOf(0);
    this.#checkPieces();
    const raw = new Uint8Array(raw_size);
    // Pieces by themselves are for those who look for a value: of the whole none is kept.
    for (let piece = 0; piece < pieces.length; piece++)
      raw.set((this.#known(piece) ?? this.#decompress(piece)).bytes, piece * PAGE_SIZE_BYTES);
    return raw;
  }

  #checkPieces(): void {
    const { pieces, raw_size } = this.#read();
    if (pieces.length !== Math.ceil(raw_size / PAGE_SIZE_BYTES)) throw new DamageError("the number of pieces does not fit their length");
  }

  #pieceOf(piece: number): Uint8Array {
    return this.#entryOf(piece).bytes;
  }

  #entryOf(piece: number): Piece {
    let entry = this.#known(piece);
    if (entry === undefined) {
      entry = this.#decompress(piece);
      const { cache, cache_key } = this.#chunk.home;
      // Where its values begin takes at most so much as they do.
      cache.set(`${cache_key}/piece/${piece}`, entry, 2 * entry.bytes.length + OVERHEAD_SIZE_BYTES);
    }
    this.#pieces[piece] = entry;
    return entry;
  }

  #known(piece: number): Piece | undefined {
    const { cache, cache_key } = this.#chunk.home;
    return this.#pieces[piece] ?? cache.get<Piece>(`${cache_key}/piece/${piece}`);
  }

  #decompress(piece: number): Piece {
    const { pieces, raw_size, stored } = this.#read();
    let at = 0;
    for (let before = 0; before < piece; before++) at += pieces[before]!;
    const size = Math.min(PAGE_SIZE_BYTES, raw_size - piece * PAGE_SIZE_BYTES);
    return { bytes: decompress(stored.subarray(at, at + pieces[piece]!), size), starts: null };
  }

  /** Where the values of a piece begin. */
  #startsOf(piece: number): Uint32Array {
    const entry = this.#entryOf(piece);
    if (entry.starts === null) {
      const { codes, offsets } = this.#marksTo(piece);
      const { count, pieces } = this.#read();
      const starts: number[] = [];
      let offset = offsets[piece]!;
      const left = count - codes[piece]!;
      const end = piece + 1 === pieces.length ? Number.POSITIVE_INFINITY : (piece + 1) * PAGE_SIZE_BYTES;
      while (offset < end && starts.length < left) {
        starts.push(offset);
        offset += 4 + this.#lengthAt(offset);
      }
      starts.push(offset);
      entry.starts = Uint32Array.from(starts);
    }
    return entry.starts;
  }

  /** Marks of the first pieces up to this one at least; kept, for walking to them means decompressing what is before. */
  #marksTo(piece: number): Marks {
    const { first_codes, first_offsets, count, raw_size, pieces } = this.#read();
    const { cache, cache_key } = this.#chunk.home;
    if (this.#marks === null) {
      this.#checkPieces();
      const known = first_codes !== null && first_offsets !== null ? { codes: [...first_codes], offsets: [...first_offsets] } : null;
      this.#marks = known ?? cache.get<Marks>(`${cache_key}/marks`) ?? { codes: [0], offsets: [0] };
    }
    const marks = this.#marks;
    const from = marks.codes.length;
    for (let next = from; next <= piece; next++) {
      let code = marks.codes[next - 1]!;
      let offset = marks.offsets[next - 1]!;
      while (offset < next * PAGE_SIZE_BYTES && code < count) {
        offset += 4 + this.#lengthAt(offset);
        code++;
      }
      if (offset > raw_size) throw new DamageError("strings do not fill their dictionary");
      marks.codes.push(code);
      marks.offsets.push(offset);
    }
    if (marks.codes.length > from) cache.set(`${cache_key}/marks`, marks, pieces.length * 16 + OVERHEAD_SIZE_BYTES);
    return marks;
  }

  /** A length that may lie across two pieces. */
  #lengthAt(offset: number): number {
    const piece = Math.floor(offset / PAGE_SIZE_BYTES);
    const at = offset - piece * PAGE_SIZE_BYTES;
    if (piece >= this.#read().pieces.length) throw new DamageError("strings do not fill their dictionary");
    const bytes = this.#pieceOf(piece);
    return at + 4 <= bytes.length ? lengthAt(bytes, at) : lengthAt(this.#slice(offset, 4), 0);
  }

  /** Bytes of the whole from `offset`. */
  #slice(offset: number, size: number): Uint8Array {
    if (offset + size > this.#read().raw_size) throw new DamageError("strings do not fill their dictionary");
    const first = Math.floor(offset / PAGE_SIZE_BYTES);
    const at = offset - first * PAGE_SIZE_BYTES;
    if (at + size <= PAGE_SIZE_BYTES) return this.#pieceOf(first).subarray(at, at + size);
    const whole = new Uint8Array(size);
    let done = 0;
    for (let piece = first; done < size; piece++) {
      const from = piece === first ? at : 0;
      const part = this.#pieceOf(piece).subarray(from, from + size - done);
      whole.set(part, done);
      done += part.length;
    }
    return whole;
  }

  #find(code: number): Uint8Array {
    const { pieces, count } = this.#read();
    if (code >= count) throw new RangeError(`a dictionary of ${count} values has no value ${code}`);
    // The last piece whose first value is not beyond the code; marks are made as far as needed.
    let piece = 0;
    while (piece + 1 < pieces.length && this.#marksTo(piece + 1).codes[piece + 1]! <= code) piece++;
    const starts = this.#startsOf(piece);
    const index = code - this.#marksTo(piece).codes[piece]!;
    if (index + 1 >= starts.length) throw new DamageError("a dictionary whose pieces are not what the index says");
    return this.#slice(starts[index]! + 4, starts[index + 1]! - starts[index]! - 4);
  }

  /** Looks for the value with its length before it, piece by piece; what is found must stand where a value begins. */
  #search(value: Uint8Array): number {
    const { pieces, raw_size } = this.#read();
    const needle = new Uint8Array(4 + value.length);
    new DataView(needle.buffer).setUint32(0, value.length, true);
    needle.set(value, 4);
    this.#checkPieces();
    for (let piece = 0; piece < pieces.length; piece++) {
      const base = piece * PAGE_SIZE_BYTES;
      const bytes = bufferOf(this.#pieceOf(piece));
      const code = this.#searchIn(bytes, base, needle, piece);
      if (code !== NULL_CODE) return code;
      // A value that begins in this piece and ends in a later one.
      const end = base + bytes.length;
      const from = Math.max(base, end - needle.length + 1);
      const size = Math.min(raw_size, end + needle.length - 1) - from;
      if (piece + 1 === pieces.length || size < needle.length) continue;
      const over = this.#searchIn(bufferOf(this.#slice(from, size)), from, needle, piece);
      if (over !== NULL_CODE) return over;
    }
    return NULL_CODE;
  }

  /** @param bytes a part of the whole from `base` on, in which values of the piece begin */
  #searchIn(bytes: Buffer, base: number, needle: Uint8Array, piece: number): number {
    let at = bytes.indexOf(needle);
    if (at < 0) return NULL_CODE;
    const starts = this.#startsOf(piece);
    const first = this.#marksTo(piece).codes[piece]!;
    for (; at >= 0; at = bytes.indexOf(needle, at + 1)) {
      const index = lastAtOrBelow(starts, base + at);
      if (starts[index] === base + at && index + 1 < starts.length) return first + index;
    }
    return NULL_CODE;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function checkedSize(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new DamageError("a dictionary of two sizes");
  return bytes;
}

/** Native search first: of the values that hold the bytes, one that is them. */
function findValue({ offsets, bytes }: Utf8Values, value: Uint8Array): number {
  const count = offsets.length - 1;
  if (value.length === 0) {
    for (let code = 0; code < count; code++) if (offsets[code] === offsets[code + 1]) return code;
    return NULL_CODE;
  }
  const heap = bufferOf(bytes);
  for (let at = heap.indexOf(value); at >= 0; at = heap.indexOf(value, at + 1)) {
    const code = lastAtOrBelow(offsets, at);
    if (offsets[code] === at && offsets[code + 1] === at + value.length) return code;
  }
  return NULL_CODE;
}
