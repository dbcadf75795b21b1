/** What goes into a row group's filters: (word, page) of messages, and the values of id columns. */
import { type Column, NULL_CODE } from "../batch/event-batch.ts";
import { LOWER_BYTE, WORD_BYTE } from "../batch/words.ts";
import { FuseFilter, KeyList, KeySet } from "./fuse-filter.ts";
import { murmur128 } from "./hash.ts";
import { encodeStrings } from "./strings.ts";

/** Columns whose values have a filter of their own: they are asked for by exact value, and most values are in few row groups. */
export const VALUE_FILTER_COLUMNS = ["trace_id", "span_id", "request_id", "event_id"] as const;

const LOW_SEED = 0x811c9dc5;
const HIGH_SEED = 0x2f0b4c47;
const LOW_PRIME = 0x01000193;
const HIGH_PRIME = 0x5bd1e995;

const hash = new Uint32Array(4);

/** Key of a word in a page. */
export function pageKey(low: number, high: number, page: number): [low: number, high: number] {
  return [(low ^ Math.imul(page + 1, 0x9e3779b1)) >>> 0, (high ^ Math.imul(page + 1, 0x85ebca77)) >>> 0];
}

/** Hash of an ASCII word in lower case. */
export function wordHash(word: string): [low: number, high: number] {
  let low = LOW_SEED;
  let high = HIGH_SEED;
  for (let at = 0; at < word.length; at++) {
    low = Math.imul(low ^ word.charCodeAt(at), LOW_PRIME);
    high = Math.imul(high ^ word.charCodeAt(at), HIGH_PRIME) ^ (high >>> 15);
  }
  return [low >>> 0, high >>> 0];
}

export function valueHash(value: string): [low: number, high: number] {
  const { bytes } = encodeStrings([value]);
  murmur128(bytes, 0, bytes.length, hash);
  return [hash[0]!, hash[1]!];
}

/**
 * The filter of a message column by word and page.
 * @param page_rows rows of each page of the column's chunk, in order
 */
export function wordFilter(column: Column, page_rows: readonly number[]): FuseFilter | null {
  if (column.kind !== "dict" && column.kind !== "bytes") return null;
  const words = new WordKeys();
  const texts = column.kind === "dict" ? encodeStrings(column.values) : column;
  const seen = new Int32Array(column.kind === "dict" ? column.values.length : 0).fill(-1);
  let row = 0;
  for (const [page, rows] of page_rows.entries()) {
    words.beginPage(page);
    for (const end = row + rows; row < end; row++) {
      let text = row;
      if (column.kind === "dict") {
        text = column.codes[row]!;
        if (text === NULL_CODE || seen[text] === page) continue;
        seen[text] = page;
      }
      words.addText(texts.bytes, texts.offsets[text]!, texts.offsets[text + 1]!);
    }
  }
  return FuseFilter.build(words.keys, page_rows.length);
}

class WordKeys {
  readonly keys = new KeyList();
  readonly #seen = new KeySet();
  #page_low = 0;
  #page_high = 0;

  beginPage(page: number): void {
    [this.#page_low, this.#page_high] = pageKey(0, 0, page);
    this.#seen.clear();
  }

  /** Words with bytes beyond ASCII are left out: readers never look for them. */
  addText(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (WORD_BYTE[bytes[at]!] === 0) {
        at++;
        continue;
      }
      let low = LOW_SEED;
      let high = HIGH_SEED;
      let all = 0;
      for (; at < end; at++) {
        const byte = bytes[at]!;
        if (WORD_BYTE[byte] === 0) break;
        all |= byte;
        const lower = LOWER_BYTE[byte]!;
        low = Math.imul(low ^ lower, LOW_PRIME);
        high = Math.imul(high ^ lower, HIGH_PRIME) ^ (high >>> 15);
      }
      if (all < 0x80) this.#add((low ^ this.#page_low) >>> 0, (high ^ this.#page_high) >>> 0);
    }
  }

  #add(low: number, high: number): void {
    if (this.#seen.add(low, high)) this.keys.push(low, high);
  }
}

/** The filter of a column's values. */
export function valueFilter(column: Column, rows: number): FuseFilter | null {
  if (column.kind !== "dict" && column.kind !== "bytes") return null;
  const keys = new KeyList();
  const seen = new KeySet();
  const add = (bytes: Uint8Array, start: number, end: number): void => {
    murmur128(bytes, start, end, hash);
    if (seen.add(hash[0]!, hash[1]!)) keys.push(hash[0]!, hash[1]!);
  };
  if (column.kind === "dict") {
    const used = new Uint8Array(column.values.length);
    for (let row = 0; row < rows; row++) if (column.codes[row] !== NULL_CODE) used[column.codes[row]!] = 1;
    const { offsets, bytes } = encodeStrings(column.values);
    for (let code = 0; code < used.length; code++) if (used[code] === 1) add(bytes, offsets[code]!, offsets[code + 1]!);
  } else {
    for (let row = 0; row < rows; row++) {
      if (column.present === null || column.present[row] === 1) add(column.bytes, column.offsets[row]!, column.offsets[row + 1]!);
    }
  }
  return FuseFilter.build(keys, 0);
}
