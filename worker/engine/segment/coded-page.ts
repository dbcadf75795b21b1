/** Codes of one page: all of them in the narrowest form, one of them, or a mask cleared by them, whichever is asked for. */
import { NULL_CODE } from "../batch/event-batch.ts";
import { type Codes, decodeHybrid, HybridRuns, packedCodeAt, unpack } from "./bits.ts";
import type { CheckedBytes } from "./checked-bytes.ts";
import { DamageError } from "./errors.ts";
import type { PackedPage } from "./packed-codes.ts";
import { PAGE_ROWS_MAX } from "./pages.ts";
import type { StoredPage } from "./stored-chunk.ts";
import { storedValues } from "./stored-chunk.ts";

const CODE_WIDTH_MAX = 24;
/** Codes of one page: by row, and before that without those of rows that have none. */
const scratch = { narrow: new Uint16Array(PAGE_ROWS_MAX), wide: new Uint32Array(PAGE_ROWS_MAX) };
const dense = { narrow: new Uint16Array(PAGE_ROWS_MAX), wide: new Uint32Array(PAGE_ROWS_MAX) };
const scratch_present = new Uint8Array(PAGE_ROWS_MAX);
/** Number of bits that are 1 in each byte. */
const BITS_SET = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/** 1 for each row of the page that has a value. @param target filled from `start` on */
export function decodePresent(page: StoredPage, target: Uint8Array, start: number): void {
  decodeHybrid(page.bytes, page.levels_at, page.levels_at + page.levels_size, 1, target, start, page.rows);
  let values = 0;
  for (let row = start; row < start + page.rows; row++) values += target[row]!;
  if (values !== page.rows - page.nulls) throw new DamageError("definition levels and nulls of a page differ");
}

/** Of the rows before this one, how many have a value; -1 where the row itself has none. */
export function rankOf(page: StoredPage, row: number): number {
  if (page.nulls === 0) return row;
  const { bytes, levels_at, levels_size, rows } = page;
  const runs = new HybridRuns(bytes, levels_at, levels_at + levels_size, 1, rows);
  let rank = 0;
  for (let before = 0; ; before += runs.count) {
    runs.next();
    const inside = Math.min(runs.count, row - before);
    if (!runs.packed) rank += inside * runs.value;
    else rank += bitsSet(bytes, runs.at, inside);
    if (row >= before + runs.count) continue;
    const has_value = runs.packed ? packedCodeAt(bytes, runs.at, 1, inside) : runs.value;
    return has_value === 1 ? rank : -1;
  }
}

function bitsSet(bytes: Uint8Array, from: number, count: number): number {
  const whole = count >>> 3;
  let set = 0;
  for (let at = 0; at < whole; at++) set += BITS_SET[bytes[from + at]!]!;
  const rest = count & 7;
  return rest === 0 ? set : set + BITS_SET[bytes[from + whole]! & ((1 << rest) - 1)]!;
}

/** The codes of a page whose values have codes below `count`. */
export class CodedPage {
  readonly rows: number;
  readonly nulls: number;
  /** Whose levels tell the rows without a value; null where every row has a code, which is `count` then for those without one. */
  readonly #page: StoredPage | null;
  readonly #count: number;
  readonly #values: Uint8Array;
  readonly #width: number;
  /** Made here of codes that were looked at then. */
  readonly #is_packed: boolean;
  readonly #checked: CheckedBytes | null;
  /** Codes that occur are below this. */
  readonly #codes_end: number;

  private constructor(
    rows: number,
    nulls: number,
    count: number,
    values: Uint8Array,
    page: StoredPage | null,
    checked: CheckedBytes | null,
  ) {
    const width = values[0];
    if (width === undefined || width > CODE_WIDTH_MAX) throw new DamageError("codes of an impossible width");
    this.rows = rows;
    this.nulls = nulls;
    this.#page = nulls > 0 ? page : null;
    this.#count = count;
    this.#values = values;
    this.#width = width;
    this.#is_packed = page === null;
    this.#checked = checked;
    this.#codes_end = page === null ? count + 1 : count;
  }

  /** @param checked remembers whether the codes were looked at; without it they are each time */
  static stored(page: StoredPage, count: number, checked: CheckedBytes | null = null): CodedPage {
    const values = page.nulls === page.rows ? new Uint8Array([1]) : storedValues(page);
    return new CodedPage(page.rows, page.nulls, count, values, page, page.compressed ? null : checked);
  }

  /** Codes as PackedCodes has them. */
  static packed({ values, nulls }: PackedPage, rows: number, count: number): CodedPage {
    return new CodedPage(rows, nulls, count, values, null, null);
  }

  /** Whether it is mostly runs: then going through them costs less than any array of codes. */
  get is_runs(): boolean {
    return this.#values.length < this.rows >>> 5;
  }

  /** @param target filled from `start` on, with `none` in rows without a value */
  decode(target: Codes, start: number, none: number): void {
    const { rows, nulls } = this;
    const values = rows - nulls;
    if (values === 0) {
      target.fill(none, start, start + rows);
      return;
    }
    if (this.#page === null) {
      this.#decodeDense(target, start, rows);
      if (nulls > 0 && none !== this.#count) replace(target, start, start + rows, this.#count, none);
      return;
    }
    const from = target instanceof Uint32Array ? dense.wide : dense.narrow;
    this.#decodeDense(from, 0, values);
    decodePresent(this.#page, scratch_present, 0);
    for (let row = 0, taken = 0; row < rows; row++) target[start + row] = scratch_present[row] === 1 ? from[taken++]! : none;
  }

  #decodeDense(target: Codes, start: number, count: number): void {
    const runs = new HybridRuns(this.#values, 1, this.#values.length, this.#width, count);
    // Where every code of the width has a value, none need be looked at.
    const codes_end = this.#codes_end;
    const check = !this.#is_packed && 2 ** this.#width > codes_end && this.#checked?.hasCodes(this.#values) !== true;
    for (let at = start, end = start + count; at < end; at += runs.count) {
      runs.next();
      if (!runs.packed) {
        if (runs.value >= codes_end) throw new DamageError("a code without a value");
        target.fill(runs.value, at, at + runs.count);
        continue;
      }
      unpack(this.#values, runs.at, this.#width, target, at, runs.count);
      if (check) checkCodes(target, at, at + runs.count, codes_end);
    }
    if (check) this.#checked?.markCodes(this.#values);
  }

  /** The code of a row, NULL_CODE where it has no value. */
  codeAt(row: number): number {
    if (this.nulls === this.rows) return NULL_CODE;
    const rank = this.#page === null ? row : rankOf(this.#page, row);
    if (rank < 0) return NULL_CODE;
    const codes = this.#page === null ? this.rows : this.rows - this.nulls;
    const runs = new HybridRuns(this.#values, 1, this.#values.length, this.#width, codes);
    for (let before = 0; ; before += runs.count) {
      runs.next();
      if (rank >= before + runs.count) continue;
      const code = runs.packed ? packedCodeAt(this.#values, runs.at, this.#width, rank - before) : runs.value;
      if (code >= this.#codes_end) throw new DamageError("a code without a value");
      return code === this.#count ? NULL_CODE : code;
    }
  }

  /** Clears rows of `mask` whose code has no mark, and those without a value. */
  keep(marks: Uint8Array, mask: Uint8Array): void {
    if (this.#page !== null || this.#count >= 0xffff) {
      const codes = this.#count < 0xffff ? scratch.narrow : scratch.wide;
      this.decode(codes, 0, this.#count);
      keepMarked(codes.subarray(0, this.rows), marks, mask);
      return;
    }
    const runs = new HybridRuns(this.#values, 1, this.#values.length, this.#width, this.rows);
    for (let row = 0; row < this.rows; row += runs.count) {
      runs.next();
      const end = row + runs.count;
      if (!runs.packed) {
        if (runs.value >= this.#codes_end) throw new DamageError("a code without a value");
        if (marks[runs.value] === 0) mask.fill(0, row, end);
        continue;
      }
      // A code without a value has no mark either.
      unpack(this.#values, runs.at, this.#width, scratch.narrow, 0, runs.count);
      keepMarked16(scratch.narrow.subarray(0, runs.count), marks, mask.subarray(row, end));
    }
  }

  /** Appends the page's runs; rows count from `start`. @returns false where it has too many */
  addRuns(list: RunList, start: number, runs_max: number): boolean {
    if (this.nulls === this.rows) return list.add(start, NULL_CODE, runs_max);
    if (this.#page !== null) return false;
    const runs = new HybridRuns(this.#values, 1, this.#values.length, this.#width, this.rows);
    for (let row = start, end = start + this.rows; row < end; row += runs.count) {
      runs.next();
      for (let at = 0; at < (runs.packed ? runs.count : 1); at++) {
        const code = runs.packed ? packedCodeAt(this.#values, runs.at, this.#width, at) : runs.value;
        if (code >= this.#codes_end) throw new DamageError("a code without a value");
        if (!list.add(row + at, code === this.#count ? NULL_CODE : code, runs_max)) return false;
      }
    }
    return true;
  }
}

/** Runs of equal codes, each but the first where the code changes. */
export class RunList {
  readonly starts: number[] = [];
  readonly codes: number[] = [];

  add(row: number, code: number, runs_max: number): boolean {
    if (this.codes.at(-1) === code) return true;
    this.starts.push(row);
    this.codes.push(code);
    return this.codes.length <= runs_max;
  }
}

function replace(codes: Codes, start: number, end: number, from: number, to: number): void {
  for (let at = start; at < end; at++) if (codes[at] === from) codes[at] = to;
}

function checkCodes(codes: Codes, start: number, end: number, count: number): void {
  let highest = 0;
  for (let at = start; at < end; at++) if (codes[at]! > highest) highest = codes[at]!;
  if (highest >= count) throw new DamageError("a code without a value");
}

/** Clears rows of `mask` whose code has no mark. @param codes below the length of `marks`, one for each row */
export function keepMarked(codes: Codes, marks: Uint8Array, mask: Uint8Array): void {
  // One loop for each kind of array: one for all would be compiled for none.
  if (codes instanceof Uint8Array) keepMarked8(codes, marks, mask);
  else if (codes instanceof Uint16Array) keepMarked16(codes, marks, mask);
  else keepMarked32(codes, marks, mask);
}

function keepMarked8(codes: Uint8Array, marks: Uint8Array, mask: Uint8Array): void {
  for (let row = 0; row < mask.length; row++) mask[row] = mask[row]! & marks[codes[row]!]!;
}

function keepMarked16(codes: Uint16Array, marks: Uint8Array, mask: Uint8Array): void {
  for (let row = 0; row < mask.length; row++) mask[row] = mask[row]! & marks[codes[row]!]!;
}

function keepMarked32(codes: Uint32Array, marks: Uint8Array, mask: Uint8Array): void {
  for (let row = 0; row < mask.length; row++) mask[row] = mask[row]! & marks[codes[row]!]!;
}
