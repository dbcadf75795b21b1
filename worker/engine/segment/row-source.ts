/** Collects the rows of a merge's output groups from the row groups of its inputs. */
import { MERGE_KEPT_SIZE_BYTES_MAX } from "../../limits.ts";
import type { EventBatch } from "../batch/event-batch.ts";
import { selectRows } from "../batch/select.ts";
import type { GroupCache, InputGroup } from "./group-cache.ts";
import type { MergePlan } from "./merge-plan.ts";

/** Rows of an output group that come from one input group, in the order they have there. */
export interface GroupPart {
  batch: EventBatch;
  /** Null: all of the batch. */
  rows: Uint32Array | null;
  count: number;
}

/**
 * Short groups that follow each other (events of many days) are collected in one pass, so that an input is not decoded once for each.
 */
export class RowSource {
  readonly #groups: { input: InputGroup; first: number; last: number }[];
  readonly #plan: MergePlan;
  readonly #pass_rows_max: number;
  readonly #cache: GroupCache;
  /** Parts of the groups of the pass under way, from `#next` on. */
  #ready: GroupPart[][] = [];
  #next = 0;
  /** Decoded input groups that the pass holds whole. */
  #kept_size_bytes = 0;

  constructor(groups: readonly InputGroup[], plan: MergePlan, pass_rows_max: number, cache: GroupCache) {
    this.#plan = plan;
    this.#pass_rows_max = pass_rows_max;
    this.#cache = cache;
    this.#groups = groups.map((input) => ({ input, ...groupRange(input, plan.group_of) }));
  }

  /** The parts of the next output group. */
  async next(): Promise<GroupPart[]> {
    if (this.#ready.length === 0) await this.#collect();
    this.#next++;
    return this.#ready.shift()!;
  }

  async #collect(): Promise<void> {
    const from = this.#next;
    const to = this.#passEnd(from);
    this.#ready = Array.from({ length: to - from }, () => []);
    this.#kept_size_bytes = 0;
    for (const { input, first, last } of this.#groups) {
      if (to <= first || from > last) continue;
      await this.#collectFrom(input, from, to);
      if (last < to) this.#cache.drop(input);
    }
  }

  /** Apart, so that nothing here still holds an input when the next one is read. */
  async #collectFrom(input: InputGroup, from: number, to: number): Promise<void> {
    const rows_of = this.#rowsOf(input, from, to);
    if (rows_of.size === 0) return;
    const { batch, size_bytes } = await this.#cache.get(input);
    const is_kept = this.#kept_size_bytes + size_bytes <= MERGE_KEPT_SIZE_BYTES_MAX;
    if (is_kept) this.#kept_size_bytes += size_bytes;
    for (const [group, rows] of rows_of) {
      const count = rows.length;
      const parts = this.#ready[group - from]!;
      if (count === batch.rows) parts.push({ batch, rows: null, count });
      else if (is_kept) parts.push({ batch, rows, count });
      else parts.push({ batch: selectRows(batch, rows), rows: null, count });
    }
  }

  /** As many groups as make one of full size. */
  #passEnd(from: number): number {
    const { group_rows } = this.#plan;
    let end = from + 1;
    let rows = group_rows[from]!;
    while (end < group_rows.length && rows + group_rows[end]! <= this.#pass_rows_max) rows += group_rows[end++]!;
    return end;
  }

  /** Rows of an input by output group, for groups from..to. */
  #rowsOf(input: InputGroup, from: number, to: number): Map<number, Uint32Array> {
    const group_of = this.#plan.group_of.subarray(input.first_row, input.first_row + input.rows);
    const counts = new Uint32Array(to - from);
    for (const group of group_of) if (group >= from && group < to) counts[group - from] = counts[group - from]! + 1;
    const rows = new Map<number, Uint32Array>();
    for (const [index, count] of counts.entries()) if (count > 0) rows.set(from + index, new Uint32Array(count));
    counts.fill(0);
    for (let row = 0; row < group_of.length; row++) {
      const group = group_of[row]!;
      if (group < from || group >= to) continue;
      const place = counts[group - from]!;
      rows.get(group)![place] = row;
      counts[group - from] = place + 1;
    }
    return rows;
  }
}

/** First and last output group that an input has rows of. */
function groupRange(input: InputGroup, group_of: Uint32Array): { first: number; last: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = -1;
  for (let row = input.first_row; row < input.first_row + input.rows; row++) {
    const group = group_of[row]!;
    if (group < first) first = group;
    if (group > last) last = group;
  }
  return { first, last };
}
