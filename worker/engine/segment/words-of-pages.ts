/** The words of a row group's messages, page by page, for the segment's filter. */
import { type Column, NULL_CODE } from "../batch/event-batch.ts";
import { LOWER_BYTE, WORD_BYTE } from "../batch/words.ts";
import { utf8Of } from "./strings.ts";
import { mix, strideOf } from "./unit-filter.ts";
import type { UnitFilterBuilder } from "./unit-filter-builder.ts";

const SEED = 0x811c9dc5;
const PRIME = 0x01000193;
/** Bits that a word takes on each page as a key of the filter, and that it takes once where it is listed, beside a bit for each page. */
const KEY_BITS = 9.5;
const ENTRY_BITS = 16;
/** Longer searches in a table that is half empty are no accident. */
const PROBES_MAX = 1_000;
const PROBES_PER_WORD_MAX = 32;

/** Hash of a word of ASCII in lower case. */
export function wordHash32(word: string): number {
  let hash = SEED;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), PRIME);
  return hash >>> 0;
}

/**
 * Adds the words of a message column; its pages are the next units.
 * @param page_rows rows of each page of the column's chunk, in order
 * @returns false where words were made to collide: then there is no filter of them
 */
export function addWords(builder: UnitFilterBuilder, column: Column | null, page_rows: readonly number[]): boolean {
  const pairs = new PagePairs();
  if (column?.kind === "bytes") addTexts(pairs, column, page_rows);
  else if (column?.kind === "dict") addCoded(pairs, column.codes, utf8Of(column), page_rows);
  return !pairs.crowded && addPairs(builder, pairs);
}

function addPairs(builder: UnitFilterBuilder, pairs: PagePairs): boolean {
  const words = new WordCounts(pairs);
  if (words.crowded) return false;
  const page_count = pairs.starts.length;
  const stride = strideOf(page_count);
  const listed_min = Math.max(2, Math.ceil((page_count + ENTRY_BITS) / KEY_BITS));
  const first = builder.units;
  /** Place of each word among the listed ones, + 1. */
  const places = new Uint32Array(words.count);
  const listed: { hash: number; pages: Uint8Array }[] = [];
  for (let page = 0, index = 0; page < page_count; page++) {
    const end = pairs.starts[page + 1] ?? pairs.count;
    for (; index < end; index++) {
      const word = words.word_of[index]!;
      const hash = pairs.hashes[index]!;
      if (words.counts[word]! < listed_min) {
        builder.add(hash);
        continue;
      }
      if (places[word] === 0) places[word] = listed.push({ hash, pages: new Uint8Array(stride) });
      const { pages } = listed[places[word]! - 1]!;
      pages[page >>> 3] = pages[page >>> 3]! | (1 << (page & 7));
    }
    builder.endUnit();
  }
  for (const { hash, pages } of listed) builder.list(hash, first, pages);
  return true;
}

type Texts = { offsets: Uint32Array; bytes: Uint8Array };

/** Rows that follow each other begin and end alike: words that a row shares with the one before are not looked at again. */
function addTexts(pairs: PagePairs, { offsets, bytes }: Texts, page_rows: readonly number[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let row = 0;
  for (const rows of page_rows) {
    pairs.beginPage();
    let before = 0;
    let before_end = 0;
    for (const stop = row + rows; row < stop; row++) {
      const start = offsets[row]!;
      const end = offsets[row + 1]!;
      const length = Math.min(before_end - before, end - start);
      const prefix = sharedPrefix(view, before, start, length);
      const suffix = sharedSuffix(view, before_end, end, length - prefix);
      pairs.addText(bytes, wordStart(bytes, start + prefix, start), wordEnd(bytes, end - suffix, end));
      before = start;
      before_end = end;
    }
  }
}
/** Bytes in which two texts agree, from their beginnings on. */
function sharedPrefix(view: DataView, before: number, start: number, length: number): number {
  let shared = 0;
  while (shared + 4 <= length && view.getInt32(before + shared) === view.getInt32(start + shared)) shared += 4;
  while (shared < length && view.getUint8(before + shared) === view.getUint8(start + shared)) shared++;
  return shared;
}

/** Bytes in which two texts agree, from their ends back. */
function sharedSuffix(view: DataView, before_end: number, end: number, length: number): number {
  let shared = 0;
  while (shared + 4 <= length && view.getInt32(before_end - shared - 4) === view.getInt32(end - shared - 4)) shared += 4;
  while (shared < length && view.getUint8(before_end - shared - 1) === view.getUint8(end - shared - 1)) shared++;
  return shared;
}

/** Where the word begins that `at` is in or right behind: in the other text it may go on. */
function wordStart(bytes: Uint8Array, at: number, start: number): number {
  let from = at;
  while (from > start && WORD_BYTE[bytes[from - 1]!] === 1) from--;
  return from;
}

/** Where the word ends that `at` is in or right before. */
function wordEnd(bytes: Uint8Array, at: number, end: number): number {
  let to = at;
  while (to < end && WORD_BYTE[bytes[to]!] === 1) to++;
  return to;
}

function addCoded(pairs: PagePairs, codes: Uint32Array, { offsets, bytes }: Texts, page_rows: readonly number[]): void {
  const seen = new Int32Array(offsets.length - 1).fill(-1);
  let row = 0;
  for (const [page, rows] of page_rows.entries()) {
    pairs.beginPage();
    for (const stop = row + rows; row < stop; row++) {
      const code = codes[row]!;
      if (code === NULL_CODE || seen[code] === page) continue;
      seen[code] = page;
      pairs.addText(bytes, offsets[code]!, offsets[code + 1]!);
    }
  }
}

/** Distinct pairs of word and page, page by page. */
class PagePairs {
  hashes = new Uint32Array(32 * 1024);
  /** Where the pairs of each page begin. */
  readonly starts: number[] = [];
  count = 0;
  /** Set where words were made to collide: they get no filter. */
  crowded = false;
  /** Words of the page under way: a hash and the page that it was seen in. */
  #seen = new Uint32Array(4096);
  #seen_in = new Uint32Array(4096);
  #page = 0;
  #page_count = 0;

  beginPage(): void {
    this.starts.push(this.count);
    this.#page++;
    this.#page_count = 0;
  }

  /** Words with bytes beyond ASCII are left out: readers never look for them. */
  addText(bytes: Uint8Array, start: number, end: number): void {
    if (this.crowded) return;
    let at = start;
    while (at < end) {
      let byte = bytes[at++]!;
      if (WORD_BYTE[byte] === 0) continue;
      let hash = SEED;
      let all = 0;
      do {
        all |= byte;
        hash = Math.imul(hash ^ LOWER_BYTE[byte]!, PRIME);
        if (at === end) break;
        byte = bytes[at++]!;
      } while (WORD_BYTE[byte] === 1);
      if (all < 0x80) this.#add(hash >>> 0);
    }
  }

  #add(hash: number): void {
    const seen = this.#seen;
    const seen_in = this.#seen_in;
    const mask = seen.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    let probes = 0;
    while (seen_in[slot] === this.#page) {
      if (seen[slot] === hash) return;
      slot = (slot + 1) & mask;
      probes++;
    }
    if (probes > PROBES_MAX) this.crowded = true;
    seen[slot] = hash;
    seen_in[slot] = this.#page;
    if (this.count === this.hashes.length) {
      const hashes = new Uint32Array(this.hashes.length * 2);
      hashes.set(this.hashes);
      this.hashes = hashes;
    }
    this.hashes[this.count++] = hash;
    if (++this.#page_count * 2 > seen.length) this.#grow();
  }

  #grow(): void {
    const size = this.#seen.length * 2;
    const start = this.starts[this.starts.length - 1]!;
    this.#seen = new Uint32Array(size);
    this.#seen_in = new Uint32Array(size);
    for (let index = start; index < this.count; index++) {
      const hash = this.hashes[index]!;
      let slot = (hash ^ (hash >>> 15)) & (size - 1);
      while (this.#seen_in[slot] === this.#page) slot = (slot + 1) & (size - 1);
      this.#seen[slot] = hash;
      this.#seen_in[slot] = this.#page;
    }
  }
}

/** On how many pages each word is. */
class WordCounts {
  /** Number of each pair's word. */
  readonly word_of: Uint32Array;
  readonly counts: Uint16Array;
  /** Number of words. */
  readonly count: number;
  /** As in PagePairs. */
  readonly crowded: boolean;

  constructor({ hashes, count }: PagePairs) {
    const size = 1 << (33 - Math.clz32(Math.max(15, count)));
    const slots = new Uint32Array(size);
    const known = new Uint32Array(count);
    this.word_of = new Uint32Array(count);
    this.counts = new Uint16Array(count);
    let words = 0;
    let probes_left = count * PROBES_PER_WORD_MAX;
    for (let index = 0; index < count && probes_left >= 0; index++) {
      const hash = hashes[index]!;
      let slot = mix(hash) & (size - 1);
      let word = slots[slot]!;
      while (word !== 0 && known[word - 1] !== hash) {
        slot = (slot + 1) & (size - 1);
        word = slots[slot]!;
        probes_left--;
      }
      if (word === 0) {
        known[words] = hash;
        word = ++words;
        slots[slot] = word;
      }
      this.word_of[index] = word - 1;
      this.counts[word - 1] = this.counts[word - 1]! + 1;
    }
    this.count = words;
    this.crowded = probes_left < 0;
  }
}
