/** The codes of a column's pages, decoded when they are asked for and kept in the narrowest form, so that queries that follow find them. */
import { type CodeRuns, NULL_CODE } from "../batch/event-batch.ts";
import type { Codes } from "./bits.ts";
import { CodedPage, keepMarked, RunList } from "./coded-page.ts";
import { DamageError } from "./errors.ts";
import { ENCODING } from "./pages.ts";
import type { StoredChunk } from "./stored-chunk.ts";

/** Runs are offered where they are fewer than one row in so many. */
const ROWS_PER_RUN_MIN = 64;

/** Codes by row, the number of values for rows without one. */
interface KeptCodes {
  codes: Codes;
  /** 1 for each page that is in there. */
  done: Uint8Array;
}

function narrowest(count: number, rows: number): Codes {
  if (count <= 0xff) return new Uint8Array(rows);
  return count <= 0xffff ? new Uint16Array(rows) : new Uint32Array(rows);
}

export class CodeStore {
  readonly #chunk: StoredChunk;
  readonly #countOf: () => number;
  readonly #pages: (CodedPage | undefined)[];
  #count = -1;
  #kept: KeptCodes | null = null;
  #runs: CodeRuns | null | undefined;

  /** @param countOf number of values; asked when codes are decoded */
  constructor(chunk: StoredChunk, countOf: () => number) {
    this.#chunk = chunk;
    this.#countOf = countOf;
    this.#pages = new Array(chunk.page_count);
  }

  get count(): number {
    if (this.#count < 0) this.#count = this.#countOf();
    return this.#count;
  }

  page(index: number): CodedPage {
    let page = this.#pages[index];
    if (page === undefined) {
      const stored = this.#chunk.page(index);
      const coded = stored.encoding === ENCODING.RLE_DICTIONARY || stored.nulls === stored.rows;
      page = this.#chunk.guard(() => {
        if (!coded) throw new DamageError("a page without codes");
        return new CodedPage(stored, this.count);
      });
      this.#pages[index] = page;
    }
    return page;
  }

  codeAt(index: number, row: number): number {
    const kept = this.#findKept();
    if (kept?.done[index] === 1) {
      const code = kept.codes[this.#chunk.starts[index]! + row]!;
      return code === this.count ? NULL_CODE : code;
    }
    return this.#chunk.guard(() => this.page(index).codeAt(row));
  }

  /** @param mask of the page's rows */
  keep(index: number, marks: Uint8Array, mask: Uint8Array): void {
    if (this.#findKept()?.done[index] !== 1 && this.page(index).is_runs) {
      this.#chunk.guard(() => this.page(index).keep(marks, mask));
      return;
    }
    keepMarked(this.#narrow(index), marks, mask);
  }

  /** Codes as the contract has them. @param target filled from `start` on with those of the page */
  expand(index: number, target: Uint32Array, start: number): void {
    const page_rows = this.#chunk.starts[index + 1]! - this.#chunk.starts[index]!;
    const kept = this.#findKept();
    if (kept?.done[index] !== 1 && this.page(index).is_runs) {
      this.#chunk.guard(() => this.page(index).decode(target, start, NULL_CODE));
      return;
    }
    const narrow = this.#narrow(index);
    target.set(narrow, start);
    if (this.#chunk.outline(index).nulls === 0) return;
    const { count } = this;
    for (let row = start; row < start + page_rows; row++) if (target[row] === count) target[row] = NULL_CODE;
  }

  #narrow(index: number): Codes {
    const { starts, rows, home } = this.#chunk;
    let kept = this.#findKept();
    if (kept === null) {
      kept = { codes: narrowest(this.count, rows), done: new Uint8Array(this.#chunk.page_count) };
      this.#kept = kept;
      home.cache.set(`${home.cache_key}/codes`, kept, kept.codes.byteLength + 256);
    }
    const { codes, done } = kept;
    if (done[index] !== 1) {
      this.#chunk.guard(() => this.page(index).decode(codes, starts[index]!, this.count));
      done[index] = 1;
    }
    return codes.subarray(starts[index]!, starts[index + 1]!);
  }

  #findKept(): KeptCodes | null {
    this.#kept ??= this.#chunk.home.cache.get<KeptCodes>(`${this.#chunk.home.cache_key}/codes`) ?? null;
    return this.#kept;
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
