/** The filters of an open segment: loaded when they are wanted, asked without waiting. */
import { crc32 } from "node:zlib";
import type { ByteSource } from "../batch/byte-source.ts";
import { DamageError } from "./errors.ts";
import { pageKey, valueHash, wordHash } from "./filter-keys.ts";
import { FuseFilter } from "./fuse-filter.ts";
import type { IndexFilter, IndexGroup } from "./index-block.ts";
import { readRanges } from "./ranges.ts";

/** Name of the filter of words of messages. */
export const WORDS = "";

export class FilterSet {
  readonly #groups: readonly IndexGroup[];
  readonly #loaded = new Map<IndexFilter, FuseFilter>();

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

  /** 1 for each page of the messages of which a row may have all the words; null where the filter cannot tell. */
  pagesWithWords(group: number, words: readonly string[]): Uint8Array | null {
    const filter = this.#find(group, WORDS);
    const hashes = words.filter(isAscii).map(wordHash);
    if (filter === null || hashes.length === 0) return null;
    const pages = new Uint8Array(filter.note);
    for (let page = 0; page < pages.length; page++) {
      if (hashes.every(([low, high]) => filter.has(...pageKey(low, high, page)))) pages[page] = 1;
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
    this.#loaded.set(filter, FuseFilter.decode(bytes));
  }
}

function isAscii(word: string): boolean {
  for (let at = 0; at < word.length; at++) if (word.charCodeAt(at) >= 0x80) return false;
  return true;
}
