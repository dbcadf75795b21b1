/** The filters of an open segment: loaded when they are wanted, asked without waiting. */
import { crc32 } from "node:zlib";
import { ROW_GROUP_ROWS_MAX } from "../../limits.ts";
import type { ByteSource } from "../batch/byte-source.ts";
import { DamageError } from "./errors.ts";
import { pageKey, valueHash, wordHash } from "./filter-keys.ts";
import { FuseFilter } from "./fuse-filter.ts";
import type { GroupFilter, IndexFilter, IndexGroup, SegmentIndex, StoredFilter } from "./index-block.ts";
import type { Needed } from "./needed.ts";
import { readRanges } from "./ranges.ts";
import { partOfHash, UnitFilter } from "./unit-filter.ts";
import { wordHash32 } from "./words-of-pages.ts";

/** Name of the filter of words of messages. */
export const WORDS = "";

const ANSWERS_MAX = 64;

export class FilterSet {
  readonly #groups: readonly IndexGroup[];
  /** Of the messages. */
  readonly #place: number;
  readonly #by_column: ReadonlyMap<string, IndexFilter>;
  /** Of version 1. */
  readonly #of_groups = new Map<StoredFilter, FuseFilter>();
  readonly #parts = new Map<StoredFilter, UnitFilter>();
  readonly #answers = new Map<string, Uint8Array | null>();
  /** Number of each group's first page of messages, made when it is first wanted. */
  #first_pages: Uint32Array | null = null;

  constructor(index: SegmentIndex) {
    this.#groups = index.groups;
    this.#place = index.columns.findIndex(({ name }) => name === "message");
    this.#by_column = new Map(index.filters.map((filter) => [filter.column, filter]));
  }

  /** Takes the filters that lie in bytes that were read anyway. */
  takeFrom(bytes: Uint8Array, offset: number): void {
    const inside = ({ offset: from }: StoredFilter): boolean => from >= offset;
    const bytesOf = ({ offset: from, size_bytes }: StoredFilter): Uint8Array => bytes.subarray(from - offset, from - offset + size_bytes);
    for (const filter of this.#groups.flatMap((group) => group.filters).filter(inside)) this.#takeGroup(filter, bytesOf(filter));
    for (const part of [...this.#by_column.values()].flatMap(({ parts }) => parts).filter(inside)) this.#takePart(part, bytesOf(part));
  }

  /** @param needed what will be asked for; null for anything */
  async load(source: ByteSource, groups: readonly number[], needed: readonly Needed[] | null): Promise<void> {
    const of_groups = groups.flatMap((group) => this.#groups[group]?.filters ?? []).filter((filter) => !this.#of_groups.has(filter));
    const parts = [...new Set(this.#partsFor(needed))].filter((part) => !this.#parts.has(part));
    if (of_groups.length + parts.length === 0) return;
    const read = await readRanges(source, [...of_groups, ...parts]);
    for (const [index, filter] of of_groups.entries()) this.#takeGroup(filter, read[index]!);
    for (const [index, part] of parts.entries()) this.#takePart(part, read[of_groups.length + index]!);
    this.#answers.clear();
  }

  #partsFor(needed: readonly Needed[] | null): StoredFilter[] {
    if (needed === null) return [...this.#by_column.values()].flatMap(({ parts }) => parts);
    const parts: (StoredFilter | null)[] = [];
    for (const { words, values } of needed) {
      for (const word of words) if (isAscii(word)) parts.push(this.#partOf(WORDS, wordHash32(word)));
      for (const [column, list] of Object.entries(values)) {
        for (const value of list) parts.push(this.#partOf(column, valueHash(value)[0]));
      }
    }
    return parts.filter((part) => part !== null);
  }

  /** The part of a filter that knows the hash. */
  #partOf(column: string, hash: number): StoredFilter | null {
    const filter = this.#by_column.get(column);
    return filter === undefined ? null : filter.parts[partOfHash(hash, filter.parts.length)]!;
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
    const question = `${group} ${words.join(" ")}`;
    let pages = this.#answers.get(question);
    if (pages === undefined) {
      const known = words.filter(isAscii);
      if (known.length === 0) pages = null;
      else pages = this.#by_column.has(WORDS) ? this.#pagesWith(group, known) : this.#pagesOfVersion1(group, known);
      if (this.#answers.size === ANSWERS_MAX) this.#answers.clear();
      this.#answers.set(question, pages);
    }
    return pages;
  }

  #pagesWith(group: number, words: readonly string[]): Uint8Array | null {
    const [first, end] = this.#pagesOf(group);
    let pages: Uint8Array | null = null;
    for (const word of words) {
      const hash = wordHash32(word);
      const part = this.#parts.get(this.#partOf(WORDS, hash)!);
      if (part === undefined) continue;
      if (part.unit_count < end) throw new DamageError("a filter knows fewer pages than there are");
      pages ??= new Uint8Array(end - first).fill(1);
      part.keep(hash, first, pages);
    }
    return pages;
  }

  /** Numbers of a group's pages of messages: of the first, and behind the last. */
  #pagesOf(group: number): [first: number, end: number] {
    if (this.#first_pages === null) {
      this.#first_pages = new Uint32Array(this.#groups.length + 1);
      for (const [index, { chunks }] of this.#groups.entries()) {
        this.#first_pages[index + 1] = this.#first_pages[index]! + (chunks[this.#place]?.pages?.length ?? 0);
      }
    }
    return [this.#first_pages[group]!, this.#first_pages[group + 1]!];
  }

  /** Pages that lack the first word are not asked for the next. */
  #pagesOfVersion1(group: number, words: readonly string[]): Uint8Array | null {
    const filter = this.#find(group, WORDS);
    if (filter === null) return null;
    const pages = new Uint8Array(filter.note).fill(1);
    for (const word of words) {
      const [low, high] = wordHash(word);
      for (let page = pages.indexOf(1); page >= 0; page = pages.indexOf(1, page + 1)) {
        if (!filter.has(...pageKey(low, high, page))) pages[page] = 0;
      }
    }
    return pages;
  }

  mayContainValue(group: number, column: string, value: string): boolean {
    if (column === WORDS) return true;
    const [low, high] = valueHash(value);
    const stored = this.#partOf(column, low);
    if (stored === null) return this.#find(group, column)?.has(low, high) ?? true;
    return this.#parts.get(stored)?.has(low, group) ?? true;
  }

  #find(group: number, column: string): FuseFilter | null {
    const described = this.#groups[group]?.filters.find((filter) => filter.column === column);
    return (described && this.#of_groups.get(described)) ?? null;
  }

  #takeGroup(filter: GroupFilter, bytes: Uint8Array): void {
    check(filter, bytes);
    const decoded = FuseFilter.decode(bytes);
    if (decoded.note > ROW_GROUP_ROWS_MAX) throw new DamageError("a filter of more pages than rows");
    this.#of_groups.set(filter, decoded);
  }

  #takePart(part: StoredFilter, bytes: Uint8Array): void {
    check(part, bytes);
    this.#parts.set(part, UnitFilter.decode(bytes));
  }
}

function check(filter: StoredFilter, bytes: Uint8Array): void {
  if (bytes.length !== filter.size_bytes || crc32(bytes) !== filter.crc) throw new DamageError("a filter is damaged");
}

function isAscii(word: string): boolean {
  for (let at = 0; at < word.length; at++) if (word.charCodeAt(at) >= 0x80) return false;
  return true;
}
