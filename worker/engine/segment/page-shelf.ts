/**
 * Decompressed pages of strings that queries come back to, in a memory of their own: they are many times larger than what they were made of, and one
 * scan of everything must not push out what is worth keeping. When the shelf is full, a page gets a place only if it was asked for before, among
 * as many pages as fit: whoever goes through more than that finds the shelf as it was.
 */
import { SEARCH_DECODED_PAGES_SIZE_BYTES_MAX } from "../../limits.ts";
import { type DecodedCache, NO_CACHE } from "./decoded-cache.ts";

/** What a kept page costs besides its bytes. */
const OVERHEAD_SIZE_BYTES = 256;

export class PageShelf {
  readonly #size_bytes_max: number;
  /** In order of use, the latest last. */
  readonly #pages = new Map<string, Uint8Array>();
  #size_bytes = 0;
  /** Pages that were asked for and got no place, the latest last, with what they would have taken. */
  readonly #refused = new Map<string, number>();
  #refused_size_bytes = 0;

  constructor(size_bytes_max: number) {
    this.#size_bytes_max = size_bytes_max;
  }

  get(key: string): Uint8Array | undefined {
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return page;
  }

  /** Takes a page that was not there, if it is worth a place. */
  offer(key: string, page: Uint8Array): void {
    const size_bytes = page.length + OVERHEAD_SIZE_BYTES;
    if (size_bytes > this.#size_bytes_max / 8) return;
    if (this.#size_bytes + size_bytes > this.#size_bytes_max && !this.#wasRefused(key)) {
      this.#refuse(key, size_bytes);
      return;
    }
    this.#pages.set(key, page);
    this.#size_bytes += size_bytes;
    for (const [oldest, { length }] of this.#pages) {
      if (this.#size_bytes <= this.#size_bytes_max) break;
      this.#pages.delete(oldest);
      this.#size_bytes -= length + OVERHEAD_SIZE_BYTES;
    }
  }

  #wasRefused(key: string): boolean {
    const size_bytes = this.#refused.get(key);
    if (size_bytes === undefined) return false;
    this.#refused.delete(key);
    this.#refused_size_bytes -= size_bytes;
    return true;
  }

  #refuse(key: string, size_bytes: number): void {
    this.#refused.set(key, size_bytes);
    this.#refused_size_bytes += size_bytes;
    for (const [oldest, oldest_size_bytes] of this.#refused) {
      if (this.#refused_size_bytes <= this.#size_bytes_max) break;
      this.#refused.delete(oldest);
      this.#refused_size_bytes -= oldest_size_bytes;
    }
  }
}

const shelves = new WeakMap<DecodedCache, PageShelf>();

/** The shelf beside a cache; null beside one that keeps nothing. */
export function shelfOf(cache: DecodedCache): PageShelf | null {
  if (cache === NO_CACHE) return null;
  let shelf = shelves.get(cache);
  if (shelf === undefined) {
    shelf = new PageShelf(SEARCH_DECODED_PAGES_SIZE_BYTES_MAX);
    shelves.set(cache, shelf);
  }
  return shelf;
}
