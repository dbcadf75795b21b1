/** Row groups of a merge's inputs, decoded when they are needed; the last used stay, as far as their bound allows, and the very last in any case. */
import { MERGE_CACHE_SIZE_BYTES_MAX } from "../../limits.ts";
import type { BytesColumn, Column, DictColumn, EventBatch, NumberColumn, Utf8Values } from "../batch/event-batch.ts";
import { conform, type Layout } from "../batch/unify.ts";
import type { Segment } from "./read.ts";
import { decodeStrings, utf8Of } from "./strings.ts";

export interface InputGroup {
  segment: Segment;
  index: number;
  rows: number;
  /** Number of its first row among the rows of all inputs. */
  first_row: number;
}

export interface HeldBatch {
  batch: EventBatch;
  size_bytes: number;
}

export class GroupCache {
  readonly #layout: Layout;
  /** In order of use, the latest last. */
  readonly #held = new Map<InputGroup, HeldBatch>();
  #size_bytes = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The group's events, with the merge's columns. */
  async get(group: InputGroup): Promise<HeldBatch> {
    const held = this.#held.get(group);
    if (held !== undefined) {
      this.#held.delete(group);
      this.#held.set(group, held);
      return held;
    }
    const batch = conform(heldBatch(await group.segment.readGroup(group.index, null)), this.#layout);
    const size_bytes = batchSize(batch);
    this.#evict(MERGE_CACHE_SIZE_BYTES_MAX - size_bytes);
    const decoded = { batch, size_bytes };
    this.#held.set(group, decoded);
    this.#size_bytes += size_bytes;
    return decoded;
  }

  /** Forgets a group that no output needs any more. */
  drop(group: InputGroup): void {
    const held = this.#held.get(group);
    if (held === undefined) return;
    this.#held.delete(group);
    this.#size_bytes -= held.size_bytes;
  }

  #evict(bound: number): void {
    for (const group of this.#held.keys()) {
      if (this.#size_bytes <= bound) return;
      this.drop(group);
    }
  }
}

/** The same events, decoded as far as every output needs them: codes and values of dictionaries, pages of strings. */
function heldBatch(batch: EventBatch): EventBatch {
  const columns = new Map<string, Column>();
  for (const [name, column] of batch.columns) columns.set(name, heldColumn(column));
  return { rows: batch.rows, timestamp_us: batch.timestamp_us, ingest_us: batch.ingest_us, columns, rest: batch.rest };
}

function heldColumn(column: Column): Column {
  if (column.kind === "dict") return new HeldDict(column);
  if (column.kind === "bytes") return column;
  if (column.kind === "bool") return { kind: "bool", values: column.values, present: column.present };
  const { kind, dictionary, present } = column;
  if (dictionary === undefined) return { kind, values: column.values, present };
  return new HeldNumbers(kind, dictionary.values, dictionary.codes, present);
}

/** Strings are made only of the few columns that need them. */
class HeldDict implements DictColumn {
  readonly kind = "dict";
  readonly utf8: Utf8Values;
  readonly codes: Uint32Array;

  constructor(column: DictColumn) {
    this.utf8 = utf8Of(column);
    this.codes = column.codes;
  }

  get values(): string[] {
    return decodeStrings(this.utf8);
  }
}

class HeldNumbers implements NumberColumn {
  readonly kind: NumberColumn["kind"];
  readonly present: Uint8Array | null;
  readonly dictionary: { values: Float64Array; codes: Uint32Array };

  constructor(kind: NumberColumn["kind"], values: Float64Array, codes: Uint32Array, present: Uint8Array | null) {
    this.kind = kind;
    this.present = present;
    this.dictionary = { values, codes };
  }

  get values(): Float64Array {
    const { values, codes } = this.dictionary;
    return Float64Array.from(codes, (code) => values[code] ?? 0);
  }
}

/** Bytes that a batch holds, dictionaries' strings as their length. */
function batchSize(batch: EventBatch): number {
  let size = batch.rows * 16 + (batch.rest === null ? 0 : columnSize(batch.rest));
  for (const column of batch.columns.values()) size += columnSize(column);
  return size;
}

function columnSize(column: Column): number {
  if (column.kind === "dict") return utf8Of(column).bytes.length + column.codes.byteLength;
  if (column.kind === "bytes") return bytesSize(column);
  if (column.kind === "bool") return column.values.byteLength;
  return (column.dictionary?.values.byteLength ?? 0) + (column.dictionary?.codes.byteLength ?? column.values.byteLength);
}

function bytesSize(column: BytesColumn): number {
  const { pages } = column;
  if (pages === undefined) return column.bytes.length + column.offsets.byteLength;
  let size = pages.starts.length * 4;
  for (let index = 0; index + 1 < pages.starts.length; index++) {
    const page = pages.page(index);
    if (page !== null) size += columnSize(page);
  }
  return size;
}
