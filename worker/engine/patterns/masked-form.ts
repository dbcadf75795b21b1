import { CLASS, LIST, MASK } from "./byte-classes.ts";

/** Bytes of a masked form that count: what follows in a longer message does not change its fingerprint. */
export const FORM_SIZE_BYTES_MAX = 4_096;

const SPACE_BYTE = 0x20;

/** Mixes 32 bits so that each of them depends on all (the finalizer of MurmurHash3). */
function avalanche(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * The masked form of a message while it is being built: literal bytes, MASK for a variable, white space and repeated punctuation folded.
 * One instance is used again for every message.
 */
export class MaskedForm {
  readonly bytes: Uint8Array = new Uint8Array(FORM_SIZE_BYTES_MAX);
  length = 0;
  /** Whether anything but masks and separators was written. */
  has_words = false;
  /** Whether the last mask stands for a plain number. */
  private after_number = false;
  /** Where the last mask or numbered word ends; -1 while the last token is a word. */
  private mask_end = -1;
  private numbered_start = -1;

  clear(): void {
    this.length = 0;
    this.has_words = false;
    this.after_number = false;
    this.mask_end = -1;
    this.numbered_start = -1;
  }

  get full(): boolean {
    return this.length >= FORM_SIZE_BYTES_MAX;
  }

  get lastByte(): number {
    return this.length === 0 ? 0 : this.bytes[this.length - 1]!;
  }

  /** Whether a unit may come now: behind a number and at most one byte. */
  get followsNumber(): boolean {
    return this.after_number && this.mask_end >= 0 && this.length - this.mask_end <= 1;
  }

  get followsMask(): boolean {
    return this.mask_end >= 0 && this.onlyListBytesFrom(this.mask_end);
  }

  space(): void {
    if (this.length > 0 && this.lastByte !== SPACE_BYTE) this.put(SPACE_BYTE);
  }

  /** A byte of punctuation; a repeated one counts once. */
  separator(byte: number): void {
    if (this.lastByte !== byte) this.put(byte);
  }

  /** What follows stands in for nothing that was before: takes back the space between. */
  dropSpace(): void {
    if (this.lastByte === SPACE_BYTE) this.length--;
  }

  word(source: Uint8Array, start: number, end: number): void {
    this.copy(source, start, end);
    this.has_words = true;
    this.after_number = false;
    this.mask_end = -1;
    this.numbered_start = -1;
  }

  /** A variable. Variables that follow each other as in a list, of whatever length, are one. */
  mask(is_number: boolean): void {
    if (this.followsMask) {
      this.length = this.mask_end;
    } else {
      this.put(MASK);
      this.mask_end = this.length;
      this.numbered_start = -1;
    }
    this.after_number = is_number;
  }

  /** A word with a number at its end (eth0, web01): one token, told apart by its letters; a list of them is one. */
  numberedWord(source: Uint8Array, start: number, letters_end: number): void {
    this.after_number = false;
    if (this.repeatsNumberedWord(source, start, letters_end)) {
      this.length = this.mask_end;
      return;
    }
    const numbered_start = this.length;
    this.copy(source, start, letters_end);
    this.put(MASK);
    this.has_words = true;
    this.numbered_start = numbered_start;
    this.mask_end = this.length;
  }

  /** 53 bits made of two 32-bit hashes of the form; 0 only for an empty one. */
  hash(): number {
    const { bytes, length } = this;
    if (length === 0) return 0;
    let first = 0x811c9dc5 | 0;
    let second = 0x9747b28c | 0;
    for (let index = 0; index < length; index++) {
      const byte = bytes[index]!;
      first = Math.imul(first ^ byte, 0x01000193);
      second = Math.imul(second + byte, 0x5bd1e995) ^ (second >>> 15);
    }
    const value = (avalanche(first ^ length) & 0x1fffff) * 0x100000000 + avalanche(second ^ first);
    return value === 0 ? 1 : value;
  }

  private put(byte: number): void {
    if (this.length < FORM_SIZE_BYTES_MAX) this.bytes[this.length++] = byte;
  }

  private copy(source: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let length = this.length;
    for (let index = start; index < end && length < FORM_SIZE_BYTES_MAX; index++) bytes[length++] = source[index]!;
    this.length = length;
  }

  private onlyListBytesFrom(start: number): boolean {
    for (let index = start; index < this.length; index++) {
      if ((CLASS[this.bytes[index]!]! & LIST) === 0) return false;
    }
    return true;
  }

  private repeatsNumberedWord(source: Uint8Array, start: number, letters_end: number): boolean {
    const { bytes, numbered_start } = this;
    const length = letters_end - start;
    if (numbered_start < 0 || this.mask_end - numbered_start - 1 !== length || !this.onlyListBytesFrom(this.mask_end)) return false;
    for (let index = 0; index < length; index++) {
      if (bytes[numbered_start + index] !== source[start + index]) return false;
    }
    return true;
  }
}
