import { CLASS, LIST, MASK } from "./byte-classes.ts";

/** Bytes of a masked form that count: what follows in a longer message does not change its fingerprint. */
export const FORM_SIZE_BYTES_MAX = 4_096;
/** Room behind them for a short word that is written before it is known to be one. */
export const FORM_SLACK_BYTES = 64;

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
  readonly bytes: Uint8Array = new Uint8Array(FORM_SIZE_BYTES_MAX + FORM_SLACK_BYTES);
  readonly view: DataView = new DataView(this.bytes.buffer);
  private readonly words: Int32Array = new Int32Array(this.bytes.buffer);
  length = 0;
  /** Whether anything but masks and separators was written. */
  has_words = false;
  /** Whether the last mask stands for a plain number. */
  after_number = false;
  /** Where the last mask or numbered word ends; -1 while the last token is a word. */
  mask_end = -1;
  numbered_start = -1;

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

  /** Whether a unit may come now: behind a number and at most one byte. */
  get followsNumber(): boolean {
    return this.after_number && this.mask_end >= 0 && this.length - this.mask_end <= 1;
  }

  get followsMask(): boolean {
    return this.mask_end >= 0 && onlyListBytes(this.bytes, this.mask_end, this.length);
  }

  space(): void {
    const { length } = this;
    if (length > 0 && this.bytes[length - 1] !== SPACE_BYTE) this.put(SPACE_BYTE);
  }

  /** A byte of punctuation; a repeated one counts once. */
  separator(byte: number): void {
    const { length } = this;
    if (length === 0 || this.bytes[length - 1] !== byte) this.put(byte);
  }

  /** What follows stands in for nothing that was before: takes back the space between. */
  dropSpace(): void {
    if (this.length > 0 && this.bytes[this.length - 1] === SPACE_BYTE) this.length--;
  }

  word(source: Uint8Array, start: number, end: number): void {
    this.copy(source, start, end);
    this.wordWritten(this.length);
  }

  /** A word of at most FORM_SLACK_BYTES that the caller has put behind the form's last byte. */
  wordWritten(length: number): void {
    this.length = Math.min(length, FORM_SIZE_BYTES_MAX);
    this.has_words = true;
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

  /** 53 bits made of two 32-bit hashes of the form, four bytes a step; 0 only for an empty one. */
  hash(): number {
    const { bytes, words, length } = this;
    if (length === 0) return 0;
    for (let index = length; index < ((length + 3) & ~3); index++) bytes[index] = 0;
    let first = Math.imul(length, 0x9e3779b1);
    let second = 0x9747b28c ^ length;
    const count = (length + 3) >> 2;
    for (let index = 0; index < count; index++) {
      const word = words[index]!;
      first = (Math.imul((first << 13) | (first >>> 19), 5) + Math.imul(word, 0xcc9e2d51)) | 0;
      second = Math.imul(second ^ word, 0x5bd1e995);
      second ^= second >>> 15;
    }
    const value = (avalanche(first) & 0x1fffff) * 0x100000000 + avalanche(second ^ first);
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

  private repeatsNumberedWord(source: Uint8Array, start: number, letters_end: number): boolean {
    const { bytes, numbered_start } = this;
    const length = letters_end - start;
    if (numbered_start < 0 || this.mask_end - numbered_start - 1 !== length || !onlyListBytes(bytes, this.mask_end, this.length))
      return false;
    for (let index = 0; index < length; index++) {
      if (bytes[numbered_start + index] !== source[start + index]) return false;
    }
    return true;
  }
}

/** Whether `bytes[start .. end)` only says that there are several of what stands before and behind. */
export function onlyListBytes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if ((CLASS[bytes[index]!]! & LIST) === 0) return false;
  return true;
}
