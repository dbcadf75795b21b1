/** The filters of an open segment: loaded when they are wanted, asked without waiting. */
import { crc32 } from "node:zlib";
import { ROW_GROUP_ROWS_MAX } from "../../limits.ts";
import type { ByteSource } from "../batch/byte-source.ts";
import { DamageError } from "./errors.ts";
import { pageKey, valueHash, wordHash } from "./filter-keys.ts";
import { FuseFilter } from "./fuse-filter.ts";
import type { IndexFilter, IndexGroup } from "./index-block.ts";
import { readRanges } from "./ranges.ts";

/** Name of the filter of words of messages. */
export const WORDS = "";

const ANSWERS_MAX = 64;

export class FilterSet {
  readonly #groups: readonly IndexGroup[];
  readonly #loaded = new Map<IndexFilter, FuseFilter>();
  readonly #answers = new Map<string, Uint8Array>();

  constructor(groups: readonly IndexGroup[]) {
    this.#groups = groups;
  }

  /** Takes the filters that lie in bytes that were read anyway. */
  takeFrom(bytes: Uint8Array, offset: number): void {
    for (const filter of this.#groups.flatMap((group) => group.filters)) {
      const start = filter.offset - offset;
      if (start >= 0) this.#take(filter, bytes.subarray(start, start + filter.size_bytes));
    }
  }

  async load(source: ByteSource, groups: readonly number[]): Promise<void> {
    const missing = groups.flatMap((group) => this.#groups[group]?.filters ?? []).filter((filter) => !this.#loaded.has(filter));
    if (missing.length === 0) return;
    const parts = await readRanges(source, missing);
    for (const [index, filter] of missing.entries()) this.#take(filter, parts[index]!);
  }

  mayContainWords(group: number, words: readonly string[]): boolean {
    const pages = this.pagesWithWords(group, words);
    return pages === null || pages.includes(1);
  }

  /**
   * 1 for each page of the messages of which a row may have all the words; null where the filter cannot tell. What was found for the last questions
   * is remembered: a query asks the same of a group several times. Not to be changed.
   */
  pagesWithWords(group: number, words: readonly string[]): Uint8Array | null {
    const filter = this.#find(group, WORDS);
    if (filter === null || !words.some(isAscii)) return null;
    const question = `${group} ${words.join(" ")}`;
    let pages = this.#answers.get(question);
    if (pages === undefined) {
      pages = pagesWithAll(filter, words);
      if (this.#answers.size === ANSWERS_MAX) this.#answers.clear();
      this.#answers.set(question, pages);
    }
    return pages;
  }

  mayContainValue(group: number, column: string, value: string): boolean {
    const filter = column === WORDS ? null : this.#find(group, column);
    return filter === null || filter.has(...valueHash(value));
  }

  #find(group: number, column: string): FuseFilter | null {
    const described = this.#groups[group]?.filters.find((filter) => filter.column === column);
    return (described && this.#loaded.get(described)) ?? null;
  }

  #take(filter: IndexFilter, bytes: Uint8Array): void {
    if (bytes.length !== filter.size_bytes || crc32(bytes) !== filter.crc) throw new DamageError("a filter is damaged");
    const decoded = FuseFilter.decode(bytes);
    if (decoded.note > ROW_GROUP_ROWS_MAX) throw new DamageError("a filter of more pages than rows");
    this.#loaded.set(filter, decoded);
  }
}

/** Pages in which the filter has every word; those that lack the first are not asked for the next. */
function pagesWithAll(filter: FuseFilter, words: readonly string[]): Uint8Array {
  const pages = new Uint8Array(filter.note).fill(1);
  for (const word of words) {
    if (!isAscii(word)) continue;
    const [low, high] = wordHash(word);
    for (let page = pages.indexOf(1); page >= 0; page = pages.indexOf(1, page + 1)) {
      const [page_low, page_high] = pageKey(low, high, page);
      if (!filter.has(page_low, page_high)) pages[page] = 0;
    }
  }
  return pages;
}

function isAscii(word: string): boolean {
  for (let at = 0; at < word.length; at++) if (word.charCodeAt(at) >= 0x80) return false;
  return true;
}
