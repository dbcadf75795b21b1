/**
 * The codes of a chunk's pages in as few bits as they need, null among them: what takes hardly more memory than the stored pages where those are
 * compressed, and is unpacked ten times as fast. A chunk all of whose pages are here need not be fetched again.
 */
import { bitWidth, encodeHybrid } from "./bits.ts";
import { ByteSink } from "./bytes.ts";
import { ENCODING } from "./pages.ts";

/** What keeping a chunk's codes costs besides their bits, and of each page. */
const OVERHEAD_SIZE_BYTES = 256;
const PAGE_OVERHEAD_SIZE_BYTES = 128;

export interface PackedPage {
  encoding: typeof ENCODING.RLE_DICTIONARY;
  /** A byte of width, then codes of every row in Parquet's hybrid; the number of values for rows without one. */
  values: Uint8Array;
  nulls: number;
}

export class PackedCodes {
  /** Number of distinct values of the chunk. */
  readonly count: number;
  readonly #pages: (PackedPage | undefined)[];
  #left: number;

  constructor(count: number, pages: number) {
    this.count = count;
    this.#pages = new Array(pages);
    this.#left = pages;
  }

  /** Whether every page is here. */
  get is_whole(): boolean {
    return this.#left === 0;
  }

  page(index: number): PackedPage | undefined {
    return this.#pages[index];
  }

  /** @param codes of the page's rows, `count` for those without a value */
  add(index: number, codes: Uint16Array, nulls: number): PackedPage {
    const width = bitWidth(this.count + 1);
    const sink = new ByteSink(2 + ((codes.length + 7) >>> 3) * width + 64);
    sink.u8(width);
    encodeHybrid(sink, codes, 0, codes.length, width);
    const page: PackedPage = { encoding: ENCODING.RLE_DICTIONARY, values: sink.view().slice(), nulls };
    if (this.#pages[index] === undefined) this.#left--;
    this.#pages[index] = page;
    return page;
  }
}

/** What all codes of a chunk take at most when they are packed. */
export function packedSize(count: number, rows: number, pages: number): number {
  return (rows * bitWidth(count + 1)) / 8 + pages * PAGE_OVERHEAD_SIZE_BYTES + OVERHEAD_SIZE_BYTES;
}
