/** Pages of columns, each a column of its own rows that decodes the member that is touched. */
import type { BoolColumn, BytesColumn, DictColumn, NumberColumn, NumberDictionary, Utf8Values } from "../batch/event-batch.ts";
import { ByteReader } from "./bytes.ts";
import type { CodeStore } from "./code-store.ts";
import { decodePresent } from "./coded-page.ts";
import { decodeLengths, skipDelta } from "./delta.ts";
import { DamageError } from "./errors.ts";
import type { NumberValues } from "./number-values.ts";
import { ENCODING, PAGE_ROWS_MAX } from "./pages.ts";
import { type StoredChunk, type StoredPage, storedValues } from "./stored-chunk.ts";
import type { StringDictionary } from "./string-dictionary.ts";

const lengths = new Uint32Array(PAGE_ROWS_MAX);
const dense = new Float64Array(PAGE_ROWS_MAX);
const codes = new Uint32Array(PAGE_ROWS_MAX);

/** Marks of the rows that have a value; null where all have one. */
function presentOf(page: StoredPage): Uint8Array | null {
  if (page.nulls === 0) return null;
  const present = new Uint8Array(page.rows);
  decodePresent(page, present, 0);
  return present;
}

/** A page of codes. */
export class DictPage implements DictColumn {
  readonly kind = "dict";
  readonly #store: CodeStore;
  readonly #index: number;
  readonly #rows: number;
  readonly #dictionary: StringDictionary;
  #codes: Uint32Array | null = null;

  constructor(store: CodeStore, index: number, starts: Uint32Array, dictionary: StringDictionary) {
    this.#store = store;
    this.#index = index;
    this.#rows = starts[index + 1]! - starts[index]!;
    this.#dictionary = dictionary;
  }

  get values(): string[] {
    return this.#dictionary.strings();
  }

  get utf8(): Utf8Values {
    return this.#dictionary.utf8();
  }

  get value_count(): number {
    return this.#dictionary.count;
  }

  get null_count(): number {
    return this.#store.page(this.#index).nulls;
  }

  get codes(): Uint32Array {
    if (this.#codes === null) {
      this.#codes = new Uint32Array(this.#rows);
      this.#store.expand(this.#index, this.#codes, 0);
    }
    return this.#codes;
  }

  valueBytes(code: number): Uint8Array {
    return this.#dictionary.valueBytes(code);
  }

  codeOf(value: Uint8Array): number {
    return this.#dictionary.codeOf(value);
  }

  codeAt(row: number): number {
    return this.#store.codeAt(this.#index, row);
  }

  keep(marks: Uint8Array, mask: Uint8Array): void {
    this.#store.keep(this.#index, marks, mask);
  }
}

/** A page of numbers, or of codes of numbers. */
export class NumberPage implements NumberColumn {
  readonly kind: NumberColumn["kind"];
  readonly #chunk: StoredChunk;
  readonly #index: number;
  readonly #rows: number;
  readonly #numbers: NumberValues;
  readonly #store: CodeStore;
  #page: StoredPage | null = null;
  #values: Float64Array | null = null;
  #present: Uint8Array | null | undefined;

  constructor(chunk: StoredChunk, index: number, numbers: NumberValues, store: CodeStore) {
    this.kind = chunk.kind as NumberColumn["kind"];
    this.#chunk = chunk;
    this.#index = index;
    this.#rows = chunk.starts[index + 1]! - chunk.starts[index]!;
    this.#numbers = numbers;
    this.#store = store;
  }

  get values(): Float64Array {
    if (this.#values === null) {
      this.#values = new Float64Array(this.#rows);
      this.decode(this.#values, 0);
    }
    return this.#values;
  }

  get present(): Uint8Array | null {
    if (this.#present === undefined) this.#present = this.#chunk.guard(() => presentOf(this.#read()));
    return this.#present;
  }

  get dictionary(): NumberDictionary | undefined {
    if (this.#chunk.outline(this.#index).encoding !== ENCODING.RLE_DICTIONARY) return undefined;
    return new NumberPageCodes(this.#store, this.#index, this.#rows, this.#numbers);
  }

  /** Writes the page's numbers to target[start..], 0 for rows without one. */
  decode(target: Float64Array, start: number): void {
    this.#chunk.guard(() => {
      const page = this.#read();
      if (page.encoding === ENCODING.RLE_DICTIONARY) this.#decodeCodes(target, start);
      else if (page.nulls === 0) this.#numbers.decode(page, target, start);
      else this.#scatter(page, target, start);
    });
  }

  #decodeCodes(target: Float64Array, start: number): void {
    const values = this.#numbers.dictionary();
    this.#store.expand(this.#index, codes, 0);
    for (let row = 0; row < this.#rows; row++) {
      const code = codes[row]!;
      target[start + row] = code < values.length ? values[code]! : 0;
    }
  }

  #scatter(page: StoredPage, target: Float64Array, start: number): void {
    const present = this.present!;
    this.#numbers.decode(page, dense, 0);
    for (let row = 0, taken = 0; row < this.#rows; row++) if (present[row] === 1) target[start + row] = dense[taken++]!;
  }

  #read(): StoredPage {
    this.#page ??= this.#chunk.page(this.#index);
    return this.#page;
  }
}

class NumberPageCodes implements NumberDictionary {
  readonly #store: CodeStore;
  readonly #index: number;
  readonly #rows: number;
  readonly #numbers: NumberValues;

  constructor(store: CodeStore, index: number, rows: number, numbers: NumberValues) {
    this.#store = store;
    this.#index = index;
    this.#rows = rows;
    this.#numbers = numbers;
  }

  get values(): Float64Array {
    return this.#numbers.dictionary();
  }

  get codes(): Uint32Array {
    const own = new Uint32Array(this.#rows);
    this.#store.expand(this.#index, own, 0);
    return own;
  }

  codeAt(row: number): number {
    return this.#store.codeAt(this.#index, row);
  }

  keep(marks: Uint8Array, mask: Uint8Array): void {
    this.#store.keep(this.#index, marks, mask);
  }
}

/** A page of strings: decompressed when its bytes are touched, its lengths read only where a row is to be found. */
export class BytesPage implements BytesColumn {
  readonly kind = "bytes";
  readonly #chunk: StoredChunk;
  readonly #index: number;
  #page: StoredPage | null = null;
  #values: Uint8Array | null = null;
  #bytes: Uint8Array | null = null;
  #offsets: Uint32Array | null = null;
  #present: Uint8Array | null | undefined;

  constructor(chunk: StoredChunk, index: number) {
    this.#chunk = chunk;
    this.#index = index;
  }

  get bytes(): Uint8Array {
    if (this.#bytes === null) {
      this.#bytes = this.#chunk.guard(() => {
        const page = this.#read();
        const values = this.#decompressed();
        const reader = new ByteReader(values);
        skipDelta(reader, page.rows - page.nulls);
        return values.subarray(reader.at);
      });
    }
    return this.#bytes;
  }

  get offsets(): Uint32Array {
    this.#offsets ??= this.#chunk.guard(() => this.#readOffsets());
    return this.#offsets;
  }

  get present(): Uint8Array | null {
    if (this.#present === undefined) this.#present = this.#chunk.guard(() => presentOf(this.#read()));
    return this.#present;
  }

  #readOffsets(): Uint32Array {
    const { rows, nulls } = this.#read();
    const { present } = this;
    const values = this.#decompressed();
    const reader = new ByteReader(values);
    const total = decodeLengths(reader, lengths, rows - nulls);
    if (reader.at + total !== values.length) throw new DamageError("strings do not fill their page");
    const offsets = new Uint32Array(rows + 1);
    let end = 0;
    let taken = 0;
    for (let row = 0; row < rows; row++) {
      if (present === null || present[row] === 1) end += lengths[taken++]!;
      offsets[row + 1] = end;
    }
    return offsets;
  }

  #decompressed(): Uint8Array {
    if (this.#values !== null) return this.#values;
    const { shelf, cache_key } = this.#chunk.home;
    const key = `${cache_key}/${this.#index}`;
    let values = shelf?.get(key);
    if (values === undefined) {
      const page = this.#read();
      values = storedValues(page);
      if (page.compressed) shelf?.offer(key, values);
    }
    this.#values = values;
    return values;
  }

  #read(): StoredPage {
    if (this.#page === null) {
      const page = this.#chunk.page(this.#index);
      if (page.encoding !== ENCODING.DELTA_LENGTH_BYTE_ARRAY) throw new DamageError(`strings in encoding ${page.encoding}`);
      this.#page = page;
    }
    return this.#page;
  }
}

export class BoolPage implements BoolColumn {
  readonly kind = "bool";
  readonly #chunk: StoredChunk;
  readonly #index: number;
  #values: Uint8Array | null = null;
  #present: Uint8Array | null | undefined;

  constructor(chunk: StoredChunk, index: number) {
    this.#chunk = chunk;
    this.#index = index;
  }

  get present(): Uint8Array | null {
    if (this.#present === undefined) this.#present = this.#chunk.guard(() => presentOf(this.#chunk.page(this.#index)));
    return this.#present;
  }

  get values(): Uint8Array {
    this.#values ??= this.#chunk.guard(() => this.#decode());
    return this.#values;
  }

  #decode(): Uint8Array {
    const page = this.#chunk.page(this.#index);
    const raw = storedValues(page);
    if (page.encoding !== ENCODING.PLAIN || raw.length !== (page.rows - page.nulls + 7) >>> 3) {
      throw new DamageError("truth values do not fill their page");
    }
    const { present } = this;
    const values = new Uint8Array(page.rows);
    for (let row = 0, bit = 0; row < page.rows; row++) {
      if (present !== null && present[row] === 0) continue;
      values[row] = (raw[bit >>> 3]! >>> (bit & 7)) & 1;
      bit++;
    }
    return values;
  }
}
