/** The stored bytes of one column of a row group, and its pages as they lie there: nothing is decoded here, each page is checked when it is met. */
import type { Column } from "../batch/event-batch.ts";
import type { CheckedBytes } from "./checked-bytes.ts";
import type { DecodedCache } from "./decoded-cache.ts";
import { asDamage, DamageError, SegmentError } from "./errors.ts";
import type { IndexChunk } from "./index-block.ts";
import type { PackedCodes } from "./packed-codes.ts";
import type { PageShelf } from "./page-shelf.ts";
import { type DataPage, PAGE_ROWS_MAX, readDataPage, readDictionaryHeader } from "./pages.ts";
import { decompress } from "./zstd.ts";

/** Where a chunk is at home. */
export interface ChunkHome {
  /** Names the segment in errors. */
  segment_id: string;
  cache: DecodedCache;
  shelf: PageShelf | null;
  /** Of everything kept of this chunk, but its codes. */
  cache_key: string;
  packed_key: string;
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

/** Pages that are wanted, 1 each; null for all. */
export type WantedPages = Uint8Array | null;

/** Bytes of a chunk, from a place in it on. */
export type StoredBytes = (offset: number, size_bytes: number) => Uint8Array;

/** Where the pages of a chunk are. */
export interface ChunkLayout {
  /** First row of each page, then the number of rows. */
  starts: Uint32Array;
  /** Where each page begins in the chunk, then its end. */
  offsets: Uint32Array;
}

/** @throws DamageError where the index cannot be right */
export function chunkLayout(index: IndexChunk, rows: number): ChunkLayout {
  const pages = index.pages ?? [];
  const starts = new Uint32Array(pages.length + 1);
  const offsets = new Uint32Array(pages.length + 1);
  let row = 0;
  let offset = index.dictionary?.size_bytes ?? 0;
  for (let page = 0; page < pages.length; page++) {
    const { rows: page_rows, size_bytes } = pages[page]!;
    if (page_rows > PAGE_ROWS_MAX) throw new DamageError("a page has too many rows");
    starts[page] = row;
    offsets[page] = offset;
    row += page_rows;
    offset += size_bytes;
  }
  if (row !== rows) throw new DamageError(`pages hold ${row} rows, ${rows} were expected`);
  if (offset !== index.size_bytes) throw new DamageError("pages do not fill their chunk");
  starts[pages.length] = row;
  offsets[pages.length] = offset;
  return { starts, offsets };
}

/** What is at hand of a chunk. */
export interface ChunkContent {
  layout: ChunkLayout;
  wanted: WantedPages;
  packed: PackedCodes | null;
  bytes: StoredBytes;
}

export class StoredChunk {
  readonly kind: Column["kind"];
  readonly rows: number;
  readonly home: ChunkHome;
  /** First row of each page, then the number of rows. */
  readonly starts: Uint32Array;
  /** Pages that are to be looked at, 1 each; null for all. Others count as pages without a value. */
  readonly wanted: WantedPages;
  /** Codes that were packed before; of pages that are among them the stored bytes may be missing. */
  readonly packed: PackedCodes | null;
  readonly #index: IndexChunk;
  readonly #layout: ChunkLayout;
  readonly #bytes: StoredBytes;

  /** @param plan with the bytes of what is wanted of the chunk at least */
  constructor(kind: Column["kind"], index: IndexChunk, { layout, wanted, packed, bytes }: ChunkContent, home: ChunkHome) {
    this.kind = kind;
    this.packed = packed;
    this.rows = layout.starts.at(-1)!;
    this.home = home;
    this.starts = layout.starts;
    this.wanted = wanted;
    this.#index = index;
    this.#layout = layout;
    this.#bytes = bytes;
  }

  get page_count(): number {
    return this.starts.length - 1;
  }

  get size_bytes(): number {
    return this.#index.size_bytes;
  }

  /** Runs what decodes bytes of this chunk: damage that it finds is the segment's. */
  guard<T>(decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      throw error instanceof DamageError ? asDamage(SegmentError, `segment ${this.home.segment_id}`, error) : error;
    }
  }

  /** Smallest and largest number, where the index knows them. */
  get range(): { min: number; max: number } | null {
    return this.#index.range;
  }

  /** Nulls and encoding of a page, unchecked: what follows from them must not depend on their being right. */
  outline(index: number): { nulls: number; encoding: number } {
    return this.#index.pages![index]!.head ?? this.guard(() => this.#parse(index, this.#pageBytes(index)));
  }

  /** Whether no row of a page has a value. */
  isEmpty(index: number): boolean {
    const rows = this.starts[index + 1]! - this.starts[index]!;
    const packed = this.packed?.page(index);
    if (packed) return packed.nulls === rows;
    return this.outline(index).nulls === rows && this.page(index).nulls === rows;
  }

  /** @throws SegmentError where the page is damaged */
  page(index: number): StoredPage {
    return this.guard(() => {
      const bytes = this.#pageBytes(index);
      const { crc } = this.#index.pages![index]!;
      this.home.checked.check(bytes, this.#index.offset + this.#layout.offsets[index]!, crc, "a page");
      return this.#parse(index, bytes);
    });
  }

  #pageBytes(index: number): Uint8Array {
    const { offsets } = this.#layout;
    return this.#bytes(offsets[index]!, offsets[index + 1]! - offsets[index]!);
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
      const bytes = this.#bytes(0, dictionary.size_bytes);
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
