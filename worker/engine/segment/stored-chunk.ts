/** The stored bytes of one column of a row group, and its pages as they lie there: nothing is decoded here, each page is checked when it is met. */
import type { Column } from "../batch/event-batch.ts";
import type { CheckedBytes } from "./checked-bytes.ts";
import type { DecodedCache } from "./decoded-cache.ts";
import { asDamage, DamageError, SegmentError } from "./errors.ts";
import type { IndexChunk } from "./index-block.ts";
import { type DataPage, PAGE_ROWS_MAX, readDataPage, readDictionaryHeader } from "./pages.ts";
import { decompress } from "./zstd.ts";

/** Where a chunk is at home. */
export interface ChunkHome {
  /** Names the segment in errors. */
  segment_id: string;
  cache: DecodedCache;
  /** Of everything kept of this chunk. */
  cache_key: string;
  checked: CheckedBytes;
}

/** A page's header with the bytes that its places count from. */
export type StoredPage = Pick<
  DataPage,
  "rows" | "nulls" | "encoding" | "levels_at" | "levels_size" | "values_size" | "values_raw_size" | "compressed"
> & {
  bytes: Uint8Array;
};

export interface StoredDictionary {
  count: number;
  raw_size: number;
  /** Lengths of the zstd frames; empty where it is not compressed. */
  pieces: readonly number[];
  /** Of each piece the first value that begins in it or after it, and where in the whole; null where that is not known beforehand. */
  first_codes: readonly number[] | null;
  first_offsets: readonly number[] | null;
  stored: Uint8Array;
}

export class StoredChunk {
  readonly kind: Column["kind"];
  readonly rows: number;
  readonly home: ChunkHome;
  /** First row of each page, then the number of rows. */
  readonly starts: Uint32Array;
  readonly #index: IndexChunk;
  readonly #bytes: Uint8Array;
  /** Where each page begins in the chunk, then its end. */
  readonly #offsets: Uint32Array;

  /**
   * @param bytes the chunk, as long as the index says
   * @throws DamageError where the index cannot be right
   */
  constructor(kind: Column["kind"], rows: number, index: IndexChunk, bytes: Uint8Array, home: ChunkHome) {
    this.kind = kind;
    this.rows = rows;
    this.home = home;
    this.#index = index;
    this.#bytes = bytes;
    const pages = index.pages ?? [];
    this.starts = new Uint32Array(pages.length + 1);
    this.#offsets = new Uint32Array(pages.length + 1);
    let row = 0;
    let offset = index.dictionary?.size_bytes ?? 0;
    for (let page = 0; page < pages.length; page++) {
      const { rows: page_rows, size_bytes } = pages[page]!;
      if (page_rows > PAGE_ROWS_MAX) throw new DamageError("a page has too many rows");
      this.starts[page] = row;
      this.#offsets[page] = offset;
      row += page_rows;
      offset += size_bytes;
    }
    if (row !== rows) throw new DamageError(`pages hold ${row} rows, ${rows} were expected`);
    if (offset !== bytes.length) throw new DamageError("pages do not fill their chunk");
    this.starts[pages.length] = row;
    this.#offsets[pages.length] = offset;
  }

  get page_count(): number {
    return this.starts.length - 1;
  }

  get size_bytes(): number {
    return this.#bytes.length;
  }

  /** Runs what decodes bytes of this chunk: damage that it finds is the segment's. */
  guard<T>(decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      throw error instanceof DamageError ? asDamage(SegmentError, `segment ${this.home.segment_id}`, error) : error;
    }
  }

  /** Nulls and encoding of a page, unchecked: what follows from them must not depend on their being right. */
  outline(index: number): { nulls: number; encoding: number } {
    return this.#index.pages![index]!.head ?? this.guard(() => this.#parse(index, this.#pageBytes(index)));
  }

  /** @throws SegmentError where the page is damaged */
  page(index: number): StoredPage {
    return this.guard(() => {
      const bytes = this.#pageBytes(index);
      const { crc } = this.#index.pages![index]!;
      this.home.checked.check(bytes, this.#index.offset + this.#offsets[index]!, crc, "a page");
      return this.#parse(index, bytes);
    });
  }

  #pageBytes(index: number): Uint8Array {
    return this.#bytes.subarray(this.#offsets[index]!, this.#offsets[index + 1]!);
  }

  #parse(index: number, bytes: Uint8Array): StoredPage {
    const page = readDataPage(bytes, 0, bytes.length);
    if (page.end !== bytes.length || page.rows !== this.starts[index + 1]! - this.starts[index]!) {
      throw new DamageError("a page that is not what the index says");
    }
    return { ...page, bytes };
  }

  get has_dictionary(): boolean {
    return this.#index.dictionary !== null;
  }

  /** Raw bytes of the dictionary, unchecked; 0 where there is none. */
  get dictionary_raw_size(): number {
    return this.#index.dictionary?.raw_size ?? 0;
  }

  /** @throws SegmentError where there is none or it is damaged */
  dictionary(): StoredDictionary {
    return this.guard(() => {
      const { dictionary, offset } = this.#index;
      if (dictionary === null) throw new DamageError("codes without a dictionary");
      const bytes = this.#bytes.subarray(0, dictionary.size_bytes);
      this.home.checked.check(bytes, offset, dictionary.crc, "a dictionary");
      const { count, raw_size, stored } = readDictionaryHeader(bytes);
      if (raw_size !== dictionary.raw_size) throw new DamageError("a dictionary of two sizes");
      if (count * 4 > raw_size) throw new DamageError("a dictionary with more values than bytes");
      const { pieces, head } = dictionary;
      return { count, raw_size, pieces, stored, first_codes: head?.first_codes ?? null, first_offsets: head?.first_offsets ?? null };
    });
  }
}

/** The page's values, decompressed. */
export function storedValues(page: StoredPage): Uint8Array {
  const from = page.levels_at + page.levels_size;
  const stored = page.bytes.subarray(from, from + page.values_size);
  if (page.compressed) return decompress(stored, page.values_raw_size);
  if (page.values_size !== page.values_raw_size) throw new DamageError("an uncompressed page of two sizes");
  return stored;
}
