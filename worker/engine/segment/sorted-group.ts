/** One row group of a compacted segment: the columns of its parts, put together and in order, one after the other. */
import {
  type BytesColumn,
  type Column,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberColumn,
  type NumberDictionary,
} from "../batch/event-batch.ts";
import type { Family } from "../batch/unify.ts";
import { buildChunk, type Chunk, type ChunkOptions, codedChunk, NumberMerge, partOf, StringMerge } from "./chunk.ts";
import { dictionaryPays, NumberTable } from "./number-dictionary.ts";
import type { GroupPart } from "./row-source.ts";
import type { Numbered } from "./sort-order.ts";
import { utf8Of } from "./strings.ts";
import { copyRange, Utf8Source } from "./utf8-table.ts";

type StringColumn = DictColumn | BytesColumn;

const NO_CODES = new Uint32Array(0);

/** A finished column: its chunk, and its rows in order where a filter is to be made of them. */
export interface WrittenColumn {
  chunk: Chunk;
  column: Column | null;
}

export interface ColumnOptions {
  /** The strings stay a dictionary whatever they are. */
  dictionary_only: boolean;
  /** Whether codes are compressed where that saves much. */
  compressible: boolean;
  /** Whether codes of rows are wanted back. */
  keep_codes: boolean;
}

export class SortedGroup {
  readonly rows: number;
  readonly #parts: readonly GroupPart[];
  /** First row of each part among all, then their number. */
  readonly #starts: Uint32Array;
  #order: Uint32Array = new Uint32Array(0);

  constructor(parts: readonly GroupPart[]) {
    this.#parts = parts;
    this.#starts = new Uint32Array(parts.length + 1);
    for (const [index, { count }] of parts.entries()) this.#starts[index + 1] = this.#starts[index]! + count;
    this.rows = this.#starts[parts.length]!;
  }

  /** The order of rows that `write` follows: numbers among the rows of all parts. */
  set order(order: Uint32Array) {
    this.#order = order;
  }

  times(which: "timestamp_us" | "ingest_us"): Float64Array {
    const joined = new Float64Array(this.rows);
    for (const [index, { batch, rows }] of this.#parts.entries()) copyPicked(batch[which], rows, joined, this.#starts[index]!);
    return joined;
  }

  /** A column whose values are few, unsorted; null where no part has it. */
  joinedDict(name: string): DictColumn | null {
    const columns = this.#columns((batch) => batch.columns.get(name) ?? null);
    if (columns.every((column) => column?.kind !== "dict")) return null;
    const values: string[] = [];
    const known = new Map<string, number>();
    const codes = new Uint32Array(this.rows);
    for (const [index, column] of columns.entries()) {
      const start = this.#starts[index]!;
      const part = codes.subarray(start, this.#starts[index + 1]!);
      if (column?.kind !== "dict") {
        part.fill(NULL_CODE);
        continue;
      }
      copyPicked(column.codes, this.#parts[index]!.rows, codes, start);
      const merged = Uint32Array.from(column.values, (value) => {
        let code = known.get(value);
        if (code === undefined) {
          code = values.push(value) - 1;
          known.set(value, code);
        }
        return code;
      });
      for (let row = 0; row < part.length; row++) if (part[row] !== NULL_CODE) part[row] = merged[part[row]!]!;
    }
    return { kind: "dict", values, codes };
  }

  /** The distinct values of a column of whole numbers, numbered as they come, 0 where there is none; null where no part has it. */
  numbered(name: string): Numbered | null {
    const columns = this.#columns((batch) => batch.columns.get(name) ?? null);
    if (columns.every((column) => column?.kind !== "int64")) return null;
    const table = new NumberTable(4096);
    const of = new Uint32Array(this.rows);
    const none = columns.some((column) => column === null) ? table.codeOf(0) : 0;
    for (const [index, column] of columns.entries()) {
      const start = this.#starts[index]!;
      const end = this.#starts[index + 1]!;
      const { rows } = this.#parts[index]!;
      if (column?.kind !== "int64") of.fill(none, start, end);
      else if (column.dictionary !== undefined) numberCodes(column.dictionary, rows, table, of, start, end);
      else {
        const { values } = column;
        for (let at = start; at < end; at++) of[at] = table.codeOf(values[rows === null ? at - start : rows[at - start]!]!);
      }
    }
    return { of, count: table.count };
  }

  /** Writes a column in order and lets go of it. */
  write(columnOf: (batch: EventBatch) => Column | null, family: Family, options: ColumnOptions): WrittenColumn {
    const columns = this.#columns(columnOf);
    const first = columns.find((column) => column !== null);
    if (first === undefined) return this.#missing(family);
    if (first.kind === "bool") return this.#writeBools(columns);
    if (first.kind === "int64" || first.kind === "double")
      return this.#writeNumbers(columns as (NumberColumn | null)[], family, options.compressible);
    return this.#writeStrings(columns as (StringColumn | null)[], options);
  }

  #columns(columnOf: (batch: EventBatch) => Column | null): (Column | null)[] {
    return this.#parts.map(({ batch }) => columnOf(batch));
  }

  #missing(family: Family): WrittenColumn {
    return { chunk: buildChunk([{ kind: "missing", rows: this.rows }], { family, optional: true }), column: null };
  }

  #writeBools(columns: readonly (Column | null)[]): WrittenColumn {
    const values = new Uint8Array(this.rows);
    for (const [index, column] of columns.entries()) {
      if (column !== null) copyPicked((column as { values: Uint8Array }).values, this.#parts[index]!.rows, values, this.#starts[index]!);
    }
    const column: Column = { kind: "bool", values: this.#sorted8(values), present: this.#sortedMarks(columns) };
    return { chunk: buildChunk([partOf(column, this.rows)], { family: "bool", optional: true }), column };
  }

  #writeNumbers(columns: readonly (NumberColumn | null)[], family: Family, compressible: boolean): WrittenColumn {
    const options = { family, optional: true, sorted: true, compressible };
    const coded = this.#codedNumbers(columns);
    if (coded !== null) return { chunk: codedChunk(coded.values, coded.codes, options), column: null };
    const values = new Float64Array(this.rows);
    for (const [index, column] of columns.entries()) {
      if (column !== null) copyPicked(column.values, this.#parts[index]!.rows, values, this.#starts[index]!);
    }
    const sorted = new Float64Array(this.rows);
    for (let row = 0; row < this.rows; row++) sorted[row] = values[this.#order[row]!]!;
    const column: NumberColumn = { kind: family as NumberColumn["kind"], values: sorted, present: this.#sortedMarks(columns) };
    return { chunk: buildChunk([partOf(column, this.rows)], options), column: null };
  }

  /** Where all parts have dictionaries, they are merged without a look at the numbers of rows. */
  #codedNumbers(columns: readonly (NumberColumn | null)[]): { values: Float64Array; codes: Uint32Array } | null {
    if (columns.some((column) => column !== null && !column.dictionary)) return null;
    const merge = new NumberMerge();
    const codes = new Uint32Array(this.rows);
    for (const [index, column] of columns.entries()) {
      const start = this.#starts[index]!;
      const end = this.#starts[index + 1]!;
      if (column === null) {
        codes.fill(NULL_CODE, start, end);
        continue;
      }
      const { dictionary } = column;
      copyPicked(dictionary!.codes, this.#parts[index]!.rows, codes, start);
      merge.add(dictionary!.values, codes, start, end);
    }
    const values = merge.values();
    if (values.length === 0) return null;
    let smallest = Number.POSITIVE_INFINITY;
    let largest = Number.NEGATIVE_INFINITY;
    for (const value of values) {
      if (value < smallest) smallest = value;
      if (value > largest) largest = value;
    }
    let kept = 0;
    for (let row = 0; row < codes.length; row++) if (codes[row] !== NULL_CODE) kept++;
    return dictionaryPays(values.length, kept, largest - smallest) ? { values, codes: this.#sorted32(codes) } : null;
  }

  #writeStrings(columns: readonly (StringColumn | null)[], { dictionary_only, compressible, keep_codes }: ColumnOptions): WrittenColumn {
    const options = { family: "string", optional: true, sorted: true, compressible } as const;
    if (columns.every((column) => column === null || column.kind === "dict")) {
      const { merge, codes } = this.#mergeDicts(columns as (DictColumn | null)[]);
      // A dictionary in which most rows have a value of their own is dearer than the strings themselves.
      if (dictionary_only || merge.count <= this.rows / 2) return this.#writeCoded(merge, this.#sorted32(codes), options, keep_codes);
    }
    const column = this.#gatherBytes(columns);
    const part = partOf(column, this.rows, "thorough");
    if (part.kind !== "strings") return { chunk: buildChunk([part], options), column };
    if (part.values.offsets.length === 1) return this.#missing("string");
    const codes = new Uint32Array(this.rows);
    part.fill(codes, 0);
    return { chunk: codedChunk(part.values, codes, options), column };
  }

  #writeCoded(merge: StringMerge, codes: Uint32Array, options: ChunkOptions, keep_codes: boolean): WrittenColumn {
    if (merge.count === 0) return this.#missing("string");
    const values = merge.values();
    // The chunk takes over the codes.
    const column: DictColumn = { kind: "dict", values: [], utf8: values, codes: keep_codes ? codes.slice() : NO_CODES };
    return { chunk: codedChunk(values, codes, options), column };
  }

  #mergeDicts(columns: readonly (DictColumn | null)[]): { merge: StringMerge; codes: Uint32Array } {
    const merge = new StringMerge();
    const codes = new Uint32Array(this.rows);
    for (const [index, column] of columns.entries()) {
      const start = this.#starts[index]!;
      const end = this.#starts[index + 1]!;
      if (column === null) codes.fill(NULL_CODE, start, end);
      else {
        copyPicked(column.codes, this.#parts[index]!.rows, codes, start);
        merge.add(utf8Of(column), codes, start, end);
      }
    }
    return { merge, codes };
  }

  /** Strings written out, in order. */
  #gatherBytes(columns: readonly (StringColumn | null)[]): BytesColumn {
    const { rows } = this;
    const order = this.#order;
    const { sources, source_of, places } = this.#stringPlaces(columns);
    const offsets = new Uint32Array(rows + 1);
    const present = new Uint8Array(rows);
    let missing = 0;
    let size = 0;
    for (let row = 0; row < rows; row++) {
      const joined = order[row]!;
      const place = places[joined]!;
      if (place === NULL_CODE) missing++;
      else {
        const from = sources[source_of[joined]!]!.offsets;
        size += from[place + 1]! - from[place]!;
        present[row] = 1;
      }
      offsets[row + 1] = size;
    }
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    for (let row = 0; row < rows; row++) {
      if (present[row] === 0) continue;
      const joined = order[row]!;
      const place = places[joined]!;
      const source = sources[source_of[joined]!]!;
      copyRange(source, source.offsets[place]!, source.offsets[place + 1]!, bytes, view, offsets[row]!);
    }
    return { kind: "bytes", offsets, bytes, present: missing === 0 ? null : present };
  }

  /** For each row of all parts the list that its string is in and its place there; NULL_CODE where it has none. */
  #stringPlaces(columns: readonly (StringColumn | null)[]): StringPlaces {
    const { rows } = this;
    const places: StringPlaces = { sources: [], source_of: new Uint32Array(rows), places: new Uint32Array(rows).fill(NULL_CODE) };
    for (const [index, column] of columns.entries()) {
      if (column === null) continue;
      const { rows: picked, count } = this.#parts[index]!;
      const first = this.#starts[index]!;
      const pages = column.kind === "bytes" ? column.pages : undefined;
      if (pages === undefined) {
        placeStrings(places, column, picked, 0, 0, count, first);
        continue;
      }
      for (let page = 0, from = 0; from < count; page++) {
        const end = pages.starts[page + 1]!;
        let to = picked === null ? end : from;
        if (picked !== null) while (to < count && picked[to]! < end) to++;
        const strings = to > from ? pages.page(page) : null;
        if (strings !== null) placeStrings(places, strings as StringColumn, picked, pages.starts[page]!, from, to, first);
        from = to;
      }
    }
    return places;
  }

  /** 1 for each row of all parts that has a value; null where all have. */
  #marks(columns: readonly (Column | null)[]): Uint8Array | null {
    if (columns.every((column) => column !== null && column.kind !== "dict" && column.present === null)) return null;
    const marks = new Uint8Array(this.rows);
    for (const [index, column] of columns.entries()) {
      if (column === null || column.kind === "dict") continue;
      const start = this.#starts[index]!;
      if (column.present === null) marks.fill(1, start, this.#starts[index + 1]!);
      else copyPicked(column.present, this.#parts[index]!.rows, marks, start);
    }
    return marks;
  }

  #sortedMarks(columns: readonly (Column | null)[]): Uint8Array | null {
    const marks = this.#marks(columns);
    return marks === null ? null : this.#sorted8(marks);
  }

  #sorted8(joined: Uint8Array): Uint8Array {
    const sorted = new Uint8Array(this.rows);
    for (let row = 0; row < sorted.length; row++) sorted[row] = joined[this.#order[row]!]!;
    return sorted;
  }

  #sorted32(joined: Uint32Array): Uint32Array {
    const sorted = new Uint32Array(this.rows);
    for (let row = 0; row < sorted.length; row++) sorted[row] = joined[this.#order[row]!]!;
    return sorted;
  }
}

interface StringPlaces {
  sources: Utf8Source[];
  source_of: Uint32Array;
  places: Uint32Array;
}

/**
 * Notes where the strings of a part's rows [from, to) are.
 * @param picked the part's rows of its column; null for all
 * @param column_start the row that the column begins with
 * @param first number of the part's first row among all
 */
function placeStrings(
  { sources, source_of, places }: StringPlaces,
  column: StringColumn,
  picked: Uint32Array | null,
  column_start: number,
  from: number,
  to: number,
  first: number,
): void {
  const source = sources.push(new Utf8Source(column.kind === "dict" ? utf8Of(column) : column)) - 1;
  source_of.fill(source, first + from, first + to);
  const codes = column.kind === "dict" ? column.codes : null;
  const present = column.kind === "dict" ? null : column.present;
  for (let at = from; at < to; at++) {
    const row = (picked === null ? at : picked[at]!) - column_start;
    if (codes !== null) places[first + at] = codes[row]!;
    else if (present === null || present[row] === 1) places[first + at] = row;
  }
}

/** Numbers the values of rows [start, end), whose codes stand at `rows` (null: all); none counts as 0. */
function numberCodes(
  { values, codes }: NumberDictionary,
  rows: Uint32Array | null,
  table: NumberTable,
  of: Uint32Array,
  start: number,
  end: number,
): void {
  const numbers = Uint32Array.from(values, (value) => table.codeOf(value));
  let none = NULL_CODE;
  for (let at = start; at < end; at++) {
    const code = codes[rows === null ? at - start : rows[at - start]!]!;
    if (code !== NULL_CODE) of[at] = numbers[code]!;
    else {
      if (none === NULL_CODE) none = table.codeOf(0);
      of[at] = none;
    }
  }
}

/** Copies what stands at `rows` (null: all) to target[start..]. */
function copyPicked<T extends Float64Array | Uint32Array | Uint8Array>(
  source: T,
  rows: Uint32Array | null,
  target: T,
  start: number,
): void {
  if (rows === null) {
    target.set(source as never, start);
    return;
  }
  for (let index = 0; index < rows.length; index++) target[start + index] = source[rows[index]!]!;
}
