/** Row groups of a merge's inputs, decoded when they are needed; the last used stay, as far as their bound allows, and the very last in any case. */
import { MERGE_CACHE_SIZE_BYTES_MAX } from "../../limits.ts";
import type { Column, EventBatch } from "../batch/event-batch.ts";
import { conform, type Layout } from "../batch/unify.ts";
import { plainBatch } from "./lazy-batch.ts";
import type { Segment } from "./read.ts";

export interface InputGroup {
  segment: Segment;
  index: number;
  rows: number;
  /** Number of its first row among the rows of all inputs. */
  first_row: number;
}

export class GroupCache {
  readonly #layout: Layout;
  /** In order of use, the latest last. */
  readonly #held = new Map<InputGroup, { batch: EventBatch; size_bytes: number }>();
  #size_bytes = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The group's events, with the merge's columns. */
  async get(group: InputGroup): Promise<EventBatch> {
    const held = this.#held.get(group);
    if (held !== undefined) {
      this.#held.delete(group);
      this.#held.set(group, held);
      return held.batch;
    }
    const batch = conform(plainBatch(await group.segment.readGroup(group.index, null)), this.#layout);
    const size_bytes = batchSize(batch);
    this.#evict(MERGE_CACHE_SIZE_BYTES_MAX - size_bytes);
    this.#held.set(group, { batch, size_bytes });
    this.#size_bytes += size_bytes;
    return batch;
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

/** Bytes that a batch holds, dictionaries' strings as their length. */
function batchSize(batch: EventBatch): number {
  let size = batch.rows * 16 + (batch.rest === null ? 0 : columnSize(batch.rest));
  for (const column of batch.columns.values()) size += columnSize(column);
  return size;
}

function columnSize(column: Column): number {
  if (column.kind !== "dict")
    return (column.kind === "bytes" ? column.bytes.length + column.offsets.byteLength : column.values.byteLength) + 64;
  return column.values.reduce((sum, value) => sum + value.length + 24, column.codes.byteLength);
}
