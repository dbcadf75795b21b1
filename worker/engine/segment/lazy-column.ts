/**
 * Columns of a row group that decode what is touched: the page that a row is in, the value that a code means, or, through the plain members of the
 * contract, everything.
 */
import {
  type BoolColumn,
  type BytesColumn,
  type CodeRuns,
  type Column,
  type ColumnPages,
  type Derived,
  type DictColumn,
  NULL_CODE,
  type NumberColumn,
  type NumberDictionary,
  type Utf8Values,
} from "../batch/event-batch.ts";
import { forEachPage, lastAtOrBelow } from "../batch/pages.ts";
import { bytesColumn } from "../batch/select.ts";
import { CodeStore } from "./code-store.ts";
import { BoolPage, BytesPage, DictPage, NumberPage } from "./lazy-page.ts";
import { NumberValues } from "./number-values.ts";
import { ENCODING } from "./pages.ts";
import type { StoredChunk } from "./stored-chunk.ts";
import { StringDictionary } from "./string-dictionary.ts";

const DERIVED_OVERHEAD_SIZE_BYTES = 128;

class LazyPages implements ColumnPages {
  readonly starts: Uint32Array;
  readonly size_bytes: number;
  readonly #chunk: StoredChunk;
  readonly #decode: (index: number) => Column;
  readonly #pages: (Column | null | undefined)[];
  /** As `withWords` of the contract; not there for columns that have no filter of words. */
  withWords?: ColumnPages["withWords"];

  constructor(chunk: StoredChunk, decode: (index: number) => Column) {
    this.starts = chunk.starts;
    this.size_bytes = chunk.size_bytes;
    this.#chunk = chunk;
    this.#decode = decode;
    this.#pages = new Array(chunk.page_count);
  }

  page(index: number): Column | null {
    const { wanted } = this.#chunk;
    if (wanted !== null && wanted[index] === 0) return null;
    let page = this.#pages[index];
    if (page === undefined) {
      page = this.#chunk.isEmpty(index) ? null : this.#decode(index);
      this.#pages[index] = page;
    }
    return page;
  }
}

class LazyDict implements DictColumn {
  readonly kind = "dict";
  readonly pages: LazyPages;
  readonly #chunk: StoredChunk;
  readonly #store: CodeStore;
  readonly #dictionary: StringDictionary;
  #codes: Uint32Array | null = null;

  constructor(chunk: StoredChunk, dictionary: StringDictionary) {
    this.#chunk = chunk;
    this.#dictionary = dictionary;
    this.#store = new CodeStore(chunk, () => dictionary.count);
    this.pages = new LazyPages(chunk, (index) => new DictPage(this.#store, index, chunk.starts, dictionary));
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

  get codes(): Uint32Array {
    this.#codes ??= this.#expand();
    return this.#codes;
  }

  #expand(): Uint32Array {
    const codes = new Uint32Array(this.#chunk.rows);
    const { starts } = this.pages;
    for (let index = 0; index < starts.length - 1; index++) {
      if (this.pages.page(index) === null) codes.fill(NULL_CODE, starts[index]!, starts[index + 1]!);
      else this.#store.expand(index, codes, starts[index]!);
    }
    return codes;
  }

  get runs(): CodeRuns | undefined {
    return this.#chunk.wanted === null ? (this.#store.runs() ?? undefined) : undefined;
  }

  valueBytes(code: number): Uint8Array {
    return this.#dictionary.valueBytes(code);
  }

  codeOf(value: Uint8Array): number {
    return this.#dictionary.codeOf(value);
  }

  get null_count(): number | undefined {
    const { page_count, wanted } = this.#chunk;
    if (wanted !== null) return undefined;
    let nulls = 0;
    for (let index = 0; index < page_count; index++) nulls += this.#store.page(index).nulls;
    return nulls;
  }

  shortCodes(): Uint16Array | null {
    return this.#store.short();
  }

  derived<T>(name: string, make: (values: Utf8Values) => Derived<T>): T {
    const { cache, cache_key } = this.#chunk.home;
    const key = `${cache_key}/${name}`;
    const known = cache.get<{ value: T }>(key);
    if (known !== undefined) return known.value;
    const { value, size_bytes } = make(this.#dictionary.utf8Once());
    cache.set(key, { value }, size_bytes + DERIVED_OVERHEAD_SIZE_BYTES);
    return value;
  }

  codeAt(row: number): number {
    const index = lastAtOrBelow(this.pages.starts, row);
    return this.pages.page(index) === null ? NULL_CODE : this.#store.codeAt(index, row - this.pages.starts[index]!);
  }

  keep(marks: Uint8Array, mask: Uint8Array): void {
    forEachPage(this.pages, mask, (page, part) => {
      if (page === null) part.fill(0);
      else (page as DictPage).keep(marks, part);
    });
  }
}

class LazyNumbers implements NumberColumn {
  readonly kind: NumberColumn["kind"];
  readonly pages: LazyPages;
  readonly #chunk: StoredChunk;
  readonly #numbers: NumberValues;
  readonly #store: CodeStore;
  /** What stored numbers are multiplied by, their range with them. */
  readonly #scale: number;
  #values: Float64Array | null = null;
  #present: Uint8Array | null | undefined;
  #dictionary: NumberDictionary | null | undefined;

  constructor(chunk: StoredChunk, kind: NumberColumn["kind"], scale: number) {
    this.kind = kind;
    this.#scale = scale;
    this.#chunk = chunk;
    this.#numbers = new NumberValues(chunk, kind, scale);
    this.#store = new CodeStore(chunk, () => this.#numbers.dictionary().length);
    this.pages = new LazyPages(chunk, (index) => new NumberPage(chunk, index, this.#numbers, this.#store));
  }

  get values(): Float64Array {
    this.#values ??= this.#decode();
    return this.#values;
  }

  #decode(): Float64Array {
    const values = new Float64Array(this.#chunk.rows);
    const { starts } = this.pages;
    for (let index = 0; index < starts.length - 1; index++) {
      const page = this.pages.page(index) as NumberPage | null;
      page?.decode(values, starts[index]!);
    }
    return values;
  }

  get present(): Uint8Array | null {
    if (this.#present === undefined) this.#present = presentOf(this.pages);
    return this.#present;
  }

  get range(): NumberColumn["range"] {
    const { range } = this.#chunk;
    return range ? { min: range.min * this.#scale, max: range.max * this.#scale } : undefined;
  }

  get dictionary(): NumberDictionary | undefined {
    if (this.#dictionary === undefined) {
      const coded = this.#chunk.wanted === null && allCoded(this.#chunk);
      this.#dictionary = coded ? new NumberCodes(this.pages, this.#numbers, this.#store) : null;
    }
    return this.#dictionary ?? undefined;
  }
}

class NumberCodes implements NumberDictionary {
  readonly #pages: LazyPages;
  readonly #numbers: NumberValues;
  readonly #store: CodeStore;
  #codes: Uint32Array | null = null;

  constructor(pages: LazyPages, numbers: NumberValues, store: CodeStore) {
    this.#pages = pages;
    this.#numbers = numbers;
    this.#store = store;
  }

  get values(): Float64Array {
    return this.#numbers.dictionary();
  }

  get codes(): Uint32Array {
    if (this.#codes === null) {
      const { starts } = this.#pages;
      this.#codes = new Uint32Array(starts.at(-1)!);
      for (let index = 0; index < starts.length - 1; index++) this.#store.expand(index, this.#codes, starts[index]!);
    }
    return this.#codes;
  }

  shortCodes(): Uint16Array | null {
    return this.#store.short();
  }

  codeAt(row: number): number {
    const index = lastAtOrBelow(this.#pages.starts, row);
    return this.#store.codeAt(index, row - this.#pages.starts[index]!);
  }

  keep(marks: Uint8Array, mask: Uint8Array): void {
    const { starts } = this.#pages;
    for (let index = 0; index < starts.length - 1; index++) {
      const part = mask.subarray(starts[index]!, starts[index + 1]!);
      if (part.indexOf(1) >= 0) this.#store.keep(index, marks, part);
    }
  }
}

class LazyBytes implements BytesColumn {
  readonly kind = "bytes";
  readonly pages: LazyPages;
  readonly #rows: number;
  #whole: BytesColumn | null = null;

  /** @param dictionary of pages of codes, if there are any @param plain whether such pages, too, are to be bytes columns */
  constructor(chunk: StoredChunk, dictionary: StringDictionary | null, plain: boolean) {
    this.#rows = chunk.rows;
    const store = dictionary === null ? null : new CodeStore(chunk, () => dictionary.count);
    const codedPage = (index: number): Column => {
      const page = new DictPage(store!, index, chunk.starts, dictionary!);
      return plain ? bytesColumn(page, chunk.starts[index + 1]! - chunk.starts[index]!) : page;
    };
    this.pages = new LazyPages(chunk, (index) => {
      const coded = store !== null && (chunk.packed?.page(index) ?? chunk.page(index)).encoding === ENCODING.RLE_DICTIONARY;
      return coded ? codedPage(index) : new BytesPage(chunk, index);
    });
  }

  get offsets(): Uint32Array {
    return this.#decode().offsets;
  }

  get bytes(): Uint8Array {
    return this.#decode().bytes;
  }

  get present(): Uint8Array | null {
    return this.#decode().present;
  }

  #decode(): BytesColumn {
    this.#whole ??= joinPages(this.pages, this.#rows);
    return this.#whole;
  }
}

/** The pages' strings one after another. */
function joinPages(pages: LazyPages, rows: number): BytesColumn {
  const { starts } = pages;
  const parts: (BytesColumn | null)[] = [];
  let size = 0;
  for (let index = 0; index < starts.length - 1; index++) {
    const page = pages.page(index);
    const part = page === null ? null : bytesColumn(page, starts[index + 1]! - starts[index]!);
    parts.push(part);
    size += part?.bytes.length ?? 0;
  }
  const offsets = new Uint32Array(rows + 1);
  const bytes = new Uint8Array(size);
  const present = parts.some((part) => part === null || part.present !== null) ? new Uint8Array(rows) : null;
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const row = starts[index]!;
    const end = starts[index + 1]!;
    if (part === null) offsets.fill(at, row + 1, end + 1);
    else {
      bytes.set(part.bytes, at);
      for (let inside = row; inside < end; inside++) offsets[inside + 1] = at + part.offsets[inside - row + 1]!;
      at += part.bytes.length;
      if (present !== null && part.present === null) present.fill(1, row, end);
      else if (part.present !== null) present!.set(part.present, row);
    }
  }
  return { kind: "bytes", offsets, bytes, present };
}

class LazyBools implements BoolColumn {
  readonly kind = "bool";
  readonly pages: LazyPages;

  constructor(chunk: StoredChunk) {
    this.pages = new LazyPages(chunk, (index) => new BoolPage(chunk, index));
  }

  get values(): Uint8Array {
    const { starts } = this.pages;
    const values = new Uint8Array(starts.at(-1)!);
    for (let index = 0; index < starts.length - 1; index++) {
      const page = this.pages.page(index) as BoolPage | null;
      if (page !== null) values.set(page.values, starts[index]!);
    }
    return values;
  }

  get present(): Uint8Array | null {
    return presentOf(this.pages);
  }
}

/** Marks of the rows that have a value, of columns whose pages know theirs; null where all have one. */
function presentOf(pages: LazyPages): Uint8Array | null {
  const { starts } = pages;
  let present: Uint8Array | null = null;
  for (let index = 0; index < starts.length - 1; index++) {
    const page = pages.page(index) as NumberPage | BoolPage | null;
    const marks = page === null ? null : page.present;
    if (page !== null && marks === null) continue;
    present ??= new Uint8Array(starts.at(-1)!).fill(1);
    if (marks === null) present.fill(0, starts[index]!, starts[index + 1]!);
    else present.set(marks, starts[index]!);
  }
  return present;
}

function allCoded(chunk: StoredChunk): boolean {
  if (!chunk.has_dictionary) return false;
  for (let index = 0; index < chunk.page_count; index++) {
    const { nulls, encoding } = chunk.outline(index);
    if (encoding !== ENCODING.RLE_DICTIONARY && nulls !== chunk.starts[index + 1]! - chunk.starts[index]!) return false;
  }
  return true;
}

/** @param scale what stored numbers are multiplied by */
export function lazyNumbers(chunk: StoredChunk, scale: number): NumberColumn {
  return new LazyNumbers(chunk, chunk.kind as NumberColumn["kind"], scale);
}

/** A column of bytes whatever its pages are. */
export function lazyBytes(chunk: StoredChunk): BytesColumn {
  return new LazyBytes(chunk, chunk.has_dictionary ? new StringDictionary(chunk) : null, true);
}

/**
 * Strings stay a dictionary where every page holds codes.
 * @param withWords what a filter tells of the column's pages
 */
export function lazyColumn(chunk: StoredChunk, scale: number, withWords?: ColumnPages["withWords"]): Column {
  if (chunk.kind === "bool") return new LazyBools(chunk);
  if (chunk.kind === "int64" || chunk.kind === "double") return lazyNumbers(chunk, scale);
  const dictionary = chunk.has_dictionary ? new StringDictionary(chunk) : null;
  if (dictionary !== null && allCoded(chunk)) return new LazyDict(chunk, dictionary);
  const column = new LazyBytes(chunk, dictionary, false);
  if (withWords) column.pages.withWords = withWords;
  return column;
}
