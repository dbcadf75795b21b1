/** The codes of a column's pages, unpacked when they are asked for; what costs more than that to get at is kept packed for queries that follow. */
import { type CodeRuns, NULL_CODE } from "../batch/event-batch.ts";
import { CodedPage, RunList } from "./coded-page.ts";
import { DamageError } from "./errors.ts";
import { PackedCodes, packedSize } from "./packed-codes.ts";
import { ENCODING, PAGE_ROWS_MAX } from "./pages.ts";
import type { StoredChunk, StoredPage } from "./stored-chunk.ts";

/** Runs are offered where they are fewer than one row in so many. */
const ROWS_PER_RUN_MIN = 64;
/** Codes below this, and one more for none, fit 16 bits. */
const SHORT_COUNT_MAX = 0xffff;

const scratch = new Uint16Array(PAGE_ROWS_MAX);

export class CodeStore {
  readonly #chunk: StoredChunk;
  readonly #countOf: () => number;
  readonly #pages: (CodedPage | undefined)[];
  #count = -1;
  #packing_to: PackedCodes | null | undefined;
  #runs: CodeRuns | null | undefined;
  #short: Uint16Array | null = null;

  /** @param countOf number of values; asked when codes are decoded */
  constructor(chunk: StoredChunk, countOf: () => number) {
    this.#chunk = chunk;
    this.#countOf = countOf;
    this.#pages = new Array(chunk.page_count);
  }

  get count(): number {
    if (this.#count < 0) this.#count = this.#chunk.packed?.count ?? this.#countOf();
    return this.#count;
  }

  /** @param scans false where little of the page will be looked at, so that packing it would not pay */
  page(index: number, scans = true): CodedPage {
    let page = this.#pages[index];
    if (page === undefined) {
      page = this.#chunk.guard(() => this.#packedPage(index) ?? this.#storedPage(index, this.#chunk.page(index), scans));
      this.#pages[index] = page;
    }
    return page;
  }

  #packedPage(index: number): CodedPage | null {
    const packed = this.#chunk.packed?.page(index);
    if (packed === undefined) return null;
    const { starts } = this.#chunk;
    return CodedPage.packed(packed, starts[index + 1]! - starts[index]!, this.count);
  }

  #storedPage(index: number, stored: StoredPage, scans: boolean): CodedPage {
    if (stored.encoding !== ENCODING.RLE_DICTIONARY && stored.nulls < stored.rows) throw new DamageError("a page without codes");
    const page = CodedPage.stored(stored, this.count, this.#chunk.home.checked);
    const packing = scans ? this.#packing(stored) : null;
    if (packing === null) return page;
    page.decode(scratch, 0, this.count);
    return CodedPage.packed(packing.add(index, scratch.subarray(0, page.rows), page.nulls), page.rows, this.count);
  }

  /** Where this page is packed to; null where that does not pay, or would not be kept. */
  #packing({ compressed, nulls }: StoredPage): PackedCodes | null {
    const { page_count, rows, packed, home } = this.#chunk;
    if (this.#packing_to !== undefined) return this.#packing_to;
    const known = packed ?? home.cache.get<PackedCodes>(home.packed_key);
    if (known === undefined || known === null) {
      if (!compressed && nulls === 0) return null;
      this.#packing_to = this.count < SHORT_COUNT_MAX ? this.#makePacking(packedSize(this.count, rows, page_count)) : null;
    } else this.#packing_to = known;
    return this.#packing_to;
  }

  #makePacking(size_bytes: number): PackedCodes | null {
    const { cache, packed_key } = this.#chunk.home;
    if (cache.admits?.(packed_key, size_bytes) === false) return null;
    const made = new PackedCodes(this.count, this.#chunk.page_count);
    cache.set(packed_key, made, size_bytes);
    return made;
  }

  codeAt(index: number, row: number): number {
    return this.#chunk.guard(() => this.page(index, false).codeAt(row));
  }

  /** @param mask of the page's rows */
  keep(index: number, marks: Uint8Array, mask: Uint8Array): void {
    this.#chunk.guard(() => this.page(index).keep(marks, mask));
  }

  /** Codes as the contract has them. @param target filled from `start` on with those of the page */
  expand(index: number, target: Uint32Array, start: number): void {
    this.#chunk.guard(() => this.page(index).decode(target, start, NULL_CODE));
  }

  /** Codes of the whole column in 16 bits, the number of values for none; null where there are too many. */
  short(): Uint16Array | null {
    if (this.count >= SHORT_COUNT_MAX) return null;
    this.#short ??= this.#chunk.guard(() => this.#shorten());
    return this.#short;
  }

  #shorten(): Uint16Array {
    const { rows, page_count, starts, wanted } = this.#chunk;
    const codes = new Uint16Array(rows);
    for (let index = 0; index < page_count; index++) {
      if (wanted !== null && wanted[index] === 0) codes.fill(this.count, starts[index]!, starts[index + 1]!);
      else this.page(index).decode(codes, starts[index]!, this.count);
    }
    return codes;
  }

  /** Runs of the whole column; null where there are too many to pay. */
  runs(): CodeRuns | null {
    if (this.#runs === undefined) this.#runs = this.#chunk.guard(() => this.#readRuns());
    return this.#runs;
  }

  #readRuns(): CodeRuns | null {
    const { page_count, rows, starts } = this.#chunk;
    const list = new RunList();
    for (let index = 0; index < page_count; index++) {
      const page = this.page(index);
      if (!page.is_runs || !page.addRuns(list, starts[index]!, rows / ROWS_PER_RUN_MIN)) return null;
    }
    return { starts: Uint32Array.from(list.starts), codes: Uint32Array.from(list.codes) };
  }
}
