import { ByteDictionary, copyWords, grownBytes, textsOf } from "./builder-dictionary.ts";
import { hashOf } from "./byte-hash.ts";
import { type Column, type DictColumn, NULL_CODE, type Utf8Values } from "./event-batch.ts";

/** A string column leaves its dictionary only when it has more distinct values than this … */
const DISTINCT_MIN = 64;
/** … and what it gains in size by that (values written out again) is bounded, since a frame's size is. */
const DISSOLVE_SIZE_BYTES_MAX = 128 * 1024;
const ROWS_AT_FIRST = 256;
/** Counted for a row that repeats a dictionary's value. */
const CODE_SIZE_BYTES = 2;

/** What a column holds. */
const EMPTY = 0;
const DICT = 1;
const BYTES = 2;
const NUMBER = 3;
const BOOL = 4;
type Kind = 0 | 1 | 2 | 3 | 4;

/** What `add…` answers where the column does not take the value. */
export const REFUSED = -1;

/**
 * One column under construction. Rows are given in ascending order; rows left out are null. Its arrays are kept for the next batch.
 * Each `add…` returns the bytes by which the column grew, or REFUSED where the row has a value already or the column holds something else.
 */
export class ColumnBuilder {
  /** Index of the value last added to a dictionary, -1 in other kinds. */
  last_code = -1;
  #kind: Kind = EMPTY;
  #filled = 0;
  /** Of the filled rows those without a value. */
  #nulls = 0;
  #whole = true;
  #dictionary_only = false;
  #value_bytes = 0;
  #dictionary: ByteDictionary | null = null;
  #codes = new Uint32Array(0);
  #offsets = new Uint32Array(0);
  #bytes = new Uint8Array(0);
  /** Over `#bytes`. */
  #view = new DataView(this.#bytes.buffer);
  #present = new Uint8Array(0);
  #numbers = new Float64Array(0);

  /** @param dictionary_only the column stays a dictionary whatever it holds */
  begin(dictionary_only: boolean): void {
    this.#dictionary_only = dictionary_only;
  }

  /** Empties the column; buffers larger than `kept_size_bytes` are let go. */
  clear(kept_size_bytes: number): void {
    this.#kind = EMPTY;
    this.last_code = -1;
    this.#filled = 0;
    this.#nulls = 0;
    this.#whole = true;
    this.#value_bytes = 0;
    if (this.#bytes.length > kept_size_bytes) this.#setBytes(new Uint8Array(0));
    this.#dictionary?.clear();
  }

  /** Rows with a value. */
  get present_rows(): number {
    return this.#filled - this.#nulls;
  }

  /** @param hash of the bytes as `hashOf` makes it, 0 where it was not made */
  addBytes(row: number, source: Uint8Array, start: number, end: number, hash: number): number {
    if (this.#filled > row) return REFUSED;
    if (this.#kind !== DICT) {
      if (this.#kind === BYTES) return this.#appendBytes(row, source, start, end);
      if (this.#kind !== EMPTY) return REFUSED;
      this.#begin(DICT);
    }
    const dictionary = this.#dictionary!;
    const distinct = dictionary.size;
    const code = dictionary.add(source, start, end, hash === 0 ? hashOf(source, start, end) : hash);
    if (row >= this.#codes.length || this.#filled < row) this.#reach(row);
    this.#codes[row] = code;
    this.#filled = row + 1;
    this.last_code = code;
    this.#value_bytes += end - start;
    if (code < distinct) return CODE_SIZE_BYTES;
    const grown = end - start + CODE_SIZE_BYTES;
    return this.#shouldDissolve(DISTINCT_MIN) ? grown + this.#dissolve() : grown;
  }

  /** Gives the row a value that the dictionary has. */
  addCode(row: number, code: number): number {
    if (this.#filled > row) return REFUSED;
    if (row >= this.#codes.length || this.#filled < row) this.#reach(row);
    this.#codes[row] = code;
    this.#filled = row + 1;
    this.last_code = code;
    return CODE_SIZE_BYTES;
  }

  addNumber(row: number, value: number): number {
    if (this.#filled > row) return REFUSED;
    if (this.#kind !== NUMBER) {
      if (this.#kind !== EMPTY) return REFUSED;
      this.#begin(NUMBER);
    }
    if (row >= this.#numbers.length || this.#filled < row) this.#reach(row);
    this.#numbers[row] = value + 0; // -0 becomes 0: a column of whole numbers has no sign of zero
    this.#present[row] = 1;
    this.#filled = row + 1;
    if (this.#whole && !Number.isSafeInteger(value)) this.#whole = false;
    return 8;
  }

  addBoolean(row: number, value: boolean): number {
    if (this.#filled > row) return REFUSED;
    if (this.#kind !== BOOL) {
      if (this.#kind !== EMPTY) return REFUSED;
      this.#begin(BOOL);
    }
    this.#reach(row);
    this.#bytes[row] = value ? 1 : 0;
    this.#present[row] = 1;
    this.#filled = row + 1;
    return 1;
  }

  /** The finished column, independent of the builder's arrays. */
  finish(rows: number): Column {
    if (this.#kind === DICT && this.#shouldDissolve(0)) this.#dissolve();
    this.#fill(rows);
    switch (this.#kind) {
      case BYTES: {
        const offsets = this.#offsets.slice(0, rows + 1);
        return { kind: "bytes", offsets, bytes: this.#bytes.slice(0, offsets[rows]), present: this.#presence(rows) };
      }
      case NUMBER:
        return { kind: this.#whole ? "int64" : "double", values: this.#numbers.slice(0, rows), present: this.#presence(rows) };
      case BOOL:
        return { kind: "bool", values: this.#bytes.slice(0, rows), present: this.#presence(rows) };
      default:
        return new BuiltDictionary(this.#dictionary?.utf8() ?? NO_VALUES, this.#codes.slice(0, rows));
    }
  }

  #begin(kind: Kind): void {
    this.#kind = kind;
    if (kind === DICT) this.#dictionary ??= new ByteDictionary();
    this.#grow(ROWS_AT_FIRST);
    if (kind === BYTES) this.#offsets[0] = 0;
  }

  /** Makes room for the row and fills the rows left out before it. */
  #reach(row: number): void {
    if (row >= this.#capacity()) this.#grow(row + 1);
    if (this.#filled < row) this.#fill(row);
  }

  #capacity(): number {
    if (this.#kind === DICT) return this.#codes.length;
    if (this.#kind === BYTES) return this.#offsets.length - 1;
    return this.#kind === NUMBER ? this.#numbers.length : Math.min(this.#bytes.length, this.#present.length);
  }

  #grow(rows: number): void {
    const size = Math.max(rows, this.#filled * 2, ROWS_AT_FIRST);
    if (this.#kind === DICT) {
      this.#codes = grownArray(this.#codes, size, Uint32Array);
      return;
    }
    this.#present = grownArray(this.#present, size, Uint8Array);
    if (this.#kind === BYTES) this.#offsets = grownArray(this.#offsets, size + 1, Uint32Array);
    else if (this.#kind === NUMBER) this.#numbers = grownArray(this.#numbers, size, Float64Array);
    else this.#setBytes(grownArray(this.#bytes, size, Uint8Array));
  }

  /** Nulls up to the row. */
  #fill(row: number): void {
    const from = this.#filled;
    if (from >= row) return;
    if (row > this.#capacity()) this.#grow(row);
    if (this.#kind === DICT) this.#codes.fill(NULL_CODE, from, row);
    else {
      this.#present.fill(0, from, row);
      if (this.#kind === BYTES) this.#offsets.fill(this.#offsets[from]!, from + 1, row + 1);
      else if (this.#kind === NUMBER) this.#numbers.fill(0, from, row);
      else this.#bytes.fill(0, from, row);
    }
    this.#nulls += row - from;
    this.#filled = row;
  }

  #setBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #appendBytes(row: number, source: Uint8Array, start: number, end: number): number {
    if (row + 1 >= this.#offsets.length || this.#filled < row) this.#reach(row);
    const from = this.#offsets[row]!;
    const to = from + end - start;
    if (to > this.#bytes.length) this.#setBytes(grownBytes(this.#bytes, from, to));
    copyWords(source, start, end, this.#bytes, this.#view, from);
    this.#offsets[row + 1] = to;
    this.#present[row] = 1;
    this.#filled = row + 1;
    this.last_code = -1;
    return end - start + CODE_SIZE_BYTES;
  }

  /** A dictionary is worth its look-ups while its values repeat. */
  #shouldDissolve(distinct_min: number): boolean {
    const dictionary = this.#dictionary!;
    if (this.#dictionary_only || dictionary.size <= distinct_min) return false;
    const repeated_bytes = this.#value_bytes - dictionary.size_bytes;
    if (repeated_bytes > DISSOLVE_SIZE_BYTES_MAX) return false;
    return dictionary.size * 2 > this.present_rows || dictionary.crowded;
  }

  /** Writes the values out row by row; returns the bytes by which the column grew. */
  #dissolve(): number {
    const dictionary = this.#dictionary!;
    const rows = this.#filled;
    const codes = this.#codes;
    const repeated_bytes = this.#value_bytes - dictionary.size_bytes;
    this.#kind = BYTES;
    this.#filled = 0;
    this.#grow(Math.max(rows, ROWS_AT_FIRST));
    if (this.#bytes.length < this.#value_bytes) this.#setBytes(new Uint8Array(this.#value_bytes * 2));
    this.#offsets[0] = 0;
    let to = 0;
    for (let row = 0; row < rows; row++) {
      const code = codes[row]!;
      this.#present[row] = code === NULL_CODE ? 0 : 1;
      if (code !== NULL_CODE) {
        const end = dictionary.offsets[code + 1]!;
        const start = dictionary.offsets[code]!;
        copyWords(dictionary.bytes, start, end, this.#bytes, this.#view, to);
        to += end - start;
      }
      this.#offsets[row + 1] = to;
    }
    this.#filled = rows;
    this.last_code = -1;
    return repeated_bytes;
  }

  #presence(rows: number): Uint8Array | null {
    return this.present_rows === rows ? null : this.#present.slice(0, rows);
  }
}

const NO_VALUES: Utf8Values = { offsets: new Uint32Array(1), bytes: new Uint8Array(0) };

/** A dictionary of which strings are made only where somebody asks for them. */
class BuiltDictionary implements DictColumn {
  readonly kind = "dict";
  readonly utf8: Utf8Values;
  readonly codes: Uint32Array;
  #values: string[] | null = null;

  constructor(utf8: Utf8Values, codes: Uint32Array) {
    this.utf8 = utf8;
    this.codes = codes;
  }

  get values(): string[] {
    this.#values ??= textsOf(this.utf8);
    return this.#values;
  }
}

type Numeric = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

function grownArray<A extends Numeric>(array: A, size: number, type: new (size: number) => A): A {
  if (array.length >= size) return array;
  const grown = new type(size);
  grown.set(array as never);
  return grown;
}
