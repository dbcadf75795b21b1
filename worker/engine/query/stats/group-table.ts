import { STATS_KEYS_SIZE_BYTES_MAX } from "../../../limits.ts";
import { formatFingerprint, formatTimestamp_us } from "../../batch/record.ts";
import { isTimeField } from "../fields.ts";
import type { GroupKey } from "../pipes/pipe-stats.ts";
import type { TableValue } from "../table.ts";
import { type KeyValues, LEFT_OUT, NumberValues, TextValues } from "./key-values.ts";
import { PairTable } from "./pair-table.ts";
import { NO_GROUP } from "./stat.ts";

export interface SerializedGroups {
  count: number;
  keys: unknown[];
  /** By key, the number of its value in each group. */
  values: Uint32Array[];
}

/**
 * Groups by the values of their keys, numbered as they appear, up to a bound. A value gets a number only with the group that needs it, so that
 * no key has more values than there are groups.
 */
export class GroupTable {
  readonly keys: readonly KeyValues[];
  readonly #groups_max: number;
  /** Pairs of the keys so far and one more; the numbers of the last table are those of the groups. */
  readonly #tables: readonly PairTable[];

  constructor(by: readonly GroupKey[], groups_max: number) {
    this.keys = by.map(keyValues);
    this.#groups_max = groups_max;
    this.#tables = Array.from({ length: Math.max(1, by.length - 1) }, () => new PairTable());
    if (by.length === 0) this.#tables[0]!.find(0, 0, true);
  }

  get count(): number {
    return this.#tables.at(-1)!.count;
  }

  /** Whether a key may have another value; with it there is room for the group that needs it. */
  get room(): boolean {
    return this.#hasRoom && this.keys.every(({ size_bytes }) => size_bytes < STATS_KEYS_SIZE_BYTES_MAX);
  }

  get #hasRoom(): boolean {
    return this.count < this.#groups_max;
  }

  /** The number of the first keys together, for all but the last key. @param value of key `depth`; -1 where it got no number; or LEFT_OUT */
  prefix(depth: number, left: number, value: number): number {
    if (left < 0 || value < 0) return left === LEFT_OUT || value === LEFT_OUT ? LEFT_OUT : -1;
    return depth === 0 ? value : this.#tables[depth - 1]!.find(left, value, this.#hasRoom);
  }

  /** The group of the keys before the last one together with the last one's value; -1 where there is no room for it, LEFT_OUT for one of them. */
  group(left: number, value: number): number {
    if (left < 0 || value < 0) return left === LEFT_OUT || value === LEFT_OUT ? LEFT_OUT : -1;
    return this.#tables.at(-1)!.find(left, value, this.#hasRoom);
  }

  /** Values of the keys of a group. */
  cells(group: number): TableValue[] {
    return this.#ids(group).map((id, key) => this.keys[key]!.value(id));
  }

  serialize(): SerializedGroups {
    const values = this.keys.map(() => new Uint32Array(this.count));
    for (let group = 0; group < this.count; group++) {
      for (const [key, id] of this.#ids(group).entries()) values[key]![group] = id;
    }
    return { count: this.count, keys: this.keys.map((key) => key.serialize()), values };
  }

  /**
   * The groups here of those that another table serialized; NO_GROUP where there was no room.
   * @param taken 0 for groups that get none
   */
  merge({ count, keys, values }: SerializedGroups, taken: Uint8Array | null = null): Uint32Array {
    const adopted = this.keys.map((key, index) => key.adopt(keys[index]));
    const groups = new Uint32Array(count);
    const last = this.keys.length - 1;
    for (let index = 0; index < count; index++) {
      if (taken && taken[index] === 0) groups[index] = NO_GROUP;
      if (last < 0 || groups[index] === NO_GROUP) continue;
      let left = 0;
      for (let key = 0; key < last; key++) left = this.prefix(key, left, adopted[key]!(values[key]![index]!, this.room));
      const group = this.group(left, adopted[last]!(values[last]![index]!, this.room));
      groups[index] = group < 0 ? NO_GROUP : group;
    }
    return groups;
  }

  #ids(group: number): number[] {
    const ids: number[] = [];
    let id = group;
    for (let depth = this.#tables.length - 1; depth >= 0; depth--) {
      ids.unshift(this.#tables[depth]!.rightOf(id));
      id = this.#tables[depth]!.leftOf(id);
    }
    if (this.keys.length > 1) ids.unshift(id);
    return ids.slice(0, this.keys.length);
  }
}

function keyValues(key: GroupKey): KeyValues {
  if (key.kind === "bucket" || isTimeField(key.field)) return new NumberValues(formatTimestamp_us);
  return key.field === "fingerprint" ? new NumberValues(formatFingerprint) : new TextValues();
}
