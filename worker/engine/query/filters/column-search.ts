import { Buffer } from "node:buffer";
import type { BytesColumn } from "../../batch/event-batch.ts";
import { bufferOf } from "../../batch/record.ts";
import { foldedBytesPattern } from "./fold.ts";
import { countOf } from "./mask.ts";

/**
 * Search of a text in all rows of a bytes column at once.
 *
 * Exact texts go through the native byte search. Texts of any case go through V8's compiled search of a literal regular expression (the
 * UTF-8 bytes of each letter's cases) over Latin-1 views of the bytes, a piece of the column at a time: as fast as a byte search, without making
 * and keeping a lower-cased copy.
 */
interface Finder {
  /** Begins with other bytes. */
  reset(bytes: Buffer): void;
  /** First occurrence at or after a byte position, -1 where there is none; positions asked for never decrease. */
  find(from: number): number;
  /** Byte position behind the occurrence found last. */
  end: number;
}

/** A page of a segment goes in one piece. */
const CHUNK_SIZE_BYTES = 32 * 1024;
const NO_BYTES: Buffer = Buffer.alloc(0);

class ExactFinder implements Finder {
  end = 0;
  #bytes = NO_BYTES;
  readonly #needle: Buffer;

  constructor(text: string) {
    this.#needle = Buffer.from(text);
  }

  reset(bytes: Buffer): void {
    this.#bytes = bytes;
  }

  find(from: number): number {
    const at = this.#bytes.indexOf(this.#needle, from);
    this.end = at + this.#needle.length;
    return at;
  }
}

class FoldingFinder implements Finder {
  end = 0;
  #bytes = NO_BYTES;
  readonly #pattern: RegExp;
  /** Bytes of an occurrence; they differ where a letter's cases have different lengths in UTF-8. */
  readonly #size_min: number;
  readonly #size_max: number;
  #chunk = "";
  #chunk_start = 0;

  constructor(text: string) {
    const { source, size_bytes_min, size_bytes_max } = foldedBytesPattern(text);
    this.#pattern = new RegExp(source, "g");
    this.#size_min = size_bytes_min;
    this.#size_max = size_bytes_max;
  }

  reset(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#chunk = "";
    this.#chunk_start = 0;
  }

  find(from: number): number {
    let at = from;
    while (at < this.#bytes.length) {
      const chunk_end = this.#chunk_start + this.#chunk.length;
      const whole = at >= this.#chunk_start && (at + this.#size_max <= chunk_end || (at < chunk_end && chunk_end === this.#bytes.length));
      if (!whole) this.#load(at);
      const found = this.#findInChunk(at - this.#chunk_start);
      if (found >= 0) return this.#chunk_start + found;
      if (this.#chunk_start + this.#chunk.length === this.#bytes.length) return -1;
      at = this.#chunk_start + this.#chunk.length - this.#size_max + 1;
    }
    return -1;
  }

  /** Where sizes are equal `test` does, which makes no object. */
  #findInChunk(from: number): number {
    const pattern = this.#pattern;
    pattern.lastIndex = from;
    const start =
      this.#size_min === this.#size_max
        ? pattern.test(this.#chunk)
          ? pattern.lastIndex - this.#size_max
          : -1
        : (pattern.exec(this.#chunk)?.index ?? -1);
    this.end = this.#chunk_start + pattern.lastIndex;
    return start;
  }

  #load(at: number): void {
    this.#chunk_start = at;
    this.#chunk = this.#bytes.toString("latin1", at, Math.min(this.#bytes.length, at + CHUNK_SIZE_BYTES + this.#size_max));
  }
}

/** Finders of the texts searched for last: a column's pages are searched one after another, and several texts in turn. */
const FINDERS_MAX = 32;
const finders = new Map<string, Finder>();

function finderOf(text: string, any_case: boolean, bytes: Buffer): Finder {
  const key = (any_case ? "i" : "x") + text;
  let finder = finders.get(key);
  if (finder === undefined) {
    finder = any_case ? new FoldingFinder(text) : new ExactFinder(text);
    if (finders.size === FINDERS_MAX) finders.delete(finders.keys().next().value!);
    finders.set(key, finder);
  }
  finder.reset(bytes);
  return finder;
}

/**
 * Clears the rows of `mask` without an occurrence that `accept` takes. Where the text does not occur at all, nothing but the column's bytes is
 * touched.
 * @param text not empty
 * @param accept asked with the occurrence's and the row's byte ranges; once true, the row's other occurrences are passed over. Never searches itself.
 */
export function searchColumn(
  column: BytesColumn,
  text: string,
  options: { any_case: boolean },
  mask: Uint8Array,
  accept: (at: number, end: number, row_start: number, row_end: number) => boolean,
): void {
  const finder = finderOf(text, options.any_case, bufferOf(column.bytes));
  try {
    searchRows(finder, column, mask, accept);
  } finally {
    finder.reset(NO_BYTES);
  }
}

function searchRows(
  finder: Finder,
  column: BytesColumn,
  mask: Uint8Array,
  accept: (at: number, end: number, row_start: number, row_end: number) => boolean,
): void {
  let at = finder.find(0);
  if (at < 0) {
    mask.fill(0);
    return;
  }
  const { offsets } = column;
  const rows = mask.length;
  if (at < offsets[0]!) at = finder.find(offsets[0]!);
  let row = 0;
  while (at >= 0 && at < offsets[rows]!) {
    while (offsets[row + 1]! <= at) mask[row++] = 0;
    const row_end = offsets[row + 1]!;
    const wanted = mask[row] === 1 && finder.end <= row_end;
    if (wanted && !accept(at, finder.end, offsets[row]!, row_end)) {
      at = finder.find(at + 1);
      continue;
    }
    if (!wanted) mask[row] = 0;
    row++;
    at = finder.find(row_end);
  }
  mask.fill(0, row);
}

/** Below one row in this many, rows are tested one by one instead of being searched all. */
const SPARSE_DIVISOR = 32;

/** Whether so few rows are left that a search of all rows does not pay. */
export function isSparse(mask: Uint8Array): boolean {
  return countOf(mask) * SPARSE_DIVISOR <= mask.length;
}

/** As `searchColumn`, with one test of the row's whole text where an occurrence is found in it. */
export function searchCandidates(
  column: BytesColumn,
  text: string,
  options: { any_case: boolean },
  mask: Uint8Array,
  meets: (text: string) => boolean,
): void {
  const bytes = bufferOf(column.bytes);
  let tested = -1;
  searchColumn(column, text, options, mask, (_at, _end, row_start, row_end) => {
    if (row_start === tested) return false;
    tested = row_start;
    return meets(bytes.toString("utf8", row_start, row_end));
  });
}
