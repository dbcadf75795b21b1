import { COUNT_UNIQ_MAX, COUNT_UNIQ_MIN, COUNT_UNIQ_TOTAL } from "../../../limits.ts";
import {
  type Column,
  type Derived,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberDictionary,
  type Utf8Values,
} from "../../batch/event-batch.ts";
import { bufferOf } from "../../batch/record.ts";
import { dictionarySize, presenceIn, rowsLacking } from "../column-values.ts";
import { attributeName, isAttribute, isTimeField } from "../fields.ts";
import { isEveryRow } from "../filters/mask.ts";
import { forEachRest } from "../rest.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { hashNumber, hashText } from "./hash-bytes.ts";
import { HashSet } from "./hash-set.ts";
import { markRange, markRows } from "./short-codes.ts";
import { NO_GROUP, type StatState } from "./stat.ts";

interface SerializedDistinct {
  levels: Uint8Array;
  /** Hashes of group i, two words each, from `offsets[i]` to `offsets[i + 1]`. */
  offsets: Uint32Array;
  words: Uint32Array;
}

/** Of each value of a dictionary two words, the low one first. */
type ValueHashes = Uint32Array;

/** Of spans shorter than this part of a dictionary the rows are gone through instead of the values. */
const FEW_ROWS_SHARE = 8;

const hash = new Uint32Array(2);

/** Hashes that each of so many groups may keep, where so many states share the whole. */
function hashesMax(groups: number, sharers: number): number {
  return Math.max(COUNT_UNIQ_MIN, Math.min(COUNT_UNIQ_MAX, Math.floor(COUNT_UNIQ_TOTAL / sharers / Math.max(1, groups))));
}

/** How many distinct values a field has in each group: by 64-bit hashes, sampled beyond a bound that shrinks as groups grow in number. */
export class DistinctState implements StatState {
  readonly #field: string;
  readonly #sharers: number;
  readonly #sets: (HashSet | undefined)[] = [];
  readonly #hashes_max: number | null;

  /**
   * @param hashes_max hashes that a group keeps, however many groups there are; null: as many as memory allows
   * @param sharers states that share that memory, itself included
   */
  constructor(field: string, hashes_max: number | null = null, sharers = 1) {
    this.#field = field;
    this.#hashes_max = hashes_max;
    this.#sharers = sharers;
  }

  add(rows: GroupedRows): void {
    const { batch, spans } = rows;
    const column = batch.columns.get(this.#field);
    if (isTimeField(this.#field)) this.#addNumbers(rows, this.#field === "timestamp" ? batch.timestamp_us : batch.ingest_us);
    else if (column?.kind === "dict") this.#addDictionary(rows, column);
    else if ((column?.kind === "int64" || column?.kind === "double") && column.dictionary)
      this.#addNumberDictionary(rows, column.dictionary);
    else if (column) this.#addColumn(rows, column);
    if (isAttribute(this.#field) && batch.rest) this.#addRest(batch, rows, column);
    for (const group of spans.groups) if (group !== NO_GROUP) this.#sets[group]?.limit(this.#hashesMax(this.#sets.length));
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { levels, offsets, words } = serialized as SerializedDistinct;
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP) continue;
      const set = this.#setOf(group);
      set.raise(levels[index]!);
      for (let at = offsets[index]!; at < offsets[index + 1]!; at += 2) set.add(words[at]!, words[at + 1]!);
      set.limit(this.#hashesMax(this.#sets.length));
    }
  }

  serialize(count: number): SerializedDistinct {
    const parts = Array.from({ length: count }, (_, group) => this.#sets[group]?.words() ?? new Uint32Array(0));
    const offsets = new Uint32Array(count + 1);
    for (let group = 0; group < count; group++) offsets[group + 1] = offsets[group]! + parts[group]!.length;
    const words = new Uint32Array(offsets[count]!);
    for (let group = 0; group < count; group++) words.set(parts[group]!, offsets[group]);
    return { levels: Uint8Array.from(parts, (_, group) => this.#sets[group]?.level ?? 0), offsets, words };
  }

  /** @param groups how many there are in all */
  countOf(group: number, groups: number): number {
    const set = this.#sets[group];
    set?.limit(this.#hashesMax(groups));
    return set?.estimate ?? 0;
  }

  #hashesMax(groups: number): number {
    return this.#hashes_max ?? hashesMax(groups, this.#sharers);
  }

  #setOf(group: number): HashSet {
    while (this.#sets.length < group) this.#sets.push(undefined);
    let set = this.#sets[group];
    if (!set) {
      set = new HashSet();
      this.#sets[group] = set;
    }
    return set;
  }

  /** Each value of the dictionary is hashed once at most, and added once a span. */
  #addCodes({ spans }: GroupedRows, codes: Uint32Array, count: number, hashOf: (code: number) => void): void {
    const { order, starts, groups } = spans;
    const seen = new Uint32Array(count);
    const lows = groups.length > 1 ? new Uint32Array(count) : null;
    const highs = new Uint32Array(lows ? count : 0);
    for (let span = 0; span < groups.length; span++) {
      if (groups[span] === NO_GROUP) continue;
      const set = this.#setOf(groups[span]!);
      const mark = span + 1;
      for (let at = starts[span]!; at < starts[span + 1]!; at++) {
        const code = codes[order[at]!]!;
        if (code === NULL_CODE || seen[code] === mark) continue;
        if (seen[code] === 0 || !lows) {
          hashOf(code);
          if (lows) {
            lows[code] = hash[0]!;
            highs[code] = hash[1]!;
          }
          set.add(hash[0]!, hash[1]!);
        } else set.add(lows[code]!, highs[code]!);
        seen[code] = mark;
      }
    }
  }

  /** As `#addCodes`, where all values' hashes are at hand. @param codes the number of hashes for rows without a value */
  #addHashed({ spans }: GroupedRows, codes: Uint16Array, hashes: ValueHashes): void {
    const { order, starts, groups } = spans;
    const count = hashes.length / 2;
    const marks = new Uint8Array(count + 1);
    const in_order = isEveryRow(order, codes.length);
    for (let span = 0; span < groups.length; span++) {
      if (groups[span] === NO_GROUP) continue;
      const [from, to] = [starts[span]!, starts[span + 1]!];
      const set = this.#setOf(groups[span]!);
      if (to - from < count / FEW_ROWS_SHARE) {
        for (let at = from; at < to; at++) {
          const code = codes[order[at]!]!;
          if (code < count) set.add(hashes[2 * code]!, hashes[2 * code + 1]!);
        }
        continue;
      }
      if (span > 0) marks.fill(0);
      if (in_order) markRange(codes, from, to, marks);
      else markRows(codes, order, from, to, marks);
      set.addMarked(hashes, marks);
    }
  }

  #addDictionary(rows: GroupedRows, column: DictColumn): void {
    const short = column.derived && column.shortCodes?.();
    if (short) {
      this.#addHashed(rows, short, column.derived!("hashes", hashesOf));
      return;
    }
    const { codes, utf8 } = column;
    if (!utf8) {
      this.#addCodes(rows, codes, dictionarySize(column), (code) => hashString(column.values[code]!));
      return;
    }
    const { bytes, offsets } = utf8;
    this.#addCodes(rows, codes, dictionarySize(column), (code) => hashText(bytes, offsets[code]!, offsets[code + 1]!, hash));
  }

  #addNumberDictionary(rows: GroupedRows, dictionary: NumberDictionary): void {
    const { values } = dictionary;
    const short = dictionary.shortCodes?.();
    if (short) this.#addHashed(rows, short, numberHashes(values));
    else this.#addCodes(rows, dictionary.codes, values.length, (code) => hashNumber(values[code]!, hash));
  }

  #addNumbers({ spans }: GroupedRows, numbers: Float64Array): void {
    const { order, starts, groups } = spans;
    for (let span = 0; span < groups.length; span++) {
      if (groups[span] === NO_GROUP) continue;
      const set = this.#setOf(groups[span]!);
      for (let at = starts[span]!; at < starts[span + 1]!; at++) {
        const value = numbers[order[at]!]!;
        if (Number.isNaN(value)) continue;
        hashNumber(value, hash);
        set.add(hash[0]!, hash[1]!);
      }
    }
  }

  #addColumn(rows: GroupedRows, column: Column): void {
    const hashRow = rowHash(column);
    const has = presenceIn(column);
    const { order, starts, groups } = rows.spans;
    for (let span = 0; span < groups.length; span++) {
      if (groups[span] === NO_GROUP) continue;
      const set = this.#setOf(groups[span]!);
      for (let at = starts[span]!; at < starts[span + 1]!; at++) {
        const row = order[at]!;
        if (!has(row)) continue;
        hashRow(row);
        set.add(hash[0]!, hash[1]!);
      }
    }
  }

  /** What the JSON column holds for rows whose own column has nothing. */
  #addRest(batch: EventBatch, { rows, spans }: GroupedRows, column: Column | undefined): void {
    const mask = rowsLacking(column, rows, batch.rows);
    if (!mask) return;
    const group_of = new Map<number, number>();
    for (let span = 0; span < spans.groups.length; span++) {
      for (let at = spans.starts[span]!; at < spans.starts[span + 1]!; at++) {
        if (mask[spans.order[at]!] === 1) group_of.set(spans.order[at]!, spans.groups[span]!);
      }
    }
    forEachRest(batch, attributeName(this.#field), mask, (row, value) => {
      const group = group_of.get(row) ?? NO_GROUP;
      if (group === NO_GROUP) return;
      if (typeof value === "number") hashNumber(value, hash);
      else hashString(typeof value === "object" ? JSON.stringify(value) : String(value));
      this.#setOf(group).add(hash[0]!, hash[1]!);
    });
  }
}

/** Hashes a row's value to `hash`. */
function rowHash(column: Column): (row: number) => void {
  if (column.kind === "bytes") return (row) => hashText(column.bytes, column.offsets[row]!, column.offsets[row + 1]!, hash);
  if (column.kind === "bool") return (row) => hashString(column.values[row] === 0 ? "false" : "true");
  if (column.kind === "dict") return (row) => hashString(column.values[column.codes[row]!]!);
  return (row) => hashNumber(column.values[row]!, hash);
}

function hashesOf({ bytes, offsets }: Utf8Values): Derived<ValueHashes> {
  const hashes = new Uint32Array(2 * (offsets.length - 1));
  for (let code = 0; code < offsets.length - 1; code++) {
    hashText(bytes, offsets[code]!, offsets[code + 1]!, hash);
    hashes[2 * code] = hash[0]!;
    hashes[2 * code + 1] = hash[1]!;
  }
  return { value: hashes, size_bytes: hashes.byteLength };
}

function numberHashes(values: Float64Array): ValueHashes {
  const hashes = new Uint32Array(2 * values.length);
  for (let code = 0; code < values.length; code++) {
    hashNumber(values[code]!, hash);
    hashes[2 * code] = hash[0]!;
    hashes[2 * code + 1] = hash[1]!;
  }
  return hashes;
}

const scratch = new Uint8Array(1024);
const encoder = new TextEncoder();

function hashString(text: string): void {
  const bytes = text.length * 3 <= scratch.length ? scratch : bufferOf(encoder.encode(text));
  hashText(bytes, 0, bytes === scratch ? encoder.encodeInto(text, scratch).written : bytes.length, hash);
}
